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

"""What is said below the summary of a plan."""

import pytest

from hv_sched import exception
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.osc import plan_screen
from hv_sched.providers.summary import Action
from hv_sched.providers.summary import SummaryLine

LINES = (
    *(SummaryLine('c1', (f'Volume{number}',), 'volume', Action.PUBLISH,
                  (None, 24576), (None, 0)) for number in range(4)),
    SummaryLine('c1', tuple(f'hv{number:02}' for number in range(16)),
                'node', Action.CLOSE, (393216, 0)),
    SummaryLine('c1', tuple(f'hv{number:02}' for number in range(16)),
                'node', Action.GAIN, details=('GEN2',)),
    SummaryLine('', ('CUSTOM_A', 'CUSTOM_B'), 'name', Action.CREATE))


def outcome(**fields):
    return plan_screen.Outcome(**{'lines': (), 'notices': (), **fields})


def note(number, kind=Kind.NOTE, message='the same'):
    return Notice('c1', f'hv{number:02}', kind, message, 'a-code')


@pytest.mark.parametrize('is_done,line', [
    (False, '4 volumes to publish, 16 nodes to close: 98,304 GB counted once '
            'instead of 393,216.'),
    (True, '4 volumes published, 16 nodes closed: 98,304 GB counted once '
           'instead of 393,216.')])
def test_the_last_line_counts(is_done, line):
    assert plan_screen.below(outcome(
        lines=LINES, is_done=is_done)) == (line,)


def test_nothing_to_do_is_said():
    assert plan_screen.below(outcome()) == ('Nothing to do.',)


def test_what_is_left_undone_is_counted_apart():
    assert plan_screen.below(outcome(
        notices=(note(1, Kind.REFUSED), note(2, Kind.ADOPT, 'run adopt')),
        failures=(('c2', exception.Terminal('refused')),))) == (
        'refused: c1: hv01: the same', 'adopt: c1: hv02: run adopt',
        'error: c2: refused',
        'Nothing to do. Left undone: 1 to adopt first, 1 refused, 1 error.')


def test_equal_notes_are_one_line_and_many_others_are_their_first():
    assert plan_screen.below(outcome(notices=tuple(
        note(number) for number in range(16))))[0] == (
        'note: c1: hv00 and 15 others: the same')
    lines = plan_screen.below(outcome(notices=tuple(
        note(number, message=f'text {number}') for number in range(16))))
    assert lines[:-1] == ('note: c1: hv00 and 15 others: text 0 (--long '
                          'shows the others)',)


def test_no_refusal_is_left_out():
    lines = plan_screen.below(outcome(notices=tuple(
        note(number, Kind.REFUSED, f'text {number}') for number in range(16))))
    assert len(lines) == 17


def test_two_nodes_are_named_and_more_are_counted():
    rows = plan_screen.rows(outcome(lines=(
        SummaryLine('c1', ('hv01', 'hv02'), 'node', Action.PAUSE),
        SummaryLine('c1', ('hv01', 'hv02', 'hv03'), 'node', Action.RESUME),
        SummaryLine('c1', ('V1',), 'volume', Action.CHANGE, (500, 700),
                    (10, 10)))))
    assert [row[1:5] for row in rows] == [
        ('hv01, hv02', 'pause', '', ''), ('3 nodes', 'resume', '', ''),
        ('V1', 'change', '500 -> 700', '10')]
