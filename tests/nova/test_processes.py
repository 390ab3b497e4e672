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

"""Real processes and connections: workers that fork, a Placement that hangs.

Placement is openstack-placement behind a real HTTP server, or a server that
never answers; nova-scheduler's part runs in a process of its own.
"""

import contextlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import urllib.request
import uuid

import pytest
import requests

from hv_sched.placement import names
from tests.nova import publish
from tests.nova.releases import nova_34

pytestmark = pytest.mark.wide

CONF = """\
[DEFAULT]
debug = false
[placement]
auth_type = admin_token
token = admin
endpoint = {endpoint}
endpoint_override = {endpoint}
{timeout}
[filter_scheduler]
available_filters = nova.scheduler.filters.all_filters
available_filters = hv_sched.filters.all_filters
enabled_filters = SharedVolumeFilter
weight_classes = hv_sched.weighers.all_weighers
[hv_sched]
# They read Nova's databases and Glance, which are not here.
request_filter_moves = false
request_filter_features = false
"""
PATIENCE_S = 60
SLOW_S = 40
CROWD = 40
# For an answer of a Placement that is slow, and for a thread that is ready.
ANSWER_S, TURN_S = 0.6, 0.5
each_kind_of_thread = pytest.mark.parametrize('threads', ['green', 'native'])


class Answer:
    def __init__(self, response):
        self.status = response.status_code
        self.body = response.json() if response.content else None


class Api:
    """What Publisher wants, over HTTP."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def _send(self, method, url, body=None, version='1.39'):
        return Answer(requests.request(
            method, self.endpoint + url, json=body, timeout=PATIENCE_S,
            headers={'X-Auth-Token': 'admin',
                     'OpenStack-API-Version': f'placement {version}'}))

    def get(self, url, version='1.39'):
        return self._send('GET', url, version=version)

    def post(self, url, body, version='1.39'):
        return self._send('POST', url, body, version)

    def put(self, url, body, version='1.39'):
        return self._send('PUT', url, body, version)


@pytest.fixture(scope='module')
def endpoint(tmp_path_factory):
    """A Placement with four nodes on two volumes."""
    folder = tmp_path_factory.mktemp('placement')
    ready = folder / 'ready'
    server = subprocess.Popen([
        sys.executable, '-W', 'ignore', '-m',
        'hv_sched.demo.placement_server', '--database',
        str(folder / 'db'), '--ready-file', str(ready)])
    try:
        end = time.monotonic() + PATIENCE_S
        while not ready.exists() and time.monotonic() < end:
            assert server.poll() is None
            time.sleep(0.1)
        found = ready.read_text()
        fill(Api(found))
        yield found
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def fill(api):
    publisher = publish.Publisher(api)
    for host in ('h1', 'h2', 'h3', 'h4'):
        node = str(uuid.uuid4())
        api.post('/resource_providers', {'name': host, 'uuid': node})
        api.put(f'/resource_providers/{node}/inventories', {
            'resource_provider_generation': 0, 'inventories': {
                'VCPU': {'total': 64}, 'MEMORY_MB': {'total': 65536},
                'DISK_GB': {'total': 500}}})
        publisher.add_traits(node, 'COMPUTE_NODE', 'OWNER_NOVA')
    publisher.publish(publish.cluster(
        'c1', {'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')},
        sizes_gb={'CSV1': 100, 'CSV2': 90}))


def run(action, folder, *endpoints, timeout=PATIENCE_S, threads='native'):
    """Let outside.py do it; returns what it says.

    :param timeout: [placement]timeout in seconds; None leaves it unset
    :param threads: native, or green as eventlet makes them
    """
    files = []
    line = '' if timeout is None else f'timeout = {timeout}'
    for number, each in enumerate(endpoints):
        files.append(folder / f'nova{number}.conf')
        files[-1].write_text(CONF.format(endpoint=each, timeout=line))
    done = subprocess.run(
        [sys.executable, '-W', 'ignore',
         str(pathlib.Path(__file__).with_name('outside.py')), action,
         *map(str, files)], capture_output=True, text=True, check=False,
        timeout=PATIENCE_S * 3, env={
            **os.environ, 'OS_NOVA_DISABLE_EVENTLET_PATCHING': {
                'native': 'true', 'green': 'false'}[threads]})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_forked_workers_share_nothing_and_choose_another_volume_each(
        endpoint, tmp_path):
    """Each prefers CSV1; there is room for one."""
    found, = run('fork', tmp_path, endpoint)
    parent = found['parent']
    assert (parent['threads'], parent['sockets']) == (1, 0)
    assert not parent['has_snapshot']
    assert not found['after']['has_snapshot']
    first, second = sorted(found['workers'], key=lambda one: one['tried'])
    for worker in (first, second):
        assert worker['has_snapshot'] and worker['pid'] != parent['pid']
    assert first['tried'] == 1 < second['tried']
    api = Api(endpoint)
    volumes = {provider['uuid']: provider['name'] for provider in api.get(
        f'/resource_providers?required={names.VOLUME}'
    ).body['resource_providers']}
    taken = [volumes[uuid] for worker in (first, second)
             for uuid, share in api.get(
                 f'/allocations/{worker["server"]}').body[
                     'allocations'].items()
             if 'DISK_GB' in share['resources']]
    assert taken == ['csv:c1/CSV1', 'csv:c1/CSV2']


@contextlib.contextmanager
def server(handle):
    """A server that answers each request by handle(handler)."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            with contextlib.suppress(OSError):  # the client went away
                handle(self)

        def log_message(self, *args):
            pass

    found = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    found.daemon_threads = True
    threading.Thread(target=found.serve_forever, daemon=True).start()
    try:
        yield f'http://127.0.0.1:{found.server_port}'
    finally:
        found.shutdown()
        found.server_close()


