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

"""What Windows writes is read where its meaning is plain, and only there."""

import pytest

from hv_sched import model
from hv_sched.sources import schema
from tests.unit.sources import samples

NODE_STATES = {
    'Up': 'up', 'up': 'up', 0: 'up', '0': 'up', 'Down': 'down', 1: 'down',
    'Paused': 'paused', 2: 'paused', 'Joining': 'down', 3: 'down',
    'Quarantined': 'paused', 'Isolated': 'paused', 'Draining': 'draining',
    'Unknown': None, -1: None, 4294967295: None}
VOLUME_STATES = {
    'Online': 'online', 2: 'online', 'Offline': 'offline', 3: 'offline',
    'Failed': 'failed', '4': 'failed', 'OnlinePending': 'pending',
    129: 'pending', 128: 'pending', 'Initializing': 'pending',
    'Inherited': None, 'Unknown': None, -1: None}
FILE_SYSTEMS = {
    'NTFS': 'ntfs', 'ReFS': 'refs', 'CSVFS_NTFS': 'ntfs',
    'CSVFS_REFS': 'refs', 0x8000: 'ntfs', '32769': 'refs', 'CSVFS': None}
MEDIA = {'SSD': 'ssd', 'HDD': 'hdd', 'Unspecified': None}
VENDORS = {'GenuineIntel': 'intel', 'AuthenticAMD': 'amd', ' AMD ': 'amd'}


def _read(document):
    facts = samples.read(document)
    assert facts.problems == ()
    return facts.clusters[0]


def _document(version=2, node=(), **volume):
    return samples.document(samples.cluster(
        nodes=[{'name': 'hv01', **dict(node)}],
        volumes=[samples.volume(**volume)]), version=version)


def _value(state):
    return None if state is None else state.value


@pytest.mark.parametrize('word', NODE_STATES)
def test_states_of_nodes(word):
    cluster = _read(_document(node={'state': word}))
    assert _value(cluster.nodes[0].state) == NODE_STATES[word]


@pytest.mark.parametrize('word', VOLUME_STATES)
def test_states_of_volumes(word):
    cluster = _read(_document(state=word))
    assert _value(cluster.volumes[0].state) == VOLUME_STATES[word]


@pytest.mark.parametrize('version', schema.VERSIONS)
@pytest.mark.parametrize(('field', 'words'), [
    ('file_system', FILE_SYSTEMS), ('medium', MEDIA)])
def test_file_systems_and_media_in_both_versions(version, field, words):
    for word, meaning in words.items():
        volume, = _read(_document(version, **{field: word})).volumes
        assert getattr(volume, field) == meaning


@pytest.mark.parametrize('word', VENDORS)
def test_makers_of_processors(word):
    cluster = _read(_document(node={'cpu': {'vendor': word}}))
    assert cluster.nodes[0].cpu_vendor == model.CpuVendor(VENDORS[word])


@pytest.mark.parametrize('version', schema.VERSIONS)
def test_null_is_not_known(version):
    cluster = _read(_document(
        version, {'build': None, 'cpu': None, 'gpus': None},
        free_gb=None, maintenance=None, cut_off_nodes=None))
    node, volume = cluster.nodes[0], cluster.volumes[0]
    assert (node.build, node.cpu_features, node.gpus) == (None, None, None)
    assert (volume.free_bytes, volume.maintenance, volume.cut_off_nodes) == (
        None, None, None)


@pytest.mark.parametrize(('text', 'size_bytes'), [
    ('536870912000', 500 * model.GIB), ('0536870912000', None),
    ('500 GB', None), ('5.4e11', None), ('1,024', None), ('', None)])
def test_plain_decimal_text_is_a_number(text, size_bytes):
    facts = samples.read(_document(size_bytes=text))
    assert facts.clusters[0].volumes[0].size_bytes == size_bytes
    assert len(facts.problems) == (0 if size_bytes else 1)


@pytest.mark.parametrize(('text', 'value'), [
    ('True', True), ('FALSE', False), ('false', False), ('yes', True)])
def test_a_boolean_may_be_its_word(text, value):
    volume, = _read(_document(maintenance=text)).volumes
    assert volume.maintenance is value


