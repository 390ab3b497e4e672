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

"""``csv capacity`` is what Placement lets Nova claim, to the server."""

import random

import hypothesis
from hypothesis import strategies as st
import pytest

from hv_sched import exception
from hv_sched import model
from hv_sched.placement import ids
from hv_sched.placement import names
from tests.functional import base
from tests.functional import claimed_servers
from tests.functional import cloud as clouds
from tests.functional import other_services

VOLUMES = tuple(ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(number))
                for number in (1, 2))
SERVER = '55555555-5555-4555-8555-555555555555'
SMALL = {'flavor': 'small', 'image': 'plain'}
GPU = {'flavor': 'gpu', 'image': 'plain'}


@pytest.fixture
def cloud(placement):
    """Three nodes of a cluster with a volume of 500 GB."""
    cloud_of_three = claimed_servers.Cloud(placement)
    for number in (1, 2, 3):
        cloud_of_three.node(f'hv{number:02}')
    cloud_of_three.nova.flavor('small', disk=50, vcpus=1, ram=2048)
    with other_services.running(cloud_of_three.nova, cloud_of_three.glance):
        yield cloud_of_three


def publish(cloud, *volumes, nodes=None, **fields):
    cloud.publish(clouds.cluster(
        volumes=volumes or (clouds.volume(),),
        nodes=nodes or tuple(map(clouds.node, (1, 2, 3))), **fields))


def assert_exact(cloud, **kind):
    """The sum is what can be claimed; the rows before it began."""
    kind = kind or SMALL
    rows = cloud.capacity(**kind).rows
    choose = random.Random(1).choice
    assert rows[0].now.servers == len(cloud.claim_all(choose, **kind))
    after = cloud.capacity(**kind).rows
    assert {row.now.servers for row in after} == {0}
    assert all(row.runs_out for row in after), after
    return {row.name: row for row in rows}


def test_a_volume_whose_disk_runs_out(cloud):
    publish(cloud)
    rows = assert_exact(cloud)
    assert rows['all'].now.servers == 10
    assert rows['hv01'].now.servers == 8, 'what fits there alone'
    assert rows['all'].runs_out == ('disk',)
    assert rows['hv01'].runs_out in (('vCPU',), ('memory',))


def test_nodes_whose_memory_runs_out(cloud):
    publish(cloud, clouds.volume(1, 5000))
    cloud.nova.flavor('fat', disk=1, vcpus=1, ram=6000)
    rows = assert_exact(cloud, flavor='fat', image='plain')
    assert rows['all'].now.servers == 6
    assert rows['all'].runs_out == ('memory',)


def test_vcpus_that_are_overcommitted(cloud):
    publish(cloud, clouds.volume(1, 5000))
    cloud.inventory(cloud.nodes['hv01'], 'VCPU', allocation_ratio=2.5,
                    reserved=1)
    cloud.nova.flavor('cpu', disk=1, vcpus=4, ram=128)
    rows = assert_exact(cloud, flavor='cpu', image='plain')
    assert {name: rows[name].now.servers for name in cloud.nodes} == {
        'hv01': 4, 'hv02': 2, 'hv03': 2}
    assert rows['all'].runs_out == ('vCPU',)


@pytest.mark.parametrize('fields', [
    {'max_unit': 49}, {'min_unit': 51}, {'step_size': 20}])
def test_an_inventory_that_does_not_give_such_amounts(cloud, fields):
    publish(cloud)
    cloud.inventory(VOLUMES[0], 'DISK_GB', **fields)
    rows = assert_exact(cloud)
    assert rows['all'].now.servers == 0
    assert rows['all'].runs_out == ('disk (max_unit, min_unit or step_size)',)


def test_a_ratio_and_a_reserve_of_the_volume(cloud):
    publish(cloud)
    cloud.inventory(VOLUMES[0], 'DISK_GB', allocation_ratio=1.33,
                    reserved=7)
    assert assert_exact(cloud)['all'].now.servers == 493 * 1.33 // 50


