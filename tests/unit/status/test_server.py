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

"""The server goes on, whoever connects and whatever they send."""

import contextlib
import socket
import threading

import pytest

from hv_sched import exception
from hv_sched.status import server
from hv_sched.status.server import StatusServer

_DEADLINE_SECONDS = 120


def hello(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [b'hello']


@contextlib.contextmanager
def running(app=hello):
    serving = StatusServer(app, '127.0.0.1', 0)
    serving.start()
    try:
        yield serving
    finally:
        serving.stop()


def connected(serving):
    return socket.create_connection(('127.0.0.1', serving.port),
                                    _DEADLINE_SECONDS)


def asked(serving, request=b'GET / HTTP/1.0\r\n\r\n'):
    with connected(serving) as client:
        client.sendall(request)
        return everything(client)


def everything(client):
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(65536):
            parts.append(part)
    return b''.join(parts)


def test_it_answers():
    with running() as serving:
        answer = asked(serving)
    assert answer.startswith(b'HTTP/1.0 200 OK') and answer.endswith(b'hello')
    assert b'waitress' not in answer


def test_it_answers_over_ipv6():
    serving = StatusServer(hello, '::1', 0)
    serving.start()
    try:
        with socket.create_connection(('::1', serving.port),
                                      _DEADLINE_SECONDS) as client:
            client.sendall(b'GET / HTTP/1.0\r\nHost: [::1]\r\n\r\n')
            assert everything(client).endswith(b'hello')
        with pytest.raises(exception.InvalidConfig, match='::1 port'):
            StatusServer(hello, '::1', serving.port)
    finally:
        serving.stop()


def test_a_port_in_use_is_named_with_what_to_do():
    with running() as serving, pytest.raises(exception.InvalidConfig) as err:
        StatusServer(hello, '127.0.0.1', serving.port)
    assert f'127.0.0.1 port {serving.port}: Address already in use' in str(
        err.value)
    assert '[hv_sched]status_port' in str(err.value)


def test_an_address_of_another_machine_is_named():
    with pytest.raises(exception.InvalidConfig) as err:
        StatusServer(hello, '192.0.2.1', 0)
    assert '192.0.2.1' in str(err.value)


def test_a_port_is_free_again_at_once():
    with running() as serving:
        asked(serving)
    StatusServer(hello, '127.0.0.1', serving.port).stop()


@pytest.mark.parametrize('request_', [
    b'\r\n\r\n', b'GET\r\n\r\n', b'\x00\xff' * 99 + b'\r\n\r\n',
    b'GET / HTTP/9.9\r\nA: \x00\r\n\r\n',
    b'GET /%zz%00 HTTP/1.0\r\n\r\n',
    b'GET / HTTP/1.0\r\nContent-Length: -1\r\n\r\n',
    b'GET / HTTP/1.0\r\nX: ' + b'a' * 20000 + b'\r\n\r\n',
    b'POST / HTTP/1.0\r\nContent-Length: 99999999\r\n\r\nx'],
    ids=['empty', 'word', 'bytes', 'version', 'path', 'length', 'header',
         'body'])
def test_what_is_no_request_ends_only_itself(request_):
    with running() as serving:
        with connected(serving) as client:
            # The server may have refused it and hung up before its end.
            with contextlib.suppress(OSError):
                client.sendall(request_)
                client.shutdown(socket.SHUT_WR)
            everything(client)
        assert asked(serving).endswith(b'hello')


def test_half_requests_keep_no_worker():
    with running() as serving, contextlib.ExitStack() as clients:
        for _ in range(5 * server.WORKERS):
            client = clients.enter_context(connected(serving))
            client.sendall(b'GET / HTTP/1.0\r\nX: ')
        assert asked(serving).endswith(b'hello')


def test_readers_that_do_not_read_keep_no_worker():
    def large(environ, start_response):
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [b'x' * 4_000_000]

    with running(large) as serving, contextlib.ExitStack() as clients:
        for _ in range(5 * server.WORKERS):
            client = clients.enter_context(connected(serving))
            client.sendall(b'GET / HTTP/1.0\r\n\r\n')
        assert len(asked(serving)) > 4_000_000


@pytest.mark.parametrize('drips', [False, True])
def test_a_slow_request_comes_to_an_end(monkeypatch, drips):
    """Also one that sends a byte now and then."""
    monkeypatch.setattr(server, 'CONNECTION_SECONDS', 0.2)
    with running() as serving, connected(serving) as client:
        client.sendall(b'GET / HTTP/1.0\r\nX: ')
        ended = threading.Event()

        def drip():
            with contextlib.suppress(OSError):
                while not ended.wait(0.05):
                    client.sendall(b'a')

        dripping = threading.Thread(target=drip)
        if drips:
            dripping.start()
        assert everything(client) == b''
        ended.set()
        if drips:
            dripping.join()
