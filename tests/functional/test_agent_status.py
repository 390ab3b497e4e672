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

"""What hv-sched-agent shows of a real Placement, over HTTP."""

import contextlib
import os
import pathlib
import socket
import sys

import pytest
import requests

from hv_sched import exception
from hv_sched import status
from hv_sched.agent import audit_pass
from hv_sched.agent import cmd
from hv_sched.agent import passes
from hv_sched.agent import watching
from hv_sched.agent.events import server_pass
from hv_sched.audit.findings import Code
from hv_sched.compute import instance_names
from hv_sched.placement import client
from hv_sched.placement.consumers import Consumer
from hv_sched.recovery import restore
from hv_sched.status.recorder import Recorder
from tests.functional import agent_conf
from tests.functional import cloud as clouds
from tests.functional import nova_answers
from tests.functional import published_cloud
from tests.status_recorder import parsed
from tests.status_recorder import value

_DEADLINE_SECONDS = 120
SERVER = '99999999-9999-4999-8999-000000000001'


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


class Shown:
    """An agent whose parts a test runs, and what it shows."""

    def __init__(self, cloud, path):
        self.cloud = cloud
        self.conf = cmd.configure(['--config-file', path])
        self.recorder = Recorder(self.conf.hv_sched.agent_interval)
        self.nova = getattr(cloud, 'nova', None) or nova_answers.Answers(
            cloud.nodes)
        placement = client.from_adapter(cloud.placement)
        self.agent = passes.Agent(self.conf, placement, self.nova,
                                  self.recorder)
        self.watch = watching.Watching(self.recorder)
        self.watch.follow(self.conf, placement)

    def get(self, path='/', **headers):
        return requests.get(
            f'http://127.0.0.1:{self.watch.port}{path}', headers=headers,
            timeout=_DEADLINE_SECONDS)

    def samples(self):
        return parsed(self.get('/metrics').text)

    def look(self):
        """One pass of what reads the status."""
        return [part.run() for part in self.watch.parts]


@pytest.fixture
def shown(cloud, source, tmp_path):
    with showing(cloud, tmp_path, source=source) as made:
        yield made


@contextlib.contextmanager
def showing(cloud, tmp_path, **options):
    made = Shown(cloud, agent_conf.write(
        tmp_path, cloud.placement, workers='1',
        status_port=str(free_port()), **options))
    try:
        yield made
    finally:
        made.watch.stop()


def test_before_the_first_pass_it_says_that_there_is_no_data(shown):
    page = shown.get()
    assert page.status_code == 200
    assert 'no data yet' in page.text and 'All is well' not in page.text
    ready = shown.get('/readyz')
    assert ready.status_code == 503 and 'no data yet' in ready.text
    assert shown.get('/healthz').text == 'ok\n'
    assert 'hv_sched_info' in shown.get('/metrics').text


def test_after_a_pass_it_shows_what_was_done(shown):
    assert shown.agent.run() == 0
    shown.look()
    page = shown.get().text
    assert 'Volume1' in page and 'hv02' in page
    assert '+ csv:hvc1/Volume1 aggregate' in page
    assert shown.get('/readyz').text == 'ok\n'
    samples = shown.samples()
    volume = {'cluster': 'hvc1', 'volume': 'Volume1'}
    assert value(samples, 'hv_sched_volume_bytes', kind='total',
                 **volume) == 500 * clouds.GIB
    assert value(samples, 'hv_sched_volume_drift', **volume) == 0
    assert value(samples, 'hv_sched_passes_total', result='ok',
                 part='Sync of cluster hvc1') == 1
    assert value(samples, 'hv_sched_writes_total',
                 kind='CreateProvider') == 1
    assert value(samples, 'hv_sched_conflicts_total') == 0


def test_what_cannot_be_written_is_drift_and_not_ready(
        shown, cloud, source):
    shown.agent.run()
    path = pathlib.Path(source)
    path.write_text(path.read_text().replace(
        'free_gb: 410', 'free_gb: 410, reserve_gb: 50'))
    cloud.placement.service.before = lambda environ: (
        ('403 Forbidden', {}) if environ['REQUEST_METHOD'] == 'PUT' else None)
    assert shown.agent.run() == 1
    shown.look()
    ready = shown.get('/readyz')
    assert ready.status_code == 503
    assert 'Sync of cluster hvc1: its last pass failed' in ready.text
    assert value(shown.samples(), 'hv_sched_volume_drift', cluster='hvc1',
                 volume='Volume1') == 1
    cloud.placement.service.before = None
    assert shown.agent.run() == 0
    shown.look()
    assert shown.get('/readyz').status_code == 200
    assert value(shown.samples(), 'hv_sched_volume_drift', cluster='hvc1',
                 volume='Volume1') == 0


