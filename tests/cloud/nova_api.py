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

"""Nova's API, asked directly: for waiting.

An ``openstack`` process needs more than a second of processor time for each
question; a test that waits asks often.
"""

import dataclasses
import json
from typing import Any
import urllib.request

SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Server:
    """What waiting looks at."""

    uuid: str
    status: str
    task: str | None
    host: str | None

    def __str__(self) -> str:
        """With its task, so that none is in the middle of an operation."""
        return f'{self.status} {self.task}' if self.task else self.status


class NovaAPI:
    """The admin's view of the cloud.

    :param environment: what ``openrc`` exports
    """

    def __init__(self, environment: dict[str, str], port: int) -> None:
        self._environment = environment
        self._url = f'http://127.0.0.1:{port}/v2.1'
        self._token = ''

    def servers(self) -> dict[str, Server]:
        """All servers by name, but for those that are softly deleted."""
        body = self._get('/servers/detail?all_tenants=1')
        return {server['name']: Server(
            server['id'], server['status'],
            server['OS-EXT-STS:task_state'],
            server['OS-EXT-SRV-ATTR:host']) for server in body['servers']}

    def node_state(self, node: str) -> str:
        """Whether Nova takes a node for up or down."""
        body = self._get(f'/os-services?binary=nova-compute&host={node}')
        return str(body['services'][0]['state'])

    def _get(self, path: str) -> Any:
        if not self._token:
            self._token = self._new_token()
        request = urllib.request.Request(self._url + path, headers={
            'X-Auth-Token': self._token,
            'OpenStack-API-Version': 'compute 2.95'})
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)

    def _new_token(self) -> str:
        named = self._environment
        domain = {'id': 'default'}
        body = {'auth': {
            'identity': {'methods': ['password'], 'password': {'user': {
                'name': named['OS_USERNAME'], 'domain': domain,
                'password': named['OS_PASSWORD']}}},
            'scope': {'project': {'name': named['OS_PROJECT_NAME'],
                                  'domain': domain}}}}
        request = urllib.request.Request(
            named['OS_AUTH_URL'] + '/auth/tokens', json.dumps(body).encode(),
            {'Content-Type': 'application/json'})
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return str(answer.headers['X-Subject-Token'])
