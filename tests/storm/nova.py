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


"""Nova, asked by the storm; a token that expires is replaced."""

import dataclasses
import time
from typing import Any

from keystoneauth1 import adapter
from keystoneauth1 import exceptions
from keystoneauth1 import session as ksa_session

# From 2.95 on evacuated servers stay stopped.
MICROVERSION = '2.94'
POLL_SECONDS = 0.5


class Refused(Exception):
    """Nova answered, and said no."""


class Disturbed(Exception):
    """A service did not answer, or not as it does when all is well."""


class Stuck(Exception):
    """An operation that does not end."""


@dataclasses.dataclass(frozen=True)
class Server:
    uuid: str
    status: str
    task: str | None
    host: str | None
    flavor: str

    @property
    def is_at_rest(self) -> bool:
        return self.task is None and self.status not in (
            'BUILD', 'MIGRATING', 'RESIZE', 'REVERT_RESIZE')


class Nova:
    """:param session: of the admin"""

    def __init__(self, session: ksa_session.Session) -> None:
        self._adapter = adapter.Adapter(
            session, service_type='compute', raise_exc=False,
            default_microversion=MICROVERSION)
        self._image = adapter.Adapter(
            session, service_type='image', raise_exc=False)
        self._flavors: dict[str, str] = {}
        self._image_id = ''

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        """:raises Refused, Disturbed: according to the answer"""
        try:
            answer = getattr(self._adapter, method)(
                path, **({'json': body} if body else {}))
        except exceptions.ClientException as exc:
            raise Disturbed(str(exc)) from exc
        if answer.status_code in (500, 502, 503, 504, 401):
            raise Disturbed(f'{method} {path}: {answer.text[:200]}')
        if answer.status_code >= 400:
            raise Refused(f'{method} {path}: {answer.text[:200]}')
        return answer.json() if answer.content else None

    def prepare(self) -> None:
        """Look up what a server is made of."""
        self._flavors = {flavor['name']: flavor['id'] for flavor in
                         self._send('get', '/flavors')['flavors']}
        self._image_id = self._image.get(
            '/v2/images?name=tiny').json()['images'][0]['id']

    def create(self, name: str, flavor: str) -> str:
        """Ask for a server in the cluster; its uuid."""
        return str(self._send('post', '/servers', {'server': {
            'name': name, 'imageRef': self._image_id, 'networks': 'none',
            'flavorRef': self._flavors[flavor],
            'availability_zone': 'az1'}})['server']['id'])

    def act(self, uuid: str, action: str, arguments: Any = None) -> None:
        """One of the actions of a server."""
        self._send('post', f'/servers/{uuid}/action', {action: arguments})

    def resize(self, uuid: str, flavor: str) -> None:
        self.act(uuid, 'resize', {'flavorRef': self._flavors[flavor]})

    def delete(self, uuid: str) -> None:
        self._send('delete', f'/servers/{uuid}')

    def servers(self) -> dict[str, Server]:
        """All, by uuid."""
        return {each['id']: _server(each) for each in self._send(
            'get', '/servers/detail?all_tenants=1')['servers']}

    def server(self, uuid: str) -> Server | None:
        """None when there is none."""
        try:
            server = _server(self._send('get', f'/servers/{uuid}')['server'])
        except Refused:
            return None
        return None if server.status == 'DELETED' else server

    def at_rest(self, uuid: str, seconds: float) -> Server | None:
        """The server once it is in no operation; None when it is gone.

        :raises Stuck: still in one after this many seconds
        """
        deadline = time.monotonic() + seconds
        server = None
        while time.monotonic() < deadline:
            try:
                server = self.server(uuid)
                if server is None or server.is_at_rest:
                    return server
            except Disturbed:
                pass
            time.sleep(POLL_SECONDS)
        raise Stuck(f'{uuid}: {server}')

    def gone(self, uuid: str, seconds: float) -> None:
        """Wait until a server that is to be deleted is.

        :raises Disturbed: it stays, and nobody deletes it any more
        :raises Stuck: it still is there
        """
        server = self.at_rest(uuid, seconds)
        if server is not None:
            raise Disturbed(f'{uuid} is not deleted: {server.status}')

    def node_state(self, node: str) -> str:
        """Whether Nova takes a node for up or down."""
        try:
            services = self._send(
                'get', f'/os-services?binary=nova-compute&host={node}')
        except Disturbed:
            return 'unknown'
        return str(services['services'][0]['state'])


def _server(body: dict[str, Any]) -> Server:
    return Server(body['id'], body['status'],
                  body['OS-EXT-STS:task_state'],
                  body['OS-EXT-SRV-ATTR:host'],
                  body['flavor']['original_name'])
