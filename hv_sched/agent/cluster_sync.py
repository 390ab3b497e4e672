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


"""One cluster's loop: what the last look says of it is planned and applied.

A thread for each cluster, which waits for nobody else's: one whose providers
Placement does not serve, or whose conflicts do not end, keeps its own thread
and delays no other.
"""

from collections.abc import Callable
import dataclasses
import threading
import time

from hv_sched import exit_codes
from hv_sched import printable
from hv_sched.agent import backoff
from hv_sched.agent import notice_log
from hv_sched.agent import part
from hv_sched.providers import changes
from hv_sched.providers import reconcile
from hv_sched.providers.look import Look
from hv_sched.status import findings
from hv_sched.status.recorder import Recorder

LOG = printable.logger(__name__)


class ClusterSync:
    """:param name: of the cluster
    :param notices: where the results of its plans are reported
    :param wake: asks for a look soon, after a failure
    """

    def __init__(self, name: str, reconciler: reconcile.Reconciler,
                 notices: notice_log.NoticeLog, pauses: backoff.Backoff,
                 wake: Callable[[], None] = lambda: None,
                 recorder: Recorder | None = None) -> None:
        self.name = name
        self._reconciler = reconciler
        self._notices = notices
        self._wake = wake
        self._recorder = recorder or Recorder()
        self.part = part.Part(f'Sync of cluster {name}', self._work, pauses,
                              self._recorder)
        self._condition = threading.Condition()
        self._next: Look | None = None
        self._current: Look | None = None
        self._is_stopping = False
        self._wrote_at = 0.0
        self._needs_full = False
        self._thread: threading.Thread | None = None

    def run(self, look: Look) -> int:
        """Sync by a look; returns a code of ``hv_sched.exit_codes``."""
        self._current = look
        return self.part.run()

    def start(self) -> None:
        """Begin to sync by the looks that are offered."""
        self._thread = threading.Thread(
            target=self._loop, daemon=True, name=f'sync-{self.name}')
        self._thread.start()

    def offer(self, look: Look) -> None:
        """A newer look, for when the last one is done with."""
        with self._condition:
            if self._needs_full or (
                    self._next is not None and self._next.full):
                look = dataclasses.replace(look, full=True)
            self._needs_full = False
            self._next = look
            self._condition.notify()

    @property
    def is_busy(self) -> bool:
        """Whether it works on a look or has one to work on."""
        with self._condition:
            return self._current is not None or self._next is not None

    def stop(self) -> None:
        """End after the write in hand."""
        with self._condition:
            self._is_stopping = True
            self._condition.notify()
        self._recorder.gone(self.part.name)

    def join(self, seconds: float) -> None:
        """Wait until it has ended, or for as long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _loop(self) -> None:
        while (look := self._take()) is not None:
            if self._is_outdated(look):
                self._leave(look)
                continue
            code = self.run(look)
            is_idle = False
            with self._condition:
                self._current = None
                if code == exit_codes.ERROR and not self._is_stopping:
                    self._condition.wait_for(
                        lambda: self._is_stopping, self.part.pause_seconds)
                    is_idle = self._next is None
            if is_idle:
                self._wake()

    def _leave(self, look: Look) -> None:
        """Ask for a newer one, which is full where this one was."""
        with self._condition:
            self._current = None
            self._needs_full |= look.full
        self._wake()

    def _take(self) -> Look | None:
        with self._condition:
            self._condition.wait_for(
                lambda: self._next is not None or self._is_stopping)
            if self._is_stopping:
                return None
            self._current, self._next = self._next, None
            return self._current

    def _is_outdated(self, look: Look) -> bool:
        """Whether it does not show what this loop itself wrote."""
        return look.begun_at < self._wrote_at

    def _work(self, _number: int) -> int:
        assert self._current is not None
        result = self._reconciler.sync_cluster(self._current, self.name)
        if result.done or result.failures:
            self._wrote_at = time.monotonic()
        say(result, f'cluster {self.name}')
        notices = self._notices.update(result.plan.all_findings)
        self._recorder.synced(self.name, result.plan, result.done)
        self._recorder.contended(result.retries, result.conflicts)
        self._recorder.told('sync', findings.of_notices('sync', notices),
                            self.name)
        for failure in result.failures.values():
            raise failure
        return exit_codes.of(notices)


def say(result: reconcile.SyncResult, target: str) -> None:
    """Each change that was written, and how many they were."""
    for change in result.done:
        for line in _lines(change):
            LOG.info('Synced: %s', line)
    if result.done:
        LOG.info('Sync: %d changes written to %s', len(result.done), target)


def _lines(change: changes.Change) -> list[str]:
    """What ``csv sync`` prints in the columns of a row."""
    return [' '.join(filter(None, (
        sign, change.name, label, before and f'{before} ->', after)))
        for sign, label, before, after in change.lines]
