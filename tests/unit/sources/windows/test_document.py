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

"""What is made of the collector's lines: each trap of Windows is a sample.

The samples are bytes in the shapes Windows PowerShell writes, not what our
own code would print.
"""

import json
import pathlib

import pytest

from hv_sched import exception
from hv_sched.sources import files
from hv_sched.sources.windows import document
from hv_sched.sources.windows import raw

SAMPLES = pathlib.Path(__file__).parents[3] / 'windows' / 'samples'
GUID = '5f4a1d52-6e0c-4f57-8f5e-0d2c5a0b9a01'
VOLUME1 = '3b7c5c1e-0d11-4f5a-9e01-a0a0a0a0a001'
VOLUME2 = '3b7c5c1e-0d11-4f5a-9e01-a0a0a0a0a002'


def text(name):
    return files.text(str(SAMPLES / name))


def cluster(*names):
    """The one cluster of samples that were read together."""
    made = document.document(
        answer for name in names for answer in raw.answers(text(name)))
    assert made['version'] == 2
    [described] = made['clusters']
    return described


def by_name(items):
    return {item['name']: item for item in items}


@pytest.fixture
def healthy():
    return cluster('cluster.jsonl', 'node.jsonl')


def test_a_cluster_is_known_by_its_guid_in_any_case_and_with_braces(healthy):
    assert healthy['guid'] == GUID
    assert cluster('cluster_numbers.jsonl')['guid'] == GUID
    assert healthy['name'] == 'HVLAB'
    assert healthy['functional_level'] == 10


def test_the_state_of_a_node_is_never_kinder_than_windows_says(healthy):
    assert {name: node.get('state')
            for name, node in by_name(healthy['nodes']).items()} == {
        'HV01': 'up', 'HV02': 'draining', 'HV03': 'down',
        'HV04': 'paused',  # isolated and quarantined
        'HV05': None}  # Unknown is not known


def test_states_are_understood_as_numbers_too():
    described = cluster('cluster_numbers.jsonl')
    assert {name: node.get('state')
            for name, node in by_name(described['nodes']).items()} == {
        'HV01': 'up', 'HV02': 'draining', 'HV03': 'down', 'HV04': 'paused',
        'HV05': None, 'HV06': None}


def test_a_volume_is_called_like_its_folder_not_like_its_resource(healthy):
    assert list(by_name(healthy['volumes'])) == ['Volume1', 'Volume10']
    # With or without a backslash at the end of the path.
    assert list(by_name(cluster('cluster_numbers.jsonl')['volumes'])) == [
        'Volume1', 'Volume2']


def test_sizes_are_exact(healthy):
    volumes = by_name(healthy['volumes'])
    assert volumes['Volume1']['size_bytes'] == 2199023190016
    assert volumes['Volume10']['size_bytes'] == 2 ** 64 - 1
    # 2**53 + 1, which a floating-point number cannot hold.
    assert volumes['Volume10']['free_bytes'] == 9007199254740993


def test_maintenance_is_told_by_mode_or_by_the_fault_state(healthy):
    volumes = by_name(healthy['volumes'])
    assert volumes['Volume1']['maintenance'] is False
    assert volumes['Volume10']['maintenance'] is True
    numbers = by_name(cluster('cluster_numbers.jsonl')['volumes'])
    assert numbers['Volume2']['maintenance'] is True


@pytest.mark.parametrize('fault, state', [
    ('NoFaults', 'online'), ('0', 'online'), ('NoDirectIO', 'online'),
    ('InMaintenance', 'online'), ('NoAccess', 'offline'), ('2', 'offline'),
    ('Dismounted', 'offline'), ('InMaintenance, Dismounted', 'offline'),
    ('9', 'offline'), ('SomethingNew', 'online')])
def test_a_volume_without_access_is_offline_though_its_resource_is_not(
        fault, state):
    first = altered(('"fault":"NoFaults"', f'"fault":"{fault}"')
                    )['volumes'][0]
    assert first['state'] == state