def placement(endpoint, spoil):
    """Placement, each of whose answers is spoilt but the first.

    The first is the version document that Nova's client reads at its start.
    """
    def handle(handler):
        if handler.path.strip('/'):
            spoil(handler)
        answer = urllib.request.urlopen(urllib.request.Request(
            endpoint + handler.path, headers={
                'X-Auth-Token': 'admin',
                'OpenStack-API-Version': 'placement 1.39'}))
        handler.send_response(200)
        handler.send_header('Content-Type', 'application/json')
        handler.end_headers()
        handler.wfile.write(answer.read())
    return handle


def away(handler):
    raise ConnectionError


def failing(handler):
    handler.send_error(503)
    raise ConnectionError


def slow(handler):
    time.sleep(SLOW_S)


def test_a_placement_away_failing_or_slow_is_waited_for_once(
        endpoint, tmp_path):
    """Requests end as Nova's own query does; candidates would pass."""
    with (server(placement(endpoint, away)) as gone,
          server(placement(endpoint, failing)) as broken,
          server(placement(endpoint, slow)) as late):
        bad = [gone, broken, late]
        *answers, good = run('ask', tmp_path, *bad, endpoint, timeout=1)
    for url, found in zip(bad, answers, strict=True):
        assert found['seconds'] < SLOW_S / 2, 'the answer is not waited for'
        assert (found['known'], found['passed']) == (False, 2), url
        assert not found['candidates'], url
        # A named host would find no volume without it.
        assert 'resources_HV_SCHED_DISK=DISK_GB' in found['query'], url
    # Both nodes of the home of h1; Nova's manager adds which of them.
    assert good['known'] and good['candidates'] == 2


def test_a_placement_that_hangs_costs_the_timeout_once_for_all_hosts(
        endpoint, tmp_path):
    """The first read of the volumes is repeated once while it is young, which
    Nova's client does besides in older releases; what follows, for 500 hosts,
    asks Placement nothing.
    """
    timeout_seconds = 2
    sent = []

    def hang(handler):
        sent.append(handler.path)
        slow(handler)

    with server(placement(endpoint, hang)) as silent:
        spent, = run('hang', tmp_path, silent, timeout=timeout_seconds)
    assert len(sent) == 2 * nova_34.SENT, sent
    assert timeout_seconds <= spent['request_filters'] < SLOW_S / 2
    assert spent['filters'] < timeout_seconds
    assert spent['weighers'] < timeout_seconds
    assert spent['passed'] == 500


def test_without_a_timeout_it_is_waited_for_as_novas_own_query_is(
        endpoint, tmp_path):
    """The doctor says so: placement-timeout."""
    with server(placement(endpoint, slow)) as silent:
        waiting, = run('wait', tmp_path, silent, timeout=None)
    assert waiting == {'hv_sched': True, 'nova': True}


@each_kind_of_thread
def test_of_many_threads_at_once_one_reads_and_all_get_its_reading(
        endpoint, tmp_path, threads):
    """Nova's threads are eventlet's in the releases before 34."""
    def late(handler):
        time.sleep(ANSWER_S)

    with server(placement(endpoint, late)) as slow_one:
        asked, = run('crowd', tmp_path, slow_one, threads=threads)
    assert asked['is_green'] == (threads == 'green')
    for when in ('first', 'refused', 'later'):
        crowd = asked[when]
        assert (crowd['answers'], crowd['kinds'], crowd['different']) == (
            CROWD, ['Snapshot'], 1), (when, crowd)
        assert crowd['longest_tick'] < TURN_S, (when, crowd)
    for when in ('first', 'refused'):
        assert asked[when]['ends'] == {'read': 1}, (when, asked[when])
        assert asked[when]['most_at_once'] == 1
        assert asked[when]['seconds'] > ANSWER_S * 2, (when, asked[when])
    assert asked['later']['ends'] == {}


@each_kind_of_thread
@pytest.mark.parametrize('spoil', [away, failing, slow])
def test_a_reading_that_fails_lets_all_go_and_is_tried_an_interval_later(
        endpoint, tmp_path, threads, spoil):
    is_mended = threading.Event()

    def spoil_first(handler):
        if handler.path == '/mended':
            is_mended.set()
            handler.send_response(204)
            handler.end_headers()
            raise ConnectionError  # it is no request to Placement
        if not is_mended.is_set():
            spoil(handler)

    with server(placement(endpoint, spoil_first)) as broken:
        asked, = run('fail', tmp_path, broken, timeout=1, threads=threads)
    assert asked['is_green'] == (threads == 'green')
    assert asked['failed']['ends'] == {'PlacementUnavailable': 1}
    assert asked['meanwhile']['ends'] == {}
    for when in ('failed', 'meanwhile'):
        assert asked[when]['kinds'] == ['NoneType'], asked[when]
    assert asked['later']['ends'] == {'read': 1}
    assert asked['later']['kinds'] == ['Snapshot']
    for crowd in (asked['failed'], asked['meanwhile'], asked['later']):
        assert crowd['answers'] == CROWD
        assert crowd['different'] == 1
        assert crowd['longest_tick'] < TURN_S, crowd
