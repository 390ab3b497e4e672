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

"""Nova and Glance as far as doctor and explain read them: recorded answers.

The field names and status codes are those of Nova 34 and Glance 31; the real
Nova is in tests/nova.
"""

import collections.abc
import contextlib
import json
import typing
from urllib import parse
import uuid

from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint
from openstack import connection
import requests
from wsgi_intercept import interceptor

from hv_sched.compute import checked_session
from hv_sched.compute import lookups

Answer = tuple[str, typing.Any]


class Recorded:
    """One service: what it answers, by path without query.

    :ivar refuse: status line for everything, such as '403 Forbidden'
    :ivar date: the Date header
    :ivar versions: the microversion last asked for, by path
    """

    def __init__(self, **answers: typing.Any) -> None:
        self.endpoint = f'http://{uuid.uuid4()}'
        self.answers: dict[str, typing.Any] = dict(answers)
        self.refuse: str | None = None
        self.refused_paths: dict[str, str] = {}
        self.date: str | None = None
        self.log: list[str] = []
        self.versions: dict[str, str] = {}

    def __call__(self, environ: dict, start_response: typing.Callable
                 ) -> list[bytes]:
        path = parse.unquote(environ['PATH_INFO'])
        self.log.append(path)
        self.versions[path] = environ.get('HTTP_OPENSTACK_API_VERSION', '')
        status, body = self._answer(path, dict(parse.parse_qsl(
            environ.get('QUERY_STRING', ''))))
        headers = [('Content-Type', 'application/json')]
        if self.date:
            headers.append(('Date', self.date))
        start_response(status, headers)
        return [json.dumps(body).encode()]

    def _answer(self, path: str, query: dict[str, str]) -> Answer:
        refusal = self.refuse or self.refused_paths.get(path)
        # The document of versions needs no token.
        if refusal and not (path == '/' and refusal.startswith('403')):
            return refusal, {'forbidden': {'code': int(refusal[:3]),
                                           'message': 'policy says no'}}
        body = self.answers.get(path)
        if body is None:
            return '404 Not Found', {'itemNotFound': {'message': path}}
        if 'images' in body and 'marker' in query:
            body = {'images': []}
        if 'images' in body and 'name' in query:
            body = {'images': [image for image in body['images']
                               if image['name'] == query['name']]}
        return '200 OK', body

    def session(self) -> session.Session:
        return session.Session(
            auth=token_endpoint.Token(self.endpoint, 'admin'),
            session=requests.Session())

    def adapter(self, service_type: str) -> adapter.Adapter:
        return adapter.Adapter(self.session(), service_type=service_type)

    def connection(self, service: checked_session.Service
                   ) -> connection.Connection:
        return checked_session.checked(connection.Connection(
            session=self.session(),
            **{f'{service.service_type}_endpoint_override': self.endpoint}),
            service)


class Nova(Recorded):
    """:param newest: its newest microversion"""

    def __init__(self, newest: str = '2.104') -> None:
        super().__init__()
        self.answers['/'] = {'version': {
            'id': 'v2.1', 'status': 'CURRENT', 'version': newest,
            'min_version': '2.1',
            'links': [{'rel': 'self', 'href': f'{self.endpoint}/'}]}}
        self.answers['/os-aggregates'] = {'aggregates': []}
        self.answers['/os-services'] = {'services': []}
        self.answers['/flavors/detail'] = {'flavors': []}
        self.answers['/servers'] = {'servers': []}
        self.answers['/os-migrations'] = {'migrations': []}
        self.answers['/os-hypervisors/detail'] = {'hypervisors': []}

    def flavor(self, name: str, disk: int = 50, vcpus: int = 2,
               ram: int = 2048, **specs: str) -> dict[str, typing.Any]:
        """A flavor; ``__`` in a key stands for the colon."""
        made = {'id': f'id-{name}', 'name': name, 'vcpus': vcpus, 'ram': ram,
                'disk': disk, 'swap': '', 'OS-FLV-EXT-DATA:ephemeral': 0,
                'extra_specs': {key.replace('__', ':'): value
                                for key, value in specs.items()}}
        self.answers[f'/flavors/id-{name}'] = {'flavor': made}
        self.answers['/flavors/detail']['flavors'].append(made)
        return made

    def server(self, **fields: typing.Any) -> dict[str, typing.Any]:
        made = {'id': str(uuid.uuid4()), 'name': 'web', 'status': 'ACTIVE',
                **fields}
        self.answers[f'/servers/{made["id"]}'] = {'server': made}
        self.answers['/servers']['servers'].append(
            {'id': made['id'], 'name': made['name']})
        return made

    def zone(self, name: str, aggregate: str | None = None) -> str:
        """A host aggregate that makes an availability zone."""
        aggregate = aggregate or str(uuid.uuid4())
        self.answers['/os-aggregates']['aggregates'].append({
            'id': 1, 'name': name, 'uuid': aggregate, 'metadata': {},
            'availability_zone': name, 'hosts': []})
        return aggregate


class Glance(Recorded):

    def __init__(self) -> None:
        super().__init__()
        self.answers['/'] = {'versions': [{
            'id': 'v2.16', 'status': 'CURRENT',
            'links': [{'rel': 'self', 'href': f'{self.endpoint}/v2/'}]}]}
        self.answers['/v2/images'] = {'images': []}

    def image(self, name: str, **properties: str) -> dict[str, typing.Any]:
        made = {'id': str(uuid.uuid4()), 'name': name, 'status': 'active',
                'disk_format': 'vhdx', **properties}
        self.answers[f'/v2/images/{made["id"]}'] = made
        self.answers['/v2/images']['images'].append(made)
        return made


@contextlib.contextmanager
def running(*every: Recorded) -> collections.abc.Iterator[None]:
    """They answer for the time of the block."""
    with contextlib.ExitStack() as stack:
        for one in every:
            stack.enter_context(interceptor.RequestsInterceptor(
                lambda one=one: one, url=one.endpoint))
        yield


def clients(nova: Nova, glance: Glance
            ) -> tuple[lookups.Nova, lookups.Glance]:
    return (lookups.Nova(nova.connection(checked_session.NOVA)),
            lookups.Glance(glance.connection(checked_session.GLANCE)))
