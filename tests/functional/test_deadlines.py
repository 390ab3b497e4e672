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


"""Services that never answer, or answer so slowly that it comes to that."""

import contextlib
import gzip
import socket
import threading
import time
from wsgiref import simple_server

from keystoneauth1 import adapter
from keystoneauth1 import session as ksa_session
from keystoneauth1 import token_endpoint
import pytest

from hv_sched import exception
from hv_sched import http_deadline
from hv_sched.agent import clients
from hv_sched.agent import cmd
from hv_sched.compute import checked_session
from hv_sched.compute import nova as nova_servers
from hv_sched.placement import client

TIMEOUT_S = 1


@pytest.fixture
def silent():
    """The port of a server that accepts and never answers."""
    with socket.create_server(('127.0.0.1', 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def connected(silent, tmp_path, monkeypatch):
    """The agent's clients, whose Keystone is that server."""
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    return connect(tmp_path, silent, 'v3password')


def connect(folder, port, auth_type):
    path = folder / 'agent.conf'
    path.write_text(f'''
[hv_sched]
request_timeout = {TIMEOUT_S}
[keystone]
auth_type = {auth_type}
auth_url = http://127.0.0.1:{port}/v3
username = agent
password = secret
user_domain_id = default
project_name = service
project_domain_id = default
''')
    conf = cmd.configure(['--config-file', str(path)])
    return clients.connect(conf)


def test_a_silent_keystone_ends_every_request_of_the_agent(connected):
    placement, nova = connected
    for read, error in ((nova.computes, exception.NovaUnavailable),
                        (placement.list_providers,
                         exception.PlacementUnavailable)):
        start = time.monotonic()
        with pytest.raises(error):
            read()
        assert time.monotonic() - start < 8 * TIMEOUT_S


class _Handler(simple_server.WSGIRequestHandler):

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def refusing_everything():
    """The port of a server that answers 401, also without a token."""
    def answer(environ, start_response):
        start_response('401 Unauthorized', [
            ('Content-Type', 'application/json')])
        return [b'{}']

    server = simple_server.make_server('127.0.0.1', 0, answer,
                                       handler_class=_Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize('service', [0, 1], ids=['Placement', 'Nova'])
def test_a_keystone_that_shows_its_versions_to_nobody_is_told(
        tmp_path, service):
    """keystoneauth alone waits for ever for a lock that it holds."""
    told = []
    with refusing_everything() as port:
        placement, nova = connect(tmp_path, port, 'password')

        def ask():
            try:
                (placement.list_providers, nova.computes)[service]()
            except exception.HvSchedError as exc:
                told.append(exc)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(60)
    assert not asking.is_alive()
    assert isinstance(told[0], (exception.PlacementDenied,
                                exception.NovaDenied)), told
    assert 'Keystone answered 401' in str(told[0])


# -- services whose answers drip


HEAD = (b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
        b'Content-Length: 100000\r\n\r\n{')
CHUNKED = (b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
           b'Transfer-Encoding: chunked\r\n\r\n')
SHORT_S = 0.3
# What a machine that does much else adds to it.
SLACK_S = 10


def drip(connection, over, at_once, bit):
    """Answer one connection, a bit now and then, until it is closed."""
    with connection, contextlib.suppress(OSError):
        connection.recv(65536)
        connection.sendall(at_once)
        while not over.wait(SHORT_S / 10):
            connection.sendall(bit)


@contextlib.contextmanager
def dripping(at_once, bit):
    """The port of a server whose answers never end."""
    over = threading.Event()

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _address = listening.accept()
                threading.Thread(
                    target=drip, args=(connection, over, at_once, bit),
                    daemon=True).start()

    with socket.create_server(('127.0.0.1', 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)


def read_placement(session, seconds=SHORT_S):
    client.from_adapter(adapter.Adapter(
        session, service_type='placement'), seconds).list_providers()


def write_placement(session):
    client.from_adapter(adapter.Adapter(
        session, service_type='placement'), SHORT_S).ensure_trait('CUSTOM_X')


def read_nova(session, seconds=SHORT_S):
    nova_servers.NovaServers(adapter.Adapter(checked_session.CheckedSession(
        session, checked_session.NOVA, seconds),
        service_type='compute')).computes()


def read_glance(session):
    adapter.Adapter(checked_session.CheckedSession(
        session, checked_session.GLANCE, SHORT_S),
        service_type='image').get('/v2/images')


@pytest.mark.parametrize(('call', 'error'), [
    (read_placement, exception.PlacementUnavailable),
    (write_placement, exception.PlacementUnavailable),
    (read_nova, exception.NovaUnavailable),
    (read_glance, exception.ServiceUnavailable)])
@pytest.mark.parametrize(('at_once', 'bit'), [
    (HEAD, b' '), (CHUNKED, b'1\r\n{\r\n'),
    (b'', b'H'), (b'HTTP/1.1 200 OK\r\n', b'X-More: 1\r\n')],
    ids=['body', 'chunks', 'status line', 'headers'])
def test_an_answer_that_drips_ends_in_time(call, error, at_once, bit):
    with dripping(at_once, bit) as port:
        session = ksa_session.Session(auth=token_endpoint.Token(
            f'http://127.0.0.1:{port}', 'admin'))
        start = time.monotonic()
        with pytest.raises(error):
            call(session)
        assert time.monotonic() - start < 3 * SHORT_S + SLACK_S


@pytest.mark.parametrize('call', [read_placement, read_nova])
@pytest.mark.parametrize(('at_once', 'bit'), [
    (b'HTTP/1.1 200 OK\r\n\r\n', b' ' * 2 ** 20),
    (CHUNKED, b'100000\r\n' + b' ' * 2 ** 20 + b'\r\n'),
    (b'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n',
     gzip.compress(b' ' * 2 ** 20))],
    ids=['body', 'chunks', 'compressed'])
def test_an_answer_without_an_end_is_given_up_before_its_deadline(
        monkeypatch, call, at_once, bit):
    """It would take all memory by then."""
    monkeypatch.setattr(http_deadline, 'MOST_BYTES', 4 * 2 ** 20)
    seconds = 60
    with dripping(at_once, bit) as port:
        session = ksa_session.Session(auth=token_endpoint.Token(
            f'http://127.0.0.1:{port}', 'admin'))
        start = time.monotonic()
        with pytest.raises(exception.HvSchedError, match='more than 4 MiB'):
            call(session, seconds)
        assert time.monotonic() - start < seconds


@pytest.mark.parametrize(('at_once', 'bit'), [
    (HEAD, b' '), (b'', b'H')], ids=['body', 'status line'])
def test_a_keystone_that_drips_ends_every_request(tmp_path, at_once, bit):
    with dripping(at_once, bit) as port:
        placement, nova = connect(tmp_path, port, 'v3password')
        for read, error in (
                (placement.list_providers, exception.PlacementUnavailable),
                (nova.computes, exception.NovaUnavailable)):
            start = time.monotonic()
            with pytest.raises(error):
                read()
            assert time.monotonic() - start < 3 * TIMEOUT_S + SLACK_S
