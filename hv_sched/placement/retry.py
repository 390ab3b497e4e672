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

"""How often what failed is tried again, and how long is waited before.

A read that failed for lack of an answer is repeated by the client itself. A
write never is: on a conflict its caller observes again and plans again, in a
loop made by ``on_conflict``. Both wait as long as the service asks for
(Retry-After) if that is longer.
"""

from collections.abc import Callable
import dataclasses
import logging
from typing import Any

import tenacity

from hv_sched import exception
from hv_sched import printable

LOG = printable.logger(__name__)

_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 4


@dataclasses.dataclass(frozen=True)
class Patience:
    """How long a read is tried.

    :param attempts: how often in all
    :param seconds: no attempt begins, and none takes longer, than that
        after the first one began
    """

    attempts: int = 4
    seconds: float = 120.0


PATIENT = Patience()


def reads(patience: Patience) -> tenacity.Retrying:
    """Repeat a read that got no answer, whose error says what was read."""
    own_pause = tenacity.wait_random_exponential(
        multiplier=_FIRST_PAUSE_SECONDS, max=_LONGEST_PAUSE_SECONDS)

    def is_over(retry_state: tenacity.RetryCallState) -> bool:
        return (retry_state.attempt_number >= patience.attempts
                or (retry_state.seconds_since_start or 0.0)
                + _asked_pause(retry_state) >= patience.seconds)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(
            exception.PlacementUnavailable),
        stop=is_over,
        wait=_pause(own_pause, longest=patience.seconds),
        # Whoever asked says why it gave up, in one line.
        before_sleep=_log_line('', patience.attempts, logging.DEBUG),
        reraise=True)


def on_conflict(doing: str, attempts: int,
                errors: tuple[type[Exception], ...] = (
                    exception.PlacementConflict,),
                max_wait: float = 1.0,
                sleep: Callable[[float], None] = tenacity.nap.sleep
                ) -> tenacity.Retrying:
    """Read, check and write again after somebody else was faster.

    Use it as ``retry.on_conflict('…', 8)(function, *arguments)`` or as
    ``for attempt in retry.on_conflict('…', 8): with attempt: …``. Each
    attempt must read what it checks and writes; the last error is raised
    as it is.

    :param doing: what is attempted, for the log line of each failure
    :param attempts: how often in all
    :param errors: what another attempt may cure
    :param max_wait: seconds between two attempts, at most; a random part
        of a time that doubles from 50 ms, so that several writers part
    """
    own_pause = tenacity.wait_random_exponential(
        multiplier=0.05, max=max_wait)
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(errors),
        stop=tenacity.stop_after_attempt(attempts),
        wait=_pause(own_pause, longest=max_wait),
        before_sleep=_log_line(f'To {doing}: ', attempts, logging.INFO),
        sleep=sleep,
        reraise=True)


def _pause(own_pause: Any, longest: float
           ) -> Callable[[tenacity.RetryCallState], float]:
    """What the service asks for, if that is longer than our own pause."""
    def seconds(retry_state: tenacity.RetryCallState) -> float:
        return max(min(_asked_pause(retry_state), longest),
                   float(own_pause(retry_state=retry_state)))
    return seconds


def _asked_pause(retry_state: tenacity.RetryCallState) -> float:
    """Seconds that the service asked to wait."""
    return getattr(_error(retry_state), 'retry_after', None) or 0.0


def _error(retry_state: tenacity.RetryCallState) -> BaseException | None:
    return retry_state.outcome.exception() if retry_state.outcome else None


def _log_line(start: str, attempts: int, level: int
              ) -> Callable[[tenacity.RetryCallState], None]:
    def log(retry_state: tenacity.RetryCallState) -> None:
        LOG.log(level, '%sattempt %s of %s failed: %s', start,
                retry_state.attempt_number, attempts, _error(retry_state))
    return log
