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


"""adopt, retire and export as an operator types them.

Nova's answers are recorded ones, served beside the real Placement.
"""

import io
import json

import pytest

from hv_sched.osc import progress
from tests.functional import nova_api
from tests.functional import unadopted_cloud


@pytest.fixture
def cloud(placement, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    made = unadopted_cloud.UnadoptedCloud(placement)
    made.nova_api = nova_api.NovaApi(made)
    placement.service.before = made.nova_api
    return made


def test_dry_run_then_adopt_then_retire(csv, source, cloud, tmp_path):
    for _number in range(5):
        cloud.server('hv01', 10)
    cloud.resized('hv01', 'hv02', 5, 7)
    cloud.nova_api.page = 2
    before = cloud.state(), cloud.disk()
    code, out, err = csv('adopt', '--source', source, '--dry-run',
                         '-f', 'json')
    assert code == 2, out + err
    assert {'Change': '+', 'Provider': 'csv:hvc1/Volume1',
            'What': 'GB in shares', 'From': '0', 'To': '62'} in (
                json.loads(out))
    assert cloud.state() == before[0]
    code, out, err = csv('adopt', '--source', source, '-f', 'json',
                         '--export', 'before.json')
    assert code == 0, out + err
    assert json.loads(out)[0] == {
        'Change': '=', 'Provider': 'csv:hvc1/Volume1',
        'What': 'sum of shares in GB', 'From': '62', 'To': '62'}
    assert 'before.json' in err and (tmp_path / 'before.json').exists()
    assert csv('retire', '--source', source, '--dry-run')[0] == 2
    code, out, err = csv('retire', '--source', source, '--from',
                         'before.json')
    assert code == 0, out + err
    assert (cloud.state(), cloud.disk()) == before


def test_an_over_booked_cluster_exits_with_4(csv, source, cloud):
    cloud.server('hv01', 400)
    cloud.server('hv02', 250)
    code, out, _err = csv('adopt', '--source', source)
    assert code == 4 and 'over-booked by 150 GB' in ' '.join(out.split())
    assert csv('adopt', '--source', source, '--allow-overcommit')[0] == 0


def test_a_moving_server_exits_with_3(csv, source, cloud):
    cloud.server('hv01', 10, task_state='migrating')
    assert csv('adopt', '--source', source)[0] == 3


def test_interrupted_it_says_so_and_the_next_run_finishes(
        csv, source, cloud):
    cloud.server('hv01', 10)
    cloud.server('hv02', 20)

    def interrupt(environ):
        if unadopted_cloud.writes_shares(environ):
            raise KeyboardInterrupt
        return cloud.nova_api(environ)

    cloud.placement.service.before = interrupt
    code, _out, err = csv('adopt', '--source', source)
    assert code == 130 and 'run the same command again' in err
    assert 'Traceback' not in err
    assert not set(err) & {'\r', '\x1b'}, 'no bar where there is no terminal'
    assert cloud.candidates(1) == []
    cloud.placement.service.before = cloud.nova_api
    assert csv('adopt', '--source', source)[0] == 0
    assert cloud.hosts(400) == {'hv01', 'hv02'}


@pytest.mark.parametrize('command, other, exit_code, reason', [
    ('adopt', 'retire', 1, 'another command writes to cluster hvc1'),
    ('retire', 'adopt', 4, 'uses a volume of its cluster again')])
def test_beside_one_that_undoes_each_write_it_ends_and_says_why(
        csv, source, cloud, command, other, exit_code, reason):
    cloud.server('hv01', 10)
    assert csv(other, '--source', source)[0] == 0

    def undo(environ):
        if environ['REQUEST_METHOD'] != 'GET':
            cloud.placement.service.before = cloud.nova_api
            csv(other, '--source', source)
            cloud.placement.service.before = undo
        return cloud.nova_api(environ)

    cloud.placement.service.before = undo
    code, out, err = csv(command, '--source', source)
    shown = ' '.join((out + err).split())
    assert code == exit_code, shown
    assert reason in shown and 'run it again' in shown
    assert 'Nothing was written' not in shown and 'Traceback' not in shown
    cloud.placement.service.before = cloud.nova_api
    assert csv(command, '--source', source)[0] == 0


def test_a_terminal_sees_how_far_it_is(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for terminal in (Terminal(), io.StringIO()):
        monkeypatch.setattr('sys.stderr', terminal)
        bar = progress.SharesProgressBar()
        bar.start(10000)
        bar.advance(2500)
        bar._bar.refresh()
        bar.stop()
        if terminal.isatty():
            assert '2500/10000' in terminal.getvalue()
            assert 'share/s' in terminal.getvalue()
        else:
            assert terminal.getvalue() == ''


def test_a_cluster_is_named_in_any_case(csv, source, cloud):
    cloud.server('hv01', 10)
    code, out, err = csv('adopt', '--source', source, '--cluster', 'HVC1')
    assert code == 0, out + err
    assert cloud.hosts(1) == {'hv01', 'hv02'}


def test_an_unknown_cluster_is_an_error(csv, source, cloud):
    code, _out, err = csv('adopt', '--source', source, '--cluster', 'no')
    assert code == 1 and 'no cluster no; it has hvc1' in err


@pytest.mark.parametrize('status,words', [
    ('403 Forbidden', 'admin role'), ('503 Service Unavailable', '503')])
def test_nova_that_does_not_answer_leaves_everything(
        csv, source, cloud, status, words, monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    cloud.server('hv01', 10)
    before = cloud.state()
    cloud.nova_api.status = status
    code, out, _err = csv('adopt', '--source', source)
    assert code == 1 and words in ' '.join(out.split()).replace('| ', '')
    assert cloud.state() == before


def test_export_writes_a_file_once(csv, source, cloud, tmp_path):
    cloud.server('hv01', 10)
    assert csv('export', '--source', source, 'all.json')[0] == 0
    document = json.loads((tmp_path / 'all.json').read_text())
    assert set(document['providers']) == set(cloud.nodes.values())
    code, _out, err = csv('export', '--source', source, 'all.json')
    assert code == 1 and 'exists' in err


def test_a_server_in_a_cell_that_is_down_is_told(csv, source, cloud):
    cloud.server('hv01', 10, known=False)
    before = cloud.state()
    code, out, _err = csv('adopt', '--source', source)
    assert code == 4 and 'does not answer' in ' '.join(out.split())
    assert cloud.state() == before
