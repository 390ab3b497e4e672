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

"""What the status comes to: in one word, with the reasons. Pure."""

import dataclasses
import datetime
import enum

from hv_sched import exit_codes
from hv_sched.notices import Severity
from hv_sched.placement.names import Closed
from hv_sched.status.model import PartStatus
from hv_sched.status.model import Status
from hv_sched.status.model import VolumeStatus

# A pass may take long while Nova or Placement is slow; beyond that it hangs.
_STALLED_PASSES = 10
_STALLED_SECONDS = 1800
_OLD_PASSES = 3
_OLD_SECONDS = 60
_SHOWN = 5
# Somebody decided it: no trouble.
DECIDED = frozenset((Closed.OPERATOR.name, Closed.MAINTENANCE.name))


class Level(enum.Enum):
    """UNKNOWN: something could not be read, so the rest may be wrong."""

    OK = 'ok'
    ATTENTION = 'attention'
    UNKNOWN = 'unknown'


@dataclasses.dataclass(frozen=True)
class StatusVerdict:
    """:param reasons: a sentence each; empty when all is well"""

    level: Level
    reasons: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """For scripts and monitoring, see hv_sched.exit_codes."""
        return {Level.OK: exit_codes.OK,
                Level.ATTENTION: exit_codes.CHANGES,
                Level.UNKNOWN: exit_codes.PARTIAL}[self.level]


def judge(status: Status, now: datetime.datetime) -> StatusVerdict:
    """What an operator should know first."""
    unknown = (*stalled(status, now), *_unread(status, now),
               *_errors(status))
    attention = (*_findings(status), *_unpublished(status),
                 *_volumes(status), *_failing(status))
    if unknown:
        return StatusVerdict(Level.UNKNOWN, (*unknown, *attention))
    return StatusVerdict(Level.ATTENTION if attention else Level.OK,
                         attention)


def stalled(status: Status, now: datetime.datetime) -> tuple[str, ...]:
    """Parts of the agent that hang, or that nothing runs any more."""
    if not status.interval:
        return ()
    limit = max(_STALLED_PASSES * status.interval, _STALLED_SECONDS)
    texts = (_stalled(part, now, limit) for part in status.parts)
    return tuple(filter(None, texts))


def unready(status: Status, now: datetime.datetime) -> tuple[str, ...]:
    """Why the agent does not do its work now; empty when it does."""
    waiting = tuple(
        f'{part.name}: no pass has ended yet' for part in status.parts
        if part.last_end is None)
    return (*stalled(status, now), *_unread(status, now), *waiting,
            *_failing(status))


def is_trouble(volume: VolumeStatus) -> bool:
    """Whether an operator should look at a volume."""
    if volume.cut_off:
        return True
    if volume.state == 'closed':
        return not volume.closed.keys() <= DECIDED
    return volume.state not in ('open', 'low')


def _stalled(part: PartStatus, now: datetime.datetime, limit: float) -> str:
    if part.running_since is not None:
        running = seconds_since(part.running_since, now)
        return (f'{part.name}: its pass has been running for {ago(running)}'
                if running > limit else '')
    idle = seconds_since(part.last_end, now)
    return f'{part.name}: no pass for {ago(idle)}' if idle > limit else ''


def _unread(status: Status, now: datetime.datetime) -> tuple[str, ...]:
    if status.read_at is None:
        return ('no data yet: Placement has not been read',)
    age = seconds_since(status.read_at, now)
    if status.interval and age > _OLD_PASSES * status.interval + _OLD_SECONDS:
        return (f'what is shown is {ago(age)} old',)
    return ()


def _errors(status: Status) -> tuple[str, ...]:
    return tuple(f'{name} could not be read: {error}'
                 for name, error in sorted(status.unread.items()))


def _findings(status: Status) -> tuple[str, ...]:
    counted = [(status.count(severity), severity.value)
               for severity in (Severity.ERROR, Severity.WARNING)]
    return tuple(f'{count} {name}{"s" if count > 1 else ""}'
                 for count, name in counted if count)


def _unpublished(status: Status) -> tuple[str, ...]:
    names = [cluster.name for cluster in status.clusters
             if cluster.is_unpublished]
    return ('clusters of the source without a volume in Placement: '
            + _listed(names),) if names else ()


def _listed(names: list[str]) -> str:
    """Some of them, and how many more there are."""
    omitted = len(names) - _SHOWN
    return ', '.join(names[:_SHOWN]) + (
        f' and {omitted} more' if omitted > 0 else '')


def _volumes(status: Status) -> tuple[str, ...]:
    names = [f'{volume.cluster}/{volume.name}'
             for volume in status.volumes if is_trouble(volume)]
    if not names:
        return ()
    return (f'{len(names)} of {len(status.volumes)} volumes take no new '
            f'disks, or are not reached by each node: {_listed(names)}',)


def _failing(status: Status) -> tuple[str, ...]:
    return tuple(f'{part.name}: its last pass failed'
                 + (f': {part.error}' if part.error else '')
                 for part in status.parts if part.result == 'error')


def seconds_since(date: datetime.datetime | None, now: datetime.datetime
                  ) -> float:
    """0 where nobody said when, and for clocks that differ."""
    return 0.0 if date is None else max(0.0, (now - date).total_seconds())


def ago(seconds: float) -> str:
    """A time that passed, in the two units people read it in."""
    whole = int(seconds)
    units = ((whole // 86400, 'd'), (whole // 3600 % 24, 'h'),
             (whole // 60 % 60, 'min'), (whole % 60, 's'))
    first = next((number for number, (count, _unit) in enumerate(units)
                  if count), len(units) - 1)
    return ' '.join(f'{count} {unit}' for count, unit
                    in units[first:first + 2] if count) or '0 s'
