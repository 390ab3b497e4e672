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

"""What hv_sched writes is hv_sched's own, and the tests would notice."""

import pytest

from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from tests.functional import base
from tests.functional import cloud as clouds

FOREIGN_AGGREGATE = 'aaaaaaaa-0000-4000-8000-000000000001'


@pytest.fixture
def cloud(placement):
    cloud = clouds.Cloud(placement)
    cloud.register('hv01', 'hv02')
    cloud.sync(clouds.facts())
    return cloud


@pytest.fixture
def api(placement):
    return client.from_adapter(placement)


def noticed(placement):
    """What was noticed, once."""
    violations = list(placement.watch.violations)
    placement.watch.violations.clear()
    return violations


def test_a_trait_that_is_not_ours_is_noticed(placement, cloud, api):
    volume = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(1))
    cloud.api.ensure_trait('CUSTOM_GOLD')
    for uuid in (volume, cloud.nodes['hv01']):
        generation, traits = api.traits(uuid)
        api.set_traits(uuid, generation, traits | {'CUSTOM_GOLD'})
        assert any('CUSTOM_GOLD' in line for line in noticed(placement))
    api.ensure_trait('CUSTOM_SILVER')
    assert noticed(placement) == [
        'PUT /traits/CUSTOM_SILVER: CUSTOM_SILVER is not ours']


def test_a_trait_of_novas_that_is_lost_is_noticed(placement, cloud, api):
    generation, traits = api.traits(cloud.nodes['hv01'])
    api.set_traits(cloud.nodes['hv01'], generation,
                   traits - {names.COMPUTE_NODE})
    assert any(names.COMPUTE_NODE in line for line in noticed(placement))


def test_anothers_aggregate_is_noticed(placement, cloud, api):
    node = cloud.nodes['hv01']
    generation, aggregates = api.aggregates(node)
    api.set_aggregates(node, generation, aggregates | {FOREIGN_AGGREGATE})
    assert any(FOREIGN_AGGREGATE in line for line in noticed(placement))


@pytest.mark.parametrize('resource_class, inventory', [
    ('DISK_GB', Inventory(400, max_unit=400, allocation_ratio=1.0)),
    ('VCPU', Inventory(64, max_unit=64, allocation_ratio=1.0))])
def test_of_a_node_only_the_disks_ratio_may_change(
        placement, cloud, api, resource_class, inventory):
    node = cloud.nodes['hv01']
    generation, inventories = api.inventories(node)
    api.set_inventories(node, generation,
                        {**inventories, resource_class: inventory})
    assert any(resource_class in line for line in noticed(placement))


def test_a_compute_node_is_never_made_or_deleted(placement, api):
    api.create_provider(clouds.node_uuid('hv09'), 'hv09')
    api.delete_provider(clouds.node_uuid('hv09'))
    assert len(noticed(placement)) == 2


def test_an_operator_may_write_anything(placement, cloud):
    generation, traits = cloud.api.traits(cloud.nodes['hv01'])
    cloud.api.ensure_trait('CUSTOM_GOLD')
    cloud.api.set_traits(cloud.nodes['hv01'], generation,
                         traits | {'CUSTOM_GOLD'})
    assert noticed(placement) == []


def test_what_is_not_ours_fails_the_test_it_happens_in():
    with pytest.raises(AssertionError, match='CUSTOM_GOLD'), (
            base.running_placement()) as placement:
        client.from_adapter(placement).ensure_trait('CUSTOM_GOLD')
