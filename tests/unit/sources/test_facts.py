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

"""A good description becomes the model."""

import datetime
import json

import pytest
import yaml

from hv_sched import exception
from hv_sched import model
from hv_sched import sources
from hv_sched.sources import timestamp
from tests.repository import EXAMPLES
from tests.unit.sources import samples


def _only(document):
    facts = samples.read(document)
    assert facts.problems == ()
    return facts.clusters[0]


def test_every_field_reaches_the_model():
    cluster = _only(samples.full())
    node, other = cluster.nodes
    first, second = cluster.volumes
    assert node == model.Node(
        name='hv01', build=14393, state=model.NodeState.UP,
        home=samples.VOLUME_1, cpu_vendor=model.CpuVendor.INTEL,
        cpu_features=('VMX',), nested_virtualization=True,
        guarded_host=False, remotefx_enabled=True, fibre_channel=False,
        mpio=True, refs=True, gpus=(model.Gpu('M60', 8192),),
        sections=_reports('host', 'guarded', 'remotefx', 'files',
                          'image_cache'))
    assert other.home == samples.VOLUME_2
    assert other.state is model.NodeState.PAUSED
    assert first == model.Volume(
        guid=samples.VOLUME_1, name='Volume1', size_bytes=500 * model.GIB,
        state=model.CsvState.ONLINE, free_bytes=100 * model.GIB,
        resource_id='r1', path='C:\\ClusterStorage\\Volume1',
        file_system='ntfs', medium='ssd', owner_node='hv01', reserve_gb=10,
        maintenance=False,
        accepts_new_disks=True, cut_off_nodes=('hv02',),
        redirected_nodes=('hv01',), silent_nodes=('hv02',),
        cached_images=(samples.IMAGE,),
        image_cache_bytes=1024)
    assert (second.size_bytes, second.free_bytes) == (2 ** 40, 2 ** 39)
    assert cluster.vms == (model.Vm(
        samples.SERVER, 'hv02',
        (model.VmDisk(samples.VOLUME_2, 2 ** 30, 2 ** 20),)),
        model.Vm(None, instance_name='instance-00000007'))
    assert cluster.functional_level == 9
    assert cluster.collected_at == datetime.datetime(
        2026, 3, 1, 8, 30, tzinfo=datetime.timezone.utc)
    assert cluster.sections == _reports(
        'cluster', 'nodes', 'volumes', 'volume_states', 'groups')


def _reports(*names):
    time = datetime.datetime(2026, 3, 1, 8, 29, tzinfo=datetime.timezone.utc)
    return {model.Section(name): model.SectionReport(time) for name in names}


def test_a_volume_that_is_not_online_needs_neither_size_nor_guid():
    facts = samples.read(samples.full())
    other = facts.clusters[1].volumes[1]
    assert other == model.Volume(
        guid=None, name='Volume2', state=model.CsvState.OFFLINE,
        resource_id='r2')


def test_what_a_source_does_not_say_is_none_and_not_zero():
    cluster = _only(samples.document())
    node, volume = cluster.nodes[0], cluster.volumes[0]
    assert (node.home, node.gpus, node.cpu_features, node.guarded_host) == (
        None, None, None, None)
    assert (volume.free_bytes, volume.cached_images, cluster.vms) == (
        None, None, None)


def test_what_a_source_does_not_say_is_not_health_either():
    cluster = _only(samples.document())
    node, volume = cluster.nodes[0], cluster.volumes[0]
    assert (node.state, cluster.placement_chooses_volume) == (None, None)
    assert (volume.state, volume.maintenance, volume.reserve_gb,
            volume.cut_off_nodes, volume.redirected_nodes) == (
                None, None, None, None, None)


def test_an_empty_list_of_cut_off_nodes_says_that_none_is():
    cluster = _only(samples.document(samples.cluster(
        volumes=[samples.volume(cut_off_nodes=[], redirected_nodes=[])])))
    volume = cluster.volumes[0]
    assert (volume.cut_off_nodes, volume.redirected_nodes) == ((), ())


@pytest.mark.parametrize('form', [
    '{}', '{{{}}}', '\\\\?\\Volume{{{}}}\\', '\\\\?\\volume{{{}}}'])
def test_every_form_of_a_guid_is_the_same_guid(form):
    written = form.format(samples.VOLUME_1.upper())
    cluster = _only(samples.document(samples.cluster(
        guid='{' + samples.CLUSTER.upper() + '}',
        nodes=[{'name': 'hv01', 'home': form.format(samples.VOLUME_1)}],
        volumes=[samples.volume(guid=written)])))
    assert cluster.guid == samples.CLUSTER
    assert cluster.volumes[0].guid == samples.VOLUME_1
    assert cluster.nodes[0].home == samples.VOLUME_1


def test_volume1_is_not_taken_for_volume10():
    cluster = _only(samples.document(samples.cluster(
        nodes=[{'name': 'hv01', 'home': 'Volume1'},
               {'name': 'hv02', 'home': 'Volume10'}],
        volumes=[samples.volume('Volume10', samples.VOLUME_2),
                 samples.volume('Volume1', samples.VOLUME_1)])))
    assert [node.home for node in cluster.nodes] == [
        samples.VOLUME_1, samples.VOLUME_2]


