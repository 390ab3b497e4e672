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



import json

import pytest

from doc import moves_drivers


@pytest.fixture(scope='module')
def record():
    return json.loads(moves_drivers.RECORD.read_text())


def test_each_driver_is_counted_once(record):
    """Three nodes report one volume; those of Ceph each replica, too."""
    factors = {driver: stock / ours for driver, (stock, ours)
               in record['offered'].items()}
    assert factors['hyperv'] == factors['libvirt-file'] == 3
    assert factors['libvirt-rbd'] > 9


def test_all_kinds_of_disks_are_in_all_states(record):
    assert record['raw'].keys() == record['qcow2'].keys()
    assert record['raw'].keys() ^ record['rbd'].keys() == {
        'cold migrated to another home',
        'cold migration to another home confirmed',
        'cold migration to another home refused'}


@pytest.mark.parametrize(('state', 'words'), [
    ({'copies': {'A': [100, 150]}, 'shares': {'A': 250}, 'held': {}},
     'A 100 + 150; shares: A 250'),
    ({'copies': {'A': [100]}, 'shares': {}, 'held': {'A': 100}},
     'A 100; shares: A 100 held'),
    ({'copies': {}, 'shares': {}, 'held': {}}, 'none; shares: none'),
    (None, '–')])
def test_a_cell_tells_what_was_measured(state, words):
    assert moves_drivers.cell(state) == words
