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

"""Clusters of other drivers than Hyper-V's, in Placement."""

import dataclasses

import pytest

from hv_sched import drivers
from hv_sched.audit import clusters
from hv_sched.audit.findings import Code
from hv_sched.placement import disk_moves
from hv_sched.placement import names
from hv_sched.placement import node_capacity
from hv_sched.snapshot import placement_state
from hv_sched.snapshot import reader
from tests.functional import cloud as clouds
from tests.functional import published_cloud
from tests.functional import unadopted_cloud

NAMES = [driver.name for driver in drivers.DRIVERS]
LIBVIRT = [driver.name for driver in drivers.DRIVERS
           if not driver.has_windows_features]
# Larger than a VHDX may be.
LARGE_GB = 100 * 1024


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    # As large as raw bytes have to be for a pool.
    made.register('hv01', 'hv02', disk_gb=2 * LARGE_GB)
    return made


def facts(driver, **fields):
    return clouds.facts(clouds.cluster(
        volumes=(clouds.volume(total_gb=LARGE_GB),),
        driver=drivers.of(driver), **fields))


@pytest.mark.parametrize('name', NAMES)
def test_a_server_gets_as_large_a_disk_as_its_driver_makes(cloud, name):
    cloud.sync(facts(name))
    largest_gb = drivers.of(name).largest_disk_gb or LARGE_GB
    assert cloud.hosts(largest_gb) == {'hv01', 'hv02'}
    assert cloud.hosts(largest_gb + 1) == set()


@pytest.mark.parametrize('full', [True, False])
@pytest.mark.parametrize('name', NAMES)
def test_a_second_sync_has_nothing_to_do(cloud, name, full):
    cloud.sync(facts(name))
    before = cloud.state()
    assert cloud.sync(facts(name), full=full).done == ()
    assert cloud.state() == before


@pytest.mark.parametrize('full', [True, False])
@pytest.mark.parametrize('name', LIBVIRT)
def test_a_driver_that_is_not_stated_any_more_changes_nothing(
        cloud, name, full):
    cloud.sync(facts(name))
    before = cloud.state()
    result = cloud.reconciler().sync(
        facts('hyperv', is_driver_stated=False), full)
    assert cloud.state() == before
    assert 'state the driver of the cluster' in str(
        result.plan.all_findings[0])
    # Where it is stated it is the operator's decision.
    cloud.sync(facts('hyperv'))
    assert names.OTHER_HYPERVISOR not in cloud.state()['csv:hvc1/Volume1'][2]


@pytest.mark.parametrize('full', [True, False])
@pytest.mark.parametrize('volumes', [
    {'sections': {clouds.model.Section.VOLUMES:
                  clouds.model.SectionReport(error='no such file')}},
    {'volumes': (clouds.volume(2),)}], ids=['not read', 'another pool'])
@pytest.mark.parametrize('name', LIBVIRT)
def test_nor_where_the_volume_that_says_so_is_not_in_the_source(
        cloud, name, volumes, full):
    """It is the cluster's all the same: its nodes have it as their home."""
    cloud.sync(facts(name))
    before = cloud.state()
    lost = clouds.facts(dataclasses.replace(
        clouds.cluster(is_driver_stated=False), **{'volumes': (), **volumes}))
    cloud.reconciler().sync(lost, full)
    assert cloud.state() == before


@pytest.mark.parametrize('name', LIBVIRT)
def test_nothing_is_adopted_by_a_source_that_states_no_driver_any_more(
        placement, name):
    """A node that joined since would be made one of Hyper-V."""
    cloud = unadopted_cloud.UnadoptedCloud(placement, disk_gb=1000)
    cloud.adopt(clouds.cluster(driver=drivers.of(name),
                               nodes=(clouds.node(1),)))
    cloud.server('hv02', 100)
    before = cloud.state(), cloud.disk()
    report = cloud.adopt(clouds.cluster(is_driver_stated=False))
    assert (cloud.state(), cloud.disk()) == before
    assert [notice.code for notice in report.findings] == [
        'driver-not-stated']
    # Where it is stated, it goes on.
    cloud.adopt(clouds.cluster(driver=drivers.of(name)))
    assert names.CSV_CLUSTERED in cloud.state()['hv02'][2]


