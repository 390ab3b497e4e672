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

import socket
import time

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
    path = tmp_path / 'agent.conf'
    path.write_text(f'''
[hv_sched]
request_timeout = {TIMEOUT_S}
[keystone]
auth_type = v3password
auth_url = http://127.0.0.1:{silent}/v3
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