@pytest.mark.parametrize('home', [
    'C:\\ClusterStorage\\Volume1\\instances', 'c:/clusterstorage/VOLUME1/',
    'C:\\ClusterStorage\\Volume1'])
def test_a_home_may_be_the_instances_path_of_the_node(home):
    cluster = _only(samples.document(samples.cluster(
        nodes=[{'name': 'hv01', 'home': home}], volumes=[
            samples.volume('Volume10', samples.VOLUME_2),
            samples.volume('Volume1', samples.VOLUME_1)])))
    assert cluster.nodes[0].home == samples.VOLUME_1


def test_an_instances_path_on_no_volume_sets_its_node_aside():
    facts = samples.read(samples.document(samples.cluster(nodes=[
        {'name': 'hv01', 'home': 'D:\\instances', 'state': 'paused'},
        {'name': 'hv02'}])))
    cluster, = facts.clusters
    aside, = cluster.set_aside
    assert (aside.name, aside.code, aside.node_state) == (
        'hv01', 'not-clustered-storage', model.NodeState.PAUSED)
    assert [node.name for node in cluster.nodes] == ['hv02']
    note, = facts.problems
    assert note.is_note


def test_a_path_to_a_volume_that_is_not_listed_leaves_the_home_unknown():
    facts = samples.read(samples.document(samples.cluster(nodes=[
        {'name': 'hv01', 'home': 'C:\\ClusterStorage\\Volume7\\i'}])))
    assert facts.clusters[0].nodes[0].home is None
    problem, = facts.problems
    assert not problem.is_note


def test_names_are_matched_without_case_and_written_as_the_nodes_have_them():
    cluster = _only(samples.document(samples.cluster(
        volumes=[samples.volume('Daten', owner_node='HV01',
                                cut_off_nodes=['Hv02', 'HV02'])],
        nodes=[{'name': 'hv01', 'home': 'DATEN'}, {'name': 'hv02'}])))
    volume = cluster.volumes[0]
    assert (volume.owner_node, volume.cut_off_nodes) == ('hv01', ('hv02',))
    assert cluster.nodes[0].home == samples.VOLUME_1


def test_names_with_spaces_and_other_letters_are_names():
    cluster = _only(samples.document(samples.cluster(
        name='Süd 1', nodes=[{'name': 'hv ö1'}],
        volumes=[samples.volume('Том 1', owner_node='HV Ö1')])))
    assert (cluster.name, cluster.volumes[0].name) == ('Süd 1', 'Том 1')
    assert cluster.volumes[0].owner_node == 'hv ö1'


def test_a_build_nobody_knows_yet_is_accepted():
    nodes = [{'name': 'hv01', 'build': 31337}]
    assert _only(samples.document(samples.cluster(nodes=nodes)))


def test_nodes_need_no_home_where_placement_chooses_the_volume():
    cluster = _only(samples.document(samples.cluster(
        placement_chooses_volume=True,
        volumes=[samples.volume(),
                 samples.volume('Volume2', samples.VOLUME_2)])))
    assert cluster.placement_chooses_volume


def test_whole_numbers_written_with_a_point_become_integers():
    volume = _only(samples.document(samples.cluster(
        volumes=[samples.volume(size_gb=500.0)]))).volumes[0]
    assert type(volume.size_bytes) is int


@pytest.mark.parametrize(('text', 'microsecond', 'hours'), [
    ('2026-03-01T08:30:00Z', 0, 0),
    ('2026-03-01t08:30:00.5z', 500000, 0),
    ('2026-03-01T08:30:00.1234567+02:00', 123456, 2),
    ('2026-03-01 08:30:00-05:00', 0, -5)])
def test_a_time_keeps_its_zone(text, microsecond, hours):
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    assert timestamp.read(text) == datetime.datetime(
        2026, 3, 1, 8, 30, 0, microsecond, tzinfo=zone)


@pytest.mark.parametrize(('name', 'nodes', 'volumes'), [
    ('spec', [4], [1]), ('production', [16], [4]),
    ('two-zones', [4, 4], [2, 2])])
def test_the_examples_are_whole(name, nodes, volumes):
    facts = sources.load(str(EXAMPLES / f'{name}.yaml'))
    assert facts.problems == ()
    assert [len(each.nodes) for each in facts.clusters] == nodes
    assert [len(each.volumes) for each in facts.clusters] == volumes


@pytest.mark.parametrize('name', ['spec', 'production', 'two-zones'])
def test_an_example_says_the_same_as_json(name, tmp_path):
    path = EXAMPLES / f'{name}.yaml'
    text = json.dumps(yaml.safe_load(path.read_text('utf-8')))
    (tmp_path / 'a.json').write_text(text, 'utf-8')
    assert sources.load(str(tmp_path)) == sources.load(str(path))


def test_the_examples_can_be_read_as_one_folder():
    facts = sources.load(str(EXAMPLES))
    # hv01 to hv04 are in two of them: those two clusters are left out.
    assert [each.name for each in facts.clusters] == ['hvnorth', 'hvsouth']
    assert {each.cluster for each in facts.problems} == {
        'hvcluster01', 'hvprod01'}


def test_an_unknown_type_of_source_is_named():
    with pytest.raises(exception.InvalidConfig, match='auto, static, json'):
        sources.load('x', 'wmi')