@pytest.mark.parametrize('value', ['ja', '1', 1, 2, [], {}])
def test_any_other_word_is_no_boolean(value):
    facts = samples.read(_document(maintenance=value))
    assert facts.clusters[0].volumes[0].maintenance is None
    assert len(facts.problems) == 1


def test_one_value_stands_for_a_list_of_one_and_that_is_noted():
    facts = samples.read(_document(cut_off_nodes='hv01'))
    assert facts.clusters[0].volumes[0].cut_off_nodes == ('hv01',)
    note, = facts.problems
    assert (note.code, note.is_note) == ('list-of-one', True)
    assert 'clusters[0].volumes[0].cut_off_nodes' in note.message


def test_a_list_windows_powershell_wrapped_is_a_list():
    wrapped = {'value': ['hv01'], 'Count': 1}
    volume, = _read(_document(cut_off_nodes=wrapped)).volumes
    assert volume.cut_off_nodes == ('hv01',)


@pytest.mark.parametrize('form', ['{}', '{{{}}}', '\\\\?\\Volume{{{}}}\\'])
def test_a_guid_is_the_same_in_every_form_wherever_it_stands(form):
    document = samples.full()
    cluster = document['clusters'][0]
    plain = samples.read(document).clusters[0]
    first = cluster['volumes'][0]
    for holder, field in ((first, 'guid'), (first, 'identity'),
                          (cluster['nodes'][1], 'home'),
                          (cluster['vms'][0]['disks'][0], 'volume')):
        guid = {'Volume10': samples.VOLUME_2}.get(
            holder[field], holder[field])
        holder[field] = form.format(guid.upper())
    assert samples.read(document).clusters[0] == plain


def test_uuids_and_resource_ids_in_braces_are_plain_ones():
    resource = '5C9D8E71-6F5A-4B4C-8D3E-300000000001'
    document = samples.full()
    cluster = document['clusters'][0]
    cluster['vms'][0]['instance_uuid'] = (
        '{' + samples.SERVER.upper() + '}')
    cluster['volumes'][0]['resource_id'] = '{' + resource + '}'
    cluster = _read(document)
    assert cluster.vms[0].instance_uuid == samples.SERVER
    assert cluster.volumes[0].resource_id == resource.lower()


@pytest.mark.parametrize('unit,amount', [
    ('gb', 500), ('mb', 512000), ('bytes', 536870912000)])
def test_gib_mib_and_bytes_go_by_the_names_of_the_fields(unit, amount):
    document = samples.document(samples.cluster(volumes=[{
        'name': 'V', 'guid': samples.VOLUME_1, f'size_{unit}': amount,
        f'free_{unit}': amount}]), version=2)
    volume, = _read(document).volumes
    assert volume.size_bytes == volume.free_bytes == 500 * model.GIB


def test_an_unknown_field_of_version_2_is_noted_once_and_kept_out():
    nodes = [{'name': f'hv{i}', 'biuld': 1} for i in range(9)]
    facts = samples.read(samples.document(
        samples.cluster(nodes=nodes), version=2))
    assert len(facts.clusters[0].nodes) == 9
    note, = facts.problems
    assert (note.code, note.is_note, note.freezes) == (
        'field-unknown', True, False)
    assert note.message.endswith("did you mean 'build'?")


def test_a_field_of_version_2_in_a_file_of_version_1_is_named_as_such():
    problem, = samples.read(_document(1, state='offline')).problems
    assert problem.message.endswith(
        "unknown field 'state'; it belongs to version 2: give that version")


def test_a_misspelt_age_is_not_taken_for_facts_without_an_age():
    facts = samples.read(
        samples.document(version=2, collectd_at='2026-03-01T08:30:00Z'),
        samples.document(samples.cluster(
            name='c2', guid=samples.CLUSTER[:-1] + '9',
            nodes=[{'name': 'x'}],
            volumes=[samples.volume(guid=samples.VOLUME_2)]), comment='x',
            version=2))
    assert [cluster.name for cluster in facts.clusters] == ['c2']
    assert [problem.is_note for problem in facts.problems] == [False, True]
