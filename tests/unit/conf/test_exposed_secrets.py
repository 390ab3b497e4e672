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

"""Passwords in a configuration file that everybody on the machine may read."""

import pytest

from hv_sched.agent import cmd
from hv_sched.conf import exposed_secrets
from hv_sched.doctor.checks import configuration
from hv_sched.doctor.evidence import DoctorEvidence

SECRET = 'hunter2'
AGENT = f'''
[keystone]
auth_type = password
auth_url = http://127.0.0.1:1/v3
username = u
password = {SECRET}
'''


@pytest.fixture
def conf(tmp_path):
    """Writes a configuration file."""
    def write(text, mode=0o644):
        path = tmp_path / 'hv_sched.conf'
        path.write_text(text)
        path.chmod(mode)
        return str(path)
    return write


@pytest.mark.parametrize('text, names', [
    (AGENT, ('[keystone]password',)),
    ('[keystone]\ntoken = x\n', ('[keystone]token',)),
    ('[keystone]\napplication_credential_secret = x\n',
     ('[keystone]application_credential_secret',)),
    (f'[events]\ntransport_url = rabbit://u:{SECRET}@h/\n',
     ('[events]transport_url',)),
    (f'[coordination]\nbackend_url = redis://:{SECRET}@h\n',
     ('[coordination]backend_url',)),
    (f'[keystone]\nauth_url =\n  http://u:{SECRET}@h\n',
     ('[keystone]auth_url',)),
    (AGENT + f'[nova]\nendpoint_override = http://u:{SECRET}@h\n',
     ('[keystone]password', '[nova]endpoint_override'))])
def test_options_with_a_secret_are_named(conf, text, names):
    path = conf(text)
    assert exposed_secrets.options_in([path]) == {path: names}


@pytest.mark.parametrize('mode', [0o600, 0o640, 0o660])
def test_a_file_that_others_may_not_read_is_right(conf, mode):
    assert exposed_secrets.options_in([conf(AGENT, mode)]) == {}


@pytest.mark.parametrize('text', [
    '', '[hv_sched]\nsource = /etc/hv_sched/clusters.yaml\n',
    '[keystone]\npassword =\nauth_url = http://host:5000/v3\n',
    '[keystone]\n# password = x\n',
    '[hv_sched]\nstatus_token_file = /etc/hv_sched/token\n',
    '[hv_sched]\nwinrm_password_file = /etc/hv_sched/password\n',
    'no line of a configuration\n'])
def test_a_file_without_a_secret_may_be_read(conf, text):
    assert exposed_secrets.options_in([conf(text)]) == {}


def test_a_file_that_went_is_no_error(tmp_path):
    assert exposed_secrets.options_in([str(tmp_path / 'none')]) == {}


def started(path, caplog):
    with caplog.at_level('WARNING'):
        cmd.main(['--once', '--config-file', path])
    return [message for message in caplog.messages if path in message]


@pytest.fixture
def _no_pass(monkeypatch):
    """The agent is made, and does nothing."""
    monkeypatch.setattr('hv_sched.agent.clients.newest_microversion',
                        lambda conf: 'not asked')
    monkeypatch.setattr('hv_sched.agent.passes.Agent.run', lambda agent: 0)
    monkeypatch.setattr('hv_sched.agent.cmd._log_as', lambda conf: None)


@pytest.mark.usefixtures('_no_pass')
def test_the_agent_says_at_its_start_what_to_do(conf, caplog):
    path = conf(AGENT)
    said, = started(path, caplog)
    assert '[keystone]password' in said and 'chmod 0640' in said
    assert 'chgrp' in said and SECRET not in said


@pytest.mark.usefixtures('_no_pass')
def test_and_nothing_of_a_file_that_is_right(conf, caplog):
    assert started(conf(AGENT, 0o640), caplog) == []


@pytest.mark.usefixtures('_no_pass')
def test_nor_when_it_reads_it_again(conf, caplog):
    arguments = ['--config-file', conf(AGENT)]
    former = cmd.make_agent(arguments)[1]
    caplog.clear()
    cmd.make_agent(arguments, former=former)
    assert not [message for message in caplog.messages if 'chmod' in message]


def test_the_doctor_names_file_and_options(conf):
    evidence = DoctorEvidence(
        None, readable_options={'/etc/x.conf': ('[keystone]password',)})
    symptom, = configuration.readable_secrets(evidence)
    assert symptom.subject == '/etc/x.conf'
    assert '[keystone]password' in symptom.evidence
