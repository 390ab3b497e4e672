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


"""The daemon goes on whatever it is answered, and says what it does."""

from importlib import metadata
import logging
import pathlib
import threading

import pytest

from hv_sched import exception
from hv_sched.agent import cmd
from hv_sched.agent import passes
from hv_sched.placement import client
from tests.functional import agent_conf
from tests.functional import command_line
from tests.functional import nova_answers
from tests.functional import nova_api

ENOUGH_SECONDS = 300


class Nova(nova_answers.Answers):
    """Nova as a test makes it: an error, or one that never answers.

    :ivar error: raised at each question
    :ivar hangs: asked and not answering until it is set
    """

    def __init__(self, nodes):
        super().__init__(nodes)
        self.error = None
        self.hangs = None
        self.was_asked = threading.Event()

    def fail(self):
        """In place of any answer."""
        if self.error is not None:
            raise self.error
        return super().computes()

    def resized_since(self, seconds):
        self.was_asked.set()
        if self.hangs is not None:
            self.hangs.wait(ENOUGH_SECONDS)
        if self.error is not None:
            raise self.error
        return super().resized_since(seconds)


class Recorded:
    """What the recorded Nova API needs of a cloud."""

    def __init__(self, cloud):
        self.nodes, self.api = cloud.nodes, cloud.api
        self.nova = nova_answers.Answers(cloud.nodes)


class Daemon:
    def __init__(self, cloud, path):
        self.nova = Nova(cloud.nodes)
        self.conf = cmd.configure(['--config-file', path])
        self.agent = passes.Agent(
            self.conf, client.from_adapter(cloud.placement), self.nova)


@pytest.fixture
def daemon(cloud, source, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, logger='hv_sched')
    return Daemon(cloud, agent_conf.write(
        tmp_path, cloud.placement, source=source, full_read_every='1',
        workers='1'))


def told(caplog):
    return [record.getMessage() for record in caplog.records
            if record.name.startswith('hv_sched.agent')]


def test_a_change_is_a_line_as_sync_prints_it(daemon, caplog):
    assert daemon.agent.run() == 0
    lines = told(caplog)
    assert ('Synced: ~ hv01 DISK_GB allocation_ratio 1.0 -> 1e-07') in lines
    assert any(line.startswith('Sync: ') and ' changes written' in line
               for line in lines)
    assert not any('SetTraits(' in line for line in lines)
    caplog.clear()
    assert daemon.agent.run() == 0
    assert told(caplog) == [], 'nothing happened'


@pytest.mark.parametrize('error', [
    KeyError('resource_providers'), ValueError('Expecting value'),
    TypeError("'NoneType' object is not subscriptable"), RecursionError(),
    exception.NovaUnavailable('Nova cannot be reached'),
    OSError('disk full')])
def test_no_answer_ends_the_daemon(daemon, caplog, error):
    daemon.agent.run()
    caplog.clear()
    daemon.nova.error = error
    assert [daemon.agent.run(), daemon.agent.run()] == [1, 1]
    failure, = (line for line in told(caplog) if 'failed' in line)
    assert str(error) in failure, 'one line for as long as it lasts'
    daemon.nova.error = None
    caplog.clear()
    assert daemon.agent.run() == 0
    line, = told(caplog)
    assert line.startswith('Restoring held shares: works again after 2 ')


def test_what_only_some_passes_do_is_tried_again_by_the_next(
        cloud, source, tmp_path, caplog):
    """A pass that has nothing to do says nothing of what failed."""
    caplog.set_level(logging.INFO, logger='hv_sched')
    daemon = Daemon(cloud, agent_conf.write(
        tmp_path, cloud.placement, source=source, workers='1',
        full_read_every='20', audit_every='10'))
    daemon.nova.error = exception.NovaUnavailable('Nova cannot be reached')
    daemon.nova.computes = daemon.nova.fail
    assert [daemon.agent.run() for _pass in range(3)] == [1, 1, 1]
    assert not any('works again' in line for line in told(caplog))
    daemon.nova.error = None
    caplog.clear()
    assert daemon.agent.run() == 0
    assert len([line for line in told(caplog)
                if 'works again after 3 failed' in line]) == 2
    assert daemon.agent.run() == 0


def test_a_nova_that_hangs_stops_no_sync(daemon, cloud, source):
    daemon.nova.hangs = threading.Event()
    stop = threading.Event()
    running = threading.Thread(
        target=daemon.agent.run_until, args=(stop, 0.01))
    running.start()
    try:
        assert daemon.nova.was_asked.wait(ENOUGH_SECONDS)
        synced = threading.Event()
        seen = len(cloud.placement.service.log)

        def notice(environ):
            if len(cloud.placement.service.log) > seen + 100:
                synced.set()
        cloud.placement.service.before = notice
        assert synced.wait(ENOUGH_SECONDS), 'sync goes on'
    finally:
        daemon.nova.hangs.set()
        stop.set()
        running.join(ENOUGH_SECONDS)
    assert not running.is_alive()


