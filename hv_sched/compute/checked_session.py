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

"""A keystoneauth session whose answers can be believed.

What leaves it is what the call must answer (``answer_shapes``), or an error
of ours that names the service. Reads are repeated on a lost connection, a
time-out, 429, 5xx or a body that is none of the service's. Writes are not:
whether one stands is only known by reading again.
"""

import atexit
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import logging
import re
import threading
import time
from typing import Any
from urllib import parse
import warnings

from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import session as ksa_session
from openstack import connection as sdk
from openstack import exceptions as sdk_exceptions
from openstack.config import cloud_region
import tenacity

from hv_sched import exception
from hv_sched import http_deadline
from hv_sched import printable
from hv_sched.compute import answer_shapes
from hv_sched.compute import keystone_session

LOG = printable.logger(__name__)
# openstacksdk warns of its own coming releases, from calls within itself.
warnings.filterwarnings('ignore', module=r'openstack\.')
DEFAULT_TIMEOUT = 60.0  # seconds
_ATTEMPTS = 4
_CONNECT_SECONDS = 10.0
_SHORTEST_SECONDS = 0.1
_FIRST_PAUSE_SECONDS = 0.25
# One call ends after this many time-outs, whatever is tried in between.
_BUDGET_TIMEOUTS = 2
_DENIED = (401, 403)
_OK = 200
_NOT_FOUND = 404
_TOO_MANY = 429
_WRITTEN = (200, 201, 202)
_SHOWN = 300  # characters of a refusal in messages
_KEYSTONE = 'Keystone'
# What keystoneauth and openstacksdk trip over where an answer is JSON and not
# of the form they expect.
TRIPS = (AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclasses.dataclass(frozen=True)
class Service:
    """A service we read.

    :param name: what people call it
    :param service_type: its type in the catalogue
    :param unavailable: the error when asking again may help
    :param denied: the error when it does not
    :param not_found: what its own 404 contains; a proxy's 404 does not
    """

    name: str
    service_type: str
    unavailable: type[exception.ServiceUnavailable]
    denied: type[exception.ServiceDenied]
    shapes: Sequence[answer_shapes.Shape]
    not_found: str = ''


NOVA = Service('Nova', 'compute', exception.NovaUnavailable,
               exception.NovaDenied, answer_shapes.NOVA, 'itemNotFound')
# Glance words its 404 in HTML as proxies do. None is believed alone: who
# finds no image by its id lists those of the name next.
GLANCE = Service('Glance', 'image', exception.ServiceUnavailable,
                 exception.ServiceDenied, answer_shapes.GLANCE)


class CheckedSession(keystone_session.KeystoneSession):
    """Requests to one service with the credentials of another session.

    Requests for a token and for the service's versions, which keystoneauth
    makes by itself on the way, have the same deadlines.

    :param session: what it authenticates with and how it verifies TLS
    :param timeout: seconds the service may take for one answer; a call ends
        after twice as long, whatever happens
    """

    def __init__(self, session: ksa_session.Session, service: Service,
                 timeout: float = DEFAULT_TIMEOUT) -> None:
        super().__init__(session)
        self._service = service
        self._seconds = timeout
        self._call = threading.local()
        http_deadline.install(self.session)

    def request(self, url: str, method: str, *args: Any, **kwargs: Any
                ) -> Any:
        """What the service answers.

        :raises ServiceUnavailable: or the service's own kind of it
        :raises ServiceDenied: or the service's own kind of it
        """
        if kwargs.get('endpoint_filter') is None:
            return self._on_the_way(url, method, *args, **kwargs)
        end = time.monotonic() + self._seconds * _BUDGET_TIMEOUTS
        self._call.end = end
        # Of what openstacksdk repeats by itself nothing would be bounded.
        kwargs |= {'raise_exc': False, 'connect_retries': 0,
                   'status_code_retries': 0}
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(
                exception.ServiceUnavailable),
            stop=lambda retry_state: (
                method != 'GET' or retry_state.attempt_number >= _ATTEMPTS
                or time.monotonic() + _pause(retry_state) >= end),
            wait=_pause, reraise=True,
            # Whoever asked says why it gave up, in one line.
            before_sleep=tenacity.before_sleep_log(LOG, logging.DEBUG))
        try:
            with http_deadline.within(self._seconds * _BUDGET_TIMEOUTS):
                return attempts(self._attempt, url, method, *args, **kwargs)
        finally:
            del self._call.end

    def _attempt(self, url: str, method: str, *args: Any, **kwargs: Any
                 ) -> Any:
        kwargs['timeout'] = self._timeouts()
        try:
            response = super().request(url, method, *args, **kwargs)
        except ksa_exceptions.ClientException as exc:
            raise self._error_of(exc) from exc
        except TRIPS as exc:
            # What was read last is what it tripped over.
            raise self._service.unavailable(_is_not(
                self.last_asked, exc)) from exc
        self._check(response, method,
                    '/' + parse.urlsplit(url).path.lstrip('/'))
        return response

    def _timeouts(self) -> tuple[float, float]:
        """Seconds for the connection, and for the answer."""
        now = time.monotonic()
        end = getattr(self._call, 'end', now + self._seconds)
        seconds = max(_SHORTEST_SECONDS, min(self._seconds, end - now))
        return min(seconds, _CONNECT_SECONDS), seconds

    def _on_the_way(self, url: str, method: str, *args: Any, **kwargs: Any
                    ) -> Any:
        """A token, or the versions of a service.

        keystoneauth makes what it can of an answer; no answer is final.
        """
        kwargs['timeout'] = self._timeouts()
        self._call.way = self._name_of(url)
        try:
            response = super().request(url, method, *args, **kwargs)
        except ksa_exceptions.ConnectionError as exc:
            raise self._unreachable(self._call.way, exc) from exc
        except ksa_exceptions.HttpError as exc:
            # Of a refused version keystoneauth tries another address.
            if method == 'POST' and self._call.way == _KEYSTONE:
                raise self._error_of(exc) from exc
            raise
        if _is_other_json(response):
            name = self._call.way
            raise self._service.unavailable(
                f'{name} answered {response.status_code} to {method} '
                f'/{parse.urlsplit(url).path.lstrip("/")} with what is no '
                f'answer of {name}\'s: does the endpoint lead to it?',
                response.status_code)
        return response

    @property
    def last_asked(self) -> str:
        """Who was asked for a token or for versions last, by this thread."""
        name: str = getattr(self._call, 'way', self._service.name)
        return name

    def _name_of(self, url: str) -> str:
        return _KEYSTONE if self.is_keystone(url) else self._service.name

    def _unreachable(self, name: str, exc: ksa_exceptions.ConnectionError
                     ) -> exception.ServiceError:
        """A certificate that is not trusted stays so; the rest may pass."""
        kind = (self._service.denied if isinstance(
            exc, ksa_exceptions.SSLError) else self._service.unavailable)
        return kind(f'{name} cannot be reached: {exc}')

    def _error_of(self, exc: ksa_exceptions.ClientException
                  ) -> exception.ServiceError:
        """Of what keystoneauth raises although it raises for no status.

        An HTTP error then is Keystone's, on the way to a token.
        """
        service = self._service
        if isinstance(exc, ksa_exceptions.HttpError):
            status = exc.http_status
            message = (f'{_KEYSTONE} answered {status} to the request for a '
                       f'token for {service.name}: {_short(str(exc))}')
            return (service.unavailable(message)
                    if status == _TOO_MANY or status >= 500
                    else service.denied(message))
        if isinstance(exc, (ksa_exceptions.InvalidResponse,
                            ksa_exceptions.DiscoveryFailure)):
            return service.unavailable(_is_not(_KEYSTONE, exc))
        if isinstance(exc, ksa_exceptions.ConnectionError):
            return self._unreachable(service.name, exc)
        return service.denied(f'{service.name}: {_short(str(exc))}')

    def _check(self, response: Any, method: str, path: str) -> None:
        """Whether it is an answer to what was asked.

        A 4xx or 5xx Response is falsy: never test its truth.
        """
        service, status = self._service, response.status_code
        message = f'{service.name} answered {status} to {method} {path}'
        shape = answer_shapes.of(service.shapes, method, path)
        if status == _NOT_FOUND:
            is_own = service.not_found in response.text
            if method == 'GET' and is_own and shape.may_be_missing:
                return
            if method == 'GET' or not is_own:
                raise service.unavailable(
                    f'{message}, which is not {service.name}\'s own: does '
                    'the endpoint lead to it?', status)
        if status == _TOO_MANY or status >= 500:
            raise service.unavailable(message, status, _retry_after(response))
        if status >= 400:
            raise service.denied(f'{message}{_detail(response)}', status)
        fault = _fault(shape, response) if status in (
            (_OK,) if method == 'GET' else _WRITTEN) else 'its status'
        if fault:
            raise service.unavailable(
                f'{message} with what is no answer of {service.name}\'s: '
                f'{fault}', status)


