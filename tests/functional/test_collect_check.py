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

"""``csv collect --check``: which rights there are, on each node."""

import json

import pytest

from hv_sched.demo.windows import lab
from hv_sched.demo.windows import simulated
from tests.functional import command_line

DENIED_TO_READERS = {'volume_states', 'guarded', 'files', 'fibre_channel'}


@pytest.fixture
def cluster():
    made = simulated.cluster('HV', nodes=3, volumes=2)
    for node in made.nodes.values():
        node.gpus = ()
    return made


def check(folder, access_file, *args):
    conf = folder / 'hv_sched.conf'
    conf.write_text('[hv_sched]\nsource_type = winrm\n'
                    f'source = {access_file}\n')
    return command_line.run_csv('http://127.0.0.1:9', 'collect', '--check',
                                '--config-file', str(conf), *args)


def checked(folder, clusters, configuration=lab.DEFAULT, dead=()):
    """Exit code, and the rows by node."""
    with lab.running(clusters, folder, configuration) as running:
        running.dead.update(dead)
        code, out, _err = check(folder, running.access_file, '-f', 'json')
        assert running.server.open_shells() == 0
    return code, {row['Node'].partition('.')[0]: row
                  for row in json.loads(out)}


@pytest.mark.parametrize('configuration, tier', (
    (lab.JEA, 'JEA'), (lab.DEFAULT, 'administrator')))
def test_an_account_that_may_ask_everything_lacks_nothing(
        tmp_path, cluster, configuration, tier):
    code, rows = checked(tmp_path, [cluster], configuration)
    assert code == 0
    assert {node: (row['Rights'], row['Not Known'])
            for node, row in rows.items()} == {
        f'hv-n0{number}': (tier, {}) for number in (1, 2, 3)}


def test_read_only_access_names_what_it_cannot_know(tmp_path, cluster):
    cluster.denied = DENIED_TO_READERS
    code, rows = checked(tmp_path, [cluster])
    assert code == 0
    row = rows['hv-n02']
    assert row['Rights'] == 'read only'
    assert set(row['Not Known']) == DENIED_TO_READERS
    assert row['Not Known']['volume_states'] == {
        'fields': ['cut_off_nodes', 'redirected_nodes', 'file_system'],
        'reason': 'no right to it'}


def test_an_account_without_rights_on_the_cluster_may_only_log_in(
        tmp_path, cluster):
    cluster.denied = {'cluster', 'nodes', 'volumes', 'volume_states',
                      'groups'}
    code, rows = checked(tmp_path, [cluster])
    assert code == 4
    assert {row['Rights'] for row in rows.values()} == {'log-in only'}


def test_jea_that_lacks_a_right_is_not_sound(tmp_path, cluster):
    cluster.denied = {'volume_states'}
    code, rows = checked(tmp_path, [cluster], lab.JEA)
    assert code == 4
    assert set(rows['hv-n01']['Not Known']) == {'volume_states'}


def test_a_node_that_does_not_answer_says_why(tmp_path, cluster):
    code, rows = checked(tmp_path, [cluster], dead={'HV-N02'})
    assert code == 4
    assert rows['hv-n01']['Rights'] == 'administrator'
    assert rows['hv-n02']['Rights'] == 'none'
    reasons = {each['reason'] for each in
               rows['hv-n02']['Not Known'].values()}
    assert len(reasons) == 1 and 'port' in reasons.pop()


def test_a_node_that_is_down_is_not_a_lack_of_rights(tmp_path, cluster):
    cluster.fail('HV-N03')
    code, rows = checked(tmp_path, [cluster])
    assert code == 4
    assert rows['hv-n03']['Not Known']['host']['reason'] == (
        'the cluster says that the node is down')


def test_a_windows_without_a_command_lacks_no_right(tmp_path, cluster):
    cluster.nodes['HV-N01'].gpus = None
    code, rows = checked(tmp_path, [cluster])
    assert code == 0
    assert rows['hv-n01']['Not Known'] == {'remotefx': {
        'fields': ['gpus'],
        'reason': 'this Windows has no command for it'}}


def test_the_table_fits_100_columns(tmp_path):
    cluster = simulated.cluster('HYPERV-DATACENT', nodes=2)
    cluster.denied = DENIED_TO_READERS
    with lab.running([cluster], tmp_path) as running:
        running.dead.add('HYPERV-DATACENT-N02')
        code, out, _err = check(tmp_path, running.access_file)
    assert code == 4
    assert max(map(len, out.splitlines())) <= 100
    assert 'everything: ' in out and 'read only' in out


def test_an_access_file_is_needed(tmp_path):
    code, _out, err = command_line.run_csv(
        'http://127.0.0.1:9', 'collect', '--check', '--source', 'x.yaml')
    assert code == 1 and 'source_type' in err and 'winrm' in err
