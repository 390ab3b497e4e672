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


"""``csv heal --held`` and ``hv-sched-agent --once`` as an operator runs them.

Nova's answers are recorded ones, served beside the real Placement.
"""

import json

import pytest

from hv_sched.agent import cmd
from hv_sched.agent import passes
from hv_sched.placement import names
from hv_sched.recovery import restore
from tests.functional import agent_conf
from tests.functional import cloud as clouds
from tests.functional import escrow_case
from tests.functional import nova_api


class Cloud:
    """What the ``csv`` fixture and the recorded Nova need of a cloud."""

    def __init__(self, placement):
        self.placement = placement
        self.case = escrow_case.EscrowCase(placement)
        self.nova = self.case.nova
        self.nodes = {}
        self.api = self.case.client


@pytest.fixture
def cloud(placement):
    made = Cloud(placement)
    made.nova_api = nova_api.NovaApi(made)
    made.placement.service.before = made.nova_api
    return made


@pytest.fixture
def conf(cloud, tmp_path):
    return agent_conf.write(tmp_path, cloud.placement)


def test_heal_shows_then_restores(csv, cloud):
    server = cloud.case.holds(escrow_case.HELD)
    code, out, err = csv('heal', '--held', '--dry-run', '-f', 'json')
    assert (code, err) == (2, '')
    row = {'Consumer': server, 'Volume': escrow_case.NAME, 'GB': 300,
           'Done': 'restored'}
    assert json.loads(out) == [{**row, 'Done': 'would be restored'}]
    assert cloud.case.on_volume(server) == escrow_case.HELD
    code, out, _ = csv('heal', '--held', '-f', 'json')
    assert (code, json.loads(out)) == (0, [row])
    assert cloud.case.on_volume(server) == escrow_case.SHARE
    assert csv('heal', '--held', '-f', 'json')[:2] == (0, '[]\n')


def test_heal_says_what_it_leaves(csv, cloud):
    server = cloud.case.holds(escrow_case.HELD, task_state='migrating')
    code, out, _ = csv('heal', '--held', '-f', 'json')
    assert code == 4
    row, = json.loads(out)
    assert row['Consumer'] == server
    assert row['Done'] == (
        f'skipped: server {server} is busy (migrating): run it again when it '
        'is not')


def test_the_agent_restores_after_a_day_off(cloud, conf):
    servers = [cloud.case.holds({names.HELD_DISK_GB: 100})
               for _ in range(4)]
    assert cmd.main(['--config-file', conf, '--once']) == 0
    assert [cloud.case.on_volume(server) for server in servers] == [
        {names.DISK_GB: 100}] * 4


def test_the_agent_says_that_nova_is_away(cloud, conf, monkeypatch):
    monkeypatch.setattr('tenacity.nap.time.sleep', lambda seconds: None)
    cloud.case.holds(escrow_case.HELD)
    cloud.nova_api.status = '503 Service Unavailable'
    assert cmd.main(['--config-file', conf, '--once']) == 1


def test_the_agent_needs_credentials(tmp_path, capsys):
    path = tmp_path / 'empty.conf'
    path.write_text('[hv_sched]\n')
    assert cmd.main(['--config-file', str(path), '--once']) == 1
    assert 'section [keystone]' in capsys.readouterr().err


def test_a_source_that_cannot_be_read_stops_no_restoring(
        cloud, conf, tmp_path):
    server = cloud.case.holds(escrow_case.HELD)
    broken = tmp_path / 'broken.conf'
    broken.write_text('[hv_sched]\nsource = /nowhere/at/all.yaml\n')
    assert cmd.main(['--config-file', conf, '--config-file',
                     str(broken), '--once']) == 1
    assert cloud.case.on_volume(server) == escrow_case.SHARE


def test_a_paused_cluster_is_left_alone(
        cloud, conf, tmp_path, capsys):
    """Neither synced nor restored, until it is paused no more."""
    server = cloud.case.holds(escrow_case.HELD)
    source = tmp_path / 'clusters.yaml'
    facts = clouds.cluster(1)
    source.write_text(f'''
version: 1
clusters:
  - name: HVC1
    guid: {facts.guid}
    nodes: [{{name: hv1}}]
    volumes:
      - {{name: CSV9, guid: {facts.volumes[0].guid}, size_gb: 500}}
''')
    arguments = ['--config-file', conf, '--once']
    more = tmp_path / 'more.conf'
    more.write_text(f'[hv_sched]\nsource = {source}\n')
    arguments += ['--config-file', str(more)]
    cloud.case.others.set_traits(escrow_case.NODE, cloud.api.traits(
        escrow_case.NODE)[0], frozenset(('COMPUTE_NODE',)))

    def listed():
        return sorted(one.name for one in cloud.api.list_providers())

    before = listed()
    assert cmd.main([*arguments, '--pause-cluster', 'hvc1',
                     '--pause-cluster', 'C1']) == 0
    assert listed() == before
    assert cloud.case.on_volume(server) == escrow_case.HELD
    assert '--pause-cluster C1: the source has no such cluster' in (
        capsys.readouterr().out)
    assert cmd.main([*arguments, '--pause-cluster', 'hvc1']) == 0
    assert listed() == before
    assert cloud.case.on_volume(server) == escrow_case.SHARE
    assert cmd.main(arguments) == 0
    assert listed() == sorted([*before, 'csv:HVC1/CSV9'])


def test_a_pass_reports_what_it_did(cloud, conf):
    server = cloud.case.holds(escrow_case.HELD)
    agent = passes.Agent(cmd.configure(['--config-file', conf]), cloud.api,
                         cloud.nova)
    assert agent.run() == 0
    assert cloud.case.on_volume(server) == escrow_case.SHARE
    assert restore.Restorer(cloud.api, cloud.nova).restore().done == ()
