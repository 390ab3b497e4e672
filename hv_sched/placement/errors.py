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

"""What a refusal, or no answer at all, means: one of our exceptions.

The type says whether trying again can help.
"""

from collections.abc import Mapping
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions

from hv_sched import exception
from hv_sched.placement.transport import MICROVERSION
from hv_sched.placement.transport import Response

# errors[0].code of answers that a new look at Placement cures.
# duplicate_name also means a duplicate uuid: both say somebody was faster.
_CURED_BY_OBSERVING = frozenset((
    'placement.concurrent_update', 'placement.duplicate_name'))
_HTTP_CONFLICT = 409
_HTTP_NOT_FOUND = 404
_HTTP_NOT_ACCEPTABLE = 406
_DENIED = (401, 403)


def of_response(response: Response, doing: str) -> exception.PlacementError:
    """Turn a refusal into the exception to raise.

    keystoneauth's own exceptions omit ``errors[0].code``, which alone tells
    a lost race from a full volume: both are 409.

    :param response: of status 400 or more
    :param doing: what was attempted, for the message
    """
    status = response.status
    error = _first_error(response)
    code = error.get('code')
    if status == _HTTP_NOT_ACCEPTABLE and 'max_version' in error:
        return _too_old(error, status)
    detail = ' '.join(
        str(error.get('detail') or response.reason or '').split())
    message = f'{doing}: Placement answered {status}: {detail}'
    kind: type[exception.PlacementError] = exception.PlacementRefused
    if status in _DENIED:
        kind = exception.PlacementDenied
        message += ' (the credentials need the admin or service role)'
    elif status >= 500:
        kind = exception.PlacementUnavailable
    elif status == _HTTP_NOT_FOUND:
        kind = exception.PlacementNotFound
    elif status == _HTTP_CONFLICT and code in _CURED_BY_OBSERVING:
        kind = exception.PlacementConflict
    return kind(message, status, code)


def of_exception(exc: Exception, doing: str) -> exception.PlacementError:
    """Turn what a transport raised into the exception to raise.

    :param doing: what was attempted, for the message
    """
    if isinstance(exc, ksa_exceptions.ConnectionError):
        return exception.PlacementUnavailable(
            f'{doing}: Placement cannot be reached: {exc}')
    if isinstance(exc, ksa_exceptions.HttpError):
        # Keystone's answer, on the way to a token.
        kind: type[exception.PlacementError] = (
            exception.PlacementUnavailable if exc.http_status >= 500
            else exception.PlacementDenied)
        return kind(f'{doing}: {exc}', exc.http_status)
    if isinstance(exc, ksa_exceptions.ClientException):
        return exception.PlacementDenied(f'{doing}: {exc}')
    return exception.PlacementUnavailable(f'{doing}: {exc!r}')


def _first_error(response: Response) -> dict[str, Any]:
    """The first of Placement's errors; a proxy's HTML has none."""
    try:
        return dict(response.json()['errors'][0])
    except (ValueError, KeyError, IndexError, TypeError):
        return {}


def _too_old(error: Mapping[str, Any], status: int
             ) -> exception.PlacementError:
    return exception.MicroversionTooOld(
        f'hv_sched needs Placement microversion {MICROVERSION} (Placement 9, '
        f'2023.1, or newer); this one offers at most '
        f'{error.get("max_version", "an unknown version")}', status)
