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

"""A node is cut off where the source says so, or said it and says no more."""

import dataclasses

import pytest

from hv_sched import model
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import reach

GUID = 'aaaaaaaa-bbbb-4ccc-8ddd-000000000001'
CLUSTER = model.Cluster(
    '11111111-2222-4333-8444-000000000001', 'c1',
    (model.Node('hv01'), model.Node('hv02'), model.Node('hv03')),
    (model.Volume(GUID, 'Volume1', model.GIB),))
TRAIT = names.cut_off_trait(ids.volume_uuid(CLUSTER.guid, GUID))
UUIDS = {'hv01': 'u1', 'hv02': 'u2', 'hv03': 'u3'}
# hv02 was cut off when the source last said so.
STANDING = {'u2': frozenset((TRAIT,))}


def _cluster(cut_off, is_incomplete=False):
    return dataclasses.replace(CLUSTER, volumes=(dataclasses.replace(
        CLUSTER.volumes[0], cut_off_nodes=cut_off,
        incomplete_lists=frozenset(
            ('cut_off_nodes',) if is_incomplete else ())),))


@pytest.mark.parametrize(('cut_off', 'is_incomplete', 'nodes'), [
    (None, False, {'hv02'}), ((), False, set()),
    (('hv01',), False, {'hv01'}), ((), True, {'hv02'}),
    (('hv01',), True, {'hv01', 'hv02'})])
def test_of_a_list_that_may_lack_nodes_those_that_were_cut_off_stay_so(
        cut_off, is_incomplete, nodes):
    cluster = _cluster(cut_off, is_incomplete)
    volume, = reach.with_standing(cluster, UUIDS, STANDING).volumes
    if cut_off is None or is_incomplete:
        assert set(volume.cut_off_nodes) == nodes
    assert {node.name for node in cluster.nodes if reach.cut_off_traits(
        cluster, node, STANDING.get(UUIDS[node.name], ()))} == nodes