def test_a_closed_volume(cloud):
    publish(cloud, clouds.volume(1), clouds.volume(2), nodes=(
        clouds.node(1, 1), clouds.node(2, 1), clouds.node(3, 2)))
    cloud.add_trait(VOLUMES[0], names.NO_NEW_DISKS)
    rows = assert_exact(cloud)
    assert rows['csv:hvc1/Volume1'].runs_out == (
        'volume closed to new disks',)
    assert rows['all'].now.servers == 8


def test_a_paused_node(cloud):
    publish(cloud, clouds.volume(1, 5000), nodes=(
        clouds.node(1), clouds.node(2), clouds.node(
            3, state=model.NodeState.PAUSED)))
    rows = assert_exact(cloud)
    assert rows['all'].now.servers == 16
    assert rows['hv03'].runs_out == ('paused or draining',)


def test_a_disabled_compute_service(cloud):
    publish(cloud, clouds.volume(1, 5000))
    cloud.add_trait(cloud.nodes['hv02'], claimed_servers.DISABLED)
    rows = assert_exact(cloud)
    assert rows['all'].now.servers == 16
    assert rows['hv02'].runs_out == ('compute service disabled',)


def test_a_node_writes_to_its_home_alone(cloud):
    """The second volume's room is of no use to nodes of the first."""
    publish(cloud, clouds.volume(1, 120), clouds.volume(2, 5000), nodes=(
        clouds.node(1, 1), clouds.node(2, 1), clouds.node(3, 2)))
    rows = assert_exact(cloud)
    assert {name: row.now.servers for name, row in rows.items()} == {
        'all': 10, 'hvc1': 10, 'csv:hvc1/Volume1': 2, 'csv:hvc1/Volume2': 8,
        'hv01': 2, 'hv02': 2, 'hv03': 8}


def test_a_node_beside_the_cluster_has_a_disk_of_its_own(cloud):
    publish(cloud)
    cloud.node('hv09', disk_gb=120)
    cloud.add_trait(cloud.nodes['hv09'], names.HYPERV)
    rows = assert_exact(cloud)
    assert rows['hv09'].now.servers == 2
    assert rows['all'].now.servers == 12


def test_adapters_are_of_a_child_of_the_node(cloud):
    cards = tuple(model.Gpu(f'card{number}', 1024) for number in (1, 2))
    publish(cloud, nodes=(clouds.node(
        1, remotefx_enabled=True, gpus=cards), clouds.node(2),
        clouds.node(3, remotefx_enabled=True, gpus=cards[:1])))
    cloud.nova.flavor('gpu', disk=1, vcpus=1, ram=128, os__resolution=(
        '1024x768'), os__monitors='1', os__vram='512')
    rows = assert_exact(cloud, **GPU)
    total = rows['all']
    assert total.now.servers == (
        rows['hv01'].now.servers + rows['hv03'].now.servers) > 0
    assert total.runs_out[0].startswith('GPU')
    assert rows['hv02'].now.servers == 0
    assert total.after_loss.servers == rows['hv03'].now.servers


def test_lost_adapters_are_needed_on_the_other_nodes(cloud):
    test_adapters_are_of_a_child_of_the_node(cloud)
    assert cloud.fits(**GPU)['all'] == (0, 0)


def test_what_is_held_for_servers_is_not_given_away(cloud):
    publish(cloud)
    cloud.allocate(SERVER, {VOLUMES[0]: {'resources': {
        names.HELD_DISK_GB: 130}}})
    rows = assert_exact(cloud)
    assert rows['all'].now.servers == 7
    assert cloud.capacity(**SMALL).total.runs_out == (
        'disk (held for servers whose move failed)',)


