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

"""What cannot be told from others is set aside, and narrows even so."""

import pytest

from hv_sched import model
from tests.unit.sources import samples


def _read(**fields):
    return samples.read(samples.document(
        samples.cluster(**fields), version=2))


def _one_aside(facts):
    cluster, = facts.clusters
    aside, = cluster.set_aside
    return aside


def test_a_node_without_a_name_is_set_aside_and_the_others_are_in_force():
    facts = _read(nodes=[{'name': 'hv01'}, {'state': 'Paused'}])
    assert [node.name for node in facts.clusters[0].nodes] == ['hv01']
    aside = _one_aside(facts)
    assert (aside.kind, aside.name, aside.node_state) == (
        model.ItemKind.NODE, None, model.NodeState.PAUSED)


@pytest.mark.parametrize('guid', [
    'C:\\ClusterStorage\\Volume1', '00000000-0000-0000-0000-000000000000',
    None, 7])
def test_a_volume_without_a_usable_guid_is_set_aside(guid):
    volume = {**samples.volume(), 'guid': guid, 'state': 'online',
              'maintenance': True, 'accepts_new_disks': False}
    aside = _one_aside(_read(volumes=[volume]))
    assert (aside.kind, aside.name) == (model.ItemKind.VOLUME, 'Volume1')
    assert (aside.maintenance, aside.accepts_new_disks) == (True, False)
    assert aside.volume_state is None
    assert not aside.is_nobodys


def test_what_would_open_is_not_believed_of_what_is_set_aside():
    volume = {'name': 'Volume1', 'state': 'Online', 'maintenance': False,
              'accepts_new_disks': True}
    aside = _one_aside(_read(volumes=[volume]))
    assert (aside.volume_state, aside.maintenance,
            aside.accepts_new_disks) == (None, None, None)


@pytest.mark.parametrize('state', ['offline', 'failed', 'pending'])
def test_a_volume_that_is_not_online_needs_no_guid(state):
    cluster, = _read(volumes=[{
        'name': 'Volume1', 'state': state, 'guid': 'x',
        'resource_id': 'r1'}]).clusters
    volume, = cluster.volumes
    assert (volume.guid, volume.resource_id, volume.state) == (
        None, 'r1', model.CsvState(state))
    assert cluster.set_aside == ()


def test_two_volumes_of_one_name_are_both_set_aside_with_their_guids():
    cluster, = _read(
        nodes=[{'name': 'hv01', 'home': 'Volume3'}],
        volumes=[samples.volume(), samples.volume(
            'VOLUME1', samples.VOLUME_2), samples.volume(
                'Volume3', samples.VOLUME_1[:-1] + '3')]).clusters
    assert {aside.guid for aside in cluster.set_aside} == {
        samples.VOLUME_1, samples.VOLUME_2}
    assert [volume.name for volume in cluster.volumes] == ['Volume3']


def test_the_id_of_a_cluster_resource_is_no_volume_guid():
    """Whatever volume of the file the resource is of."""
    resource = '5c9d8e71-6f5a-4b4c-8d3e-300000000001'
    facts = _read(
        placement_chooses_volume=True,
        volumes=[samples.volume(guid=resource),
                 samples.volume('Volume2', samples.VOLUME_2,
                                resource_id='{' + resource.upper() + '}')])
    assert _one_aside(facts).name == 'Volume1'
    problem, = facts.problems
    assert problem.code == 'guid-not-usable'
    assert 'the id of a cluster resource' in problem.message


@pytest.mark.parametrize('home', [
    'Volume2', 'C:\\ClusterStorage\\Volume2\\instances',
    'c:/clusterstorage/VOLUME2/'])
def test_a_home_that_is_set_aside_is_not_known_and_no_second_fault(home):
    facts = _read(
        nodes=[{'name': 'hv01', 'home': home}],
        volumes=[samples.volume(), {'name': 'Volume2', 'size_gb': 5}])
    assert facts.clusters[0].nodes[0].home is None
    assert [problem.is_note for problem in facts.problems] == [False, True]
    assert 'is on a volume that is set aside' in facts.problems[1].message


