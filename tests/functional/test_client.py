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

"""How a Placement that is away, slow or half there is told apart."""

import contextlib
import http.server
import socket
import threading

from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint
from placement import exception as placement_exception
from placement.objects import resource_provider
import pytest

from hv_sched import exception
from hv_sched.placement import client


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr('tenacity.nap.time.sleep', lambda seconds: None)


def placement_at(port, timeout=0.2):
    endpoint = f'http://127.0.0.1:{port}'
    return client.from_adapter(adapter.Adapter(
        session.Session(auth=token_endpoint.Token(endpoint, 'secret-token')),
        service_type='placement'), timeout=timeout)


@contextlib.contextmanager
def listening(*answers):
    """A port where nobody answers, or these bytes are sent, the last of them
    from then on.
    """
    calls = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, kind, body = answers[min(len(calls), len(answers) - 1)]
            calls.append(self.path)
            self.send_response(status)
            self.send_header('Content-Type', kind)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET

        def log_message(self, *args):
            pass

    if not answers:
        with socket.create_server(('127.0.0.1', 0)) as server:
            yield server.getsockname()[1], calls
        return
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, calls
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_nobody_listens():
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(exception.PlacementUnavailable,
                       match='list resource providers.*reached'):
        placement_at(port).list_providers()


def test_nobody_answers_in_time():
    with listening() as (port, _calls), pytest.raises(
            exception.PlacementUnavailable, match='timed out|timeout'):
        placement_at(port).list_providers()


def test_a_proxys_html_error_is_not_json():
    with listening((502, 'text/html', b'<h1>Bad Gateway</h1>')) as (
            port, calls), pytest.raises(
                exception.PlacementUnavailable, match='502'):
        placement_at(port).list_providers()
    assert len(calls) == 4, 'reads are repeated'


def test_three_lost_answers_to_a_read_are_survived():
    lost = (502, 'text/html', b'<h1>Bad Gateway</h1>')
    with listening(lost, lost, lost, (
            200, 'application/json', b'{"resource_providers": []}')) as (
                port, _calls):
        assert placement_at(port).list_providers() == []


def test_half_an_answer_is_no_answer():
    with listening((200, 'application/json', b'{"resource_prov')) as (
            port, _calls), pytest.raises(
                exception.PlacementUnavailable, match='not JSON'):
        placement_at(port).list_providers()


def test_a_write_is_sent_once():
    with listening((503, 'text/plain', b'')) as (port, calls), pytest.raises(
            exception.PlacementUnavailable):
        placement_at(port).ensure_trait('CUSTOM_GOLD')
    assert len(calls) == 1, 'whether it stands is only known by observing'


@pytest.mark.parametrize('code,kind', [
    ('placement.concurrent_update', exception.PlacementConflict),
    ('placement.duplicate_name', exception.PlacementConflict),
    ('placement.inventory.inuse', exception.PlacementRefused),
    ('placement.undefined_code', exception.PlacementRefused)])
def test_a_409_is_told_by_its_code(code, kind):
    body = (f'{{"errors": [{{"status": 409, "code": "{code}", '
            f'"detail": "why"}}]}}').encode()
    with listening((409, 'application/json', body)) as (
            port, _calls), pytest.raises(kind, match='why') as raised:
        placement_at(port).ensure_trait('CUSTOM_GOLD')
    assert raised.value.code == code


def test_a_race_that_placement_answers_500_is_a_conflict(
        cloud, monkeypatch):
    node = cloud.nodes['hv01']
    placement = cloud.api
    generation, traits = placement.traits(node)
    increment = resource_provider.ResourceProvider.increment_generation

    def lost(provider):
        monkeypatch.setattr(resource_provider.ResourceProvider,
                            'increment_generation', increment)
        raise placement_exception.ResourceProviderConcurrentUpdateDetected

    monkeypatch.setattr(resource_provider.ResourceProvider,
                        'increment_generation', lost)
    with pytest.raises(exception.PlacementConflict) as raised:
        placement.set_traits(node, generation, traits | {'HW_CPU_X86_AVX'})
    assert raised.value.status == 500
    assert placement.traits(node) == (generation, traits)


def test_no_error_tells_the_token():
    for answers in ((), [(401, 'text/plain', b'')],
                    [(500, 'text/plain', b'')]):
        with listening(*answers) as (port, _calls), pytest.raises(
                exception.PlacementError) as raised:
            placement_at(port).list_providers()
        assert 'secret-token' not in str(raised.value)