def test_refs_is_redirected_by_design_and_that_is_no_fault(healthy):
    volumes = by_name(healthy['volumes'])
    assert volumes['Volume10']['file_system'] == 'refs'
    # HV02 was redirected by an administrator as well, HV01 was not.
    assert volumes['Volume10']['redirected_nodes'] == ['HV02']
    assert volumes['Volume1']['redirected_nodes'] == ['HV02']
    assert 'file_system' not in volumes['Volume1']  # CSVFS says neither


def test_redirection_without_a_reason_is_not_by_design():
    volumes = by_name(cluster('cluster_numbers.jsonl')['volumes'])
    # HV01: ReFS. HV04: Storage Spaces Direct. hv05: no reason at all.
    assert volumes['Volume1']['redirected_nodes'] == ['HV02', 'hv05']
    assert volumes['Volume1']['file_system'] == 'ntfs'  # told by Get-Volume
    assert volumes['Volume2']['file_system'] == 'refs'


def test_a_node_without_access_is_cut_off_and_others_are_not(healthy):
    volumes = by_name(healthy['volumes'])
    assert volumes['Volume1']['cut_off_nodes'] == []
    assert volumes['Volume10']['cut_off_nodes'] == ['HV04']
    numbers = by_name(cluster('cluster_numbers.jsonl')['volumes'])
    assert numbers['Volume1']['cut_off_nodes'] == ['HV06']


def test_a_node_that_says_nothing_of_a_volume_is_named_not_cut_off():
    """HV01 is up, HV02 drains, HV04 is isolated: only HV01 must speak."""
    whole = text('cluster.jsonl')
    assert not any('silent_nodes' in volume
                   for volume in cluster('cluster.jsonl')['volumes'])
    states = next(line for line in whole.splitlines()
                  if '"volume_states"' in line)
    first = '"node":"HV01",' + (
        '"volume":"\\\\\\\\?\\\\Volume{')
    assert first in states
    silent = whole.replace(states, states.replace(
        first, first.replace('HV01', 'HV09'), 1))
    [described] = document.document(raw.answers(silent))['clusters']
    assert [volume.get('silent_nodes') for volume in described['volumes']
            ] == [['HV01'], None]
    assert described['volumes'][0]['cut_off_nodes'] == []


def test_two_volumes_on_one_disk_are_two_volumes():
    volumes = cluster('cluster_numbers.jsonl')['volumes']
    assert [volume['guid'] for volume in volumes] == [VOLUME1, VOLUME2]


def test_a_volume_that_is_not_online_has_neither_guid_nor_size():
    volumes = cluster('cluster_half_answers.jsonl')['volumes']
    assert [volume.get('state') for volume in volumes] == [
        'offline', 'failed', 'pending', None]
    for number, volume in enumerate(volumes, 1):
        assert not {'guid', 'size_bytes', 'free_bytes'} & volume.keys()
        assert volume['resource_id'] == (
            f'c1d0a0b0-0000-4000-8000-00000000000{number}')


def test_states_without_the_right_to_them_are_never_delivered():
    described = cluster('cluster_half_answers.jsonl')
    assert 'volume_states' not in described['sections']
    for volume in described['volumes']:
        assert not {'cut_off_nodes', 'redirected_nodes'} & volume.keys()


def test_rows_beside_an_error_are_not_believed():
    described = cluster('cluster_half_answers.jsonl')
    assert described['sections']['groups']['error'] == (
        'the cluster went away')
    assert 'vms' not in described


def test_virtual_machines_are_the_groups_of_that_kind(healthy):
    assert [vm['instance_name'] for vm in healthy['vms']] == [
        'instance-0000001a', 'SQL01']
    assert healthy['vms'][0]['owner_node'] == 'HV01'


def test_disks_are_not_told_while_the_files_of_a_volume_are_not(healthy):
    assert all('disks' not in vm for vm in healthy['vms'])


def test_the_image_cache_is_its_complete_images_newest_first(healthy):
    volumes = by_name(healthy['volumes'])
    assert volumes['Volume1']['cached_images'] == [
        '0d6a0f4e-7e3b-4d58-9df6-6f3a21cf0b02',
        '0d6a0f4e-7e3b-4d58-9df6-6f3a21cf0b01']
    assert volumes['Volume1']['image_cache_bytes'] == (
        6442450944 + 42949672960 + 123456)
    assert 'cached_images' not in volumes['Volume10']


