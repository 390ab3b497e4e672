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

"""What tables are for people: a width, columns that give way, colours."""

import os
import sys

import pytest

from hv_sched.osc import colours
from hv_sched.osc import table

NAMES = ('Volume', 'State', 'Free GB', 'Held GB', 'Nodes')
ROWS = [('csv:hvc1/Volume1', 'open', 10, 0, 4)]


def test_without_a_terminal_a_table_has_100_columns(monkeypatch):
    monkeypatch.delenv('COLUMNS', raising=False)
    monkeypatch.setattr(os, 'get_terminal_size', _no_terminal)
    assert table.width(table.AUTOMATIC) == 100
    assert (table.width(80), table.width(0)) == (80, 0)


def _no_terminal(_descriptor):
    raise OSError


def test_a_column_that_says_nothing_gives_way_first():
    names, rows, left_out = table.narrowed(
        NAMES, ROWS, 52, ('Nodes', 'Held GB'))
    assert left_out == ['Held GB']
    assert names == ('Volume', 'State', 'Free GB', 'Nodes')
    assert rows == [('csv:hvc1/Volume1', 'open', 10, 4)]
    assert 'Held GB' in table.left_out_text(left_out)


def test_where_there_is_room_all_columns_stay():
    assert table.narrowed(NAMES, ROWS, 100, ('Nodes',)) == (NAMES, ROWS, [])
    assert table.narrowed(NAMES, ROWS, 0, ('Nodes',)) == (NAMES, ROWS, [])


def test_of_an_empty_table_nothing_is_left_out():
    assert table.narrowed(NAMES, [], 10, ('Nodes', 'Held GB'))[2] == []


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell():
    assert table.fitted_rows(('A', 'B'), [(5, None)], 80) == [(5, '')]


@pytest.mark.parametrize('environment,is_terminal,shown', [
    ({}, True, True), ({'NO_COLOR': '1'}, True, False),
    ({'NO_COLOR': ''}, True, True), ({'TERM': 'dumb'}, True, False),
    ({}, False, False)])
def test_colours_are_for_terminals_that_may_have_them(
        monkeypatch, environment, is_terminal, shown):
    for name in ('NO_COLOR', 'TERM'):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, 'isatty', lambda: is_terminal)
    assert colours.are_shown() is shown


def test_only_states_are_coloured():
    assert colours.coloured('State', 'open') == '\033[32mopen\033[0m'
    assert colours.coloured('state', 'closed') == '\033[33mclosed\033[0m'
    assert colours.coloured('Volume', 'open') == 'open'
    assert colours.coloured('State', 'whatever') == 'whatever'
