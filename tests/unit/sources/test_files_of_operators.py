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

"""Files as people write and collectors export them, each with its answer."""

import pytest

from hv_sched import exception
from hv_sched import model
from hv_sched import sources
from tests.repository import FACTS


def _load(name):
    return sources.load(str(FACTS / name))


def _cluster(name):
    facts = _load(name)
    cluster, = facts.clusters
    return cluster, [problem.code for problem in facts.problems]


def _sound(name):
    cluster, codes = _cluster(name)
    assert codes == []
    assert cluster.set_aside == ()
    return cluster


@pytest.mark.parametrize('name', ['one_object_for_a_list.json',
                                  'one_object_for_a_list_utf16.json'])
def test_powershell_writes_one_object_for_a_list_of_one(name):
    facts = _load(name)
    cluster, = facts.clusters
    assert [node.name for node in cluster.nodes] == ['HV01']
    assert [volume.total_gb for volume in cluster.volumes] == [4096]
    note, = facts.problems
    assert (note.is_note, note.freezes) == (True, False)
    assert note.message.startswith(
        'clusters, clusters[0].nodes, clusters[0].volumes: ')


def test_the_answer_of_a_cmdlet_is_named_with_the_command_that_collects():
    with pytest.raises(exception.InvalidFacts) as caught:
        _load('answer_of_a_cmdlet.json')
    assert 'is what Get-ClusterSharedVolume | ConvertTo-Json' in str(
        caught.value)
    assert '"openstack resource provider csv collect"' in str(caught.value)


def test_windows_own_words_are_understood():
    cluster = _sound('words_of_windows.yaml')
    assert [node.state for node in cluster.nodes] == [
        model.NodeState.UP, model.NodeState.UP, model.NodeState.DOWN]
    first, tenth = cluster.volumes
    assert (first.file_system, tenth.file_system) == ('ntfs', 'refs')
    assert tenth.redirected_nodes == ('HV01', 'HV03')
    assert [node.home for node in cluster.nodes] == [
        first.guid, tenth.guid, first.guid]


def test_a_volume_below_a_gib_is_noted_and_the_others_are_published():
    for name, number in (('eleven_volumes_one_small.yaml', 10),
                         ('two_volumes_one_small.yaml', 1)):
        cluster, codes = _cluster(name)
        assert codes == ['volume-too-small']
        assert len(cluster.volumes) == number
        aside, = cluster.set_aside
        assert (aside.name, aside.is_nobodys) == ('CSV09', True)


def test_redirected_and_cut_off_nodes_are_told_as_they_are():
    by_design = _sound('redirected_by_design.yaml').volumes[0]
    assert by_design.redirected_nodes == ('n1', 'n2', 'n3')
    volume = _sound('one_redirected_one_cut_off.yaml').volumes[0]
    assert (volume.redirected_nodes, volume.cut_off_nodes) == (
        ('n2',), ('n3',))


def test_a_cluster_of_another_name_is_the_same_by_its_guid():
    long, short = (_sound(name) for name in (
        'long_cluster_name.yaml', 'cluster_name_of_15_characters.yaml'))
    assert long.name != short.name
    assert long.guid == short.guid


def test_a_size_of_0_is_not_believed_and_leaves_the_volume_in_force():
    before, = _sound('storage_there.yaml').volumes
    cluster, codes = _cluster('storage_away_size_0.yaml')
    volume, = cluster.volumes
    assert codes == ['size-not-believed']
    assert (volume.guid, volume.size_bytes, volume.free_bytes) == (
        before.guid, None, 0)


def test_mebibytes_in_the_place_of_bytes_are_no_size_and_no_unit_is_guessed():
    cluster, codes = _cluster('mebibytes_as_bytes.yaml')
    volume, = cluster.volumes
    assert codes == ['size-not-believed']
    assert (volume.size_bytes, volume.free_bytes) == (None, None)
    problem, = _load('mebibytes_as_bytes.yaml').problems
    assert not {'GB', 'looks', 'size_gb'} & set(problem.message.split())


def test_mebibytes_in_the_place_of_gib_are_left_to_what_nodes_report():
    volume, = _sound('mebibytes_as_gb.yaml').volumes
    assert volume.total_gb == 307136


def test_a_failed_volume_has_no_size_and_everything_else_is_in_force():
    before = _sound('volume_online.yaml')
    cluster, codes = _cluster('volume_failed.yaml')
    healthy, failed = cluster.volumes
    assert codes == ['field-missing']
    assert healthy == before.volumes[0]
    assert cluster.nodes == before.nodes
    assert (failed.guid, failed.size_bytes, failed.accepts_new_disks) == (
        before.volumes[1].guid, None, False)


def test_builds_may_differ_with_a_level_and_without():
    assert _sound('two_builds_at_level_8.yaml').functional_level == 8
    assert _sound('two_builds_without_level.yaml').functional_level is None


def test_remotefx_is_told_of_any_build():
    nodes = _sound('remotefx_on_2022.yaml').nodes
    assert [node.remotefx_enabled for node in nodes] == [True, True]