def test_a_row_about_a_volume_of_another_cluster_counts_for_nothing(healthy):
    assert 'ffffffff-0000-4000-8000-000000000000' not in json.dumps(healthy)


def test_a_node_tells_its_home_as_the_last_line_of_nova_conf(healthy):
    node = by_name(healthy['nodes'])['HV01']
    assert node['home'] == 'C:\\ClusterStorage\\Volume1\\instances'


def test_what_a_node_says_of_itself(healthy):
    node = by_name(healthy['nodes'])['HV01']
    assert node['cpu'] == {'vendor': 'intel'}
    assert node['guarded_host'] is True
    assert node['remotefx_enabled'] is True
    assert node['mpio'] is False
    assert node['fibre_channel'] is False
    # The command does not exist on this build: not known, not "none".
    assert 'gpus' not in node
    assert 'remotefx' not in node['sections']


def test_a_node_that_was_not_asked_tells_nothing_of_itself(healthy):
    assert set(by_name(healthy['nodes'])['HV02']) == {
        'name', 'build', 'state'}


def test_lists_of_one_wrapped_lists_and_null_are_lists():
    [answer] = raw.answers(text('cluster_numbers.jsonl'))
    assert len(answer.rows['cluster']) == 1
    assert len(answer.rows['nodes']) == 6
    assert answer.rows['groups'] == ()


def test_utf16_as_out_file_writes_it_is_the_same(healthy):
    assert cluster('cluster_utf16.jsonl', 'node.jsonl') == healthy


@pytest.mark.parametrize('name', ('cluster.jsonl', 'node.jsonl',
                                  'cluster_numbers.jsonl'))
def test_cut_at_any_byte_what_is_known_shrinks_and_never_changes(name):
    whole = text(name)
    [complete] = raw.answers(whole)
    for length in range(len(whole)):
        for answer in raw.answers(whole[:length]):
            assert answer.node == complete.node
            for section, rows in answer.rows.items():
                assert rows == complete.rows[section]
            if not answer.is_complete:
                assert answer.rows.keys() | answer.failures.keys() >= set(
                    raw.PARTS[answer.part])


def test_a_section_told_twice_is_not_known():
    lines = text('cluster.jsonl').splitlines()
    twice = '\n'.join([*lines[:3], lines[2], *lines[3:]])
    [answer] = raw.answers(twice)
    assert 'nodes' not in answer.rows
    assert answer.failures['nodes'].text == 'it is listed twice'


@pytest.mark.parametrize('line', (
    '', 'null', '[]', '3', '{', '{"section":7}', '{"section":"nodes"}',
    '{"section":"nodes","rows":7}', '{"section":"nodes","rows":[7]}',
    '{"section":"nodes","rows":[],"rows":[]}', 'WARNING: text',
    '{"section":"nodes","error":7}', '{"section":"nodes","error":{}}'))
def test_a_line_that_is_no_section_leaves_its_section_unknown(line):
    lines = text('cluster.jsonl').splitlines()
    lines[2] = line
    [answer] = raw.answers('\n'.join(lines))
    assert 'nodes' not in answer.rows
    assert 'volumes' in answer.rows


def test_another_format_is_refused_with_the_remedy():
    newer = text('cluster.jsonl').replace('"format":"1"', '"format":"2"')
    with pytest.raises(exception.InvalidFacts, match='HV01.*format.*2.*'
                       'csv collect --print-script'):
        raw.answers(newer)


def test_without_a_guid_nothing_is_a_cluster():
    lines = text('cluster.jsonl').splitlines()
    del lines[1]
    with pytest.raises(exception.InvalidFacts, match='GUID.*HV01'):
        document.document(raw.answers('\n'.join(lines)))


def test_the_newest_answer_of_several_nodes_counts_section_by_section():
    newer = text('cluster.jsonl').replace('11:00:00', '11:05:00').replace(
        '"state":"Paused"', '"state":"Up"')
    made = document.document([*raw.answers(newer),
                              *raw.answers(text('cluster.jsonl'))])
    [described] = made['clusters']
    assert by_name(described['nodes'])['HV02']['state'] == 'up'
    assert described['sections']['nodes']['collected_at'].startswith(
        '2026-11-26T11:05:00')


