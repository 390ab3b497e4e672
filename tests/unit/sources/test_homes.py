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


"""A node's home in a source may be its instances_path."""

import pytest

from hv_sched import model
from tests.unit.sources import samples

TWO = [samples.volume(path='C:\\ClusterStorage\\Volume1'),
       samples.volume('Volume10', samples.VOLUME_2)]


def source(home, version=2, volumes=TWO, **fields):
    return samples.read(samples.document(samples.cluster(
        nodes=[{'name': 'hv01', 'build': 14393, 'home': home, **fields},
               {'name': 'hv02', 'build': 14393, 'home': 'Volume10'}],
        volumes=volumes), version=version))


@pytest.mark.parametrize('version', [1, 2])
@pytest.mark.parametrize(('home', 'guid'), [
    ('C:\\ClusterStorage\\Volume1\\instances', samples.VOLUME_1),
    ('c:/clusterstorage/volume1/', samples.VOLUME_1),
    ('C:\\ClusterStorage\\Volume10\\instances', samples.VOLUME_2),
    ('volume10', samples.VOLUME_2),
    (f'\\\\?\\Volume{{{samples.VOLUME_2}}}\\x', samples.VOLUME_2)])
def test_a_path_leads_to_its_volume(version, home, guid):
    found = source(home, version)
    assert not found.problems
    assert found.clusters[0].nodes[0].home == guid


@pytest.mark.parametrize('version', [1, 2])
def test_a_path_on_no_volume_is_not_clustered_storage(version):
    found = source('D:\\OpenStack\\Instances', version, state='paused')
    problem, = found.problems
    assert problem.code == 'not-clustered-storage'
    assert problem.is_note and not problem.freezes
    aside, = found.clusters[0].set_aside
    assert (aside.kind, aside.name) == (model.ItemKind.NODE, 'hv01')
    assert aside.node_state is model.NodeState.PAUSED
    assert [node.name for node in found.clusters[0].nodes] == ['hv02']


@pytest.mark.parametrize('home', [
    'C:\\ClusterStorage\\Volume2\\instances', '\\\\files\\share\\instances'])
def test_a_path_of_a_volume_that_is_not_there_keeps_the_home(home):
    found = source(home)
    assert [problem.code for problem in found.problems] == [
        'home-not-a-volume']
    assert found.clusters[0].nodes[0].home is None


def test_the_folder_a_volume_has_counts_more_than_its_name():
    found = source('C:\\ClusterStorage\\Volume7\\instances', volumes=[
        samples.volume(path='C:\\ClusterStorage\\Volume7'), TWO[1]])
    assert found.clusters[0].nodes[0].home == samples.VOLUME_1
