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

"""Weighers through Nova's own handler: which host comes first and why."""

from nova import exception
from nova import objects
from nova.scheduler import host_manager
from nova.scheduler import weights
from nova.scheduler.weights import cpu
from nova.scheduler.weights import io_ops
from nova.scheduler.weights import ram
import pytest

from hv_sched.filters import earlier_picks
from hv_sched.filters import shared_volume
from hv_sched.placement import names
from hv_sched.request_filters import request_state
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes
from hv_sched.weighers import anti_affinity
from hv_sched.weighers import free_space
from hv_sched.weighers import image_cache
from hv_sched.weighers import low_space
from hv_sched.weighers import redirected_access

IMAGE = '155d900f-4e14-4e4c-a73d-069cbf4541e6'
BIG = volumes.VolumeState('v1', 'csv:c1/CSV1', 500, 100)
SMALL = volumes.VolumeState('v2', 'csv:c1/CSV2', 200, 100,
                       traits=frozenset({names.image_trait(IMAGE)}))


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


@pytest.fixture(autouse=True)
def know(monkeypatch):
    """Replace what the scheduler knows; two volumes to begin with."""
    def replace(*known):
        found = volumes.Snapshot(
            {volume.uuid: volume for volume in known}, {}, {}, frozenset())
        monkeypatch.setattr(cache, 'get', lambda: found)
    replace(BIG, SMALL)
    return replace


def host(name, *volume_uuids, size_gb=10):
    state = host_manager.HostState(name, name, None)
    state.uuid = name
    state.aggregates = []
    state.allocation_candidates = [
        {'allocations': {name: {'resources': {'VCPU': 1}}}
         | {uuid: {'resources': {'DISK_GB': size_gb}}}}
        for uuid in volume_uuids]
    return state


def spec(**fields):
    return objects.RequestSpec(**{
        'image': objects.ImageMeta(id=IMAGE), 'instance_group': None,
        'is_bfv': False, 'instance_uuid': IMAGE, **fields})


def best(weigher, hosts, request_spec):
    found = weights.HostWeightHandler().get_weighed_objects(
        [weigher()], hosts, request_spec)
    return [one.obj.host for one in found
            if one.weight == found[0].weight]


def claim(request_spec, hosts, chosen):
    """What Nova does between two servers of a request."""
    earlier_picks.update(request_spec, hosts)
    chosen.num_instances += 1
    earlier_picks.update(request_spec, hosts)


def test_more_room_on_the_volume_wins():
    hosts = [host('h1', 'v1'), host('h2', 'v2')]
    assert best(free_space.SharedVolumeFreeSpaceWeigher, hosts,
                spec()) == ['h1']


def test_a_negative_multiplier_of_an_aggregate_packs():
    hosts = [host('h1', 'v1'), host('h2', 'v2')]
    for state in hosts:
        state.aggregates = [objects.Aggregate(metadata={
            'shared_volume_free_space_weight_multiplier': '-1'})]
    assert best(free_space.SharedVolumeFreeSpaceWeigher, hosts,
                spec()) == ['h2']


@pytest.mark.parametrize('text', ['nan', 'inf', '-inf', '1e999', 'x', ''])
def test_a_multiplier_that_is_no_number_is_the_options(text):
    """Whoever may write the metadata of an aggregate writes anything."""
    hosts = [host('h1', 'v1'), host('h2', 'v2')]
    for state in hosts:
        state.aggregates = [objects.Aggregate(metadata={
            'shared_volume_free_space_weight_multiplier': text})]
    weighed = weights.HostWeightHandler().get_weighed_objects(
        [free_space.SharedVolumeFreeSpaceWeigher()], hosts, spec())
    assert [(each.obj.host, each.weight) for each in weighed] == [
        ('h1', 1.0), ('h2', 0.0)]


def test_room_taken_earlier_in_the_request_is_gone():
    request_spec = spec()
    hosts = [host('h1', 'v1', size_gb=350), host('h2', 'v2')]
    claim(request_spec, hosts, hosts[0])
    assert best(free_space.SharedVolumeFreeSpaceWeigher, hosts,
                request_spec) == ['h2']


def test_a_host_without_volume_is_weighed_by_its_own_free_disk():
    alone = host('kvm')
    alone.free_disk_mb = 450 * 1024
    assert best(free_space.SharedVolumeFreeSpaceWeigher,
                [host('h1', 'v1'), alone], spec()) == ['kvm']


def test_a_volume_with_the_image_wins():
    hosts = [host('h1', 'v1'), host('h2', 'v2')]
    assert best(image_cache.ImageCacheWeigher, hosts, spec()) == ['h2']