@pytest.mark.parametrize('error, is_denied', (
    ({'category': 'NotSpecified', 'hresult': '-2146233087',
      'base_hresult': '-2147024891'}, True),
    ({'category': 'NotSpecified', 'hresult': '-2146233087',
      'base_hresult': '-2147024894'}, False),
    ({'category': 'NotSpecified', 'hresult': '-2146233087'}, False),
), ids=('access denied', 'no such file', 'of an older script'))
def test_a_file_nobody_may_read_is_a_right_that_is_missing(error, is_denied):
    """PowerShell wraps what .NET raised, and says NotSpecified."""
    lines = [{'section': 'begin', 'rows': [
        {'format': '1', 'part': 'node', 'node': 'HV'}]},
        {'section': 'conf', 'error': error}]
    [answer] = raw.answers('\n'.join(map(json.dumps, lines)))
    assert answer.failures['conf'].is_denied is is_denied


def altered(*pairs):
    """The cluster of a sample, some of whose bytes are others."""
    whole = text('cluster.jsonl')
    for before, after in pairs:
        assert before in whole, before
        whole = whole.replace(before, after)
    [described] = document.document(raw.answers(whole))['clusters']
    return described


PARTITION = '\\\\\\\\?\\\\Volume{3B7C5C1E-0d11-4f5a-9e01-a0a0a0a0a001}\\\\'


def test_what_a_shallow_answer_has_in_place_of_a_partition_is_no_guid():
    """ConvertTo-Json without -Depth writes the name of the type."""
    first = altered((f'"volume":"{PARTITION}","size":"2199023190016"',
                     '"volume":"Microsoft.FailoverClusters.PowerShell.'
                     'ClusterDiskPartitionInfo","size":null'))['volumes'][0]
    assert not {'guid', 'size_bytes', 'cut_off_nodes'} & first.keys()


def test_an_object_in_place_of_a_name_is_not_told():
    first = altered((
        '"state":"Online","owner":"HV01","path"',
        '"state":"Online","owner":{"Name":"HV01","Cluster":{}},"path"'
    ))['volumes'][0]
    assert 'owner_node' not in first and first['guid'] == VOLUME1


def test_a_date_as_javascript_has_it_is_no_time():
    """/Date(ms)/ is what ConvertTo-Json makes of a DateTime."""
    whole = text('cluster.jsonl').replace(
        '"2026-11-26T11:00:00.1234567Z"', '"\\/Date(1795690800123)\\/"')
    [answer] = raw.answers(whole)
    assert answer.collected_at is None and answer.is_complete


@pytest.mark.parametrize('number', [
    '2.199.023.190.016', '2,199,023,190,016', '2,199E+12', '-1', '٢'])
def test_numbers_in_the_words_of_a_culture_are_not_told(number):
    first = altered(('"size":"2199023190016"', f'"size":"{number}"')
                    )['volumes'][0]
    assert 'size_bytes' not in first


def test_values_are_without_the_blanks_they_are_padded_with():
    first = altered(('"HVLAB"', '"HVLAB      "'), (
        '"file_system":"CSVFS"', '"file_system":"CSVFS_NTFS   "'))
    assert first['name'] == 'HVLAB'
    assert {volume['file_system'] for volume in first['volumes']} == {'ntfs'}


@pytest.mark.parametrize('told', ['"FALSE"', '"false"', 'false', '"0"', '0'])
def test_no_is_no_in_every_dialect(told):
    """Windows, WMI, OMI, and Boolean values of JSON."""
    first = altered(('"maintenance":"False"', f'"maintenance":{told}')
                    )['volumes'][0]
    assert first['maintenance'] is False


@pytest.mark.parametrize('file_reason, block_reason, is_redirected', [
    ('FileSystemTiering', 'NotBlockRedirected', False),
    ('8', '0', False),
    ('FileSystemReFs', 'StorageSpaceNotAttached', False),
    ('NotFileSystemRedirected', 'VolumeReplicationEnabled', False),
    ('40', '6', False),
    ('BitLockerInitializing', 'NotBlockRedirected', True),
    ('FileSystemReFs, IncompatibleVolumeFilter', '0', True),
    ('NotFileSystemRedirected', 'NoDiskConnectivity', True),
    ('FileSystemReFs', 'NoDiskConnectivity, StorageSpaceNotAttached', True),
    ('64', '0', True), ('SomethingNew', '0', True)])
