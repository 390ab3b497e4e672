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

"""The services of another region, which a request reaches by mistake.

Complete in themselves: a real Placement with nodes of its own, a Nova and a
Glance that know these nodes and other images, and tokens whose catalogue has
nothing of this region.
"""

import collections.abc
import contextlib
import functools
import io
import json
import sqlite3
import typing

from tests.chaos import placement_rows
from tests.chaos import services
from tests.chaos.edge import endpoint_of
from tests.chaos.edge import path_of
from tests.chaos.edge import Request
from tests.functional import base
from tests.functional import foreign_nova
from tests.functional import other_services
from tests.functional.base import Environ
from tests.functional.base import WireAnswer

NAME = 'another region'
# What its catalogue says of them.
ENDPOINTS = {name: f'http://{name.lower()}.two.example'
             for name in ('Placement', 'Nova', 'Glance')}
_NODES = ('kvm-a', 'kvm-b')
_NODE_UUID = '0e910000-0000-4000-8000-00000000000{}'


class Placement:
    """In the one database there is, put aside for the time of a request.

    :ivar before: what stands in it at first
    """

    def __init__(self) -> None:
        with self._in_place(None):
            for number, name in enumerate(_NODES):
                self._register(name, _NODE_UUID.format(number))
        self._origin = self._database
        self.before = self.state()

    def restore(self) -> None:
        self._database = self._origin

    def state(self) -> placement_rows.State:
        with self._in_place(self._database):
            return placement_rows.read()

    def __call__(self, environ: Environ) -> WireAnswer:
        with self._in_place(self._database):
            return self._answer(environ)

    @contextlib.contextmanager
    def _in_place(self, database: sqlite3.Connection | None
                  ) -> collections.abc.Iterator[None]:
        """:param database: of this region; None for an empty one"""
        application = base.application()
        this_region = application.copy()
        if database is None:
            application.empty()
        else:
            application.restore(database)
        try:
            yield
            self._database = application.copy()
        finally:
            application.restore(this_region)

    @staticmethod
    def _answer(environ: Environ) -> WireAnswer:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        body = b''.join(base.application().handle(
            {**environ, 'HTTP_X_AUTH_TOKEN': 'admin', 'SCRIPT_NAME': '',
             'PATH_INFO': path_of(environ, services.PATHS['Placement'])},
            lambda status, headers, exc_info=None: started.append(
                (status, headers))))
        return WireAnswer(started[0][0], dict(started[0][1]), body)

    def _register(self, name: str, uuid: str) -> None:
        for method, path, content in (
                ('POST', '/resource_providers', {'name': name, 'uuid': uuid}),
                ('PUT', f'/resource_providers/{uuid}/inventories', {
                    'resource_provider_generation': 0,
                    'inventories': {'DISK_GB': {'total': 1000},
                                    'VCPU': {'total': 8},
                                    'MEMORY_MB': {'total': 8192}}})):
            body = json.dumps(content).encode()
            answer = self._answer({
                'REQUEST_METHOD': method, 'PATH_INFO': path,
                'QUERY_STRING': '', 'CONTENT_TYPE': 'application/json',
                'CONTENT_LENGTH': str(len(body)), 'SERVER_NAME': 'x',
                'SERVER_PORT': '80', 'wsgi.url_scheme': 'http',
                'HTTP_OPENSTACK_API_VERSION': 'placement 1.39',
                'wsgi.input': io.BytesIO(body)})
            assert answer.status.startswith('20'), answer


@functools.cache
def placement() -> Placement:
    """The process's one."""
    return Placement()


def application(service: str) -> typing.Any:
    """A service at its own address, where a catalogue leads to it."""
    def respond(environ: Environ, start_response: typing.Any) -> list[bytes]:
        answered = _SERVICES[service](environ)
        start_response(answered.status, list(answered.headers.items()))
        return [answered.body]
    return respond


def answer(request: Request) -> WireAnswer:
    """What the service of the other region makes of a request."""
    return _SERVICES[request.service](request.environ)


def _nova(environ: Environ) -> WireAnswer:
    path = path_of(environ, services.PATHS['Nova'])
    if path in ('', '/'):
        return services.answer_of('200 OK', {'version': {
            'id': 'v2.1', 'status': 'CURRENT', 'version': '2.104',
            'min_version': '2.1', 'links': [{
                'rel': 'self', 'href': f'{ENDPOINTS["Nova"]}/v2.1/'}]}})
    return services.answer_of(*foreign_nova.another_region(path))


@functools.cache
def _other_glance() -> other_services.Glance:
    """The process's one; a request does not make another image."""
    other = other_services.Glance()
    other.answers['/v2/'] = other.answers['/']
    other.image('of the other region')
    return other


def _glance(environ: Environ) -> WireAnswer:
    return services.answer_of(*_other_glance()._answer(path_of(environ), {}))


def _keystone(environ: Environ) -> WireAnswer:
    return services.Keystone({
        'Keystone': endpoint_of('Keystone'),
        **ENDPOINTS}, 'two')(environ)


def _placement(environ: Environ) -> WireAnswer:
    return placement()(environ)


_SERVICES = {'Placement': _placement, 'Nova': _nova, 'Glance': _glance,
             'Keystone': _keystone}
