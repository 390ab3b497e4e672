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

from hv_sched.capacity import packing
from hv_sched.capacity.offer import Offer
from hv_sched.capacity.offer import Pool
from hv_sched.capacity.offer import Route


def route(host, own, shared=None):
    """Amounts by provider and class, such as {'n1 VCPU': 1}."""
    return Route(host, *({_pool(key): amount for key, amount in taken.items()}
                         for taken in (own, shared or {})))


def _pool(key):
    return Pool(*key.split())


def offer(*routes, **free):
    """Free amounts as in n1_VCPU=4."""
    return Offer(routes, {
        _pool(key.replace('_', ' ', 1)): amount
        for key, amount in free.items()}, {})


def test_nothing_offered_is_none():
    assert packing.fit(offer()) == packing.Fit(0)


def test_what_is_left_over_is_no_server():
    offered = offer(route('n1', {'n1 VCPU': 3}), n1_VCPU=8)
    assert packing.fit(offered) == packing.Fit(2, ('VCPU',))


def test_more_promised_than_there_is_is_none():
    offered = offer(route('n1', {'n1 VCPU': 1}), n1_VCPU=-2)
    assert packing.fit(offered).servers == 0


def test_nodes_of_one_volume_share_its_disk():
    offered = offer(
        *(route(host, {f'{host} VCPU': 1}, {'v1 DISK_GB': 10})
          for host in ('n1', 'n2')), n1_VCPU=3, n2_VCPU=3, v1_DISK_GB=49)
    assert packing.fit(offered) == packing.Fit(4, ('DISK_GB',))
    alone = packing.fit(
        offered, passes=lambda candidate: candidate.host == 'n1')
    assert alone == packing.Fit(3, ('VCPU',))


def test_children_of_a_node_share_its_vcpus():
    offered = offer(*(route('n1', {'n1 VCPU': 1, f'{gpu} VGPU': 1})
                   for gpu in ('g1', 'g2')),
                 n1_VCPU=3, g1_VGPU=2, g2_VGPU=2)
    assert packing.fit(offered) == packing.Fit(3, ('VCPU',))


def test_a_limit_of_several_nodes():
    offered = offer(*(route(host, {f'{host} VCPU': 1}) for host in (
        'n1', 'n2', 'n3')), n1_VCPU=4, n2_VCPU=4, n3_VCPU=4)
    limit = packing.Limit('c1', frozenset(('n1', 'n2')), 5, 'MEMORY_MB')
    assert packing.fit(offered, (limit,)) == packing.Fit(
        9, ('MEMORY_MB', 'VCPU'))


def test_groups_that_may_meet_on_one_provider_are_a_lower_bound():
    """Two disks on one volume or on two: said as what surely fits."""
    offered = offer(
        route('n1', {'n1 VCPU': 1}, {'v1 DISK_GB': 3}),
        route('n1', {'n1 VCPU': 1}, {'v1 DISK_GB': 1, 'v2 DISK_GB': 2}),
        n1_VCPU=9, v1_DISK_GB=7, v2_DISK_GB=2)
    fit = packing.fit(offered)
    assert (fit.servers, fit.is_exact) == (3, False)
    limit = packing.Limit('c1', frozenset(('n1',)), 1, 'MEMORY_MB')
    assert packing.fit(offered, (limit,)).servers == 1
    assert 'MEMORY_MB' in packing.fit(offered, (limit,)).bounds
