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

"""Keystone, Nova and Glance of the cloud that meets faults.

Recorded answers, with the field names of Keystone 27, Nova 34 and Glance 31;
Placement is a real one.
"""

import copy
import datetime
from email import utils as email_utils
import json
import typing
from urllib import parse

from hv_sched.compute import nova
from tests.chaos import edge
from tests.chaos import refusals
from tests.functional import nova_api
from tests.functional import other_services
from tests.functional.base import Environ
from tests.functional.base import WireAnswer

PASSWORD = 'the-password-of-a-user'
TOKEN = 'the-token-of-a-user'
_TYPES = {'Placement': 'placement', 'Nova': 'compute', 'Glance': 'image',
          'Keystone': 'identity'}
PATHS = {'Placement': '/placement', 'Nova': '/v2.1', 'Glance': '',
         'Keystone': '/v3'}


def answer_of(status: str, body: typing.Any, **headers: str) -> WireAnswer:
    now = datetime.datetime.now(datetime.timezone.utc)
    return WireAnswer(status, {
        'Content-Type': 'application/json',
        'Date': email_utils.format_datetime(now, usegmt=True), **headers},
        json.dumps(body).encode())


class Keystone:
    """Tokens with a catalogue.

    :param endpoints: of the services, by name
    :param region: what has these
    """

    def __init__(self, endpoints: dict[str, str], region: str = 'one'
                 ) -> None:
        self._endpoints = endpoints
        self._region = region

    def __call__(self, environ: Environ) -> WireAnswer:
        path = edge.path_of(environ).rstrip('/')
        if path == '/v3':
            return answer_of('200 OK', {'version': {
                'id': 'v3.14', 'status': 'stable', 'links': [{
                    'rel': 'self', 'href':
                    f'{self._endpoints["Keystone"]}/v3/'}]}})
        if path == '/v3/auth/tokens':
            return answer_of('201 Created', {'token': self._token()},
                             **{'X-Subject-Token': TOKEN})
        return refusals.own_error('Keystone', 404, 'Not Found', path)

    def _token(self) -> dict[str, typing.Any]:
        domain = {'id': 'default', 'name': 'Default'}
        return {
            'methods': ['password'], 'roles': [{'id': 'r', 'name': 'admin'}],
            'user': {'id': 'u', 'name': 'u', 'domain': domain},
            'project': {'id': 'p', 'name': 'p', 'domain': domain},
            'issued_at': '2026-01-01T00:00:00.000000Z',
            'expires_at': '2999-01-01T00:00:00.000000Z',
            'catalog': [{
                'id': name, 'name': name.lower(), 'type': _TYPES[name],
                'endpoints': [{
                    'id': name, 'interface': 'public',
                    'region': self._region, 'region_id': self._region,
                    'url': url + PATHS[name]}]}
                for name, url in self._endpoints.items()]}


class Nova(nova_api.AuditedNovaApi):
    """Servers and migrations of a cloud, and flavors.

    :param cloud: see ``nova_api``
    :ivar lists: answers of other_services, by path
    """

    def __init__(self, cloud: typing.Any, endpoint: str) -> None:
        super().__init__(cloud)
        self._endpoint = endpoint
        self._lists = other_services.Nova()
        self._lists.flavor('small', disk=20)
        self._lists.flavor('gpu', disk=20, os__resolution='1024x768')
        self._before = copy.deepcopy(self.aggregates)

    def reset(self) -> None:
        """Take back what was written."""
        self.aggregates = copy.deepcopy(self._before)

    def versions(self) -> other_services.Answer:
        return '200 OK', {'version': {
            'id': 'v2.1', 'status': 'CURRENT', 'version': '2.104',
            'min_version': '2.1', 'links': [{
                'rel': 'self', 'href': f'{self._endpoint}/v2.1/'}]}}

    def answer(self, environ: Environ) -> WireAnswer:
        path = edge.path_of(environ, '/v2.1')
        return answer_of(*self._answered(path, {
            **environ, 'PATH_INFO': path,
            'HTTP_OPENSTACK_API_VERSION': f'compute {nova.MICROVERSION}'}))

    def _answered(self, path: str, environ: Environ) -> other_services.Answer:
        if path in ('', '/'):
            return self.versions()
        if path.startswith('/flavors') or path == '/servers':
            return self._lists._answer(path, dict(parse.parse_qsl(
                environ.get('QUERY_STRING', ''))))
        status, body = self(environ) or ('404 Not Found', {})
        if status.startswith('404'):
            body = {'itemNotFound': {'code': 404, 'message': 'not found'}}
        return status, body

    def migrations(self, path: str, query: dict[str, str]
                   ) -> other_services.Answer:
        status, body = super().migrations(path, query)
        for migration in body['migrations']:
            migration['created_at'] = '2026-01-01T00:00:00.000000'
        return status, body


class Glance(other_services.Glance):
    """Images, whose properties can be patched."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self.answers['/'] = self.answers['/v2/'] = {'versions': [{
            'id': 'v2.16', 'status': 'CURRENT', 'links': [{
                'rel': 'self', 'href': f'{endpoint}/v2/'}]}]}
        self.image('plain', img_hv_type='hyperv')
        self.image('secure', img_hv_type='hyperv', os_type='windows',
                   hw_machine_type='hyperv-gen2', os_secure_boot='required',
                   owner='p')
        self._before = copy.deepcopy(self.answers)

    def reset(self) -> None:
        """Take back what was written."""
        self.answers = copy.deepcopy(self._before)

    def answer(self, environ: Environ) -> WireAnswer:
        path = edge.path_of(environ)
        if environ['REQUEST_METHOD'] == 'PATCH':
            return answer_of('200 OK', self._patched(path, json.loads(
                environ['wsgi.input'].read(int(environ['CONTENT_LENGTH'])))))
        status, body = self._answer(path, dict(parse.parse_qsl(
            environ.get('QUERY_STRING', ''))))
        if status.startswith('404'):
            return refusals.own_error('Glance', 404, 'Not Found', path)
        return answer_of(status, body)

    def _patched(self, path: str, operations: list[dict[str, str]]
                 ) -> dict[str, typing.Any]:
        image: dict[str, typing.Any] = self.answers[path]
        for operation in operations:
            name = operation['path'].removeprefix('/').replace(
                '~1', '/').replace('~0', '~')
            if operation['op'] == 'remove':
                del image[name]
            else:
                image[name] = operation['value']
        return image