def _is_not(name: str, exc: Exception) -> str:
    """That what answers is not the service it should be."""
    return (f'{name} does not answer as {name} does ({_short(repr(exc))}): '
            'does the endpoint lead to it?')


def _short(text: str) -> str:
    """A library's words on an answer, which may quote all of it."""
    return text if len(text) <= _SHOWN else f'{text[:_SHOWN]}...'


def _is_other_json(response: Any) -> bool:
    """Whether a body is JSON and no object: keystoneauth trips over it."""
    try:
        return not isinstance(response.json(), dict)
    except (ValueError, RecursionError):
        return False


def _fault(shape: answer_shapes.Shape, response: Any) -> str:
    try:
        return shape.fault(response.json())
    except (ValueError, RecursionError):
        return 'it is not JSON'


def _detail(response: Any) -> str:
    """What a service says of its refusal, also in HTML."""
    try:
        message = next(iter(response.json().values()))['message']
    except (*TRIPS, StopIteration):
        message = re.sub('<(title|style).*?</|<[^>]*>', ' ', response.text,
                         flags=re.DOTALL)
    text = ' '.join(str(message).split())[:_SHOWN]
    return f': {text}' if text else ''


def _retry_after(response: Any) -> float | None:
    """Seconds; None when it does not say, or says a date."""
    text = response.headers.get('Retry-After', '')
    return float(text) if text.isdecimal() else None


