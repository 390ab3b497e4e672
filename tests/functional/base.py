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

"""A real Placement inside the test process.

The WSGI application of openstack-placement answers at a made-up host name,
from an in-memory SQLite database that starts empty for every test. Requests
of parallel threads are answered one after the other, as SQLite demands.
"""

import collections.abc
import contextlib
import dataclasses
import json
import sqlite3
import threading
import typing
import uuid
from wsgiref import util as wsgi_util

from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint
from oslo_db.sqlalchemy import engines
from placement import db_api
from placement import deploy
from placement.db.sqlalchemy import migration
import requests
from wsgi_intercept import interceptor

from tests import write_watch
from tests.functional import serve_placement

StartResponse = typing.Callable[..., typing.Any]
Environ = dict[str, typing.Any]


class Killed(BaseException):
    """The process died here.

    Not an Exception: nothing that handles errors may survive it.
    """


class Application:
    """Placement's WSGI application over one in-memory database."""

    def __init__(self) -> None:
        self.conf = serve_placement.configuration()
        db_api.configure(self.conf)
        self.engine = engines.create_engine('sqlite://')
        self._database = self.engine.raw_connection().driver_connection
        migration.create_schema(self.engine)
        with self.patched():
            self.handle = deploy.loadapp(self.conf)
        self._empty = sqlite3.connect(':memory:', check_same_thread=False)
        self._database.backup(self._empty)

    @contextlib.contextmanager
    def patched(self) -> collections.abc.Iterator[None]:
        """Placement's global database is this one."""
        unpatch = db_api.placement_context_manager.patch_engine(self.engine)
        try:
            yield
        finally:
            unpatch()

    def empty(self) -> None:
        """Forget everything but the standard traits and classes."""
        self._empty.backup(self._database)

    def copy(self) -> sqlite3.Connection:
        """All that stands in it now, for ``restore``."""
        copied = sqlite3.connect(':memory:', check_same_thread=False)
        self._database.backup(copied)
        return copied

    def multiply(self, name: str, names: collections.abc.Iterable[str]
                 ) -> None:
        """More providers like one that has neither allocations nor
        aggregates; thousands would take minutes by the API.
        """
        database = self._database
        (old,) = database.execute(
            'SELECT id FROM resource_providers WHERE name = ?',
            (name,)).fetchone()
        for new_name in names:
            new = database.execute(
                'INSERT INTO resource_providers '
                '(created_at, updated_at, uuid, name, generation) '
                'SELECT created_at, updated_at, ?, ?, 0 '
                'FROM resource_providers WHERE id = ?',
                (str(uuid.uuid4()), new_name, old)).lastrowid
            database.execute(
                'UPDATE resource_providers SET root_provider_id = id '
                'WHERE id = ?', (new,))
            for table, columns in (
                    ('inventories', 'resource_class_id, total, reserved, '
                     'min_unit, max_unit, step_size, allocation_ratio'),
                    ('resource_provider_traits', 'trait_id')):
                database.execute(
                    f'INSERT INTO {table} (resource_provider_id, {columns}) '
                    f'SELECT ?, {columns} FROM {table} '
                    'WHERE resource_provider_id = ?', (new, old))
        database.commit()

    def rows(self, query: str) -> list[tuple[typing.Any, ...]]:
        """What stands in the database; no request."""
        return list(self._database.execute(query))

    def restore(self, copied: sqlite3.Connection) -> None:
        """Go back to a copy, for tests that begin with the same cloud."""
        copied.backup(self._database)


_application: Application | None = None


def application() -> Application:
    """The process's one application; its schema takes seconds to build."""
    global _application  # noqa: PLW0603
    if _application is None:
        _application = Application()
    return _application


@dataclasses.dataclass(frozen=True)
class WireAnswer:
    """:param status: the status line, ``200 OK``"""

    status: str
    headers: dict[str, str]
    body: bytes


