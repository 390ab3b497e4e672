# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Tables fit, whatever the names in them are."""

import hypothesis
from hypothesis import strategies as st
import prettytable

from hv_sched.osc import fitting

WIDE = '\u96f2\u7aef\u8a08\u7b97'  # four characters in eight columns
HEBREW = '\u05d0\u05d1\u05d2'


def drawn(header, rows):
    """The widths of the lines as prettytable draws them."""
    table = prettytable.PrettyTable(header)
    table.add_rows(rows)
    return {fitting.width_of(line) for line in table.get_string().split('\n')}


@hypothesis.given(
    st.lists(st.tuples(st.text(st.sampled_from('ab 1/' + WIDE), max_size=60),
                       st.text(st.sampled_from('ab 1/' + WIDE), max_size=300)),
             min_size=1, max_size=4),
    st.integers(30, 160))
def test_no_line_is_wider_than_the_terminal(rows, limit):
    header = ('Name', 'Why')
    assert drawn(header, fitting.wrapped(rows, header, limit)) <= set(
        range(limit + 1))


@hypothesis.given(st.text(st.sampled_from('ab /' + WIDE), max_size=300),
                  st.integers(20, 80))
def test_nothing_of_a_text_is_lost(text, limit):
    (cell,), = fitting.wrapped([[text]], ('Why',), limit)
    assert cell.replace('\n', '').replace(' ', '') == text.replace(' ', '')


def test_what_fits_stays_as_it_is():
    rows = [['csv:c1/Volume1', 'a b']]
    assert fitting.wrapped(rows, ('Volume', 'Why'), 80) == rows


def test_words_stay_whole_where_there_is_room_for_them():
    (name, why), = fitting.wrapped(
        [['csv:hvcluster01/Volume1', 'one two three ' * 20]],
        ('Volume', 'Why'), 60)
    assert name == 'csv:hvcluster01/Volume1'
    assert 'three\n' in why


def test_a_name_of_255_characters_is_broken():
    (name, _why), = fitting.wrapped(
        [['x' * 255, 'one two']], ('Server', 'Why'), 80)
    assert max(map(len, name.split('\n'))) < 80


def test_a_name_from_right_to_left_turns_nothing_that_follows_it():
    assert fitting.isolated(HEBREW) == HEBREW + '\u200e'
    assert fitting.width_of(fitting.isolated(HEBREW)) == 3
    assert fitting.isolated('hv01') == 'hv01'