def _pause(retry_state: tenacity.RetryCallState) -> float:
    """Seconds to the next attempt: what the service asks, or our own."""
    error = retry_state.outcome.exception() if retry_state.outcome else None
    seconds: float | None = getattr(error, 'retry_after', None)
    return (_FIRST_PAUSE_SECONDS * 2 ** (retry_state.attempt_number - 1)
            if seconds is None else seconds)


def checked(connection: sdk.Connection, service: Service,
            timeout: float = DEFAULT_TIMEOUT) -> sdk.Connection:
    """openstacksdk's Connection to one service, with checked answers.

    :param connection: whose credentials, region and endpoints it has
    :param timeout: see CheckedSession
    """
    region = connection.config
    return connection_of(cloud_region.CloudRegion(
        name=region.name, region_name=region.region_name,
        config=region.config, session=CheckedSession(
            region.get_session(), service, timeout)))


def connection_of(region: cloud_region.CloudRegion) -> sdk.Connection:
    """A connection that is gone when nobody uses it any more.

    openstacksdk keeps each one, with its session, until the process ends.
    """
    connection = sdk.Connection(config=region)
    atexit.unregister(connection.close)
    return connection


@contextlib.contextmanager
def translated(service: Service, session: Any) -> Iterator[None]:
    """What openstacksdk itself makes of answers, as errors of ours.

    :param session: the service's, which knows who answered last
    """
    try:
        yield
    except (ksa_exceptions.CatalogException,
            sdk_exceptions.ConfigException) as exc:
        raise service.denied(f'{service.name}: {_short(str(exc))}') from exc
    except ksa_exceptions.InvalidResponse as exc:  # of a token
        raise service.unavailable(_is_not(_KEYSTONE, exc)) from exc
    except (sdk_exceptions.SDKException,
            ksa_exceptions.ClientException) as exc:
        raise service.unavailable(
            f'{service.name}: {_short(str(exc))}') from exc
    except TRIPS as exc:
        raise service.unavailable(_is_not(
            getattr(session, 'last_asked', service.name), exc)) from exc
