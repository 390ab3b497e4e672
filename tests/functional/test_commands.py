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

"""The commands as an operator types them, on a real Placement."""

import json
import re
import uuid

import pytest

from tests.functional import cloud as clouds
from tests.functional.command_line import SOURCE

VOLUME = clouds.VOLUME
def rows(answer):
    return json.loads(answer[1])


def test_plan_says_what_there_is_to_do_and_writes_nothing(csv, source, cloud):
    before = cloud.state()
    code, out, _err = csv('plan', '--source', source, '-f', 'json')
    assert code == 2
    told = json.loads(out)
    assert {'Change': '+', 'Provider': 'csv:hvc1/Volume1', 'What': 'DISK_GB',
            'From': '', 'To': 'total=500 reserved=96'} in told
    assert {'Change': '~', 'Provider': 'hv01',
            'What': 'DISK_GB allocation_ratio', 'From': '1.0',
            'To': '1e-07'} in told
    assert cloud.state() == before


def test_sync_does_what_plan_said(csv, source):
    planned = rows(csv('plan', '--source', source, '-f', 'json'))
    dry = csv('sync', '--dry-run', '--source', source, '-f', 'json')
    assert (dry[0], rows(dry)) == (2, planned)
    code, out, _err = csv('sync', '--source', source, '-f', 'json')
    assert code == 0

    def key(row):
        return tuple(row.values())

    assert sorted(map(key, json.loads(out))) == sorted(map(key, planned))
    assert csv('plan', '--source', source, '-f', 'json')[:2] == (0, '[]\n')


@pytest.mark.parametrize('formatter', ['table', 'json', 'yaml', 'csv',
                                       'value'])
def test_every_formatter_shows_the_volume(csv, source, formatter):
    csv('sync', '--source', source)
    for command in (('list',), ('show', 'hvc1/Volume1')):
        code, out, err = csv(*command, '-f', formatter) if (
            command[0] == 'list' or formatter != 'csv') else csv(
                *command, '-f', 'shell')
        assert (code, err) == (0, '')
        assert 'csv:hvc1/Volume1' in out


def test_list_answers_how_much_is_free(csv, source, cloud):
    csv('sync', '--source', source)
    cloud.create(200, host='hv01')
    assert rows(csv('list', '-f', 'json')) == [{
        'Volume': 'csv:hvc1/Volume1', 'State': 'open', 'Free GB': 204,
        'Total GB': 500, 'Reserved GB': 96, 'Allocated GB': 200,
        'Held GB': 0, 'Nodes': 2, 'Restart Room': {
            'node': 'hv01', 'memory_mb': 261632 - 512, 'vcpus': 256 - 1,
            'disk_gb': None}}]


def test_list_says_what_lacks_when_the_largest_node_fails(csv, source,
                                                          cloud):
    csv('sync', '--source', source)
    for node, memory_mb in (('hv01', 200000), ('hv02', 161632)):
        cloud.allocate(str(uuid.uuid4()), {cloud.nodes[node]: {
            'resources': {'MEMORY_MB': memory_mb}}})
    assert '100000 MB of memory missing' in csv('list')[1]


def test_list_with_a_source_adds_physical_space_and_drift(csv, source, cloud):
    csv('sync', '--source', source)
    told = rows(csv('list', '--source', source, '-f', 'json'))[0]
    assert (told['Physical Free GB'], told['Drift']) == (410, 'no')
    generation, _traits = cloud.api.traits(VOLUME)
    cloud.api.set_traits(VOLUME, generation, frozenset())
    assert rows(csv('list', '-f', 'json'))[0]['State'] == 'hidden'
    assert csv('plan', '--source', source)[0] == 2


def test_list_on_an_untouched_cloud_is_empty(csv):
    assert csv('list', '-f', 'json')[:2] == (0, '[]\n')


def test_show_tells_reasons_nodes_and_holders(csv, source, cloud):
    csv('sync', '--source', source)
    share = cloud.create(100)
    told = rows(csv('show', 'HVC1/volume1', '--source', source, '-f',
                    'json'))
    assert told['nodes'] == ['hv01', 'hv02']
    assert told['shares_gb'] == {share: 100}
    assert told['reserved_gb'] == 96
    assert told['reserved_reasons'] == {}
    assert told['drift'] is True, 'the share covers the 90 GiB'


