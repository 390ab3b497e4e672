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

"""The HTTP edge of a cloud in this process, where faults are put in.

Each service of the catalogue has an address of its own; what is sent there
is read from the wire by urllib3, so statuses, headers, broken bodies, lost
connections and time-outs are what the library makes of real ones.
"""

import collections
import collections.abc
import contextlib
import dataclasses
import re
import typing
from urllib import parse

import fixtures
import wsgi_intercept
from wsgi_intercept import interceptor

from tests.functional.base import Environ
from tests.functional.base import WireAnswer

Handle = collections.abc.Callable[[Environ], WireAnswer]
_UUID = re.compile('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
_TRAIT_OR_CLASS = re.compile(r'(?<=/)(CUSTOM|HW|MISC|STORAGE|COMPUTE)_\w+')

ANY = 'any'


@dataclasses.dataclass(frozen=True, order=True)
class Site:
    """A call site: what a request is, without the names in it.

    :param method: ANY for all requests to the service
    :param query: the parameters, without their values
    """

    service: str
    method: str
    path: str
    query: tuple[str, ...] = ()

    def __str__(self) -> str:
        query = f'?{"&".join(self.query)}' if self.query else ''
        return f'{self.service} {self.method} {self.path}{query}'

    @property
    def is_write(self) -> bool:
        return self.method not in ('GET', ANY)

    def covers(self, site: 'Site') -> bool:
        """Whether a request at a site is one at this."""
        return self == site or (
            self.method == ANY and self.service == site.service)


def site_of(service: str, environ: Environ) -> Site:
    """The call site of a request."""
    path = _TRAIT_OR_CLASS.sub('{name}', _UUID.sub(
        '{uuid}', environ['PATH_INFO']))
    return Site(service, environ['REQUEST_METHOD'], path, tuple(sorted({
        part.partition('=')[0] for part
        in environ.get('QUERY_STRING', '').split('&') if part})))


@dataclasses.dataclass(frozen=True)
class Request:
    """A request that meets a fault.

    :param act: has the service do what is asked; its answer
    """

    service: str
    environ: Environ
    act: collections.abc.Callable[[], WireAnswer]


@dataclasses.dataclass(frozen=True)
class Fault:
    """What a request meets instead of its service's answer.

    :param of: the answer, or an OSError for none
    :param concerns: the sites it can happen at
    :param is_credible: at which sites nobody can tell it from a true
        answer, so that a command may believe it; it must do no harm
        all the same
    """

    name: str
    of: collections.abc.Callable[[Request], WireAnswer]
    concerns: collections.abc.Callable[[Site], bool] = lambda site: True
    is_credible: collections.abc.Callable[[Site], bool] = (
        lambda site: False)


@dataclasses.dataclass(frozen=True)
class Injection:
    """A fault at an occurrence of a site, counted from 1.

    :param lasts: at all later ones, too
    """

    fault: Fault
    site: Site
    occurrence: int
    lasts: bool

    def __str__(self) -> str:
        return (f'{self.fault.name} {"from" if self.lasts else "at"} '
                f'{self.occurrence} of {self.site}')

    def hits(self, site: Site, occurrence: int) -> bool:
        return self.site.covers(site) and (
            occurrence == self.occurrence
            or self.lasts and occurrence > self.occurrence)


def endpoint_of(service: str) -> str:
    """The address of a service."""
    return f'http://{service.lower()}.cloud.example'


class Edge(fixtures.Fixture):
    """The services, at addresses of their own.

    :param services: what answers, by the name of its service
    :ivar injection: the fault that is put in; None for none
    :ivar sites: how often each was called since ``start``
    :ivar faults: requests that met the fault
    :ivar endless: sites that met silence and had no deadline
    :ivar after_write: called after each request that may change something
    """

    def __init__(self, services: collections.abc.Mapping[str, Handle]
                 ) -> None:
        super().__init__()
        self._services = services
        self.after_write: collections.abc.Callable[[], None] = lambda: None
        self.start()

    def start(self, injection: Injection | None = None) -> None:
        """Forget what was called, and put in this fault."""
        self.injection = injection
        self.sites: collections.Counter[Site] = collections.Counter()
        self.faults = 0
        self.endless: list[Site] = []

    def _setUp(self) -> None:
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        for name in self._services:
            stack.enter_context(interceptor.RequestsInterceptor(
                lambda name=name: self._application(name),
                url=endpoint_of(name)))
        socket = wsgi_intercept.wsgi_fake_socket
        self.useFixture(fixtures.MonkeyPatch(
            'wsgi_intercept.wsgi_fake_socket.settimeout', _note_timeout))
        self.useFixture(fixtures.MonkeyPatch(
            'wsgi_intercept.wsgi_fake_socket.makefile',
            self._failing(socket.makefile)))

    def _failing(self, makefile: typing.Any) -> typing.Any:
        """A socket out of which the network's errors come as they are."""
        def fail(sock: typing.Any, *args: typing.Any) -> typing.Any:
            try:
                return makefile(sock, *args)
            except wsgi_intercept.WSGIAppError as exc:
                if not isinstance(exc.error, OSError):
                    raise
                if isinstance(exc.error, TimeoutError) and not getattr(
                        sock, 'seconds', None) and self.injection:
                    self.endless.append(self.injection.site)
                raise exc.error from None
        return fail

    def _application(self, name: str) -> typing.Any:
        def application(environ: Environ, start_response: typing.Any
                        ) -> list[bytes]:
            answer = self._answer(name, environ)
            start_response(answer.status, list(answer.headers.items()))
            return [answer.body]
        return application

    def _answer(self, name: str, environ: Environ) -> WireAnswer:
        site = site_of(name, environ)
        self.sites[site] += 1
        self.sites[Site(name, ANY, 'request')] += 1

        def act() -> WireAnswer:
            answer = self._services[name](environ)
            if site.is_write:
                self.after_write()
            return answer
        injection = self.injection
        if injection is None or not injection.hits(
                site, self.sites[site if injection.site == site
                                 else Site(name, ANY, 'request')]):
            return act()
        self.faults += 1
        return injection.fault.of(Request(name, environ, act))


def _note_timeout(sock: typing.Any, seconds: float | None) -> None:
    sock.seconds = seconds


def path_of(environ: Environ, prefix: str = '') -> str:
    """The path asked for, below a prefix."""
    return parse.unquote(environ['PATH_INFO']).removeprefix(prefix)
