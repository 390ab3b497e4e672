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


"""Move shares of servers that stand still, in atomic batches.

Used in both directions, by adopt and by retire. Check, read, check, write,
check again: see quiescence.py for why the generations alone are no guard.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses

from hv_sched import exception
from hv_sched import printable
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import Servers
from hv_sched.parallel import in_parallel
from hv_sched.placement import retry
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import Consumer
from hv_sched.shares import quiescence
from hv_sched.shares import rewrite
from hv_sched.shares.quiescence import NovaView
from hv_sched.shares.quiescence import Skip
from hv_sched.shares.quiescence import SkipReason
from hv_sched.shares.quiescence import Unit
from hv_sched.shares.rewrite import Move
from hv_sched.shares.watch import Watch

LOG = printable.logger(__name__)

_CURED_BY_OBSERVING = (exception.PlacementConflict,
                       exception.PlacementUnavailable)

ATTEMPTS = 5  # for one server, before it is listed
Rewrite = Callable[[Consumer], Move]
# Writes moves all together or not at all, with the room they need.
Write = Callable[[Sequence[Move]], None]
# Told how many consumers more are done.
ReportCount = Callable[[int], None]
# The destination's provider and volume of a migration, as far as known.
Destination = Callable[[Migration], tuple[str | None, str | None]]


@dataclasses.dataclass(frozen=True)
class MoveStrategy:
    """What moving means; see the types above."""

    rewrite: Rewrite
    write: Write
    destination: Destination


class Mover:
    """:param batch: how many servers are written in one request"""

    def __init__(self, client: Placement, servers: Servers,
                 strategy: MoveStrategy, batch: int, workers: int) -> None:
        self._client = client
        self._servers = servers
        self._strategy = strategy
        self._batch = batch
        self._workers = workers

    def move(self, node: str, consumers: Iterable[str],
             report_count: ReportCount) -> list[Skip]:
        """Move what consumers hold; returns those that were left.

        :param node: the node (or volume) they are on, to ask Nova in bulk
        """
        ordered = sorted(set(consumers))
        watch = Watch(self._servers, node)
        sorted_consumers = quiescence.sort(ordered, watch.begin(ordered))
        skipped = list(sorted_consumers.skipped)
        for start in range(0, len(sorted_consumers.units), self._batch):
            units = sorted_consumers.units[start:start + self._batch]
            skipped += self._write(watch, units)
            report_count(len(units))
        return skipped

    def _write(self, watch: Watch, units: Sequence[Unit]) -> list[Skip]:
        """One batch; when it is refused, each server by itself."""
        try:
            with self._client.interruption.held():
                skipped, changed = self._attempt(watch, units)
        except (*_CURED_BY_OBSERVING, exception.PlacementRefused) as exc:
            LOG.info('A batch of %d servers was not written (%s); trying '
                     'them one by one', len(units), exc)
            skipped, changed = [], list(units)
        for unit in changed:
            skipped += self._alone(watch, unit)
        return skipped

    def _alone(self, watch: Watch, unit: Unit) -> list[Skip]:
        """One server: read and planned again a few times, then listed."""
        try:
            return retry.on_conflict(
                f'move the share of server {unit.server}', ATTEMPTS,
                _CURED_BY_OBSERVING)(self._attempt_alone, watch, unit)
        except exception.PlacementConflict as exc:
            return _refused(unit, 'changed by another client during each of '
                                  f'{ATTEMPTS} attempts: '
                                  f'{exception.told(exc)}')
        except (exception.PlacementRefused, *_CURED_BY_OBSERVING) as exc:
            return _refused(unit, exception.told(exc))

    def _attempt_alone(self, watch: Watch, unit: Unit) -> list[Skip]:
        """:raises PlacementConflict: Nova changed it after it was read"""
        with self._client.interruption.held():
            skipped, changed = self._attempt(watch, (unit,))
        if changed:
            raise exception.PlacementConflict('Nova changed it in the '
                                              'meantime')
        return skipped

    def _attempt(self, watch: Watch, units: Sequence[Unit]
                 ) -> tuple[list[Skip], list[Unit]]:
        """Read, check, write, check again.

        :returns: what was left, and what changed after it was read
        :raises PlacementError: the whole batch was not written
        """
        before = watch.servers_of(units)
        moves, skipped = self._plan(units)
        moving, _view = self._not_standing(watch, moves)
        skipped += moving.values()
        after = watch.servers_of(units)
        changed = [unit for unit, _all in moves
                   if not moving.keys() & set(unit.consumers)
                   and before.get(unit.server) != after.get(unit.server)]
        moves = [(unit, all_) for unit, all_ in moves
                 if not moving.keys() & set(unit.consumers)
                 and unit not in changed]
        changing = [move for _unit, all_ in moves for move in all_
                    if move.changes]
        if changing:
            self._strategy.write(changing)
            skipped += self._check_again(watch, moves)
        return skipped, changed

    def _check_again(self, watch: Watch,
                     moves: Sequence[tuple[Unit, list[Move]]]
                     ) -> list[Skip]:
        moving, view = self._not_standing(watch, moves)
        return [skipped for unit, all_ in moves
                if moving.keys() & set(unit.consumers)
                for skipped in self._repair(unit, all_, view)]

    def _plan(self, units: Sequence[Unit]
              ) -> tuple[list[tuple[Unit, list[Move]]], list[Skip]]:
        consumers = [c for unit in units for c in unit.consumers]
        read = dict(zip(consumers, in_parallel(
            self._workers, self._client.consumer, consumers), strict=True))
        moves: list[tuple[Unit, list[Move]]] = []
        skipped: list[Skip] = []
        for unit in units:
            try:
                moves.append((unit, [
                    self._strategy.rewrite(consumer)
                    for consumer in (read[c] for c in unit.consumers)
                    if consumer is not None]))
            except rewrite.Unmovable as exc:
                skipped += _refused(unit, str(exc))
        return moves, skipped

    def _not_standing(self, watch: Watch,
                      moves: Sequence[tuple[Unit, list[Move]]]
                      ) -> tuple[dict[str, Skip], NovaView]:
        """The consumers that do not stand as they did, and what was seen."""
        consumers = {c for unit, _moves in moves for c in unit.consumers}
        view = watch.view(consumers)
        sorted_consumers = quiescence.sort(consumers, view)
        moving = {skip.consumer: skip for skip in sorted_consumers.skipped}
        standing = set(sorted_consumers.units)
        for unit, _moves in moves:
            if (unit not in standing
                    and not moving.keys() & set(unit.consumers)):
                moving[unit.server] = Skip(
                    unit.server, SkipReason.MOVING,
                    f'server {unit.server} began or ended a move')
        return moving, view

    def _repair(self, unit: Unit, moves: Sequence[Move], view: NovaView
                ) -> list[Skip]:
        """A server that began to move while it was written."""
        migration = next((m for m in view.migrations.values()
                          if m.server == unit.server), None)
        written = next((move.after for move in moves
                        if move.after.uuid == unit.server), None)
        if migration is None or written is None:
            return []
        dest, volume = self._strategy.destination(migration)
        try:
            after = rewrite.repaired(
                written, self._client.consumer(unit.server),
                self._client.consumer(migration.uuid),
                dest if migration.keeps_flavor else None, volume)
            if after is not None:
                LOG.warning('Server %s began to move while it was written; '
                            'its allocations are repaired', unit.server)
                self._client.write_consumers([after])
        except (rewrite.Unmovable, exception.PlacementError) as exc:
            return _refused(unit, exception.told(exc))
        return []


def _refused(unit: Unit, message: str) -> list[Skip]:
    return [Skip(consumer, SkipReason.REFUSED, message)
            for consumer in unit.consumers]