class Service:
    """Placement as a test meets it: an endpoint, and a way to disturb it.

    :ivar before: called with the WSGI environ of each request before
        Placement sees it; it may return (status line, JSON body) to answer
        in Placement's place, with bytes for a body that is HTML, or None.
        It runs outside the lock, so it may send requests of its own (a
        foreign writer between two of ours).
    :ivar distort: what a front end makes of an answer of Placement's, which
        has done what was asked by then
    :ivar log: (method, path with query) of every request that arrived
    """

    def __init__(self, handle: typing.Any) -> None:
        self.endpoint = f'http://{uuid.uuid4()}/placement'
        self.before: typing.Callable[
            [Environ], tuple[str, typing.Any] | None] | None = None
        self.distort: typing.Callable[
            [Environ, WireAnswer], WireAnswer] | None = None
        self.log: list[tuple[str, str]] = []
        self._handle = handle
        self._lock = threading.RLock()

    def __call__(self, environ: Environ, start_response: StartResponse
                 ) -> typing.Any:
        query = environ.get('QUERY_STRING')
        self.log.append((environ['REQUEST_METHOD'], environ['PATH_INFO']
                         + (f'?{query}' if query else '')))
        answer = self.before(environ) if self.before else None
        if answer is not None:
            status, body = answer
            is_html = isinstance(body, bytes)
            start_response(status, [(
                'Content-Type', 'text/html' if is_html
                else 'application/json')])
            return [body if is_html else json.dumps(body).encode()]
        if self.distort is None:
            with self._lock:
                return list(self._handle(environ, start_response))
        wire = self.distort(environ, self.answer(environ))
        start_response(wire.status, list(wire.headers.items()))
        return [wire.body]

    def answer(self, environ: Environ) -> 'WireAnswer':
        """What Placement says: not logged, not faulty."""
        started: list[typing.Any] = []
        with self._lock:
            body = b''.join(self._handle(
                environ, lambda *args: started.append(args)))
        return WireAnswer(started[0][0], dict(started[0][1]), body)

    def read(self, url: str, query: str = ''
             ) -> dict[str, typing.Any] | None:
        """What Placement has, beside all requests: not logged, not faulty.

        :returns: None for any answer but 200
        """
        environ: Environ = {'HTTP_X_AUTH_TOKEN': 'admin',
                            'HTTP_ACCEPT': 'application/json',
                            'HTTP_OPENSTACK_API_VERSION': 'placement 1.39'}
        wsgi_util.setup_testing_defaults(environ)
        environ.update(PATH_INFO=url, SCRIPT_NAME='', QUERY_STRING=query)
        answer = self.answer(environ)
        return json.loads(answer.body) if answer.status[:3] == '200' else None

    def refuse_all(self, status: str, code: str = 'placement.undefined_code'
                   ) -> None:
        """Answer every request with an error, such as '403 Forbidden'."""
        body = {'errors': [{
            'status': int(status.split(maxsplit=1)[0]), 'title': status[4:],
            'detail': status, 'code': code, 'request_id': 'req-0'}]}
        self.before = lambda environ: (status, body)


class Adapter(adapter.Adapter):
    """A keystoneauth1 Adapter that counts, and can die on the way.

    :ivar sent: (method, url) of every request, in order
    :ivar kill_at: raise Killed at this request (1 = the next one) and at
        every later one
    :ivar kill_after_answer: Placement has done request kill_at by then
    :ivar kill_methods: the methods that count towards kill_at
    :ivar is_hv_sched: whether what it writes must be hv_sched's own
    """

    is_hv_sched = True

    def __init__(self, *args: typing.Any, **kwargs: typing.Any) -> None:
        super().__init__(*args, **kwargs)
        self.sent: list[tuple[str, str]] = []
        self.kill_at: int | None = None
        self.kill_after_answer = False
        self.kill_methods = ('GET', 'PUT', 'POST', 'DELETE')
        self._counting = threading.Lock()

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests sent that may change something."""
        return [call for call in self.sent if call[0] != 'GET']

    def request(self, url: str, method: str,  # type: ignore[override]
                **kwargs: typing.Any) -> requests.Response:
        left = self._count(url, method)
        if left is not None and (
                left < 0 or left == 0 and not self.kill_after_answer):
            raise Killed(f'{method} {url}')
        response = super().request(url, method, **kwargs)
        if left == 0:
            raise Killed(f'{method} {url}, answered')
        return response

    def _count(self, url: str, method: str) -> int | None:
        """Requests left until the kill, None when there is none."""
        with self._counting:
            self.sent.append((method, url))
            if self.kill_at is None:
                return None
            if method in self.kill_methods:
                self.kill_at -= 1
            elif self.kill_at > 0:
                return None
            return self.kill_at


class Placement(Adapter):
    """An Adapter to an empty Placement, with the service behind it.

    :ivar watch: notes what hv_sched's writes change that is not its own
    """

    service: Service
    watch: write_watch.Watch

    def another(self, token: str = 'admin') -> Adapter:
        """A second client of the same Placement, such as an operator.

        Its writes are not hv_sched's, so they may change anything.
        """
        client = Adapter(_session(self.service, token),
                         service_type='placement')
        client.is_hv_sched = False
        return client

    def json(self, url: str, microversion: str = '1.39') -> typing.Any:
        """What a GET answers; raises keystoneauth1's errors."""
        return self.get(url, microversion=microversion).json()


def _session(service: Service, token: str) -> session.Session:
    return session.Session(
        auth=token_endpoint.Token(service.endpoint, token),
        session=requests.Session())


@contextlib.contextmanager
def running_placement() -> collections.abc.Iterator[Placement]:
    """An empty Placement for the time of the block.

    Any HTTP client in the process that uses urllib3 reaches it at
    ``placement.service.endpoint`` with the token ``admin``, also the
    ``openstack`` shell.
    """
    app = application()
    app.empty()
    service = Service(app.handle)
    client = Placement(_session(service, 'admin'), service_type='placement')
    client.service = service
    client.watch = write_watch.Watch(service.read, _is_foreign)
    with app.patched(), interceptor.RequestsInterceptor(
            lambda: service, url=service.endpoint), client.watch:
        yield client
    assert not client.watch.violations, client.watch.violations


def _is_foreign(transport: typing.Any) -> bool:
    return not getattr(transport._adapter, 'is_hv_sched', True)
