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

"""The page of moves is current; what it says of hv_sched is the table."""

import importlib
import json
import pathlib
import sys

import pytest

DOC = pathlib.Path(__file__).parents[3] / 'doc'


@pytest.fixture
def generate_moves(monkeypatch):
    monkeypatch.syspath_prepend(str(DOC))
    yield importlib.import_module('generate_moves')
    for name in ('generate_moves', 'generate'):
        sys.modules.pop(name, None)


@pytest.fixture
def record(generate_moves):
    return json.loads(generate_moves.RECORD.read_text())


def test_the_page_is_current(generate_moves, record):
    """``python doc/generate_moves.py`` writes it anew."""
    cost = json.loads(generate_moves.BENCHMARK.read_text())
    assert generate_moves.PAGE.read_text() == generate_moves.page(
        record, cost)


def test_every_measured_operation_stands_there(generate_moves, record):
    assert set(record['hv_sched']) == set(generate_moves.COPIES)
    for side in generate_moves.SIDES:
        assert record[side].keys() <= generate_moves.COPIES.keys()


def test_hv_sched_charges_one_share_a_copy(generate_moves, record):
    for operation, (_, after) in generate_moves.COPIES.items():
        measured = record['hv_sched'][operation]
        size = 350 if operation.startswith('resize') and (
            'confirmed' in operation) else 300
        assert measured.get('restored', measured['after']) == [
            int(after) * size, 0], operation


@pytest.mark.parametrize(('measured', 'words'), [
    ({'admitted': True, 'during': [300, 300], 'after': [300, 0]},
     '300, then 300'),
    ({'admitted': True, 'during': [300, 300], 'after': [0, 300],
      'restored': [300, 0]}, '300, then 300 held, then 300'),
    ({'admitted': False, 'during': [600, 0], 'after': [300, 0]},
     '**refused**; 600, then 300'),
    ({'admitted': False}, '**refused**, whatever the room'),
    ({'admitted': True, 'during': None, 'after': [0, 0]}, '0'),
    (None, 'no such option')])
def test_a_cell_tells_what_was_measured(generate_moves, measured, words):
    assert generate_moves.cell(measured) == words