def test_show_tells_what_is_kept_when_vms_are_told_no_more(
        csv, source, cloud, tmp_path):
    (tmp_path / 'hvc1.yaml').write_text(SOURCE + '  vms: []\n')
    csv('sync', '--source', source)
    cloud.create(100)
    (tmp_path / 'hvc1.yaml').write_text(SOURCE)
    told = rows(csv('show', 'HVC1/volume1', '--source', source, '-f',
                    'json'))
    assert told['reserved_gb'] == 96
    assert told['reserved_reasons'] == {
        'kept for files of which the source does not tell whose they are':
            '96.0 GiB'}
    assert told['drift'] is False, 'they may be what stood before the share'


def test_show_tells_that_less_is_reserved_once_all_vms_are_told(
        csv, source, cloud, tmp_path):
    csv('sync', '--source', source)
    share = cloud.create(100)
    (tmp_path / 'hvc1.yaml').write_text(SOURCE + f'''  vms:
  - instance_uuid: {share}
    disks: [{{volume: Volume1, actual_bytes: {90 * 2 ** 30}}}]
''')
    told = rows(csv('show', 'HVC1/volume1', '--source', source, '-f',
                    'json'))
    assert (told['reserved_gb'], told['reserved_reasons']) == (96, {})
    assert told['drift'] is True, 'the share covers the 90 GiB'


def test_show_tells_line_by_line_what_is_reserved_and_why_it_is_closed(
        csv, source, tmp_path):
    (tmp_path / 'hvc1.yaml').write_text(SOURCE.replace(
        'free_gb: 410', 'free_gb: 20, reserve_gb: 30, maintenance: true, '
        'image_cache_bytes: 42949672960'))
    csv('sync', '--source', source)
    told = rows(csv('show', 'hvc1/Volume1', '--source', source, '-f',
                    'json'))
    assert told['reserved_reasons'] == {
        'operator reserve': '30.0 GiB', 'image cache': '40.0 GiB',
        "files no server's share covers": '440.0 GiB'}
    assert told['reserved_gb'] == 500
    maintenance, floor = told['closed_reasons']
    assert maintenance == 'in maintenance'
    assert '20 GiB physically free' in floor and '30 GiB' in floor
    assert (told['state'], told['drift']) == ('closed', False)


def test_adopt_exits_with_3(csv, source, cloud):
    cloud.own_disk('hv01', 10)
    for command in ('plan', 'sync'):
        code, out, _err = csv(command, '--source', source)
        assert code == 3
        assert 'csv adopt --cluster hvc1' in out


def test_a_partial_sync_exits_with_4(csv, source, tmp_path):
    (tmp_path / 'hvc1.yaml').write_text(SOURCE.replace(
        '  volumes:', '  - {name: hv99, build: 14393}\n  volumes:'))
    code, out, _err = csv('sync', '--source', source)
    assert code == 4
    assert 'hv99' in out and 'Nova has no compute node' in out


@pytest.mark.parametrize('args,words', [
    (('plan',), '--source'),
    (('plan', '--source', '/nonexistent.yaml'), '/nonexistent.yaml'),
    (('show', 'hvc1/Volume7'), 'Volume7'),
    (('list', '--config-file', '/nonexistent.conf'), '/nonexistent.conf'),
])
def test_errors_are_one_clear_line(csv, args, words):
    code, _out, err = csv(*args)
    assert code == 1
    assert words in err
    assert 'Traceback' not in err and len(err.strip().splitlines()) == 1


