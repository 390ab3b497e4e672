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


"""Services that accept a connection and never answer."""

import contextlib
import socket
import threading
import time
from wsgiref import simple_server

import pytest

from hv_sched import exception
from hv_sched.agent import clients
from hv_sched.agent import cmd

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
