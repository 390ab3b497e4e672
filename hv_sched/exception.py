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

"""The errors of hv_sched.

The type says whether trying again can help: a loop asks for ``Retriable`` or
``Terminal``, never for the words of a message.
"""

from hv_sched import url_secrets

_CHECK_CREDENTIALS = 'check the credentials and their roles, then run it again'


class HvSchedError(Exception):
    """Base of every error hv_sched raises on purpose.

    :cvar remedy: what to do about it; empty where each message says so
    """

    remedy = ''

    def __init__(self, message: str = '') -> None:
        # Libraries name the URL they cannot reach, as it was configured.
        super().__init__(url_secrets.masked(message))


class Retriable(HvSchedError):
    """Observing again and planning again may succeed."""

    remedy = 'run it again when the service answers'


class Terminal(HvSchedError):
    """The same request will fail the same way until somebody acts."""


class InvalidFile(Terminal):
    """A file that somebody named cannot be read, or is none."""


class InvalidFacts(Terminal):
    """A source cannot be read at all: no file, no YAML, no known version."""


class SourceUnavailable(Retriable):
    """A node of a cluster does not answer what was asked of it."""


class AccountRefused(SourceUnavailable):
    """A node of a source does not let the account in."""


class InvalidConfig(Terminal):
    """An option or argument has a value that cannot work."""


class Stopping(Terminal):
    """The process was told to end: nothing new is begun."""


class PlacementError(HvSchedError):
    """Placement did not do what was asked.

    :param status: the HTTP status, None when no answer came
    :param code: ``errors[0].code`` of the answer, None when it had none
    """

    def __init__(self, message: str, status: int | None = None,
                 code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class PlacementUnavailable(PlacementError, Retriable):
    """No answer, a time-out, a 5xx, or what is no answer of Placement's.

    What was sent may or may not stand.

    :param retry_after: seconds the service asks to wait, None when it does
        not say
    """

    def __init__(self, message: str, status: int | None = None,
                 code: str | None = None,
                 retry_after: float | None = None) -> None:
        super().__init__(message, status, code)
        self.retry_after = retry_after


class KeystoneUnavailable(PlacementUnavailable):
    """Keystone gave no token, so Placement was not asked."""


class PlacementConflict(PlacementError, Retriable):
    """A generation went by (``placement.concurrent_update``)."""


class PlacementRefused(PlacementError, Terminal):
    """A 4xx that repeats itself: in use, no capacity, bad request."""

    remedy = 'resolve that, then run it again'


class PlacementNotFound(PlacementRefused):
    """The provider, class or trait is not there: a 404 that names it."""


class Contended(PlacementError, Retriable):
    """Another command writes to the same cluster, and was faster each time."""

    # What is met where another one writes, and another attempt may cure.
    CAUSES = (PlacementConflict, PlacementNotFound)

    remedy = 'when that has ended run it again'

    def __init__(self, cluster: str, reason: str) -> None:
        super().__init__(
            f'another command writes to cluster {cluster} at the same time, '
            'such as "csv adopt", "csv retire" or an agent that is not kept '
            f'off it ({reason.rstrip(".")})')


class PlacementDenied(PlacementError, Terminal):
    """401 or 403: credentials or role."""

    remedy = _CHECK_CREDENTIALS


class MicroversionTooOld(PlacementError, Terminal):
    """Placement does not know the microversion hv_sched speaks."""


class ServiceError(HvSchedError):
    """Glance, Nova or another service did not do what was asked.

    :param status: the HTTP status, None when no answer came
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ServiceUnavailable(ServiceError, Retriable):
    """No answer, a time-out, a 5xx, or what is no answer of the service.

    :param retry_after: seconds the service asks to wait, None when it does
        not say
    """

    def __init__(self, message: str, status: int | None = None,
                 retry_after: float | None = None) -> None:
        super().__init__(message, status)
        self.retry_after = retry_after


class ServiceDenied(ServiceError, Terminal):
    """It is not there, or not for these credentials to read or write."""

    remedy = _CHECK_CREDENTIALS


class NovaError(ServiceError):
    """Nova did not answer what was asked."""


class NovaUnavailable(NovaError, ServiceUnavailable):
    """See ServiceUnavailable."""


class NovaDenied(NovaError, ServiceDenied):
    """The credentials may not see all servers."""


class NovaNotProven(NovaError, Terminal):
    """Nova answers, but has not shown that it is this cloud's Nova."""


def told(error: Exception) -> str:
    """An error as people are told it: with what to do about it."""
    remedy = getattr(error, 'remedy', '')
    return f'{str(error).rstrip(".")}; {remedy}' if remedy else str(error)