def test_a_cold_volume_keeps_to_the_node_that_fetches(know):
    know(BIG)
    request_spec = spec()
    hosts = [host('h1', 'v1'), host('h2', 'v1')]
    claim(request_spec, hosts, hosts[1])
    assert best(image_cache.ImageCacheWeigher, hosts,
                request_spec) == ['h2']


def busy(state, share):
    """A node of which this share is in use, as Nova's weighers see it."""
    state.vcpus_total, state.vcpus_used = 100, int(100 * share)
    state.cpu_allocation_ratio = 1.0
    state.free_ram_mb = int(1000 * (1 - share))
    state.num_io_ops = int(10 * share)
    return state


def test_the_default_outweighs_load_at_each_of_the_three_steps(know):
    """One volume has the image, one fetches it, one is untouched."""
    know(BIG, SMALL, volumes.VolumeState('v3', 'csv:c1/CSV3', 500, 0))
    novas = (ram.RAMWeigher, cpu.CPUWeigher, io_ops.IoOpsWeigher,
             free_space.SharedVolumeFreeSpaceWeigher)
    request_spec = spec()
    hosts = [busy(host('fetches', 'v1'), 1), busy(host('again', 'v1'), 0)]
    warm = busy(host('warm', 'v2'), 1)
    cold = busy(host('untouched', 'v3'), 0)
    claim(request_spec, hosts, hosts[0])

    def first(*some):
        return weights.HostWeightHandler().get_weighed_objects(
            [one() for one in (*novas, image_cache.ImageCacheWeigher)],
            list(some), request_spec)[0].obj.host
    assert first(*hosts, warm, cold) == 'warm'
    assert first(*hosts) == 'fetches'
    assert first(*hosts, busy(host('same as it', 'v1'), 0)) == 'fetches'
    assert first(hosts[1], cold) == 'untouched'


def test_a_host_without_volume_is_as_good_as_one_that_fetches_once(know):
    know(BIG)
    assert best(image_cache.ImageCacheWeigher, [
        host('h1', 'v1'), host('kvm')], spec()) == ['h1', 'kvm']


def test_members_that_keep_apart_are_not_led_to_one_node(know):
    know(BIG)
    request_spec = spec(instance_group=objects.InstanceGroup(
        policy='soft-anti-affinity', members=[]))
    hosts = [host('h1', 'v1'), host('h2', 'v1')]
    claim(request_spec, hosts, hosts[0])
    assert best(image_cache.ImageCacheWeigher, hosts,
                request_spec) == ['h1', 'h2']


def test_a_server_booted_from_a_volume_has_no_image_to_fetch():
    hosts = [host('h1', 'v1'), host('h2', 'v2')]
    assert best(image_cache.ImageCacheWeigher, hosts,
                spec(is_bfv=True)) == ['h1', 'h2']


def test_group_members_of_the_same_request_keep_apart():
    request_spec = spec(instance_group=objects.InstanceGroup(
        policy='anti-affinity', members=[]))
    hosts = [host('h1', 'v1'), host('h2', 'v1'), host('h3', 'v2')]
    claim(request_spec, hosts, hosts[0])
    assert best(anti_affinity.SharedVolumeAntiAffinityWeigher, hosts,
                request_spec) == ['h3']


def test_servers_without_a_group_need_not_keep_apart():
    request_spec = spec()
    hosts = [host('h1', 'v1'), host('h3', 'v2')]
    claim(request_spec, hosts, hosts[0])
    assert best(anti_affinity.SharedVolumeAntiAffinityWeigher, hosts,
                request_spec) == ['h1', 'h3']


@pytest.mark.parametrize('weigher', [
    free_space.SharedVolumeFreeSpaceWeigher, image_cache.ImageCacheWeigher,
    anti_affinity.SharedVolumeAntiAffinityWeigher])
def test_without_a_snapshot_all_weigh_the_same(monkeypatch, weigher):
    monkeypatch.setattr(cache, 'get', lambda: None)
    hosts = [host('h1', 'v1'), host('h2', 'v2')]
    assert best(weigher, hosts, spec()) == ['h1', 'h2']


def taken_gb(request_spec, volume):
    return request_state.of(request_spec).earlier_picks.taken_gb[volume]


def test_a_pick_counts_though_an_earlier_filter_dropped_its_host():
    request_spec = spec()
    hosts = [host('h1', 'v1'), host('h2', 'v1')]
    earlier_picks.update(request_spec, hosts)
    hosts[0].num_instances += 1
    earlier_picks.update(request_spec, hosts[1:])
    assert taken_gb(request_spec, 'v1') == 10
    earlier_picks.update(request_spec, hosts[1:])
    assert taken_gb(request_spec, 'v1') == 10


