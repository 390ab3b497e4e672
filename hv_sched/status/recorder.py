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

"""What the agent's parts report to, and the status that comes of it.

One object a process. Each part reports from a thread of its own; whoever
shows the status gets values that nobody changes any more.
"""

import collections
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
import threading
import time

from hv_sched import exit_codes
from hv_sched import model as facts_model
from hv_sched.providers import changes
from hv_sched.providers import plan as plans
from hv_sched.providers import settings
from hv_sched.status import build
from hv_sched.status import change_text
from hv_sched.status import findings as finding_forms
from hv_sched.status import history
from hv_sched.status.model import ChangeStatus
from hv_sched.status.model import ClusterStatus
from hv_sched.status.model import FindingStatus
from hv_sched.status.model import PartStatus
from hv_sched.status.model import Status

# What every agent reads; what else cannot be read, the one that writes says.
PLACEMENT = 'Placement'
_LAST_CHANGES = 20
RESULTS: Mapping[int, str] = {
    exit_codes.OK: 'ok', exit_codes.CHANGES: 'partial',
    exit_codes.PARTIAL: 'partial', exit_codes.ADOPT: 'adopt',
    exit_codes.ERROR: 'error'}


@dataclasses.dataclass(frozen=True)
class Counters:
    """What only grows while the process lives.

    :param writes: changes that were written, by kind
    :param heals: by the code of the finding, or what was done with escrow
    :param conflicts: writes that somebody else was faster with
    :param retries: how often a sync observed and planned again
    """

    writes: Mapping[str, int]
    heals: Mapping[str, int]
    conflicts: int
    retries: int


@dataclasses.dataclass(frozen=True)
class _Synced:
    """The last sync of a cluster."""

    drift: frozenset[str]
    plan_size: int


