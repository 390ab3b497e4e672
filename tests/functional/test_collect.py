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

"""``csv collect``: from nothing to a published cluster."""

import json
import os

import pytest

from hv_sched import sources
from hv_sched.demo.windows import simulated
from hv_sched.providers.settings import Settings
from tests.functional import cloud as clouds
from tests.functional import command_line

# What the request filters forbid in every query.
OPEN = 'required=!CUSTOM_CSV_NO_NEW_DISKS,!CUSTOM_HYPERV_PAUSED'
SETTINGS = Settings(workers=1, stale_after=0, floor_percent=0, floor_gb=0)


@pytest.fixture
def cluster():
    return simulated.cluster('HV', nodes=2, volumes=2)


@pytest.fixture
def source(tmp_path, cluster):
    path = tmp_path / 'facts.json'
    path.write_text(cluster.document())
    return str(path)


def collect(*args):
    """No service is asked: the address is nobody's."""
    return command_line.run_csv('http://127.0.0.1:9', 'collect', *args)


def test_what_is_not_known_is_a_table(source, cluster):
    cluster.denied = {'volume_states'}
    with open(source, 'w') as file:
        file.write(cluster.document())
    code, out, _err = collect('--source', source, '-f', 'json')
    assert code == 0
    rows = {(row['Name'], row['Not Known']): row['Why']
            for row in json.loads(out)}
    assert 'volume_states' in rows['Volume1', 'cut_off_nodes']


def test_the_script_and_the_task_are_printed():
    code, script, _err = collect('--print-script')
    assert code == 0
    assert script.rstrip().endswith('Get-HvSchedNode -Guarded -Files')
    code, task, _err = collect('--print-task')
    assert code == 0 and 'WriteAllText' in task


def test_the_files_of_a_jea_endpoint_are_written_once(tmp_path):
    folder = str(tmp_path / 'jea')
    code, out, _err = collect('--write-jea', folder)
    assert code == 0
    assert all(os.path.isfile(line) for line in out.splitlines())
    assert len(out.splitlines()) == 4
    code, _out, err = collect('--write-jea', folder)
    assert code == 1 and 'does not exist yet' in err
    code, out, err = collect('--write-jea', '')
    assert code == 1 and not out and "'': No such file" in err


def test_raw_lines_can_be_redacted(source, cluster):
    code, out, _err = collect('--source', source, '--raw')
    assert code == 0 and cluster.guid in out
    code, out, _err = collect('--source', source, '--raw', '--redact')
    assert code == 0 and cluster.guid not in out and 'HV-N01' not in out
    code, _out, err = collect('--source', source, '--redact')
    assert code == 1 and '--raw' in err


def test_without_a_source_it_says_what_to_name():
    code, _out, err = collect('--raw')
    assert code == 1 and '--source' in err


@pytest.mark.parametrize('data, reason', [
    (b'', 'is empty'),
    ('Clusterdatentr\xe4ger'.encode('cp1252'), 'code page'),
    ('{"section":"begin"}'.encode('utf-16-le'), 'UTF-16 without'),
    ('{"section":"begin"}'.encode('utf-32'), 'UTF-32'),
    (b'{"section":"begin","rows":[{"format":"1"}]}', 'and has none'),
    (b'[1, 2', 'is not valid JSON'), (b'7', 'has to be a mapping')])
@pytest.mark.parametrize('option', [(), ('--raw',), ('--init',)])
def test_a_file_that_is_none_is_refused_with_the_reason(
        tmp_path, data, reason, option):
    path = tmp_path / 'facts.json'
    path.write_bytes(data)
    code, _out, err = collect('--source', str(path), *option)
    if option == ('--raw',) and data.startswith(b'{"section"'):
        assert code == 0
        return
    assert code == 1 and 'Traceback' not in err
    assert reason in err or option == ('--raw',)


def test_a_source_that_is_not_there_or_too_large_is_refused(tmp_path):
    (tmp_path / 'empty').mkdir()
    with open(tmp_path / 'large.json', 'wb') as file:
        file.truncate(2 ** 40)
    for name, reason in (('missing.json', 'No such file'),
                         ('empty', 'no file in this folder'),
                         ('large.json', 'large')):
        for option in ((), ('--raw',), ('--init',)):
            code, _out, err = collect(
                '--source', str(tmp_path / name), *option)
            assert code == 1 and reason in err and name in err, err


def test_what_windows_says_is_published_and_followed(placement, tmp_path,
                                                     cluster):
    """A drain, a full volume and one that went offline arrive there."""
    cloud = clouds.Cloud(placement)
    cloud.register(*cluster.nodes, disk_gb=500)

    def sync():
        (tmp_path / 'facts.json').write_text(cluster.document())
        facts = sources.load(str(tmp_path))
        result = cloud.sync(facts, SETTINGS)
        assert result.failures == {}
        plan, _observed = cloud.reconciler(SETTINGS).plan(facts, True)
        assert plan.changes == ()

    sync()
    assert cloud.hosts(400, OPEN) == set(cluster.nodes)
    cluster.drain('HV-N01')
    sync()
    assert cloud.hosts(400, OPEN) == {'HV-N02'}
    cluster.resume('HV-N01')
    cluster.take_offline('Volume1')
    sync()
    assert cloud.hosts(400, OPEN) == {'HV-N02'}
    cluster.bring_online('Volume1')
    sync()
    assert cloud.hosts(400, OPEN) == set(cluster.nodes)
    cluster.fill('Volume2', 100 * simulated.GIB)
    sync()
    assert cloud.hosts(400, OPEN) == {'HV-N01'}
    assert cloud.hosts(90, OPEN) == set(cluster.nodes)