def test_the_halves_pass_until_they_are_stopped(daemon, cloud):
    stop = threading.Event()
    asked = []

    def count(seconds):
        asked.append(seconds)
        if len(asked) == 3:
            stop.set()
        return frozenset()
    daemon.nova.resized_since = count
    daemon.agent.run_until(stop, 0.01)
    assert len(asked) == 3
    assert {name for name, _uuid in (
        (listed.name, listed.uuid) for listed in cloud.api.list_providers())
        } == {'hv01', 'hv02', 'csv:hvc1/Volume1'}


def test_it_starts_with_what_it_works_on(cloud, source, tmp_path, caplog,
                                         monkeypatch):
    caplog.set_level(logging.INFO)
    path = agent_conf.write(tmp_path, cloud.placement, source=source)
    conf = cmd.configure(['--config-file', path])
    cmd.clients.connect(conf)
    version = metadata.version('hv_sched')
    assert cmd.start_line(conf) == (
        f'hv-sched-agent {version}: source {source}, a pass every 60 seconds, '
        'as user auth_type admin_token, Placement microversion 1.39, '
        'newest there: 1.39')
    conf.clear()
    other = tmp_path / 'password.conf'
    other.write_text('[keystone]\nauth_type = password\nauth_url = http://k\n'
                     'username = hv_sched\npassword = x\n')
    conf = cmd.configure(['--config-file', str(other)])
    cmd.clients.connect(conf)
    line = (
        f'hv-sched-agent {version}: source none, so nothing is synced, a pass '
        'every 60 seconds, as user hv_sched, Placement microversion 1.39, '
        'newest there: it does not answer yet')
    assert cmd.start_line(conf) == line
    conf.set_override('status_port', 9482, group='hv_sched')
    assert cmd.start_line(conf) == f'{line}, status on http://127.0.0.1:9482/'
    conf.set_override('status_address', '::1', group='hv_sched')
    assert cmd.start_line(conf) == f'{line}, status on http://[::1]:9482/'


def test_a_source_that_is_mended_is_told(daemon, source, caplog):
    daemon.agent.run()
    with open(source, 'w', encoding='utf-8') as file:
        file.write('version: none\n')
    assert daemon.agent.run() == 1
    with open(source, 'w', encoding='utf-8') as file:
        file.write(command_line.SOURCE)
    caplog.clear()
    assert daemon.agent.run() == 0
    assert any(line.startswith('Sync: works again after 1 ')
               for line in told(caplog))


def test_a_source_that_is_gone_is_named_once_a_line(daemon, source, caplog):
    pathlib.Path(source).unlink()
    assert daemon.agent.run() == 1
    lines = [line for line in told(caplog) if source in line]
    assert lines
    assert all(line.count(source) == 1 for line in lines), lines


def test_a_placement_that_is_away_is_one_line_a_part(daemon, cloud, caplog,
                                                     monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    assert daemon.agent.run() == 0
    cloud.placement.service.refuse_all('503 Service Unavailable')
    caplog.clear()
    assert daemon.agent.run() == 1
    lines = [record.getMessage() for record in caplog.records
             if record.name.startswith('hv_sched')]
    assert [line.partition(':')[0] for line in lines] == [
        'Sync', 'Restoring held shares'], lines
    assert all(line.count('Placement answered') == 1 for line in lines)


def test_a_nova_that_is_away_is_one_line(cloud, source, tmp_path, caplog,
                                         monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    api = nova_api.NovaApi(Recorded(cloud))
    cloud.placement.service.before = api
    path = agent_conf.write(tmp_path, cloud.placement, source=source,
                            audit_every='0')
    conf = cmd.configure(['--config-file', path])
    agent = passes.Agent(conf, *cmd.clients.connect(conf))
    assert agent.run() == 0
    caplog.set_level(logging.INFO, logger='hv_sched')
    caplog.clear()
    api.status = '503 Service Unavailable'
    assert agent.run() == 0, 'nothing is held and no full pass: no question'
    conf.set_override('full_read_every', 1, group='hv_sched')
    assert agent.run() == 1
    line, = (record.getMessage() for record in caplog.records
             if record.name.startswith('hv_sched'))
    assert line.startswith('Restoring held shares: failed: ')
    assert line.count('Nova') == 1