def test_a_source_that_cannot_be_read_is_said(shown, source):
    shown.agent.run()
    os.unlink(source)
    shown.agent.run()
    shown.look()
    assert 'No such file' in shown.get().text
    assert shown.get('/readyz').status_code == 503


def test_the_doctor_is_asked_and_what_it_may_not_see_is_information(
        shown, cloud):
    shown.agent.run()
    inventories = cloud.api.inventories(clouds.VOLUME)
    cloud.api.set_inventories(clouds.VOLUME, inventories[0], {})
    shown.look()
    page = shown.get().text
    assert 'volume-wiped' in page
    assert 'not checked: ' in page  # neither Nova nor Glance is there
    assert value(shown.samples(), 'hv_sched_findings', origin='doctor',
                 severity='error', code='volume-wiped') == 1


def test_audits_and_heals_are_shown(placement, source, tmp_path):
    cloud = published_cloud.PublishedCloud(placement)
    server = cloud.server()
    cloud.drop(server)
    with showing(cloud, tmp_path, source=source, audit_every='1',
                 heal_codes=Code.MISSING.value) as shown:
        shown.agent.run()
        assert value(shown.samples(), 'hv_sched_heals_total',
                     code='missing') == 1
        assert f'Healed missing of {server} on' in shown.get().text
    cloud.drop(server)
    with showing(cloud, tmp_path, source=source, audit_every='1') as shown:
        shown.agent.run()
        shown.look()
        assert server in shown.get().text
        assert value(shown.samples(), 'hv_sched_findings', origin='audit',
                     severity='warning', code='missing') == 1


def holding(cloud):
    """A server whose share a failed move left held."""
    server = cloud.server(disk_gb=50)
    now = cloud.api.consumer(server)
    held = {provider: dict(resources) for provider, resources
            in now.held.items()}
    held[published_cloud.VOLUME] = {'CUSTOM_CSV_HELD_DISK_GB': 50}
    cloud.api.write_consumers([Consumer(
        server, now.generation, now.project_id, now.user_id, held)])
    return server


def by_a_pass(shown, _server):
    assert shown.agent.run() == 0


def by_an_event(shown, server):
    """What the agent does when Nova tells of the server."""
    placement, nova = client.from_adapter(
        shown.cloud.placement), shown.cloud.nova
    looks = server_pass.ServerPass(
        placement, restore.Restorer(
            placement, nova, restore.options(shown.conf)),
        audit_pass.Audits(
            shown.conf.hv_sched, placement, nova, lambda name: False,
            instance_names.InstanceNames(nova), shown.recorder),
        1, shown.recorder)
    assert looks.look([server]) == frozenset()


@pytest.mark.parametrize('restored', [by_a_pass, by_an_event])
def test_restored_escrow_is_counted(placement, source, tmp_path, restored):
    cloud = published_cloud.PublishedCloud(placement)
    server = holding(cloud)
    with showing(cloud, tmp_path, source=source) as shown:
        restored(shown, server)
        assert value(shown.samples(), 'hv_sched_heals_total',
                     code='restored') == 1
        assert f'50 GB of {server} on volume' in shown.get().text


def test_a_token_is_asked_for(cloud, source, tmp_path):
    with showing(cloud, tmp_path, source=source,
                 status_token_file=token_file(tmp_path)) as shown:
        assert shown.get('/metrics').status_code == 401
        assert shown.get('/metrics', Authorization=(
            'Bearer a-token-of-some-length')).status_code == 200


def main(tmp_path, cloud, **options):
    return cmd.main(['--config-file', agent_conf.write(
        tmp_path, cloud.placement, **options)])


def test_a_port_in_use_ends_the_agent_with_an_error(
        cloud, tmp_path, capsys):
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
        assert main(tmp_path, cloud, status_port=str(port)) == 1
    assert f'127.0.0.1 port {port}: Address already in use' in (
        capsys.readouterr().err)


def test_an_open_address_without_a_token_ends_the_agent(
        cloud, tmp_path, capsys):
    assert main(tmp_path, cloud, status_port=str(free_port()),
                status_address='0.0.0.0') == 1
    assert 'status_token_file' in capsys.readouterr().err


@pytest.mark.parametrize('library', ['waitress', 'jinja2',
                                     'prometheus_client'])