# -- what moves do with disks, on the volume


def move_traits(cloud):
    return cloud.state()['csv:hvc1/Volume1'][2] & disk_moves.TRAITS


@pytest.mark.parametrize('name', NAMES)
def test_a_volume_says_what_moves_do_with_its_disks(cloud, name):
    cloud.sync(facts(name))
    expected = disk_moves.traits_of(drivers.of(name))
    assert move_traits(cloud) == expected
    read, = clusters.read(cloud.api, 1)
    if not drivers.of(name).has_windows_features:
        expected |= {names.OTHER_HYPERVISOR}
    assert read.move_traits == (
        {clouds.VOLUME: expected} if expected else {})


def test_a_driver_that_was_named_wrongly_is_mended(cloud):
    for name in NAMES:
        cloud.sync(facts(name))
        assert move_traits(cloud) == disk_moves.traits_of(drivers.of(name))


def test_three_drivers_stand_side_by_side(cloud):
    cloud.register('n1', 'r1', disk_gb=1000)
    neighbours = [dataclasses.replace(
        clouds.cluster(volumes=(clouds.volume(number),)), name=node,
        guid=clouds.CLUSTER_GUID[:-1] + str(number), driver=drivers.of(name),
        nodes=(clouds.model.Node(node),)) for number, node, name in (
            (2, 'n1', 'libvirt-file'), (3, 'r1', 'libvirt-rbd'))]
    cloud.sync(clouds.facts(
        clouds.cluster(volumes=(clouds.volume(total_gb=LARGE_GB),)),
        *neighbours))
    state = cloud.state()
    assert [state[volume][2] & disk_moves.TRAITS for volume in (
        'csv:hvc1/Volume1', 'csv:n1/Volume2', 'csv:r1/Volume3')] == [
        disk_moves.traits_of(driver) for driver in drivers.DRIVERS]


@pytest.mark.parametrize('name', NAMES)
def test_adopt_writes_them_and_retire_leaves_nothing(placement, name):
    cloud = unadopted_cloud.UnadoptedCloud(placement, disk_gb=1000)
    cloud.server('hv01', 100)
    cluster = clouds.cluster(driver=drivers.of(name))
    before = cloud.state(), cloud.disk()
    cloud.adopt(cluster)
    assert move_traits(cloud) == disk_moves.traits_of(drivers.of(name))
    assert cloud.sync(clouds.facts(cluster)).done == ()
    assert cloud.retire(cluster).skipped == ()
    assert (cloud.state(), cloud.disk()) == before
    assert {trait for trait in cloud.api.all_traits()
            if trait.startswith('CUSTOM_')} == set()


@pytest.mark.parametrize('option', [False, True])
@pytest.mark.parametrize(('name', 'copies'), [
    ('hyperv', None), ('libvirt-file', 2), ('libvirt-rbd', 1)])
def test_an_audit_misses_a_copy_only_where_there_is_one(placement, name,
                                                        copies, option):
    """A server to be confirmed whose migration holds no disk."""
    cloud = published_cloud.PublishedCloud(
        placement, clouds.cluster(driver=drivers.of(name)), disk_gb=1000)
    server = cloud.server('hv02', vm_state='resized')
    migration = '316a0000-0000-4000-8000-000000000001'
    cloud.hold(migration, {cloud.nodes['hv01']: published_cloud.COMPUTE})
    cloud.nova.add_migration(
        migration, server, 'finished', dest_node='hv02', source_node='hv01',
        kind='migration', idle_seconds=7200)
    remedy, = (finding.remedy for finding
               in cloud.findings(cold_moves_keep_disk=option)
               if finding.code is Code.MISSING_SOURCE)
    copies = copies or (1 if option else 2)
    assert remedy == ('restore 50 GB' if copies == 2 else
                      'nothing: the disk stays where it is, and the server '
                      'has its share')


# -- Hyper-V's traits and rules for Hyper-V only


def node_traits(cloud, name='hv01'):
    return {trait for trait in cloud.state()[name][2]
            if trait.startswith('CUSTOM_') and not trait.startswith(
                names.FORMER_RATIO_PREFIX)}