def test_which_reasons_of_redirection_are_by_design(
        file_reason, block_reason, is_redirected):
    states = next(line for line in text('cluster.jsonl').splitlines()
                  if '"volume_states"' in line)
    row = {'node': 'HV01', 'state': 'FileSystemRedirected',
           'volume': f'\\\\?\\Volume{{{VOLUME1}}}\\',
           'file_reason': file_reason, 'block_reason': block_reason}
    first = altered((states, json.dumps(
        {'section': 'volume_states', 'rows': [row]})))['volumes'][0]
    assert first['redirected_nodes'] == (['HV01'] if is_redirected else [])


def test_files_are_not_told_of_a_path_that_is_a_folder_of_drive_c():
    """That is what it is while the volume is in maintenance."""
    node = text('node.jsonl')
    unmounted = node.replace('"mounted":"True"', '"mounted":"False"')
    assert unmounted != node
    [described] = document.document([
        *raw.answers(text('cluster.jsonl')), *raw.answers(unmounted)]
    )['clusters']
    assert not any('cached_images' in volume or 'image_cache_bytes' in volume
                   for volume in described['volumes'])


def test_a_name_may_have_what_ends_a_line_elsewhere():
    """Windows PowerShell writes U+2028 and U+0085 as they are."""
    described = altered(('"HVLAB"', '"HV\u2028\x85LAB"'))
    assert described['name'] == 'HV\u2028\x85LAB'


@pytest.mark.parametrize('section, most', [
    ('nodes', 256), ('groups', 100000), ('cluster', 1000)])
def test_more_rows_than_a_cluster_has_are_no_answer(section, most):
    for count, is_told in ((most, True), (most + 1, False)):
        line = json.dumps({'section': section,
                           'rows': [{'name': 'x'}] * count})
        begin, *_rest = text('cluster.jsonl').splitlines()
        [answer] = raw.answers(f'{begin}\n{line}')
        assert (section in answer.rows) is is_told
        assert (f'{count} rows' in answer.failures[section].text
                if not is_told else section not in answer.failures)


@pytest.mark.parametrize('number', ('\u00b2', '\u0661', '9' * 5000))
def test_what_only_looks_like_a_number_is_none(number):
    """A node that writes it must not end the reading of other clusters."""
    for word in ('"Direct"', '"FileSystemReFs"', '"NotBlockRedirected"',
                 '"InMaintenance"', '"Isolated, Quarantined"'):
        assert altered((word, f'"{number}"'))['guid'] == GUID


@pytest.mark.parametrize('quote', ('"', "'"))
def test_quotes_around_a_value_of_nova_conf_are_none_of_it(quote):
    """As oslo.config reads it."""
    value = 'C:\\ClusterStorage\\Volume1\\instances'
    quoted = json.dumps(f'{quote}{value}{quote}')
    node = text('node.jsonl').replace(json.dumps(value), quoted)
    assert quoted in node
    [described] = document.document([
        *raw.answers(text('cluster.jsonl')), *raw.answers(node)])['clusters']
    assert by_name(described['nodes'])['HV01']['home'] == value


def test_files_of_a_volume_that_changed_its_owner_count_once():
    """Counted twice, they would cover data of others: less reserved."""
    former = text('node.jsonl')
    owner = former.replace('"node":"HV01"', '"node":"HV02"').replace(
        '11:00:02', '11:05:02').replace('"10741612544"', '"20000000000"')
    [described] = document.document([
        *raw.answers(text('cluster.jsonl').replace(VOLUME2, VOLUME1)),
        *raw.answers(former), *raw.answers(owner)])['clusters']
    [disk] = described['vms'][0]['disks']
    assert disk['actual_bytes'] == 20000000000
    assert {volume['image_cache_bytes']
            for volume in described['volumes']} == {
                6442450944 + 42949672960 + 123456}
