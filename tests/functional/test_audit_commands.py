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

"""``csv audit`` and ``csv heal`` as an operator types them, and the agent.

Nova's answers are recorded ones, served beside the real Placement.
"""

import json

import pytest

from hv_sched.agent import cmd
from hv_sched.audit.findings import Code
from tests.functional import agent_conf
from tests.functional import cloud as clouds
from tests.functional import command_line
from tests.functional import nova_api
from tests.functional import published_cloud
from tests.functional.published_cloud import NAME


@pytest.fixture
def cloud(placement, monkeypatch):
    made = published_cloud.PublishedCloud(placement)
    made.nova_api = nova_api.AuditedNovaApi(made)
    placement.service.before = made.nova_api
    return made


@pytest.fixture
def conf(cloud, tmp_path):
    return agent_conf.write(tmp_path, cloud.placement,
                            heal_codes='missing,wrong-node')


def test_audit_says_what_is_wrong_and_heal_puts_it_right(csv, cloud):
    server = cloud.server()
    assert csv('audit', '-f', 'json')[:2] == (0, '[]\n')
    before = cloud.held(server)
    cloud.drop(server)
    code, out, err = csv('audit', '-f', 'json')
    assert code == 2, out + err
    assert json.loads(out) == [{
        'Finding': 'missing', 'Server': server, 'Volume': NAME, 'GB': 50,
        'Evidence': 'it is on hv01 and holds no share',
        'Heal': 'restore 50 GB'}]
    assert csv('audit', '--code', 'doubled', '-f', 'json')[:2] == (
        0, '[]\n')
    row = {'Consumer': server, 'Volume': NAME, 'GB': 50,
           'Done': 'missing: restore 50 GB'}
    code, out, _err = csv('heal', '--code', 'missing', '--dry-run',
                          '-f', 'json')
    assert (code, json.loads(out)) == (2, [{
        **row, 'Done': 'would be done, missing: restore 50 GB'}])
    code, out, _err = csv('heal', '--code', 'safe', '-f', 'json')
    assert (code, json.loads(out)) == (0, [row])
    assert cloud.held(server) == before
    assert csv('heal', '--code', 'safe', '-f', 'json')[:2] == (0, '[]\n')


def test_audit_and_agent_leave_out_what_they_are_told_to(
        csv, cloud, tmp_path, caplog):
    server, other = cloud.server(), cloud.server()
    cloud.drop(server)
    path = agent_conf.write(tmp_path, cloud.placement, heal_codes='',
                            ignore_findings=f'missing:{server},mising')
    code, out, _err = csv('audit', '-f', 'json', '--config-file', path)
    row, = json.loads(out)
    assert (code, row['Finding']) == (0, 'ignored')
    assert row['Evidence'].startswith('1 findings are left out')
    assert cmd.main(['--config-file', path, '--once']) == 0
    assert 'did you mean missing' in caplog.text
    cloud.drop(other)
    assert csv('audit', '--config-file', path)[0] == 2
    assert cmd.main(['--config-file', path, '--once']) == 4


def test_heal_says_what_it_leaves(csv, cloud):
    server = cloud.server()
    cloud.drop(server)
    cloud.nova_api.flavor_of = lambda server: {}
    code, out, _err = csv('heal', '--code', 'missing', '-f', 'json')
    assert code == 4
    row, = json.loads(out)
    assert row['Done'].startswith('left, missing: nothing: its flavor')
    assert csv('heal')[0] == 1


def test_a_cell_that_is_down_is_told(csv, cloud):
    cloud.server('hv01')
    cloud.nova.down = {'hv01'}
    code, out, _err = csv('audit', '-f', 'json')
    assert code == 4
    row, = json.loads(out)
    assert row['Finding'] == 'unknown'
    assert 'the cell of hv01 does not answer; 1 consumers' in row['Evidence']
    assert csv('heal', '--code', 'safe')[0] == 4


@pytest.mark.parametrize('status,words', [
    ('403 Forbidden', 'admin role'), ('503 Service Unavailable', '503')])
def test_nova_that_does_not_answer_is_an_error(
        csv, cloud, monkeypatch, status, words):
    monkeypatch.setattr('tenacity.nap.time.sleep', lambda seconds: None)
    cloud.server()
    cloud.nova_api.status = status
    code, _out, err = csv('audit')
    assert code == 1 and words in err


def test_the_source_says_where_files_are(csv, cloud, tmp_path):
    server = cloud.server()
    other = clouds.guid(2)
    text = command_line.SOURCE + f'''
  - {{name: Volume2, guid: {other}, size_gb: 500, free_gb: 410}}
  vms:
  - instance_uuid: {server}
    disks:
    - {{volume: {other}, provisioned_gb: 50, actual_gb: 10}}
'''
    path = tmp_path / 'vms.yaml'
    path.write_text(text.replace(
        'build: 14393', f'build: 14393, home: {clouds.guid(1)}'))
    # A volume that is nobody's home is not published.
    assert csv('audit', '--source', str(path), '-f', 'json')[0] == 0


def test_sync_keeps_a_host_aggregate_when_asked(csv, cloud, source):
    assert csv('sync', '--source', source)[0] == 0
    assert cloud.nova_api.aggregates == {}
    args = ('sync', '--source', source, '--host-aggregates', '-f', 'json')
    code, out, err = csv(*args)
    assert code == 1 and 'does not offer version 2.1' in out + err
    cloud.nova_api.tells_versions = True
    code, out, err = csv(*args, '--dry-run')
    assert code == 2, out + err
    assert {row['Change'] + row['To'] for row in json.loads(out)} == {
        f'+hv_cluster=hvc1, hv_cluster_guid={clouds.CLUSTER_GUID}',
        '+hv01', '+hv02'}
    assert cloud.nova_api.aggregates == {}
    assert csv(*args)[0] == 0
    one, = cloud.nova_api.aggregates.values()
    assert (one['name'], one['hosts']) == ('hvc1', ['hv01', 'hv02'])
    assert one['metadata'] == {'hv_cluster': 'hvc1',
                               'hv_cluster_guid': clouds.CLUSTER_GUID}
    assert csv(*args)[:2] == (0, '[]\n')
    one['metadata'] = {}
    code, out, _err = csv(*args)
    assert code == 4 and 'rename it' in out
    cloud.nova_api.status = '403 Forbidden'
    code, out, _err = csv(*args)
    assert code == 1 and 'admin role' in out


def test_the_agent_heals_what_it_may(cloud, conf):
    missing, wrong = cloud.server(), cloud.server(disk_gb=20)
    cloud.drop(missing)
    cloud.known(wrong, 'hv01', 30)
    assert cmd.main(['--config-file', conf, '--once']) == 4
    assert cloud.held(missing)[published_cloud.VOLUME] == {'DISK_GB': 50}
    assert cloud.held(wrong)[published_cloud.VOLUME] == {'DISK_GB': 20}
    assert cloud.codes() == [Code.WRONG_AMOUNT]


def test_the_agent_may_not_be_allowed_to_release(conf, tmp_path):
    path = tmp_path / 'more.conf'
    path.write_text('[hv_sched]\nheal_codes = orphaned\n')
    assert cmd.main(['--config-file', conf, '--config-file', str(path),
                     '--once']) == 1