class Recorder:
    """:param interval: seconds between two passes
    :param clock: the time now, in UTC
    """

    def __init__(self, interval: float = 0,
                 clock: Callable[[], datetime.datetime] = lambda: (
                     datetime.datetime.now(datetime.timezone.utc)),
                 monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._base = Status(interval=interval, started_at=clock())
        self._parts: dict[str, PartStatus] = {}
        self._facts: facts_model.Facts | None = None
        self._synced: dict[str, _Synced] = {}
        self._findings: dict[tuple[str, str], tuple[FindingStatus, ...]] = {}
        self._changes: collections.deque[ChangeStatus] = collections.deque(
            maxlen=_LAST_CHANGES)
        self._history = history.SpaceHistory()
        self._writes: collections.Counter[str] = collections.Counter()
        self._heals: collections.Counter[str] = collections.Counter()
        self._conflicts = 0
        self._retries = 0

    def every(self, interval: float) -> None:
        """Another configuration, another time between two passes."""
        with self._lock:
            self._base = dataclasses.replace(self._base, interval=interval)

    # -- what the parts report

    def started(self, part: str) -> None:
        """A part begins a pass."""
        with self._lock:
            self._parts[part] = dataclasses.replace(
                self._parts.get(part, PartStatus(part)),
                running_since=self._clock())

    def passed(self, part: str, code: int, seconds: float,
               error: str = '') -> None:
        """A part has ended a pass; one that is gone meanwhile stays so.

        :param code: of hv_sched.exit_codes
        :param seconds: how long it took
        """
        result = RESULTS.get(code, 'error')
        with self._lock:
            before = self._parts.get(part)
            if before is None:
                return
            self._parts[part] = dataclasses.replace(
                before, passes=_counted(before.passes, result),
                result=result, seconds=seconds, last_end=self._clock(),
                last_success=(before.last_success if result == 'error'
                              else self._clock()),
                running_since=None, error=error)

    def gone(self, part: str) -> None:
        """A part that makes no more passes, such as of a cluster that left."""
        with self._lock:
            self._parts.pop(part, None)

    def leads(self) -> None:
        """This agent writes, and no other."""
        with self._lock:
            self._base = dataclasses.replace(self._base, is_leader=True)

    def stands_by(self, watching: Iterable[str]) -> None:
        """Another agent writes; what this one found is no news any more.

        :param watching: the parts that go on all the same
        """
        remaining = frozenset(watching)
        with self._lock:
            self._base = dataclasses.replace(
                self._base, is_leader=False, unread={
                    name: error for name, error in self._base.unread.items()
                    if name == PLACEMENT})
            self._forget(self._parts.keys() - remaining,
                         self._findings.keys() - {('doctor', '')})

    def undescribed(self, parts: Iterable[str]) -> None:
        """There is no source any more, such as after a SIGHUP.

        :param parts: those that only a source needs
        """
        with self._lock:
            self._forget(parts, [key for key in self._findings
                                 if key[0] == 'sync'])

    def _forget(self, parts: Iterable[str],
                findings: Iterable[tuple[str, str]]) -> None:
        """What the source said is over, and these; under the lock."""
        for part in parts:
            self._parts.pop(part, None)
        for key in findings:
            del self._findings[key]
        self._synced.clear()
        self._facts = None

    def described(self, facts: facts_model.Facts, clusters: Iterable[str]
                  ) -> None:
        """What the source says now.

        :param clusters: names of those that are synced by it; what was said
            of others is over
        """
        remaining = frozenset(clusters)
        with self._lock:
            self._facts = facts
            for cluster in self._synced.keys() - remaining:
                del self._synced[cluster]
                self._findings.pop(('sync', cluster), None)

    def synced(self, cluster: str, plan: plans.Plan,
               done: Iterable[changes.Change]) -> None:
        """A cluster was synced, as far as it went.

        :param plan: the last one made
        :param done: what of it, and of those before, was written
        """
        written = tuple(done)
        synced = _Synced(
            frozenset(change.uuid for change in plan.changes
                      if change.uuid and change not in written),
            len(plan.changes))
        with self._lock:
            self._synced[cluster] = synced
        self.written(written)

    def contended(self, retries: int, conflicts: int) -> None:
        """Others wrote at the same time.

        :param retries: how often a sync observed and planned again
        :param conflicts: writes with which somebody else was faster
        """
        with self._lock:
            self._retries += retries
            self._conflicts += conflicts

    def written(self, written: Iterable[changes.Change]) -> None:
        """Changes that a sync has written."""
        written = tuple(written)
        with self._lock:
            self._writes.update(map(change_text.kind, written))
        for change in written:
            self.changed('sync', change_text.line(change))

    def told(self, origin: str, findings: Iterable[FindingStatus],
             scope: str = '') -> None:
        """All that an origin finds now; what it found before is over."""
        with self._lock:
            self._findings[origin, scope] = tuple(findings)

    def changed(self, origin: str, text: str) -> None:
        """A change that was written, as people read it."""
        with self._lock:
            self._changes.appendleft(
                ChangeStatus(self._clock(), origin, text))

    def healed(self, code: str) -> None:
        """:param code: of the finding, or what was done with escrow"""
        with self._lock:
            self._heals[code] += 1

    def unread(self, name: str, error: str) -> None:
        """Something could not be read; '' when it can again."""
        with self._lock:
            unread = {key: value for key, value in self._base.unread.items()
                      if key != name}
            self._base = dataclasses.replace(
                self._base, unread={**unread, name: error} if error
                else unread)

    def observed(self, observed: build.Observation,
                 options: settings.Settings) -> None:
        """What Placement says now."""
        source = self.source()
        clusters = build.clusters(observed, source, options)
        volumes = [volume for cluster in clusters
                   for volume in cluster.volumes]
        with self._lock:
            self._history.add(volumes, self._monotonic())
            self._base = dataclasses.replace(
                self._base, read_at=observed.read_at,
                clusters=tuple(map(self._with_forecasts, clusters)))

    # -- what is shown

    def source(self) -> build.SourceView:
        """What the syncs so far know of the source."""
        with self._lock:
            if self._facts is None:
                return build.SourceView()
            return build.SourceView(self._facts, frozenset().union(
                *(sync.drift for sync in self._synced.values())))

    def status(self) -> Status:
        """Everything, as it is known now."""
        with self._lock:
            return dataclasses.replace(
                self._base, parts=tuple(self._parts.values()),
                changes=tuple(self._changes),
                findings=finding_forms.ordered(
                    finding for findings in self._findings.values()
                    for finding in findings))

    def counters(self) -> Counters:
        with self._lock:
            return Counters(dict(self._writes), dict(self._heals),
                            self._conflicts, self._retries)

    def plan_sizes(self) -> dict[str, int]:
        """Changes in the last plan, by cluster."""
        with self._lock:
            return {cluster: sync.plan_size
                    for cluster, sync in self._synced.items()}

    def _with_forecasts(self, cluster: ClusterStatus) -> ClusterStatus:
        return dataclasses.replace(cluster, volumes=tuple(map(
            self._history.with_forecast, cluster.volumes)))


def _counted(passes: Mapping[str, int], result: str) -> dict[str, int]:
    return {**passes, result: passes.get(result, 0) + 1}
