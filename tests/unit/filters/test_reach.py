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


"""A disk that stays goes to no node that is known not to reach it.

The query forbids such nodes already; this is for an answer that is older.
"""

from nova.scheduler import host_manager

from hv_sched.filters import shared_volume
from hv_sched.request_filters.pending_move import PendingMove
from hv_sched.snapshot import volumes

SNAPSHOT = volumes.Snapshot(
    {'v1': volumes.VolumeState('v1', 'csv:c1/CSV1', 500, 0)},
    {'n1': 'hv1', 'n2': 'hv2'}, {}, frozenset(),
    cut_off={'v1': frozenset({'n1'})})


def choice(node, kept_on):
    """Nova's candidate of a move that asks for no disk."""
    host = host_manager.HostState(node, node, 'cell')
    host.uuid = node
    host.allocation_candidates = [
        {'allocations': {node: {'resources': {'VCPU': 1}}}}]
    return shared_volume._Choice(host, SNAPSHOT, {}, PendingMove(
        'server', 'migration', frozenset(SNAPSHOT.volumes),
        frozenset(kept_on)))


def test_a_host_that_does_not_reach_the_volume_is_refused():
    refused = choice('n1', {'v1'})
    assert not refused.passes
    assert refused.refusals == ['it does not reach volume csv:c1/CSV1']
    assert choice('n2', {'v1'}).passes


def test_a_new_disk_is_not_asked_about():
    assert choice('n1', ()).passes
