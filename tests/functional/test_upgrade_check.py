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


"""``hv-sched-status upgrade check`` on a cloud that is published."""

import json

import pytest

from hv_sched.agent import clients
from hv_sched.doctor import gather
from hv_sched.upgrade_check import cmd
from tests.functional import agent_conf
from tests.functional import cloud as clouds
from tests.functional import looked_at
from tests.functional import nova_answers
from tests.functional import nova_api
from tests.functional import other_services


class Cloud(looked_at.Cloud):
    """Two nodes on a volume; nothing is wrong."""

    NODES = ('hv01', 'hv02')

    def __init__(self, placement):
        super().__init__(placement)
        self.others = self.nova, self.glance
        self.nova = nova_answers.Answers(self.nodes)
        placement.service.before = nova_api.AuditedNovaApi(self)

    def _build(self):
        super()._build()
        for name in self.nodes:
            self.change_traits(
                name, add={'COMPUTE_SECURITY_UEFI_SECURE_BOOT'})
        self.sync(clouds.facts(clouds.cluster()))


@pytest.fixture
def cloud(placement, monkeypatch):
    made = Cloud(placement)
    monkeypatch.setattr(
        clients, 'looking', lambda conf, api: gather.Clients(
            api, *other_services.clients(*made.others)))
    with other_services.running(*made.others):
        yield made


@pytest.fixture
def check(cloud, placement, tmp_path, capsys):
    path = agent_conf.write(tmp_path, placement)

    def run(*arguments):
        code = cmd.main(['--config-file', path, *arguments, 'upgrade',
                         'check', '--json'])
        out, err = capsys.readouterr()
        return code, json.loads(out)['checks'] if out else [], err
    return run


def details(checks, title):
    check, = [check for check in checks if check['check'] == title]
    return check['details'] or ''


def test_a_healthy_cloud_is_ready(check):
    code, checks, err = check()
    assert (code, err) == (0, ''), checks
    assert len(checks) == 9
    assert '--nova-conf' in details(checks, 'Configuration of nova-scheduler')


def test_a_password_that_everybody_may_read_is_a_warning(
        check, tmp_path):
    (tmp_path / 'hv_sched.conf').chmod(0o644)
    code, checks, _err = check()
    told = details(checks, 'Configuration of hv_sched')
    assert code == 1
    assert f'secrets-readable: {tmp_path}/hv_sched.conf' in told
    assert '[keystone]token' in told and 'chmod 0640' in told


def test_a_release_that_is_too_old_stops_an_upgrade(check, cloud):
    cloud.others[0].answers['/']['version']['version'] = '2.90'
    code, checks, _err = check()
    assert code == 2
    assert 'nova-release' in details(checks, 'Releases of Nova and Placement')


def test_nova_conf_is_checked_where_it_is_given(check, tmp_path):
    path = tmp_path / 'nova.conf'
    path.write_text('[filter_scheduler]\nenabled_filters = ComputeFilter\n')
    code, checks, _err = check('--nova-conf', str(path))
    assert code == 2
    assert 'filter-missing' in details(
        checks, 'Configuration of nova-scheduler')


def test_a_service_that_does_not_answer_is_a_warning(check, cloud):
    cloud.others[1].refuse = '403 Forbidden'
    code, checks, _err = check()
    assert code == 1
    assert 'Not checked: image-contradicts' in details(
        checks, 'Flavors and images')


def test_a_source_that_cannot_be_read_is_named(
        cloud, placement, tmp_path, capsys):
    source = tmp_path / 'clusters.yaml'
    source.write_text('clusters: [')
    path = agent_conf.write(tmp_path, placement, source=str(source))
    assert cmd.main(['--config-file', path, 'upgrade', 'check']) == 255
    assert str(source) in capsys.readouterr().err


def test_without_placement_nothing_is_checked(check, placement):
    placement.service.before = lambda environ: ('403 Forbidden', {})
    code, checks, err = check()
    assert (code, checks) == (255, [])
    assert err.startswith('hv-sched-status: ')


def test_a_file_that_is_not_there_is_named(check):
    code, checks, err = check('--nova-conf', '/nonexistent/nova.conf')
    assert (code, checks) == (255, [])
    assert '/nonexistent/nova.conf' in err


def test_an_unknown_argument_is_refused(capsys):
    assert cmd.main(['downgrade']) == cmd.NOT_CHECKED
    assert "invalid choice: 'downgrade'" in capsys.readouterr().err


def test_people_get_a_table(cloud, placement, tmp_path, capsys):
    path = agent_conf.write(tmp_path, placement)
    assert cmd.main(['--config-file', path, 'upgrade', 'check']) == 0
    assert 'Upgrade Check Results' in capsys.readouterr().out
