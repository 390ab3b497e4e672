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
from hv_sched.placement import disk_moves
from tests.functional import cloud as clouds
from tests.functional import unadopted_cloud

NAMES = [driver.name for driver in drivers.DRIVERS]
# Larger than a VHDX may be.
LARGE_GB = 100 * 1024


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02', disk_gb=LARGE_GB)
    return made


def facts(driver):
    return clouds.facts(clouds.cluster(
        volumes=(clouds.volume(total_gb=LARGE_GB),),
        driver=drivers.of(driver)))


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


# -- what moves do with disks, on the volume


def move_traits(cloud):
    return cloud.state()['csv:hvc1/Volume1'][2] & disk_moves.TRAITS


@pytest.mark.parametrize('name', NAMES)
def test_a_volume_says_what_moves_do_with_its_disks(cloud, name):
    cloud.sync(facts(name))
    expected = disk_moves.traits_of(drivers.of(name))
    assert move_traits(cloud) == expected
    read, = clusters.read(cloud.api, 1)
    assert read.move_traits == (
        {clouds.VOLUME: expected} if expected else {})


def test_a_driver_that_was_named_wrongly_is_mended(cloud):
    for name in NAMES:
        cloud.sync(facts(name))
        assert move_traits(cloud) == disk_moves.traits_of(drivers.of(name))


def test_three_drivers_stand_side_by_side(cloud):
    cloud.register('n1', 'r1')
    others = [dataclasses.replace(
        clouds.cluster(volumes=(clouds.volume(number),)), name=node,
        guid=clouds.CLUSTER_GUID[:-1] + str(number), driver=drivers.of(name),
        nodes=(clouds.model.Node(node),)) for number, node, name in (
            (2, 'n1', 'libvirt-file'), (3, 'r1', 'libvirt-rbd'))]
    cloud.sync(clouds.facts(
        clouds.cluster(volumes=(clouds.volume(total_gb=LARGE_GB),)),
        *others))
    state = cloud.state()
    assert [state[volume][2] & disk_moves.TRAITS for volume in (
        'csv:hvc1/Volume1', 'csv:n1/Volume2', 'csv:r1/Volume3')] == [
        disk_moves.traits_of(driver) for driver in drivers.DRIVERS]


@pytest.mark.parametrize('name', NAMES)
def test_adopt_writes_them_and_retire_leaves_nothing(placement, name):
    cloud = unadopted_cloud.UnadoptedCloud(placement)
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