def filtered(hosts, request_spec):
    chosen = shared_volume.SharedVolumeFilter()
    return [state.host for state in chosen.filter_all(hosts, request_spec)]


def test_the_filter_passes_candidates_without_a_disk():
    state = host('h1')
    state.allocation_candidates = [
        {'allocations': {'h1': {'resources': {'VCPU': 1}}}}]
    assert filtered([state], spec(scheduler_hints={})) == ['h1']


def test_the_filter_puts_a_volume_with_room_first():
    state = host('h1', 'v2', 'v1', size_gb=150)
    assert filtered([state], spec(scheduler_hints={})) == ['h1']
    assert 'v1' in state.allocation_candidates[0]['allocations']


def test_the_filter_drops_a_clustered_nodes_own_disk(monkeypatch):
    known = volumes.Snapshot({'v1': BIG}, {'h1': 'hv1'}, {}, frozenset())
    monkeypatch.setattr(cache, 'get', lambda: known)
    both = host('h1', 'h1', 'v1')
    assert filtered([both, host('kvm', 'kvm')],
                    spec(scheduler_hints={})) == ['h1', 'kvm']
    assert len(both.allocation_candidates) == 1
    with pytest.raises(exception.NoValidHost, match='disk of 10 GB'):
        filtered([host('h1', 'h1')], spec(scheduler_hints={}))


# -- little physically free space


def lower(monkeypatch, *names_):
    known = volumes.Snapshot({uuid: volumes.VolumeState(
        uuid, f'csv:c/{uuid}', 1000, 0, traits=frozenset(
            {names.LOW_SPACE} if uuid in names_ else ()))
        for uuid in ('v1', 'v2')}, {}, {}, frozenset())
    monkeypatch.setattr(cache, 'get', lambda: known)


def test_a_volume_that_is_low_loses(monkeypatch):
    lower(monkeypatch, 'v1')
    hosts = [host('h1', 'v1'), host('h2', 'v2')]
    assert best(low_space.LowSpaceWeigher, hosts, spec()) == ['h2']


@pytest.mark.parametrize('low', [(), ('v1', 'v2')])
def test_volumes_that_are_all_the_same_weigh_the_same(monkeypatch, low):
    lower(monkeypatch, *low)
    hosts = [host('h1', 'v1'), host('h2', 'v2')]
    assert best(low_space.LowSpaceWeigher, hosts, spec()) == ['h1', 'h2']


def test_of_a_hosts_volumes_one_that_is_not_low_comes_first(monkeypatch):
    lower(monkeypatch, 'v1')
    both = host('h1', 'v1', 'v2')
    assert filtered([both], spec(scheduler_hints={})) == ['h1']
    assert ['v2' in candidate['allocations'] for candidate
            in both.allocation_candidates] == [True, False]


# -- redirected access


def redirect(monkeypatch, *nodes):
    known = volumes.Snapshot({}, {}, {}, frozenset(),
                             redirected=frozenset(nodes))
    monkeypatch.setattr(cache, 'get', lambda: known)


def test_a_node_with_redirected_access_loses(monkeypatch):
    redirect(monkeypatch, 'h1')
    hosts = [host('h1', 'v1'), host('h2', 'v1')]
    assert best(redirected_access.RedirectedAccessWeigher, hosts,
                spec()) == ['h2']


def test_nodes_with_redirected_access_weigh_the_same(monkeypatch):
    redirect(monkeypatch, 'h1', 'h2')
    hosts = [host('h1', 'v1'), host('h2', 'v1')]
    assert best(redirected_access.RedirectedAccessWeigher, hosts,
                spec()) == ['h1', 'h2']


def test_redirected_access_outweighs_free_memory_and_processors(monkeypatch):
    redirect(monkeypatch, 'h1')
    empty, busy = host('h1', 'v1'), host('h2', 'v1')
    for state, free in ((empty, 64), (busy, 1)):
        state.vcpus_total, state.vcpus_used = 64, 64 - free
        state.cpu_allocation_ratio = 1.0
        state.free_ram_mb, state.num_io_ops = free * 1024, 0
    weighed = weights.HostWeightHandler().get_weighed_objects(
        [cpu.CPUWeigher(), ram.RAMWeigher(), io_ops.IoOpsWeigher(),
         redirected_access.RedirectedAccessWeigher()], [empty, busy], spec())
    assert weighed[0].obj.host == 'h2'
