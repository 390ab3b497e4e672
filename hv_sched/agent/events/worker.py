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

"""Takes what notifications contain, and has it looked at."""

from collections.abc import Callable
from collections.abc import Collection
import threading
import time

from hv_sched import exception
from hv_sched import printable
from hv_sched.agent import in_hand
from hv_sched.agent.events import notifications
from hv_sched.agent.events import server_queue

LOG = printable.logger(__name__)
_AT_ONCE = 50
# Between two lines of what was dropped: a flood has many looks a second.
_DROPPED_SECONDS = 60.0


class Worker:
    """Its thread looks at servers as long as it is not stopped.

    :param queue: of the servers to look at
    :param look: looks at some, and returns those to look at again
    :param wake_sync: has the clusters synced now
    :param clock: tells seconds
    """

    def __init__(self, queue: server_queue.ServerQueue,
                 look: Callable[[Collection[str]], Collection[str]],
                 wake_sync: Callable[[], None],
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._queue = queue
        self._look = look
        self._wake_sync = wake_sync
        self._clock = clock
        self._in_hand = in_hand.InHand()
        self._is_failing = False
        self._dropped = 0
        self._dropped_said_at: float | None = None
        self._thread = threading.Thread(
            target=self.run, daemon=True, name='servers')

    def deliver(self, hint: notifications.Hint) -> None:
        """Returns at once."""
        if hint.syncs:
            self._wake_sync()
        if hint.server:
            self._queue.add(hint.server)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """:param seconds: to wait for the look in hand"""
        self._queue.close()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def run(self) -> None:
        """Look at servers until the queue is closed."""
        while taken := self._queue.take(_AT_ONCE):
            self._say_dropped()
            with self._in_hand.step():
                unsettled = self._looked(taken)
            self._queue.again(unsettled, taken)

    def is_stuck(self, now: float) -> bool:
        """Whether a look does not end.

        :param now: of the monotonic clock
        """
        return self._in_hand.is_stuck(now)

    def _looked(self, servers: Collection[str]) -> Collection[str]:
        """Look at servers; returns those to look at again."""
        failure: str | None = None
        unsettled: Collection[str] = ()
        try:
            unsettled = self._look(servers)
        except exception.Stopping:
            return unsettled
        except exception.HvSchedError as exc:
            failure = str(exc)
        except Exception as exc:
            failure = f'{type(exc).__name__}: {exc}'
        # oslo.log adds an exception that is being handled to the line.
        self._note(failure)
        return unsettled if failure is None else servers

    def _note(self, failure: str | None) -> None:
        """The pass of the loop tells it too, and finds what is dropped."""
        if failure is not None and not self._is_failing:
            LOG.error('Events: servers cannot be checked: %s', failure)
        if failure is None and self._is_failing:
            LOG.info('Events: servers are checked again')
        self._is_failing = failure is not None

    def _say_dropped(self) -> None:
        self._dropped += self._queue.take_dropped()
        now = self._clock()
        if not self._dropped or (
                self._dropped_said_at is not None
                and now - self._dropped_said_at < _DROPPED_SECONDS):
            return
        LOG.warning('Events: %d notifications were dropped because of '
                    '[hv_sched_events]max_pending: their servers are checked '
                    'by the next pass', self._dropped)
        self._dropped, self._dropped_said_at = 0, now
