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

"""A cloud that benchmarks seed in the database is one Placement serves."""

import pytest

from benchmarks import disk_group
from benchmarks import placement_rows
from benchmarks import seeded_placement
from hv_sched.placement import ids
from hv_sched.placement import names
from tests.functional import mariadb

pytestmark = pytest.mark.skipif(bool(mariadb.missing()),
                                reason=mariadb.missing())


@pytest.fixture(scope='module')
def seeded():
    """Placement's application, and the cloud of two clusters in it."""
    with disk_group.application() as (app, url):
        for name in (names.NO_NEW_DISKS, names.PAUSED):
            disk_group.put(app, f'/traits/{name}')
        disk_group.put(app, f'/resource_classes/{names.HELD_DISK_GB}')
        cloud = seeded_placement.cloud(nodes=20, volumes_a_cluster=2)
        seeded_placement.write(cloud, placement_rows.Database(url))
        yield app, cloud


def homes(answer):
    """The providers of disk and CPU of each candidate."""
    return sorted(
        (provider_of(candidate, 'VCPU'), provider_of(candidate, 'DISK_GB'))
        for candidate in answer['allocation_requests'])


def provider_of(candidate, resource_class):
    provider, = (uuid for uuid, taken in candidate['allocations'].items()
                 if resource_class in taken['resources'])
    return provider


@pytest.mark.parametrize('query', (disk_group.PLAIN, disk_group.GROUP))
def test_each_node_is_offered_its_home_alone(seeded, query):
    app, cloud = seeded
    assert homes(disk_group.ask(app, query.format(limit=100))) == sorted(
        (cloud.nodes[node], volume.uuid)
        for volume in cloud.volumes for node in volume.nodes)


def test_a_named_host_is_offered_its_home(seeded):
    app, cloud = seeded
    volume = cloud.volumes[-1]
    node = cloud.nodes[volume.nodes[0]]
    assert homes(disk_group.ask(app, disk_group.NAMED.format(
        limit=100, node=node, home=ids.home_aggregate(volume.uuid)))) == [
            (node, volume.uuid)]
