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


"""The daemon as systemd starts, reloads, watches and stops it."""

import json
import pathlib
import shutil
import signal
import socket
import tempfile

import pytest
import requests

from hv_sched.demo import service
from hv_sched.placement import client
from tests.functional import agent_process
from tests.functional import cloud as clouds
from tests.functional import command_line


class Site:
    """A Placement process with two nodes, and a source for an agent."""

    def __init__(self, folder: pathlib.Path, endpoint: str) -> None:
        self.folder = folder
        self.endpoint = endpoint
        self.source = folder / 'clusters.yaml'
        self.source.write_text(command_line.SOURCE)
        self.conf = folder / 'hv_sched.conf'
        adapter = service.client(endpoint)
        adapter.another = lambda: adapter
        cloud = clouds.Cloud(adapter)
        cloud.register('hv01', 'hv02')
        self.api = client.from_adapter(adapter)
        self.write()

    def write(self, default: str = '', **options: object) -> None:
        lines = ''.join(f'{key} = {value}\n' for key, value in {
            'source': self.source, 'agent_interval': 1,
            **options}.items())
        self.conf.write_text(errors='surrogateescape', data=f'''
[DEFAULT]
{default}
[hv_sched]
{lines}
[keystone]
auth_type = admin_token
token = admin
endpoint = {self.endpoint}
''')


@pytest.fixture
def site():
    with tempfile.TemporaryDirectory(prefix='hvs') as folder:
        process, endpoint = service.start(pathlib.Path(folder), port=0)
        try:
            yield Site(pathlib.Path(folder), endpoint)
        finally:
            service.stop(process)


@pytest.fixture
def agent(site):
    process = agent_process.AgentProcess(str(site.conf), site.folder)
    yield process
    process.kill()


def published(site):
    return {listed.name for listed in site.api.list_providers()
            if listed.name.startswith('csv:')}


def test_it_is_ready_alive_and_stops_in_order(site, agent):
    agent.until('READY=1')
    agent.until('WATCHDOG=1')
    while not published(site):
        agent.until('WATCHDOG=1')
    assert agent.end() == 0
    lines = agent.until('STOPPING=1')
    assert 'READY=1' not in lines
    text = agent.text()
    assert text.count('hv-sched-agent: stopped') == 1
    assert 'Traceback' not in text


def test_a_second_sigterm_ends_it_at_once(site):
    """A Placement that never answers holds the first one up."""
    with socket.create_server(('127.0.0.1', 0)) as placement:
        site.endpoint = f'http://127.0.0.1:{placement.getsockname()[1]}'
        site.write()
        process = agent_process.AgentProcess(str(site.conf), site.folder)
        try:
            process.until('READY=1')
            with placement.accept()[0]:
                process.signal(signal.SIGTERM)
                process.until('STOPPING=1')
                process.signal(signal.SIGTERM)
                assert process.process.wait(
                    agent_process.ENOUGH_SECONDS) == 1
        finally:
            process.kill()
    assert 'hv-sched-agent: stopped' not in process.text()


def test_a_broken_file_at_sighup_is_one_line_and_changes_nothing(site, agent):
    agent.until('READY=1')
    site.write(agent_interval='soon')
    agent.signal(signal.SIGHUP)
    agent.until('RELOADING=1')
    agent.until('READY=1')
    refused, = (line for line in agent.text().splitlines()
                if 'SIGHUP' in line)
    assert 'the previous one stays in effect' in refused
    assert 'agent_interval' in refused
    while not published(site):
        agent.until('WATCHDOG=1')
    assert agent.end() == 0


@pytest.mark.parametrize('option', ['log_file', 'log_config_append'])
def test_a_log_that_cannot_be_opened_at_sighup_changes_nothing(
        site, agent, option):
    agent.until('READY=1')
    site.write(f'{option} = /nonexistent/agent.log')
    agent.signal(signal.SIGHUP)
    agent.until('RELOADING=1')
    agent.until('READY=1')
    refused, = (line for line in agent.text().splitlines()
                if 'SIGHUP' in line)
    assert 'configuration is rejected' in refused
    assert '/nonexistent/agent.log' in refused
    assert agent.end() == 0
    assert 'hv-sched-agent: stopped' in agent.text()


@pytest.mark.parametrize('lines', [
    'default_log_levels = amqp=BOGUS',
    'use_syslog = true\nsyslog_log_facility = NOSUCH',
    'log_file = agent.log\nlog_rotation_type = interval\n'
    'log_rotate_interval = -1',
    '[nova]\nvalid_interfaces = nosuch',
    '# caf\udce9'])
def test_what_a_library_refuses_at_sighup_changes_nothing(
        site, agent, lines):
    agent.until('READY=1')
    site.write(lines)
    agent.signal(signal.SIGHUP)
    agent.until('RELOADING=1')
    agent.until('READY=1')
    refused, = (line for line in agent.text().splitlines()
                if 'SIGHUP' in line)
    assert 'configuration is rejected' in refused
    assert agent.end() == 0
    assert 'hv-sched-agent: stopped' in agent.text()
    assert 'Traceback' not in agent.text()


