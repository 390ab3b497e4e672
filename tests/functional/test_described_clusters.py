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


"""Files as people and programs write them, from the text to Placement."""

import pytest

from hv_sched import sources
from hv_sched.features import catalogue
from hv_sched.notices import Kind
from hv_sched.placement import names
from tests import repository
from tests.functional import cloud as clouds

OPEN = f'required=!{names.NO_NEW_DISKS}'

pytestmark = pytest.mark.parametrize('full', [True, False])


def load(name):
    return sources.load(str(repository.FACTS / f'{name}.yaml'))


@pytest.fixture
def cloud(placement):
    return clouds.Cloud(placement)


def traits(cloud, name):
    return cloud.state()[name][2]


def disk(cloud, name):
    return cloud.state()[name][1]['DISK_GB']


def kinds(result):
    return {notice.kind for notice in result.plan.all_findings}


def test_redirected_by_design_marks_no_node(cloud, full):
    cloud.register('n1', 'n2', 'n3', disk_gb=1000)
    cloud.sync(load('redirected_by_design'), full=full)
    assert cloud.hosts(10, OPEN) == {'n1', 'n2', 'n3'}
    assert not any(names.REDIRECTED in traits(cloud, name)
                   for name in ('n1', 'n2', 'n3'))


def test_one_node_is_redirected_and_one_is_cut_off(cloud, full):
    cloud.register('n1', 'n2', 'n3', disk_gb=1000)
    cloud.sync(load('one_redirected_one_cut_off'), full=full)
    assert cloud.hosts(10, OPEN) == {'n1', 'n2'}
    assert [name for name in ('n1', 'n2', 'n3')
            if names.REDIRECTED in traits(cloud, name)] == ['n2']


def test_storage_that_is_away_keeps_its_inventory_and_closes(cloud, full):
    name = 'csv:a/London Primary Storage'
    cloud.register('n1', disk_gb=16384)
    cloud.sync(load('storage_there'))
    before = disk(cloud, name)
    cloud.sync(load('storage_away_size_0'), full=full)
    assert disk(cloud, name) == before
    assert cloud.hosts(10, OPEN) == set()
    cloud.sync(load('storage_there'), full=full)
    assert cloud.hosts(10, OPEN) == {'n1'}


def test_sizes_in_mebibytes_are_not_published_as_anything_else(cloud, full):
    cloud.register('n1', disk_gb=299)
    before = cloud.state()
    for name in ('mebibytes_as_bytes', 'mebibytes_as_gb'):
        result = cloud.sync(load(name), full=full)
        assert 'csv:s2d/Vol01' not in cloud.state()
        assert result.plan.all_findings
    assert disk(cloud, 'n1') == before['n1'][1]['DISK_GB'], 'still its own'


def test_a_volume_that_failed_is_kept_and_the_rest_is_in_force(cloud, full):
    cloud.register('hv01', 'hv02')
    cloud.sync(load('volume_online'))
    before = disk(cloud, 'csv:clu/CSV02')
    result = cloud.sync(load('volume_failed'), full=full)
    assert Kind.FROZEN not in kinds(result)
    assert disk(cloud, 'csv:clu/CSV02') == before
    assert cloud.hosts(10, OPEN) == {'hv01'}


def test_a_cluster_at_level_8_claims_nothing_of_2016(cloud, full):
    cloud.register('n12', 'n16')
    cloud.sync(load('two_builds_at_level_8'), full=full)
    newer = {catalogue.SECURE_BOOT_LINUX, catalogue.VTPM,
             catalogue.SHIELDED_VM, catalogue.NESTED_VIRT}
    claimed = traits(cloud, 'n12') | traits(cloud, 'n16')
    assert claimed.isdisjoint({feature.trait for feature in newer})
    assert claimed.isdisjoint(map(catalogue.ha_trait, newer))


def test_two_builds_without_a_level_work_with_what_is_known(cloud, full):
    cloud.register('hv01', 'hv02')
    result = cloud.sync(load('two_builds_without_level'), full=full)
    assert cloud.hosts(10, OPEN) == {'hv01', 'hv02'}
    assert kinds(result) == {Kind.NOTE}
    assert catalogue.GEN2.trait in traits(cloud, 'hv02')