def test_a_root_disk_in_cinder_takes_none_of_the_volume(cloud):
    publish(cloud, clouds.volume(1, 10))
    assert assert_exact(cloud)['all'].now.servers == 0
    rows = cloud.capacity(**SMALL, boots_from_volume=True).rows
    assert rows[0].now.servers == 24
    assert [row.kind for row in rows] == ['all', 'cluster', *['node'] * 3]


def test_an_availability_zone_and_a_forced_host(cloud):
    publish(cloud, clouds.volume(1, 5000))
    zone = cloud.nova.zone('z1')
    for name in ('hv01', 'hv02'):
        generation, now = cloud.api.aggregates(cloud.nodes[name])
        cloud.api.set_aggregates(cloud.nodes[name], generation, now | {zone})
    assert cloud.fits(zone='z1', **SMALL)['all'][0] == 16
    rows = assert_exact(cloud, zone='z1:hv01', **SMALL)
    assert rows['all'].now.servers == 8
    assert rows['hv03'].runs_out == ('not in availability zone z1',)


# -- a node lost

def test_the_servers_of_a_lost_node_are_restarted_on_the_others(cloud):
    publish(cloud, clouds.volume(1, 5000))
    assert cloud.fits(**SMALL) == {
        'all': (24, 16), 'hvc1': (24, 16), 'csv:hvc1/Volume1': (24, 16),
        'hv01': (8, 0), 'hv02': (8, 8), 'hv03': (8, 8)}
    first = next(candidate for candidate in cloud.candidates(**SMALL)
                 if cloud.nodes['hv02'] in candidate['allocations'])
    for _number in range(3):
        cloud.claim(first)
    rows = {row.name: row for row in cloud.capacity(**SMALL).rows}
    assert rows['all'].now.servers == 21
    # Wherever the three run, 16 places are left without a node.
    assert rows['all'].after_loss.servers == 13
    assert rows['all'].after_loss.bounds in (('MEMORY_MB',), ('VCPU',))


@pytest.mark.parametrize('total_gb', [5000, 700])
def test_a_loss_that_happens_leaves_what_was_said(cloud, total_gb):
    """The node is closed, its servers are restarted without a new disk."""
    publish(cloud, clouds.volume(1, total_gb))
    choose = random.Random(3).choice
    for _number in range(7):
        cloud.claim(choose(cloud.candidates(**SMALL)))
    row = cloud.capacity(**SMALL).rows[1]
    lost = cloud.nodes[row.lost]
    cloud.add_trait(lost, claimed_servers.DISABLED)
    for _server in cloud.api.allocations_on(lost):
        cloud.claim(choose(cloud.candidates(
            **SMALL, boots_from_volume=True)))
    assert len(cloud.claim_all(choose, **SMALL)) == row.after_loss.servers


def test_a_full_node_with_adapters_may_be_the_one_that_is_lost(cloud):
    """It is in no candidate, and read by itself."""
    cards = (model.Gpu('card', 1024),)
    cloud.nova.flavor('gpu', disk=1, vcpus=1, ram=128, os__resolution=(
        '1024x768'), os__monitors='1', os__vram='256')
    publish(cloud, nodes=tuple(clouds.node(
        number, remotefx_enabled=True, gpus=cards) for number in (1, 2, 3)))
    on = {name: next(
        candidate for candidate in cloud.candidates(**GPU)
        if cloud.nodes[name] in candidate['allocations'])
        for name in ('hv01', 'hv02')}
    assert cloud.capacity(**GPU).total.now.servers == 12
    cloud.claim(on['hv02'])
    taken = on['hv01']['allocations']
    taken[cloud.nodes['hv01']]['resources'] = {
        'VCPU': 8, 'MEMORY_MB': 16384}
    taken[ids.remotefx_uuid(cloud.nodes['hv01'])]['resources'][
        names.REMOTEFX_VRAM_MB] = 1024
    cloud.claim(on['hv01'])
    row = cloud.capacity(**GPU).rows[1]
    # Seven fit on the others, which restart a server as large as four.
    assert (row.now.servers, row.after_loss.servers, row.lost) == (
        7, 3, 'hv01')
    assert row.after_loss.bounds == (names.REMOTEFX_VRAM_MB,)


