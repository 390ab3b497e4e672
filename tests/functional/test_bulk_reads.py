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

"""What a sync costs that has nothing to do, and what it still notices."""

import dataclasses

import pytest

from hv_sched import exception
from hv_sched import model
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import ownership
from hv_sched.placement import provider_read
from hv_sched.placement.inventory import Inventory
from hv_sched.providers.settings import Settings
from tests.functional import base
from tests.functional import cloud as clouds

pytestmark = pytest.mark.wide

GIB = model.GIB
VOLUMES = 3
# How many hosts that are not Hyper-V's, with a virt driver's CPU traits.
KVM_TRAITS = ('HW_CPU_X86_SSE', 'HW_CPU_X86_SSE2', 'HW_CPU_X86_AVX',
              'HW_CPU_X86_AVX2', 'HW_CPU_X86_AESNI', 'HW_CPU_X86_BMI',
              'HW_CPU_X86_BMI2', 'HW_CPU_X86_SHA', 'HW_CPU_X86_TSX')


def facts(nodes, first=None, **fields):
    """:param first: fields that differ on volume 1"""
    return clouds.facts(clouds.cluster(
        volumes=tuple(clouds.volume(n + 1, **(first or {} if n == 0 else {}))
                      for n in range(VOLUMES)),
        nodes=tuple(clouds.node(
            n + 1, home=n % VOLUMES + 1, guarded_host=n % 4 == 0,
            nested_virtualization=True, cpu_vendor=model.CpuVendor.INTEL)
            for n in range(nodes)), **fields))


def published(placement, nodes, **fields):
    """A published cloud with servers, one volume full."""
    cloud = clouds.Cloud(placement)
    cloud.register(*(f'hv{n + 1:02d}' for n in range(nodes)))
    cloud.sync(facts(nodes, **fields))
    for host, size in (('hv01', 500), ('hv02', 100), ('hv03', 30)):
        cloud.create(size, host)
    cloud.sync(facts(nodes, **fields))
    return cloud


@pytest.fixture
def cloud(placement):
    return published(placement, 8)


def volume_uuid(number):
    return ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(number))


def requests_of(cloud, told, settings=clouds.SETTINGS):
    """The requests of a bulk sync that must change nothing."""
    cloud.placement.sent.clear()
    assert cloud.sync(told, settings, full=False).done == ()
    assert cloud.placement.writes == []
    return [url for _method, url in cloud.placement.sent]


def read_in_full(urls):
    """The uuids of the providers that were read one by one."""
    return {url.split('/')[2] for url in urls
            if url.startswith('/resource_providers/')}


def feature_traits(cloud):
    return {trait for trait in cloud.api.all_traits(associated=True)
            if ownership.node_trait(trait, cpu_managed=True)
            and not trait.startswith(names.FORMER_RATIO_PREFIX)
            and trait != names.VOLUME}


@pytest.mark.parametrize('told', [
    {}, {'vms': (model.Vm('44444444-4444-4444-8444-444444444444', 'hv02', (
        model.VmDisk(clouds.guid(2), 100 * GIB, 0),)),)}],
    ids=['volumes', 'with VMs'])
def test_a_sync_with_nothing_to_do_costs_the_same_for_any_nodes(told):
    costs = set()
    for nodes in (8, 24):
        with base.running_placement() as placement:
            cloud = published(placement, nodes, **told)
            urls = requests_of(cloud, facts(nodes, **told))
            assert read_in_full(urls) == set()
            assert len(urls) <= (
                len(feature_traits(cloud)) + 1 + VOLUMES + 20)
            costs.add(len(urls))
    assert len(costs) == 1


def test_a_full_volume_costs_nothing_more(cloud):
    assert cloud.api.usages(volume_uuid(1))[1]['DISK_GB'] == 500
    assert read_in_full(requests_of(cloud, facts(8))) == set()


def test_a_gpu_without_memory_left_costs_nothing_more(placement):
    cloud = clouds.Cloud(placement)
    cloud.register('hv01')
    told = clouds.facts(clouds.cluster(nodes=(clouds.node(
        1, remotefx_enabled=True, gpus=(model.Gpu('card', 1024),)),)))
    cloud.sync(told)
    child = ids.remotefx_uuid(cloud.nodes['hv01'])
    cloud.allocate('55555555-5555-4555-8555-555555555555', {child: {
        'resources': {names.REMOTEFX_ADAPTER: 1,
                      names.REMOTEFX_VRAM_MB: 1024}}})
    assert read_in_full(requests_of(cloud, told)) == set()


def test_other_hosts_cpu_traits_cost_one_request_together(cloud):
    before = len(requests_of(cloud, facts(8)))
    cloud.register('kvm1')
    generation, traits = cloud.api.traits(cloud.nodes['kvm1'])
    cloud.api.set_traits(cloud.nodes['kvm1'], generation,
                         traits.union(KVM_TRAITS))
    assert len(requests_of(cloud, facts(8))) == before


def test_one_volume_changed_reads_that_volume_only(cloud):
    """And, as it grew, how large one node says it is."""
    grown = facts(8, {'total_gb': 600})
    cloud.placement.sent.clear()
    assert len(cloud.sync(grown, full=False).done) == 1
    urls = [url for _method, url in cloud.placement.sent]
    nodes = read_in_full(urls) - {volume_uuid(1)}
    assert len(nodes) == 1 and nodes <= set(cloud.nodes.values())
    assert [url for url in urls if nodes & set(url.split('/'))] == [
        f'/resource_providers/{node}/inventories' for node in nodes]
    assert cloud.api.inventories(volume_uuid(1))[1]['DISK_GB'].total == 600


