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


"""The names that nodes' own disks need are made once for all of them."""

import collections

import pytest

from hv_sched import exception
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.shares import node_disk

NODES = ('n1', 'n2', 'n3')
FORMER = 'CUSTOM_CSV_FORMER_RATIO_1_0'


class Placement:
    """Counts how often each name is made; may lose it, as to a cleaning."""

    def __init__(self):
        self.made = collections.Counter()
        self.marks = {node: frozenset() for node in NODES}
        self.is_name_gone = False

    def ensure_trait(self, trait):
        self.made[trait] += 1
        self.is_name_gone = False

    def traits(self, node):
        return 1, self.marks[node]

    def inventories(self, node):
        return 1, {names.DISK_GB: Inventory(500)}

    def set_traits(self, node, generation, traits):
        if self.is_name_gone:
            raise exception.PlacementConflict('No such trait')
        self.marks[node] = traits


@pytest.fixture
def placement():
    return Placement()


def test_names_are_made_once_for_all_nodes(placement):
    disks = node_disk.NodeDisks(placement, NODES)
    for node in NODES:
        disks.remember(node)
        disks.mark_adopted(node, frozenset(('CUSTOM_CSV_CLUSTERED',)))
    assert set(placement.made.values()) == {1}
    assert all(marks == {FORMER, 'CUSTOM_CSV_CLUSTERED'}
               for marks in placement.marks.values())


def test_a_name_that_somebody_deleted_is_made_again(placement):
    disks = node_disk.NodeDisks(placement, NODES)
    disks.remember('n1')
    placement.is_name_gone = True
    disks.remember('n2')
    assert placement.made == {FORMER: 2}
    assert placement.marks['n2'] == {FORMER}