def test_a_folder_of_a_volume_set_aside_is_clustered_storage():
    facts = _read(
        nodes=[{'name': 'hv01', 'home': 'D:\\Shared\\instances'}],
        volumes=[samples.volume(), {'name': 'Volume2', 'size_gb': 5,
                                    'path': 'D:\\Shared'}])
    assert facts.clusters[0].nodes[0].home is None
    assert facts.problems[1].code == 'home-set-aside'


def test_a_volume_set_aside_may_be_the_home_of_a_node_that_tells_none():
    cluster, = _read(volumes=[
        samples.volume(), {'name': 'Volume2', 'size_gb': 5}]).clusters
    assert cluster.only_volume is None


def test_what_is_nobodys_is_no_home_and_nobody_asks_for_homes():
    facts = _read(volumes=[
        samples.volume(),
        samples.volume('witness', samples.VOLUME_2, size_mb=512),
        samples.volume('ClusterPerformanceHistory',
                       samples.VOLUME_1[:-1] + '3', size_gb=16)])
    cluster, = facts.clusters
    assert cluster.only_volume == cluster.volumes[0]
    assert [problem.code for problem in facts.problems] == [
        'volume-too-small', 'volume-of-nobody']
    assert all(problem.is_note for problem in facts.problems)


def test_a_volume_too_small_for_a_home_has_no_size_that_is_believed():
    facts = _read(nodes=[{'name': 'hv01', 'home': 'Volume1'}],
                  volumes=[samples.volume(size_mb=500, free_mb=400)])
    volume, = facts.clusters[0].volumes
    assert (volume.size_bytes, volume.free_bytes) == (None, None)
    assert not facts.problems[0].is_note


def test_a_vm_of_neither_uuid_nor_name_is_set_aside():
    facts = _read(vms=[{'owner_node': 'hv01'},
                       {'instance_name': 'instance-1'}])
    assert _one_aside(facts).kind is model.ItemKind.VM
    assert [vm.instance_name for vm in facts.clusters[0].vms] == [
        'instance-1']


def test_a_wrong_former_guid_leaves_nothing_to_guess():
    """Without it a rebuilt cluster would be published as another one."""
    assert _read(identity='x').clusters == ()
    aside = _one_aside(_read(volumes=[samples.volume(identity='x')]))
    assert aside.guid is None


class TestNamesOfNodes:
    """What is only for the reader is noted and freezes nothing."""

    def test_an_owner_that_is_no_node_is_noted(self):
        facts = _read(volumes=[samples.volume(owner_node='zz')],
                      vms=[{'instance_name': 'i', 'owner_node': 'zz'}])
        assert facts.clusters[0].volumes[0].owner_node is None
        assert facts.clusters[0].vms[0].owner_node is None
        assert all(problem.is_note for problem in facts.problems)

    def test_a_full_name_stands_for_the_node_of_the_short_one(self):
        facts = _read(volumes=[samples.volume(
            owner_node='hv01.corp.example',
            cut_off_nodes=['HV02.corp.example'])])
        volume, = facts.clusters[0].volumes
        assert facts.problems == ()
        assert (volume.owner_node, volume.cut_off_nodes) == (
            'hv01', ('hv02',))

    def test_an_evicted_node_is_noted_and_the_others_are_cut_off(self):
        facts = _read(volumes=[samples.volume(
            cut_off_nodes=['old-machine', 'hv02'])])
        volume, = facts.clusters[0].volumes
        assert volume.cut_off_nodes == ('hv02',)
        assert volume.incomplete_lists == {'cut_off_nodes'}
        note, = facts.problems
        assert note.is_note

    def test_a_near_name_may_be_a_misspelt_node(self):
        facts = _read(volumes=[samples.volume(cut_off_nodes=['hv1'])])
        problem, = facts.problems
        assert not problem.is_note
        assert 'did you mean' in problem.message
