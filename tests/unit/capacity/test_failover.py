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

import pytest

from hv_sched.capacity import failover
from hv_sched.capacity.offer import Offer
from hv_sched.capacity.offer import Pool
from hv_sched.capacity.offer import Route
from hv_sched.placement import names
from hv_sched.placement.node_capacity import Amount
from hv_sched.placement.node_capacity import NodeCapacity

KIND = {'VCPU': 1, 'MEMORY_MB': 10}


def node(name, vcpus=8, memory=80, used=0, traits=()):
    """One that runs servers of the same kind."""
    return NodeCapacity(name, name, {
        'VCPU': Amount(vcpus, used), 'MEMORY_MB': Amount(memory, used * 10)},
        frozenset(traits))


def offered(*nodes):
    free = {Pool(member.uuid, rc): member.amount(rc).free
            for member in nodes for rc in KIND}
    return Offer(tuple(
        Route(member.uuid, {Pool(member.uuid, rc): amount
                          for rc, amount in KIND.items()}, {})
        for member in nodes if names.PAUSED not in member.traits), free, {})


def worst(*nodes, amounts=None):
    return failover.worst('c1', nodes, offered(*nodes), amounts or KIND)


def test_a_cluster_without_nodes_loses_none():
    assert worst() is None


def test_the_only_node_leaves_nothing():
    loss = worst(node('n1'))
    assert (loss.node.name, loss.fit.servers) == ('n1', 0)


@pytest.mark.parametrize('used', range(9))
def test_wherever_its_servers_run_as_many_are_left(used):
    loss = worst(node('n1', used=used), node('n2'), node('n3'))
    assert loss.fit.servers == 16 - used


def test_of_equal_losses_that_of_the_busiest_node_is_named():
    assert worst(node('n1'), node('n2', used=2)).node.name == 'n2'


def test_a_paused_node_restarts_nobody():
    loss = worst(node('n1', used=3), node('n2'),
                 node('n3', traits=(names.PAUSED,)))
    assert (loss.node.name, loss.fit.servers) == ('n1', 5)


def test_servers_that_cannot_be_restarted_leave_no_room():
    """Also where this kind takes none of what lacks."""
    nodes = node('n1', memory=800, used=8), node('n2', memory=800, used=1)
    loss = failover.worst('c1', nodes, offered(*nodes), {'MEMORY_MB': 10})
    assert (loss.fit.servers, loss.limit.resource_class) == (0, 'VCPU')
