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


"""One part of the agent's work, pass after pass, whatever an answer does.

An error ends a pass and nothing else. Its cause is one line of the log when it
begins and seldom while it lasts, the next pass starts again from what stands
then, and when a part that failed works again, that is said with how long it
took.
"""

from collections.abc import Callable
import time

from hv_sched import causes
from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import printable
from hv_sched.agent import backoff
from hv_sched.agent import in_hand
from hv_sched.status.recorder import Recorder

LOG = printable.logger(__name__)


class Part:
    """:param name: what it does, for the log
    :param work: one pass, told which one it is, counted from 0; returns a
        code of ``hv_sched.exit_codes``
    :param pauses: how long it waits between passes
    :param recorder: what each pass is reported to
    """

    def __init__(self, name: str, work: Callable[[int], int],
                 pauses: backoff.Backoff | None = None,
                 recorder: Recorder | None = None) -> None:
        self.name = name
        self._work = work
        self._pauses = pauses or backoff.Backoff(0)
        self._recorder = recorder or Recorder()
        self._passes = 0
        self._failed_passes = 0
        self._failing_since = 0.0
        self._said_at: dict[str, float] = {}
        self._in_hand = in_hand.InHand()
        self._ended_at: float | None = None
        self.pause_seconds = 0.0
        self.failure = ''

    def run(self) -> int:
        """One pass; nothing but the end of the process gets out of it.

        Then ``pause_seconds`` says how long to wait before the next.
        """
        number = self._passes
        self._passes += 1
        begun = time.monotonic()
        self._recorder.started(self.name)
        with self._in_hand.step():
            code = self._passed(number)
            ended = self._ended_at = time.monotonic()
        self._recorder.passed(self.name, code, ended - begun, self.failure)
        return code

    def _passed(self, number: int) -> int:
        """One pass; returns its code, and keeps why it failed."""
        failure: str | None = None
        code = exit_codes.OK
        try:
            code = self._work(number)
        except exception.Stopping:
            return code
        except exception.HvSchedError as exc:
            failure = str(exc)
        except Exception as exc:
            # Nobody foresaw it, and the cloud still needs the next pass.
            failure = f'unexpectedly: {type(exc).__name__}: {exc}'
            LOG.debug('%s: the unexpected failure', self.name, exc_info=True)
        # oslo.log adds an exception that is being handled to the line.
        if failure is not None:
            return self._failed(failure)
        self._note(code)
        return code

    def is_stuck(self, now: float, waits: bool = False) -> bool:
        """Whether a pass does not end, or the next one does not begin.

        :param now: of the monotonic clock
        :param waits: it passes when it is told to, however late that is
        """
        if self._in_hand.is_stuck(now):
            return True
        ended_at = self._ended_at
        if waits or ended_at is None or self._in_hand.is_busy:
            return False
        return now - ended_at > in_hand.STUCK_SECONDS + self.pause_seconds

    def _failed(self, reason: str) -> int:
        now = time.monotonic()
        if not self._failed_passes:
            self._failing_since = now
        self._failed_passes += 1
        self.failure = reason
        self.pause_seconds = self._pauses.failed()
        cause = causes.without_numbers(reason)
        said_at = self._said_at.get(cause)
        if said_at is None or now - said_at >= causes.REMINDER_SECONDS:
            self._say(reason, now)
            self._said_at[cause] = now
        return exit_codes.ERROR

    def _say(self, reason: str, now: float) -> None:
        lasting = '' if self._failed_passes == 1 else (
            f', for {now - self._failing_since:.0f} seconds')
        LOG.error('%s: failed%s: %s; the next pass tries again', self.name,
                  lasting, reason)

    def _note(self, code: int) -> None:
        """A pass that went through."""
        if code == exit_codes.ERROR:
            # It said why; what failed is tried again as soon as a failure.
            self.pause_seconds = self._pauses.failed()
            return
        self.pause_seconds = self._pauses.succeeded()
        if self._failed_passes:
            LOG.info('%s: works again after %d failed passes (%d seconds)',
                     self.name, self._failed_passes,
                     time.monotonic() - self._failing_since)
        self._failed_passes = 0
        self.failure = ''
        self._said_at.clear()