def test_a_node_of_hyper_v_has_the_old_mark_and_the_new_one(cloud):
    """An older release knows the old one: a downgrade opens no disk."""
    cloud.sync(facts('hyperv'))
    assert {names.HYPERV, *names.CLUSTERED_MARKS} <= node_traits(cloud)


@pytest.mark.parametrize('name', LIBVIRT)
def test_a_node_of_libvirt_has_no_trait_of_hyper_v(cloud, name):
    """Not even where the source states what only Hyper-V has."""
    cloud.sync(facts(name, functional_level=9, nodes=(
        clouds.node(1, guarded_host=True, remotefx_enabled=True,
                    gpus=(clouds.model.Gpu('K2', 4096),)),
        clouds.node(2))))
    assert node_traits(cloud) == {names.CSV_CLUSTERED}
    assert cloud.state()['hv01'][1]['DISK_GB'].capacity == 0
    assert 'hv01:remotefx' not in cloud.state()
    assert names.HYPERV not in cloud.api.all_traits()


@pytest.mark.parametrize('name', LIBVIRT)
def test_a_paused_node_of_libvirt_gets_nothing_new(cloud, name):
    cloud.sync(facts(name, nodes=(
        clouds.node(1, state=clouds.model.NodeState.PAUSED),
        clouds.node(2))))
    assert node_traits(cloud) == {names.CSV_CLUSTERED, names.PAUSED}


def as_an_older_release_left_it(cloud):
    for name, uuid in cloud.nodes.items():
        generation, traits = cloud.api.traits(uuid)
        assert names.CLUSTERED in traits, name
        cloud.api.set_traits(uuid, generation,
                             traits - {names.CSV_CLUSTERED})


def snapshot_of(cloud):
    return reader.SnapshotReader(
        cloud.api, lambda trait: False, lambda uuids: {}).read()


def test_an_upgraded_cloud_works_before_and_after_its_first_sync(cloud):
    cloud.sync(facts('hyperv'))
    after = cloud.state()
    as_an_older_release_left_it(cloud)
    cloud.api.delete_trait(names.CSV_CLUSTERED)
    assert set(snapshot_of(cloud).nodes.values()) == {'hv01', 'hv02'}
    read, = clusters.read(cloud.api, 1)
    assert read.nodes.keys() == set(cloud.nodes.values())
    assert node_capacity.read(cloud.api, 1).keys() == read.nodes.keys()
    cloud.sync(facts('hyperv'))
    assert cloud.state() == after


@pytest.mark.parametrize('name', NAMES)
def test_whoever_reads_the_nodes_finds_those_of_every_driver(cloud, name):
    cloud.sync(facts(name))
    snapshot = snapshot_of(cloud)
    assert set(snapshot.nodes.values()) == {'hv01', 'hv02'}
    is_hyperv = drivers.of(name).has_windows_features
    assert snapshot.without_hyperv == (
        frozenset() if is_hyperv else frozenset(cloud.nodes.values()))
    assert bool(snapshot.hyperv_volumes) == is_hyperv
    read, = clusters.read(cloud.api, 1)
    assert read.nodes.keys() == set(cloud.nodes.values())
    assert node_capacity.read(cloud.api, 1).keys() == read.nodes.keys()
    own_disks = {label for label, field
                 in placement_state.sample(cloud.api, {}).values
                 if field == 'own disk'}
    assert own_disks == set(cloud.nodes.values())


class _Kvm:
    """A Nova all of whose nodes run KVM."""

    def __init__(self, cloud):
        self._cloud = cloud

    def hypervisor_types(self):
        return dict.fromkeys(self._cloud.nodes.values(), 'QEMU')


@pytest.mark.parametrize('name', NAMES)
def test_a_node_with_kvm_is_refused_in_a_cluster_of_hyper_v_only(cloud, name):
    result = cloud.reconciler(nova=_Kvm(cloud)).sync(facts(name), True)
    refused = [str(notice) for notice in result.plan.all_findings
               if 'its hypervisor is QEMU' in str(notice)]
    assert bool(refused) == drivers.of(name).has_windows_features
    assert ('csv:hvc1/Volume1' in cloud.state()) == (
        not drivers.of(name).has_windows_features)