def test_the_largest_node_is_the_one_that_is_lost(cloud):
    publish(cloud, clouds.volume(1, 5000))
    for resource_class in ('VCPU', 'MEMORY_MB'):
        cloud.inventory(cloud.nodes['hv02'], resource_class, total=32768,
                        max_unit=32768)
    row = cloud.capacity(**SMALL).rows[1]
    assert (row.name, row.lost, row.now.servers, row.after_loss.servers) == (
        'hvc1', 'hv02', 32, 16)


def test_a_cluster_that_cannot_restart_a_node_has_no_room_after_it(cloud):
    publish(cloud, clouds.volume(1, 5000))
    cloud.nova.flavor('large', disk=1, vcpus=8, ram=128)
    for name in ('hv01', 'hv02'):
        cloud.claim(next(
            candidate for candidate in cloud.candidates(flavor='large')
            if cloud.nodes[name] in candidate['allocations']))
    cloud.inventory(cloud.nodes['hv03'], 'VCPU', reserved=1)
    total = cloud.capacity(**SMALL).total
    assert (total.now.servers, total.after_loss.servers) == (7, 0)
    assert total.after_loss.bounds == ('VCPU',)


# -- what is no question

def test_what_takes_nothing_has_no_number(cloud):
    publish(cloud)
    cloud.nova.flavor('nothing', disk=0, vcpus=0, ram=0)
    with pytest.raises(exception.InvalidConfig, match='takes no VCPU'):
        cloud.capacity(flavor='nothing', image='plain')


def test_a_contradiction_is_the_reason(cloud):
    publish(cloud)
    cloud.glance.image('odd', hw_machine_type='hyperv-gen2', os_type='linux',
                       os_secure_boot='required', os_vtpm='required',
                       os_shielded_vm='required')
    row, = cloud.capacity(flavor='small', image='odd').rows
    assert row.now.servers == 0
    assert any('os_type=linux' in reason for reason in row.runs_out)


def test_a_trait_that_is_not_there_is_the_reason(cloud):
    publish(cloud)
    cloud.nova.flavor('gold', trait__CUSTOM_GOLD='required')
    gold = {'flavor': 'gold', 'image': 'plain'}
    assert 'No such trait' in cloud.capacity(**gold).total.runs_out[0]
    cloud.api.ensure_trait('CUSTOM_GOLD')
    rows = cloud.capacity(**gold).rows
    assert {row.runs_out for row in rows} == {('no CUSTOM_GOLD',)}


def test_a_cloud_without_clusters(cloud):
    assert cloud.fits(flavor='small')['all'] == (24, 24)


def test_requests_do_not_grow_with_nodes(cloud):
    def requests():
        before = len(cloud.placement.service.log)
        cloud.capacity(**SMALL)
        return len(cloud.placement.service.log) - before

    publish(cloud, nodes=(clouds.node(1), clouds.node(2), clouds.node(
        3, state=model.NodeState.PAUSED)))
    few = requests()
    for number in range(4, 13):
        cloud.node(f'hv{number:02}')
    publish(cloud, nodes=(*map(clouds.node, range(1, 9)), *(
        clouds.node(number, state=model.NodeState.PAUSED)
        for number in range(9, 13))))
    assert requests() == few <= 30


# -- any small cloud

