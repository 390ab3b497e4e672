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

"""What the page of moves says of hv_sched is the table."""

import json

import pytest

from doc import moves_page

# What would fail on the host.
IMPOSSIBLE = ('live migration to a node that does not reach the volume',
              'resize to a medium its volume is not of, disk kept')


@pytest.fixture(scope='module')
def record():
    return json.loads(moves_page.RECORD.read_text())


def test_every_measured_operation_stands_there(record):
    assert set(record['hv_sched']) == set(moves_page.COPIES)
    for side in moves_page.SIDES:
        assert record[side].keys() <= moves_page.COPIES.keys()


def test_hv_sched_charges_one_share_a_copy(record):
    for operation, (_, after) in moves_page.COPIES.items():
        measured = record['hv_sched'][operation]
        if operation in IMPOSSIBLE:
            assert measured == {'admitted': False}
            continue
        size = 350 if '350 GB' in operation and (
            'reverted' not in operation) else 300
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
def test_a_cell_tells_what_was_measured(measured, words):
    assert moves_page.cell(measured) == words