def test_a_folder_of_the_log_that_is_gone_ends_nothing(site):
    folder = site.folder / 'log'
    folder.mkdir()
    log = folder / 'agent.log'
    site.write(f'log_file = {log}')
    process = agent_process.AgentProcess(str(site.conf), site.folder)
    try:
        process.until('READY=1')
        shutil.rmtree(folder)
        site.write(agent_interval='soon')
        for _ in range(2):
            process.signal(signal.SIGHUP)
            process.until('RELOADING=1')
            process.until('READY=1')
        while not published(site):
            process.until('WATCHDOG=1')
        folder.mkdir()
        assert process.end() == 0
    finally:
        process.kill()
    assert 'hv-sched-agent: stopped' in log.read_text()


def test_a_source_that_cannot_be_read_is_not_taken_over(site, agent):
    agent.until('READY=1')
    site.write(source=site.folder / 'none.yaml')
    agent.signal(signal.SIGHUP)
    agent.until('RELOADING=1')
    agent.until('READY=1')
    refused, = (line for line in agent.text().splitlines()
                if 'SIGHUP' in line)
    assert 'none.yaml' in refused
    site.write(source=site.source, floor_percent=7)
    agent.signal(signal.SIGHUP)
    agent.until('RELOADING=1')
    agent.until('READY=1')
    assert 'are read again' in agent.text()
    assert agent.end() == 0


def answer(port):
    return requests.get(f'http://127.0.0.1:{port}/healthz',
                        timeout=agent_process.ENOUGH_SECONDS).text


def test_a_status_port_that_changed_is_followed_at_sighup(site):
    with socket.create_server(('127.0.0.1', 0)) as listener:
        first = listener.getsockname()[1]
    site.write(status_port=first)
    process = agent_process.AgentProcess(str(site.conf), site.folder)
    try:
        process.until('READY=1')
        assert answer(first) == 'ok\n'
        assert f'status on http://127.0.0.1:{first}/' in process.text()
        with socket.create_server(('127.0.0.1', 0)) as taken:
            second = taken.getsockname()[1]
            site.write(status_port=second)
            process.signal(signal.SIGHUP)
            process.until('RELOADING=1')
            process.until('READY=1')
            assert answer(first) == 'ok\n'
        refused, = (line for line in process.text().splitlines()
                    if 'SIGHUP' in line)
        assert f'port {second}: Address already in use' in refused
        assert f'status on http://127.0.0.1:{second}/' not in process.text()
        process.signal(signal.SIGHUP)
        process.until('RELOADING=1')
        process.until('READY=1')
        assert answer(second) == 'ok\n'
        assert process.end() == 0
    finally:
        process.kill()


def ended_once_published(site):
    """An agent that published its volumes, and was then told to end."""
    process = agent_process.AgentProcess(str(site.conf), site.folder)
    try:
        process.until('READY=1')
        while not published(site):
            process.until('WATCHDOG=1')
        assert process.end() == 0
    finally:
        process.kill()
    return process


def test_each_line_of_json_parses(site):
    site.write('use_json = true')
    process = ended_once_published(site)
    records = [json.loads(line) for line in process.text().splitlines()
               if line.startswith('{')]
    messages = [record['message'] for record in records]
    assert any(message.startswith('hv-sched-agent ') for message in messages)
    assert any(message.startswith('Synced: ') for message in messages)
    assert all({'levelname', 'name', 'asctime', 'message'} <= record.keys()
               for record in records)


def test_a_full_disk_of_the_log_ends_nothing(site):
    site.write('log_file = /dev/full')
    ended_once_published(site)


def test_a_placement_that_is_away_at_the_start_is_waited_for(site):
    endpoint, site.endpoint = site.endpoint, 'http://127.0.0.1:9/'
    site.write()
    process = agent_process.AgentProcess(str(site.conf), site.folder)
    try:
        process.until('READY=1')
        while 'Sync: failed: ' not in process.text():
            process.until('WATCHDOG=1')
        for _ in range(8):
            process.until('WATCHDOG=1')
        lines = [line for line in process.text().splitlines()
                 if 'Sync: failed' in line]
        assert len(lines) == 1, lines
        site.endpoint = endpoint
        site.write()
        process.signal(signal.SIGHUP)
        while not published(site):
            process.until('WATCHDOG=1')
        assert process.end() == 0
    finally:
        process.kill()


def test_a_reload_while_it_starts_is_done_afterwards(site):
    """logrotate asks whenever it wants."""
    with socket.create_server(('127.0.0.1', 0)) as silent:
        endpoint = site.endpoint
        site.endpoint = f'http://127.0.0.1:{silent.getsockname()[1]}/'
        site.write()
        process = agent_process.AgentProcess(str(site.conf), site.folder)
        connection, _address = silent.accept()  # it greets Placement
        process.signal(signal.SIGHUP)
        site.endpoint = endpoint
        site.write()
        connection.close()
    try:
        process.until('READY=1')
        while not published(site):
            process.until('WATCHDOG=1')
        assert process.end() == 0
        assert 'SIGHUP: configuration' in process.text()
    finally:
        process.kill()
