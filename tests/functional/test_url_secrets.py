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

"""A password in the URL of a service that cannot be reached is shown by no
program of ours: agent, hv-sched-status, commands, plug-ins.
"""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile

import pytest
import requests

from tests.functional import agent_process
from tests.functional import command_line

SECRET = 'hunter2'
ENOUGH_SECONDS = agent_process.ENOUGH_SECONDS
_AUTH = {'auth_type': 'password', 'username': 'u', 'password': 'p',
         'project_name': 'p', 'user_domain_id': 'default',
         'project_domain_id': 'default'}
# With the last ones a library, not a service, fails.
URLS = [f'http://user:{SECRET}@127.0.0.1:1/v3',
        f'http://user:{SECRET}/x@127.0.0.1:1/v3',
        f'http://user:my {SECRET}@127.0.0.1:1/v3',
        f'http://user:{SECRET}[x@127.0.0.1:1/v3']


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix='hvs') as name:
        yield pathlib.Path(name)


def written(folder, url, more=''):
    (folder / 'clusters.yaml').write_text(command_line.SOURCE)
    conf = folder / 'hv_sched.conf'
    lines = '\n'.join(f'{name} = {value}' for name, value in _AUTH.items())
    conf.write_text(f'''
[hv_sched]
source = {folder / 'clusters.yaml'}
agent_interval = 1
{more}
[keystone]
auth_url = {url}
{lines}
''')
    conf.chmod(0o600)
    return str(conf)


def run(*command, **environment):
    """Everything that a process printed."""
    done = subprocess.run(
        [sys.executable, '-c', *command], text=True, timeout=ENOUGH_SECONDS,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        env={**os.environ, **environment})
    assert done.returncode
    return done.stdout


def assert_masked(text):
    assert '***@127.0.0.1:1' in text, text
    assert SECRET not in text, text


def test_no_surface_of_the_agent(folder):
    """Its log, page, metrics and reasons while Keystone is away."""
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    agent = agent_process.AgentProcess(written(
        folder, URLS[0], f'status_port = {port}'), folder)
    seen = []
    try:
        for _ in range(4):
            agent.until('WATCHDOG=1')
        for path in ('/', '/metrics', '/readyz', '/healthz'):
            seen.append(requests.get(f'http://127.0.0.1:{port}{path}',
                                     timeout=ENOUGH_SECONDS).text)
    finally:
        agent.kill()
    assert_masked(agent.text())
    assert 'Keystone cannot be reached' in seen[0]
    assert not [text for text in seen if SECRET in text]


@pytest.mark.parametrize('url', URLS)
def test_no_url_of_the_agent(folder, url):
    assert_masked(run(
        'import sys; from hv_sched.agent import cmd; sys.exit(cmd.main())',
        '--once', '--config-file', written(folder, url)))


@pytest.mark.parametrize('url, form', [
    (URLS[0], ()), (URLS[0], ('--json',)), (URLS[1], ()), (URLS[3], ())])
def test_hv_sched_status(folder, url, form):
    text = run('import sys; from hv_sched.upgrade_check import cmd; '
               'sys.exit(cmd.main())', '--config-file', written(folder, url),
               'upgrade', 'check', *form)
    assert_masked(text)


@pytest.mark.parametrize('url, options', [
    (URLS[0], ('list', '-f', 'json')), (URLS[1], ('list',)),
    (URLS[2], ('list',)), (URLS[0], ('doctor',))])
def test_commands(folder, url, options):
    """The client authenticates, before a command of ours begins."""
    assert_masked(run(
        'import sys; from openstackclient import shell; '
        'sys.exit(shell.main(sys.argv[1:]))',
        'resource', 'provider', 'csv', *options,
        **{f'OS_{name.upper()}': value for name, value in _AUTH.items()},
        OS_AUTH_URL=url))


def test_a_command_whose_service_does_not_answer():
    """The client has a token; its endpoint has the password."""
    code, out, err = command_line.run_csv(URLS[0], 'list')
    assert code == 1
    assert_masked(out + err)
