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

"""The WSGI application: four paths, read and nothing else."""

import base64
from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import datetime
import hmac
from typing import Any
from urllib import parse

from hv_sched import printable
from hv_sched.providers import reconcile
from hv_sched.status import hosts
from hv_sched.status import metrics
from hv_sched.status import overview
from hv_sched.status import page
from hv_sched.status import verdict
from hv_sched.status.recorder import Recorder

LOG = printable.logger(__name__)
_TEXT = 'text/plain; charset=utf-8'
_HEADERS = (('Cache-Control', 'no-store'),
            ('X-Content-Type-Options', 'nosniff'),
            ('Referrer-Policy', 'no-referrer'),
            ('Cross-Origin-Resource-Policy', 'same-origin'))
_LOOPBACK = hosts.AllowedHosts.of('127.0.0.1')
_MISDIRECTED = (b'nobody is answered by this name; the operator may add it to '
                b'[hv_sched]status_allowed_hosts\n')
Environ = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class HttpAnswer:
    """:param status: the status line's code and words"""

    status: str
    body: bytes
    content_type: str = _TEXT
    headers: tuple[tuple[str, str], ...] = ()


class StatusApp:
    """:param token: what ``/`` and ``/metrics`` ask for; '' for nothing
    :param version: of hv_sched
    :param allowed: the names it answers to
    """

    def __init__(self, recorder: Recorder, token: str = '', version: str = '',
                 clock: Callable[[], datetime.datetime] = reconcile.utcnow,
                 allowed: hosts.AllowedHosts = _LOOPBACK) -> None:
        self._recorder = recorder
        self._token = token.encode()
        self._version = version
        self._clock = clock
        self._allowed = allowed
        self._open = {'/healthz': self._healthz, '/readyz': self._readyz}
        self._closed = {'/': self._page, '/metrics': self._metrics}

    def __call__(self, environ: Environ,
                 start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            answer = self._answer(environ)
        except Exception as exc:
            # One request fails; the next may not, and the agent goes on.
            LOG.error('Status: %s is not answered: %s: %s',
                      environ.get('PATH_INFO'), type(exc).__name__, exc)
            answer = HttpAnswer('500 Internal Server Error',
                                b'failed; the log of the agent says why\n')
        start_response(answer.status, [
            ('Content-Type', answer.content_type),
            ('Content-Length', str(len(answer.body))),
            *_HEADERS, *answer.headers])
        return [] if environ['REQUEST_METHOD'] == 'HEAD' else [answer.body]

    def _answer(self, environ: Environ) -> HttpAnswer:
        if not self._allowed.allow(environ.get('HTTP_HOST')):
            return HttpAnswer('421 Misdirected Request', _MISDIRECTED)
        path = environ.get('PATH_INFO') or '/'
        handler = self._open.get(path) or self._closed.get(path)
        if handler is None:
            return HttpAnswer('404 Not Found', b'no such page\n')
        if environ['REQUEST_METHOD'] not in ('GET', 'HEAD'):
            return HttpAnswer('405 Method Not Allowed', b'read-only\n',
                              headers=(('Allow', 'GET, HEAD'),))
        if path in self._closed and not self._is_allowed(environ):
            return HttpAnswer(
                '401 Unauthorized', b'a token is needed\n',
                headers=(('WWW-Authenticate',
                          'Basic realm="hv_sched", charset="UTF-8"'),))
        return handler(environ)

    def _page(self, environ: Environ) -> HttpAnswer:
        query = parse.parse_qs(environ.get('QUERY_STRING', ''),
                               keep_blank_values=True)
        renews = query.get('renew') != ['no']
        cluster = query.get('cluster', [None])[0]
        text = page.rendered(self._recorder.status(), self._clock(),
                             self._version, renews, cluster)
        refresh = (('Refresh', f'{page.RENEW_SECONDS}; '
                    f'url={overview.address(cluster)}'),)
        return HttpAnswer(
            '200 OK', text.encode(), 'text/html; charset=utf-8',
            (('Content-Security-Policy', page.security_policy()),
             *(refresh if renews else ())))

    def _metrics(self, _environ: Environ) -> HttpAnswer:
        return HttpAnswer('200 OK', metrics.rendered(
            self._recorder, self._version), metrics.CONTENT_TYPE)

    def _healthz(self, environ: Environ) -> HttpAnswer:
        return self._health(environ, verdict.stalled(
            self._recorder.status(), self._clock()))

    def _readyz(self, environ: Environ) -> HttpAnswer:
        return self._health(environ, verdict.unready(
            self._recorder.status(), self._clock()))

    def _health(self, environ: Environ, reasons: tuple[str, ...]
                ) -> HttpAnswer:
        if not reasons:
            return HttpAnswer('200 OK', b'ok\n')
        lines = (map(printable.text, reasons) if self._is_allowed(environ)
                 else ('failing; reasons need the token',))
        return HttpAnswer('503 Service Unavailable', ''.join(
            f'{line}\n' for line in lines).encode())

    def _is_allowed(self, environ: Environ) -> bool:
        return not self._token or hmac.compare_digest(
            self._token, _credentials(environ.get('HTTP_AUTHORIZATION', '')))


def _credentials(header: str) -> bytes:
    """The token of Authorization: itself, or any user's password."""
    scheme, _space, value = header.partition(' ')
    if scheme.lower() == 'bearer':
        return value.strip().encode('latin-1', 'replace')
    if scheme.lower() == 'basic':
        try:
            return base64.b64decode(value, validate=True).partition(b':')[2]
        except ValueError:  # binascii.Error is one, too
            return b''
    return b''
