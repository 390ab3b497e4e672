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
write never is: on a conflict its caller observes again and plans anew, in a
loop made by ``on_conflict``.
"""

from collections.abc import Callable
import logging
import time

import tenacity

from hv_sched import exception
from hv_sched import printable

LOG = printable.logger(__name__)

READ_ATTEMPTS = 4


def reads(attempts: int = READ_ATTEMPTS) -> tenacity.Retrying:
    """Repeat a read that got no answer."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(
            exception.PlacementUnavailable),
        stop=tenacity.stop_after_attempt(attempts),
        wait=tenacity.wait_random_exponential(multiplier=0.25, max=4),
        before_sleep=tenacity.before_sleep_log(LOG, logging.WARNING),
        reraise=True)


def on_conflict(doing: str, attempts: int,
                errors: tuple[type[Exception], ...] = (
                    exception.PlacementConflict,),
                max_wait: float = 1.0,
                sleep: Callable[[float], None] = time.sleep
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
    def log(retry_state: tenacity.RetryCallState) -> None:
        # tenacity 6, which OpenStack 2023.1 pins, knows it by this name.
        outcome = retry_state.outcome
        reason = outcome.exception() if outcome else None
        LOG.info('To %s: attempt %s of %s failed: %s', doing,
                 retry_state.attempt_number, attempts, reason)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(errors),
        stop=tenacity.stop_after_attempt(attempts),
        wait=tenacity.wait_random_exponential(multiplier=0.05, max=max_wait),
        before_sleep=log, sleep=sleep, reraise=True)