def test_a_library_that_is_missing_is_named(
        cloud, tmp_path, monkeypatch, library):
    for name in [*sys.modules]:
        if name.partition('.')[0] == library or name in (
                'hv_sched.status.server', 'hv_sched.status.app',
                'hv_sched.status.page', 'hv_sched.status.metrics'):
            monkeypatch.delitem(sys.modules, name)
    for name in ('server', 'app', 'page', 'metrics'):
        monkeypatch.delattr(status, name, raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    conf = cmd.configure(['--config-file', agent_conf.write(
        tmp_path, cloud.placement, status_port=str(free_port()))])
    with pytest.raises(exception.InvalidConfig) as err:
        watching.Watching(Recorder()).follow(
            conf, client.from_adapter(cloud.placement))
    assert "pip install 'hv_sched[status]'" in str(err.value)
    assert library in str(err.value)


def test_without_a_port_nothing_is_shown_and_no_library_is_needed(
        cloud, tmp_path):
    conf = cmd.configure(['--config-file', agent_conf.write(
        tmp_path, cloud.placement)])
    watch = watching.Watching(Recorder())
    watch.follow(conf, client.from_adapter(cloud.placement))
    assert (watch.port, watch.parts) == (0, ())


# -- other options, as after SIGHUP


def followed(shown, tmp_path, **options):
    """What is shown follows a configuration with these options."""
    shown.watch.follow(cmd.configure(['--config-file', agent_conf.write(
        tmp_path, shown.cloud.placement, workers='1', **options)]),
        client.from_adapter(shown.cloud.placement))


def refused(port, address='127.0.0.1'):
    """Whether nobody listens."""
    try:
        socket.create_connection((address, port), _DEADLINE_SECONDS).close()
    except ConnectionRefusedError:
        return True
    return False


def token_file(tmp_path, token='a-token-of-some-length'):
    path = tmp_path / 'token'
    path.write_text(token)
    path.chmod(0o600)
    return str(path)


def test_another_port_is_followed(shown, tmp_path):
    former, port = shown.watch.port, free_port()
    followed(shown, tmp_path, status_port=str(port))
    assert (shown.watch.port, refused(former)) == (port, True)
    assert shown.get('/healthz').text == 'ok\n'


@pytest.mark.parametrize('address', ['0.0.0.0', '127.0.0.2', '::'])
def test_another_address_of_the_same_port_is_followed(
        shown, tmp_path, address):
    followed(shown, tmp_path, status_port=str(shown.watch.port),
             status_address=address, status_token_file=token_file(tmp_path))
    if address == '127.0.0.2':
        assert refused(shown.watch.port)
    else:
        assert shown.get('/metrics').status_code == 401


def test_another_token_is_followed_on_the_same_port(shown, tmp_path):
    assert shown.get('/metrics').status_code == 200
    options = {'status_port': str(shown.watch.port),
               'status_token_file': token_file(tmp_path)}
    followed(shown, tmp_path, **options)
    assert shown.get('/metrics').status_code == 401
    options['status_token_file'] = token_file(tmp_path, 'another' * 5)
    followed(shown, tmp_path, **options)
    assert shown.get('/metrics', Authorization=(
        'Bearer a-token-of-some-length')).status_code == 401
    assert shown.get('/metrics', Authorization=(
        'Bearer ' + 'another' * 5)).status_code == 200


def test_another_name_it_answers_to_is_followed(shown, tmp_path):
    assert shown.get('/healthz', Host='controller1').status_code == 421
    followed(shown, tmp_path, status_port=str(shown.watch.port),
             status_allowed_hosts='controller1,controller2')
    assert shown.get('/healthz', Host='controller1').status_code == 200
    assert shown.get('/healthz', Host='controller3').status_code == 421


def test_it_is_switched_off_and_on(shown, tmp_path):
    shown.look()
    port = shown.watch.port
    followed(shown, tmp_path)
    assert refused(port) and shown.watch.parts == ()
    assert 'Status' not in {
        part.name for part in shown.recorder.status().parts}
    followed(shown, tmp_path, status_port=str(port))
    assert shown.get('/readyz').status_code == 200
    shown.look()
    assert 'Status' in shown.get().text


@pytest.mark.parametrize('address, has_token', [
    ('192.0.2.1', True), ('0.0.0.0', False)])
def test_an_address_that_cannot_be_leaves_the_former(
        shown, tmp_path, address, has_token):
    """Also where the port had to be given up to try it."""
    port = shown.watch.port
    token = {'status_token_file': token_file(tmp_path)} if has_token else {}
    with pytest.raises(exception.InvalidConfig, match=address):
        followed(shown, tmp_path, status_port=str(port),
                 status_address=address, **token)
    assert shown.watch.port == port
    assert shown.get('/metrics').status_code == 200


def test_a_token_that_others_may_read_leaves_the_former(shown, tmp_path):
    path = token_file(tmp_path)
    os.chmod(path, 0o644)
    with pytest.raises(exception.InvalidConfig, match='0644'):
        followed(shown, tmp_path, status_port=str(shown.watch.port),
                 status_token_file=path)
    assert shown.get('/metrics').status_code == 200


def test_a_port_in_use_is_not_followed(shown, tmp_path):
    former = shown.watch.port
    with socket.create_server(('127.0.0.1', 0)) as taken:
        with pytest.raises(exception.InvalidConfig, match='in use'):
            followed(shown, tmp_path, status_port=str(
                taken.getsockname()[1]))
    assert shown.watch.port == former
    assert shown.get('/metrics').status_code == 200