def test_one_node_changed_reads_that_node_only(cloud):
    told = facts(8)
    cluster, = told.clusters
    nodes = (*cluster.nodes[:-1], dataclasses.replace(
        cluster.nodes[-1], state=model.NodeState.PAUSED))
    cloud.placement.sent.clear()
    cloud.sync(clouds.facts(dataclasses.replace(cluster, nodes=nodes)),
               full=False)
    urls = [url for _method, url in cloud.placement.sent]
    assert read_in_full(urls) == {cloud.nodes['hv08']}


def test_a_ratio_an_operator_edited_costs_the_read_of_its_volume(cloud):
    generation, inventories = cloud.api.inventories(volume_uuid(2))
    inventories['DISK_GB'] = dataclasses.replace(
        inventories['DISK_GB'], allocation_ratio=1.5)
    cloud.api.set_inventories(volume_uuid(2), generation, inventories)
    assert read_in_full(requests_of(cloud, facts(8))) == {volume_uuid(2)}


def test_a_configured_ratio_costs_nothing_more(placement):
    settings = Settings(workers=1, csv_allocation_ratio=1.5)
    cloud = clouds.Cloud(placement)
    cloud.register('hv01', 'hv02', 'hv03')
    cloud.sync(facts(3), settings)
    assert read_in_full(requests_of(cloud, facts(3), settings)) == set()


def edit(cloud, uuid, change):
    """Somebody changes inventories behind our back."""
    generation, inventories = cloud.api.inventories(uuid)
    change(inventories)
    cloud.api.set_inventories(uuid, generation, inventories)


def test_an_escrow_that_was_deleted_is_noticed_in_bulk(cloud):
    before = cloud.state()
    edit(cloud, volume_uuid(2), lambda found: found.pop(names.HELD_DISK_GB))
    cloud.sync(facts(8), full=False)
    assert cloud.state() == before


def test_an_escrow_without_room_is_noticed_in_bulk(cloud):
    before = cloud.state()
    edit(cloud, volume_uuid(2), lambda found: found.update(
        {names.HELD_DISK_GB: Inventory(5)}))
    cloud.sync(facts(8), full=False)
    assert cloud.state() == before


@pytest.mark.parametrize('resource_class,value', [
    (names.DISK_GB, Inventory(500, max_unit=7)),
    (names.DISK_GB, Inventory(1000, max_unit=500, allocation_ratio=0.5)),
    (names.HELD_DISK_GB, Inventory(names.HELD_TOTAL_GB, max_unit=5)),
])
def test_what_the_summary_cannot_show_is_found_by_a_full_pass(
        cloud, resource_class, value):
    before = cloud.state()
    edit(cloud, volume_uuid(2),
         lambda found: found.update({resource_class: value}))
    requests_of(cloud, facts(8))
    cloud.sync(facts(8), full=True)
    after = cloud.state()
    name = 'csv:hvc1/Volume2'
    if value.allocation_ratio == 1.0:
        assert after == before
    else:  # the operator's own ratio stays, the size is the disk's
        assert after[name][1]['DISK_GB'].total == 500


def test_every_facet_the_summary_shows_is_repaired_in_bulk(cloud):
    before = cloud.state()
    volume, node = volume_uuid(2), cloud.nodes['hv02']
    for uuid in (volume, node):
        generation, traits = cloud.api.traits(uuid)
        generation = cloud.api.set_traits(uuid, generation, frozenset(
            trait for trait in traits if not trait.startswith('CUSTOM_HYP')))
        cloud.api.set_aggregates(uuid, generation, frozenset())
    edit(cloud, node, lambda found: found.update(
        DISK_GB=dataclasses.replace(found['DISK_GB'], allocation_ratio=1.0)))
    cloud.sync(facts(8), full=False)
    assert cloud.state() == before


def busy(cloud, times):
    """A claim on volume 2 between our reads of it, so often."""
    claims = []

    def intrude(environ):
        if len(claims) < times and environ['PATH_INFO'].endswith(
                f'{volume_uuid(2)}/usages'):
            claims.append(environ)
            generation, inventories = cloud.api.inventories(volume_uuid(2))
            cloud.api.set_inventories(volume_uuid(2), generation, {
                **inventories, names.DISK_GB: dataclasses.replace(
                    inventories[names.DISK_GB], total=500 + len(claims))})

    cloud.placement.service.before = intrude


def read_in_full_of(cloud):
    api = client.from_adapter(cloud.placement)
    return provider_read.read_providers(
        api, [api.provider(volume_uuid(2))], frozenset(), 1)


def test_a_provider_is_read_whole_at_one_generation(cloud, monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    busy(cloud, 3)
    provider = read_in_full_of(cloud)[volume_uuid(2)]
    assert provider.inventories[names.DISK_GB].total == 503
    assert provider.generation == cloud.api.provider(
        volume_uuid(2)).generation


def test_a_provider_that_never_stands_still_is_not_read(cloud, monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    busy(cloud, 10)
    with pytest.raises(exception.PlacementUnavailable,
                       match='csv:hvc1/Volume2 changed during each of 10'):
        read_in_full_of(cloud)
