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

"""What a refusal, a wrong answer or none at all means: one of our exceptions.

The type says whether trying again can help.
"""

from collections.abc import Mapping
import datetime
from email import utils as email_utils
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions

from hv_sched import exception
from hv_sched.placement.transport import MICROVERSION
from hv_sched.placement.transport import Response

# errors[0].code of answers that a new look at Placement cures.
# duplicate_name also means a duplicate uuid: both say somebody was faster.
_CURED_BY_OBSERVING = frozenset((
    'placement.concurrent_update', 'placement.duplicate_name'))
# What Placement makes of a lost race when it writes traits: its handler does
# not catch it, so that the answer is a 500. Its transaction is rolled back.
_LOST_RACE = 'Another thread concurrently updated'
_HTTP_TIMEOUT = 408
_HTTP_CONFLICT = 409
_HTTP_NOT_FOUND = 404
_HTTP_NOT_ACCEPTABLE = 406
_HTTP_TOO_MANY = 429
_DENIED = (401, 403)
# What an error body of Placement's has, each of its releases some of it.
_PLACEMENTS_OWN = frozenset(('detail', 'code', 'max_version'))
_MAY_PASS = (_HTTP_TIMEOUT, _HTTP_TOO_MANY)
NOT_KNOWN_WHETHER_WRITTEN = 'it is not known whether what was sent stands'


def of_response(response: Response, doing: str, subject: str | None = None
                ) -> exception.PlacementError:
    """Turn a refusal into the exception to raise.

    keystoneauth's own exceptions omit ``errors[0].code``, which alone tells
    a lost race from a full volume: both are 409. A 4xx without Placement's
    own error body is no answer of Placement's: a proxy without the route
    says 404 to everything. Nor is it "no such thing" when Placement does not
    say of what: a wrong endpoint is a 404 of Placement's own.

    :param response: of status 400 or more
    :param doing: what was attempted, for the message
    :param subject: the uuid or name of what the request is about
    """
    status = response.status
    error = _first_error(response)
    code = error.get('code')
    message = f'{doing}: Placement answered {status}'
    reason = ' '.join(str(error.get('detail') or response.reason or ''
                          ).split())
    if reason:
        message += f': {reason}'
    if status in _DENIED:
        return exception.PlacementDenied(
            message + ' (the credentials need the admin or service role)',
            status, code)
    if status >= 500 and _LOST_RACE in reason:
        return exception.PlacementConflict(message, status, code)
    if status in _MAY_PASS or status >= 500:
        return exception.PlacementUnavailable(
            message, status, code, retry_after(response))
    if not error or (status == _HTTP_NOT_FOUND and not (
            subject and subject in str(error.get('detail')))):
        return exception.PlacementUnavailable(
            f'{message}, which is not Placement\'s own answer: does the '
            'endpoint lead to it?', status)
    return _refusal(error, status, message)


def _refusal(error: Mapping[str, Any], status: int, message: str
             ) -> exception.PlacementError:
    code = error.get('code')
    if status == _HTTP_NOT_ACCEPTABLE and 'max_version' in error:
        return exception.MicroversionTooOld(
            f'hv_sched needs Placement microversion {MICROVERSION} '
            f'(Placement 9, 2023.1, or newer); this one offers at most '
            f'{error["max_version"]}', status)
    kind: type[exception.PlacementError] = exception.PlacementRefused
    if status == _HTTP_NOT_FOUND:
        kind = exception.PlacementNotFound
    elif status == _HTTP_CONFLICT and code in _CURED_BY_OBSERVING:
        kind = exception.PlacementConflict
    return kind(message, status, code)


def not_an_answer(response: Response, doing: str, fault: str, is_write: bool
                  ) -> exception.PlacementError:
    """Of a status or a body that the call cannot be answered with.

    :param fault: what is wrong with it
    """
    message = (f'{doing}: Placement answered {response.status} with what is '
               f'no answer to that ({fault})')
    if is_write:
        message += f', so {NOT_KNOWN_WHETHER_WRITTEN}'
    return exception.PlacementUnavailable(message, response.status)


def of_exception(exc: Exception, doing: str, is_write: bool
                 ) -> exception.PlacementError:
    """Turn what a transport raised into the exception to raise.

    :param doing: what was attempted, for the message
    """
    if isinstance(exc, exception.PlacementError):  # of Keystone
        return type(exc)(f'{doing}: {exc}', exc.status)
    after = f'; {NOT_KNOWN_WHETHER_WRITTEN}' if is_write else ''
    if isinstance(exc, ksa_exceptions.SSLError):
        return exception.PlacementDenied(f'{doing}: {exc}')
    if isinstance(exc, ksa_exceptions.ConnectionError):
        return exception.PlacementUnavailable(
            f'{doing}: Placement cannot be reached: {exc}{after}')
    if isinstance(exc, ksa_exceptions.HttpError):
        # keystoneauth raises for no status of Placement's: of Keystone's.
        return of_exception(of_keystone(exc), doing, is_write)
    if isinstance(exc, ksa_exceptions.ClientException):
        return exception.PlacementDenied(f'{doing}: {exc}')
    return exception.PlacementUnavailable(
        f'{doing}: no answer from Placement: {_shown(exc)}{after}')


def _shown(exc: Exception) -> str:
    """An error that nobody foresaw; one of encoding holds what was sent."""
    if isinstance(exc, UnicodeError):
        return (f'{type(exc).__name__}: a header, such as the token, can have '
                'ISO 8859-1 characters alone')
    return repr(exc)


def of_keystone(exc: Exception) -> exception.PlacementError:
    """Turn what came instead of a token into the exception to raise."""
    if isinstance(exc, ksa_exceptions.HttpError):
        status = exc.http_status
        message = f'Keystone answered {status} to the request for a token'
        if status in _MAY_PASS or status >= 500:
            return exception.KeystoneUnavailable(f'{message}: {exc}', status)
        return exception.PlacementDenied(f'{message}: {exc}', status)
    if isinstance(exc, ksa_exceptions.SSLError):
        return exception.PlacementDenied(f'Keystone is not trusted: {exc}')
    if isinstance(exc, ksa_exceptions.ConnectionError):
        return exception.KeystoneUnavailable(
            f'Keystone cannot be reached: {exc}')
    if isinstance(exc, ksa_exceptions.ClientException) and not isinstance(
            exc, (ksa_exceptions.InvalidResponse,
                  ksa_exceptions.DiscoveryFailure)):
        return exception.PlacementDenied(f'no token from Keystone: {exc}')
    return exception.KeystoneUnavailable(
        f'Keystone does not answer as Keystone does: {_shown(exc)}')


def retry_after(response: Response) -> float | None:
    """Seconds an answer asks to wait; None when it does not say."""
    text = response.headers.get('Retry-After') or ''
    if text.strip().isdecimal():
        return float(text)
    try:
        date = email_utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    now = datetime.datetime.now(datetime.timezone.utc)
    if date.tzinfo is None:
        date = date.replace(tzinfo=datetime.timezone.utc)
    return max(0.0, (date - now).total_seconds())


def _first_error(response: Response) -> dict[str, Any]:
    """The first of Placement's errors; empty in another's answer."""
    try:
        error = dict(response.json()['errors'][0])
    except (ValueError, KeyError, IndexError, TypeError):
        return {}
    return error if _PLACEMENTS_OWN & error.keys() else {}
