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

"""No secret of the agent leaves it: arguments, logs, status, structures."""

import dataclasses
import importlib
from importlib import metadata
import pathlib
import pkgutil
import re
import socket
import tempfile

import pytest
import requests

import hv_sched
from hv_sched import conf as options
from hv_sched.agent import cmd as agent_command
from hv_sched.conf import agent as agent_options
from hv_sched.upgrade_check import cmd as status_command
from tests.functional import agent_process
from tests.functional import command_line
from tests.functional import published_cloud
from tests.functional import token_cloud

STATUS_TOKEN = 'the-token-of-the-status-page'
# Where each is said: in fields that name the file, not what is in it.
_OF_FILES = re.compile('_file$|_key$|^token_file$')
_SECRET = re.compile('passw|secret|token|credential', re.IGNORECASE)
ENOUGH_SECONDS = agent_process.ENOUGH_SECONDS


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix='hvs') as name:
        yield pathlib.Path(name)


@pytest.fixture
def cloud(placement):
    with token_cloud.TokenCloud(
            published_cloud.PublishedCloud(placement)) as running:
        yield running


def written(folder, cloud, port):
    (folder / 'clusters.yaml').write_text(command_line.SOURCE)
    token = folder / 'token'
    token.touch(mode=0o600)
    token.write_text(STATUS_TOKEN)
    conf = folder / 'hv_sched.conf'
    conf.write_text(f"""
[DEFAULT]
debug = true
default_log_levels = keystoneauth=DEBUG,urllib3=DEBUG,requests=DEBUG
[hv_sched]
source = {folder / 'clusters.yaml'}
agent_interval = 1
status_port = {port}
status_token_file = {token}
{cloud.section()}
""")
    return str(conf)


def test_a_whole_run_at_debug_shows_no_secret(folder, cloud):
    """Arguments, every line of the log, metrics and the page; also after the
    token was revoked, and while Keystone's is refused.
    """
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    agent = agent_process.AgentProcess(
        written(folder, cloud, port), folder)
    seen = []
    try:
        agent.until('READY=1')
        seen.append(pathlib.Path(
            f'/proc/{agent.process.pid}/cmdline').read_text())
        for disturb in (cloud.good.clear,
                        lambda: setattr(cloud, 'refuses_all', True)):
            for _ in range(3):
                agent.until('WATCHDOG=1')
            for path in ('/', '/metrics', '/readyz'):
                answer = requests.get(
                    f'http://127.0.0.1:{port}{path}', timeout=ENOUGH_SECONDS,
                    headers={'Authorization': f'Bearer {STATUS_TOKEN}'})
                seen.append(answer.text)
            disturb()
        for _ in range(3):
            agent.until('WATCHDOG=1')
        assert agent.end() == 0
    finally:
        agent.kill()
    text = agent.text()
    assert 'REQ: curl' in text, 'keystoneauth logs its requests'
    assert len(cloud.tokens) > 1
    for secret in (token_cloud.PASSWORD, STATUS_TOKEN, *cloud.tokens):
        assert all(secret not in each for each in (text, *seen))


def _options_of_agents(capsys):
    for program in (agent_command, status_command):
        with pytest.raises(SystemExit):
            program.main(['--help'])
        yield from re.findall(r'--[a-z-]+', capsys.readouterr().out)


def _options_of_commands():
    for entry in metadata.entry_points(group='openstack.placement.v1'):
        if entry.name.startswith('resource_provider_csv_'):
            parser = entry.load()(None, None).get_parser('csv')
            yield from (name for action in parser._actions
                        for name in action.option_strings)


def test_no_option_of_a_command_line_takes_a_secret(capsys):
    """Everybody on the machine reads the arguments of a process."""
    names = {*_options_of_agents(capsys), *_options_of_commands()}
    assert {'--once', '--allow', '--source'} <= names
    assert not list(filter(_SECRET.search, names))


def test_options_that_hold_a_secret_are_marked_as_such():
    """oslo.config then prints **** for them."""
    opts = {opt.dest: opt for _group, listed in (
        *options.list_opts(), *agent_options.list_opts()) for opt in listed}
    for name in ('password', 'transport_url', 'backend_url'):
        assert opts[name].secret, name
    assert {name for name in filter(_SECRET.search, opts)
            if not opts[name].secret} == {'status_token_file'}


def _structures():
    for module in pkgutil.walk_packages(hv_sched.__path__, 'hv_sched.'):
        if module.name.startswith('hv_sched.demo') or (
                module.name.endswith('__main__')):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if (dataclasses.is_dataclass(value)
                    and value.__module__ == module.name):
                yield value


def test_no_structure_has_a_field_for_a_secret():
    """A dataclass prints its fields, in a traceback or at DEBUG."""
    structures = list(_structures())
    assert len(structures) > 100
    assert not [
        (cls, field.name) for cls in structures
        for field in dataclasses.fields(cls)
        if _SECRET.search(field.name) and not _OF_FILES.search(field.name)
        and field.repr]