def test_an_error_of_placement_is_one_clear_line(csv, cloud, source,
                                                 monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    cloud.placement.service.refuse_all('403 Forbidden')
    code, _out, err = csv('sync', '--source', source)
    assert code == 1
    assert '403' in err and 'role' in err and 'Traceback' not in err


def test_options_are_read_from_a_configuration_file(csv, source, tmp_path,
                                                    cloud):
    config = tmp_path / 'hv_sched.conf'
    config.write_text(f'[hv_sched]\nsource = {source}\n'
                      f'csv_allocation_ratio = 1.5\n')
    assert csv('sync', '--config-file', str(config))[0] == 0
    assert cloud.state()['csv:hvc1/Volume1'][1][
        'DISK_GB'].allocation_ratio == 1.5


def test_the_line_that_a_refusal_prints_settles_it(csv, source, tmp_path,
                                                   cloud):
    csv('sync', '--source', source)
    left = tmp_path / 'left.yaml'
    left.write_text(''.join(line for line in SOURCE.splitlines(keepends=True)
                            if 'hv02' not in line))
    code, out, _err = csv('sync', '--source', str(left), '-f', 'json')
    assert code == 4
    refused, = [row for row in json.loads(out) if row['Change'] == '!']
    allow = re.search(r'--allow \S+$', refused['To']).group().split()
    assert allow == ['--allow', 'open:hv02']
    assert csv('sync', '--source', str(left), *allow)[0] == 0
    assert cloud.state()['hv02'][1]['DISK_GB'].capacity == 500


@pytest.mark.parametrize('allow', ['open', 'open:', 'close:hv02', ':hv02'])
def test_an_allow_that_nobody_understands_is_an_error(csv, source, allow):
    code, _out, err = csv('plan', '--source', source, '--allow', allow)
    assert code == 1
    assert 'KIND:NAME' in err and 'withdraw' in err


@pytest.mark.parametrize('flag', ['--allow-shrink', '--allow-withdraw',
                                  '--allow-replace'])
def test_flags_of_older_releases_still_work(csv, source, flag):
    csv('sync', '--source', source)
    assert csv('plan', '--source', source, flag)[0] == 0


def test_people_get_a_summary_and_the_last_line_counts(csv, source):
    code, out, _err = csv('plan', '--source', source)
    assert code == 2
    assert len(out.splitlines()) < 15
    assert out.splitlines()[-1] == (
        '1 volume to publish, 2 nodes to close: 500 GB counted once instead '
        'of 1,000.')
    _code, out, _err = csv('sync', '--source', source)
    assert out.splitlines()[-1].startswith('1 volume published, 2 nodes')
    assert csv('sync', '--source', source)[1] == 'Nothing to do.\n'


def test_long_shows_each_single_change(csv, source):
    single = rows(csv('plan', '--source', source, '-f', 'json'))
    _code, out, _err = csv('plan', '--source', source, '--long')
    # Two headers' worth of lines, the frame's end and the sum.
    assert len(out.splitlines()) == len(single) + 5


@pytest.mark.parametrize('limit,options', [
    (100, ()), (80, ('--max-width', '80'))])
def test_tables_fit(csv, source, monkeypatch, limit, options):
    monkeypatch.setenv('COLUMNS', '100')
    for command in ('plan', 'sync', 'list'):
        _code, out, _err = csv(command, '--source', source, *options)
        assert max(map(len, out.splitlines())) <= limit, out
    _code, out, _err = csv('show', 'hvc1/Volume1', '--source', source,
                           *options)
    assert max(map(len, out.splitlines())) <= limit, out


def test_a_cluster_is_planned_and_written_without_the_others(
        csv, source, tmp_path, cloud):
    cloud.register('hv11')
    text = SOURCE + SOURCE.partition('clusters:\n')[2].replace(
        'hvc1', 'hvc2').replace(clouds.CLUSTER_GUID, clouds.guid(90)).replace(
        'hv01', 'hv11').replace(clouds.guid(1), clouds.guid(91)).replace(
        '  - {name: hv02, build: 14393}\n', '')
    (tmp_path / 'hvc1.yaml').write_text(text)
    assert csv('sync', '--source', source, '--cluster', 'HVC2')[0] == 0
    assert 'csv:hvc2/Volume1' in cloud.state()
    assert 'csv:hvc1/Volume1' not in cloud.state()
    assert csv('plan', '--source', source, '--cluster', 'hvc2')[0] == 0
    assert csv('plan', '--source', source)[0] == 2
    code, _out, err = csv('plan', '--source', source, '--cluster', 'hvc3')
    assert code == 1 and 'hvc3' in err and 'hvc1, hvc2' in err
