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
import yaml

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


@pytest.mark.parametrize('name,nodes', [
    ('two_volumes_one_small', {'hv01': 500}),
    ('eleven_volumes_one_small', {'hv01': 4199, 'hv02': 4034})])
def test_a_volume_below_1_gib_is_nobodys_and_the_rest_is_published(
        cloud, full, name, nodes):
    for node, disk_gb in nodes.items():
        cloud.register(node, disk_gb=disk_gb)
    cloud.sync(load(name), full=full)
    assert cloud.hosts(10, OPEN) == set(nodes)
    assert not any('CSV09' in provider for provider in cloud.state())
    cloud.sync(load(name), full=full)
    assert cloud.hosts(10, OPEN) == set(nodes)


VOLUME = {'name': 'CSV01', 'guid': clouds.guid(1), 'size_gb': 500,
          'free_gb': 500}
SECOND = {'name': 'CSV02', 'guid': clouds.guid(2), 'size_gb': 500,
          'free_gb': 500}
HISTORY = {'name': 'ClusterPerformanceHistory', 'guid': clouds.guid(9),
           'size_gb': 21, 'free_gb': 20}


def described(tmp_path, homes, *volumes, **fields):
    """Facts of a file with these nodes and volumes."""
    path = tmp_path / 'clusters.yaml'
    path.write_text(yaml.safe_dump({'version': 2, 'clusters': [{
        'name': 'clu', 'guid': clouds.CLUSTER_GUID, 'functional_level': 10,
        'nodes': [{'name': node, 'build': 17763, 'home': home}
                  for node, home in homes.items()],
        'volumes': list(volumes), **fields}]}))
    return sources.load(str(path))


BOTH = {'hv01': 'CSV01', 'hv02': 'CSV02'}
FIRST = {'hv01': 'CSV01', 'hv02': 'CSV01'}


@pytest.mark.parametrize('beside', [(), (HISTORY,)])
def test_a_volume_left_out_closes_beside_one_of_storage_spaces_direct(
        cloud, full, tmp_path, beside):
    cloud.register('hv01', 'hv02')
    cloud.sync(described(tmp_path, BOTH, VOLUME, SECOND))
    cloud.sync(described(tmp_path, FIRST, VOLUME, *beside), full=full)
    assert names.NO_NEW_DISKS in traits(cloud, 'csv:clu/CSV02')
    assert cloud.hosts(10, OPEN) == {'hv01', 'hv02'}


@pytest.mark.parametrize('beside', [(), (HISTORY,)])
def test_a_node_gets_its_new_home_beside_one_of_storage_spaces_direct(
        cloud, full, tmp_path, beside):
    cloud.register('hv01', 'hv02')
    cloud.sync(described(tmp_path, BOTH, VOLUME, SECOND))
    cloud.sync(described(tmp_path, FIRST, VOLUME, SECOND, *beside), full=full)
    first = cloud.state()['csv:clu/CSV01'][0]
    assert all(first in request['allocations']
               for request in cloud.candidates(10, OPEN))
    assert cloud.hosts(10, OPEN) == {'hv01', 'hv02'}


@pytest.mark.parametrize('volume', [
    {'name': 'CSV09', 'size_gb': 100},
    {'name': 'CSV09', 'guid': 'xyz', 'size_gb': 100}])
def test_nodes_keep_their_disks_while_a_volume_has_no_guid(
        cloud, full, tmp_path, volume):
    cloud.register('hv01', 'hv02')
    cloud.sync(described(tmp_path, FIRST, VOLUME, volume), full=full)
    assert cloud.hosts(10, OPEN) == {'hv01', 'hv02'}


def test_two_volumes_in_mebibytes_are_no_list_without_volumes(
        cloud, full, tmp_path):
    cloud.register('hv01', disk_gb=299)
    mebibytes = [{'name': name, 'guid': clouds.guid(number),
                  'size_bytes': 307136, 'free_bytes': 204800}
                 for number, name in enumerate(('CSV01', 'CSV02'), 1)]
    for home in ({}, {'home': 'CSV01'}):
        facts = described(tmp_path, {}, *mebibytes, nodes=[
            {'name': 'hv01', 'build': 17763, **home}])
        assert cloud.sync(facts, full=full).plan.all_findings
        assert cloud.hosts(10, OPEN) == {'hv01'}


def test_a_node_that_is_down_tells_no_redirection(cloud, full, tmp_path):
    """ReFS redirects all but the owner; a node that is down says nothing."""
    cloud.register('hv01', 'hv02', 'hv03')
    facts = described(
        tmp_path, {}, {**VOLUME, 'file_system': 'refs',
                       'redirected_nodes': ['hv01', 'hv02']},
        nodes=[{'name': 'hv01', 'build': 17763},
               {'name': 'hv02', 'build': 17763},
               {'name': 'hv03', 'build': 17763, 'state': 'down'}])
    cloud.sync(facts, full=full)
    assert names.REDIRECTED not in (
        traits(cloud, 'hv01') | traits(cloud, 'hv02'))


def test_a_node_of_a_cluster_built_anew_stays_open_until_it_is_published(
        cloud, full, tmp_path):
    cloud.register('hv01', 'hv02', 'hv03')
    cloud.sync(described(tmp_path, FIRST, VOLUME))
    cloud.create(100, 'hv02')
    result = cloud.sync(described(
        tmp_path, {**BOTH, 'hv03': 'CSV02'}, VOLUME, SECOND, name='clu2',
        guid=clouds.guid(5)), full=full)
    assert Kind.REFUSED in kinds(result)
    assert disk(cloud, 'hv03').allocation_ratio == 1.0


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