@st.composite
def small_clouds(draw):
    """Nodes, volumes and homes with odd amounts."""
    amount = st.integers
    volume_count = draw(amount(1, 2))
    return {
        'volumes': [(draw(amount(1, 9)), draw(st.sampled_from(
            (1.0, 1.33, 0.5))), draw(amount(0, 2)), draw(amount(1, 9)),
            draw(st.booleans())) for _number in range(volume_count)],
        'nodes': [(draw(amount(1, 5)), draw(amount(1, 9)), draw(
            st.sampled_from((1.0, 1.5, 4.0))), draw(
            amount(1, volume_count)), draw(st.sampled_from(
                (0, 0, 0, 1)))) for _number in range(draw(amount(1, 3)))],
        'own_gb': draw(st.sampled_from((0, 3))),
        'held_gb': draw(st.sampled_from((0, 0, 2))),
        'spread': draw(st.booleans()),
        'disk': draw(amount(0, 3)), 'vcpus': draw(amount(1, 2)),
        'ram': draw(amount(1, 3)), 'seed': draw(amount(0, 99))}


def build(cloud, drawn):
    for number, (vcpus, memory_mb, ratio, _home, _paused) in enumerate(
            drawn['nodes'], 1):
        cloud.node(f'hv{number:02}', vcpus, memory_mb, ratio)
    volumes = [clouds.volume(number, gb) for number, (gb, *_rest)
               in enumerate(drawn['volumes'], 1)]
    spread = drawn['spread'] and len(volumes) > 1
    cloud.publish(clouds.cluster(
        volumes=tuple(volumes), placement_chooses_volume=spread, nodes=tuple(
            clouds.node(number, None if spread else home, state=(
                model.NodeState.PAUSED if paused else model.NodeState.UP))
            for number, (*_sizes, home, paused)
            in enumerate(drawn['nodes'], 1))))
    published = [(uuid, volume) for uuid, volume in zip(
        VOLUMES, drawn['volumes'], strict=False) if uuid in {
            provider.uuid for provider in cloud.api.list_providers()}]
    for uuid, (_gb, ratio, reserved, max_unit, closed) in published:
        cloud.inventory(uuid, 'DISK_GB', allocation_ratio=ratio,
                        reserved=min(reserved, _gb), max_unit=max_unit)
        if closed and drawn['seed'] % 3 == 0:
            cloud.add_trait(uuid, names.NO_NEW_DISKS)
    if drawn['held_gb'] and published:
        cloud.allocate(SERVER, {published[0][0]: {'resources': {
            names.HELD_DISK_GB: drawn['held_gb']}}})
    if drawn['own_gb']:
        cloud.node('hv09', 4, 4, disk_gb=drawn['own_gb'])
        cloud.add_trait(cloud.nodes['hv09'], names.HYPERV)


def claim_as_counted(cloud, choose, kind):
    """Claims of which each leaves room for one less.

    No claim leaves room for as many as before, one leaves room for one less,
    and there is none when nothing is left: so the count was the most.
    """
    count = cloud.capacity(**kind).total.now.servers
    while candidates := cloud.candidates(**kind):
        choose(candidates)
        counts = []
        for candidate in candidates:
            server = cloud.claim(candidate)
            counts.append(cloud.capacity(**kind).total.now.servers)
            if counts[-1] == count - 1:
                break
            cloud.admin.delete(f'/allocations/{server}')
        assert max(counts) == count - 1, (count, counts)
        count -= 1
    assert count == 0


@pytest.mark.wide
@hypothesis.settings(max_examples=25, deadline=None, derandomize=True,
                     suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(small_clouds())
def test_any_small_cloud_is_counted_to_the_server(drawn):
    with base.running_placement() as placement:
        cloud = claimed_servers.Cloud(placement)
        with other_services.running(cloud.nova, cloud.glance):
            build(cloud, drawn)
            cloud.nova.flavor('small', **{
                name: drawn[name] for name in ('disk', 'vcpus', 'ram')})
            rng = random.Random(drawn['seed'])
            if drawn['spread']:
                claim_as_counted(cloud, rng.shuffle, SMALL)
                return
            counted = cloud.capacity(**SMALL).total.now.servers
            assert counted == len(cloud.claim_all(rng.choice, **SMALL))
