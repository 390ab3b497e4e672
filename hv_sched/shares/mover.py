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
check again: see standing_still.py for why the generations alone are no guard.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import logging

from hv_sched import exception
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import Servers
from hv_sched.parallel import in_parallel
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import Consumer
from hv_sched.shares import quiescence
from hv_sched.shares import rewrite
from hv_sched.shares.quiescence import Left
from hv_sched.shares.quiescence import Look
from hv_sched.shares.quiescence import Unit
from hv_sched.shares.quiescence import Why
from hv_sched.shares.rewrite import Move
from hv_sched.shares.watch import Watch

LOG = logging.getLogger(__name__)

_RETRIED = (exception.PlacementConflict, exception.PlacementUnavailable,
            exception.PlacementRefused)

ATTEMPTS = 5  # for one server, before it is listed
Rewrite = Callable[[Consumer], Move]
# Writes moves all together or not at all, with the room they need.
Write = Callable[[Sequence[Move]], None]
# Told how many consumers more are done.
Tell = Callable[[int], None]
# The destination's provider and volume of a migration, as far as known.
Destination = Callable[[Migration], tuple[str | None, str | None]]


@dataclasses.dataclass(frozen=True)
class Direction:
    """What moving means; see the types above."""

    rewrite: Rewrite
    write: Write
    destination: Destination


class Mover:
    """:param batch: how many servers are written in one request"""

    def __init__(self, client: Placement, servers: Servers,
                 direction: Direction, batch: int, workers: int) -> None:
        self._client = client
        self._servers = servers
        self._direction = direction
        self._batch = batch
        self._workers = workers

    def move(self, node: str, consumers: Iterable[str], tell: Tell
             ) -> list[Left]:
        """Move what consumers hold; returns those that were left.

        :param node: the node (or volume) they are on, to ask Nova in bulk
        """
        every = sorted(set(consumers))
        watch = Watch(self._servers, node)
        found = quiescence.sort(every, watch.begin(every))
        left = list(found.left)
        for start in range(0, len(found.units), self._batch):
            units = found.units[start:start + self._batch]
            left += self._write(watch, units)
            tell(len(units))
        return left

    def _write(self, watch: Watch, units: Sequence[Unit]) -> list[Left]:
        """One batch; when it is refused, each server by itself."""
        try:
            left, changed = self._attempt(watch, units)
        except _RETRIED as exc:
            LOG.info('A batch of %d servers was not written (%s); trying '
                     'them one by one', len(units), exc)
            left, changed = [], list(units)
        for unit in changed:
            left += self._alone(watch, unit)
        return left

    def _alone(self, watch: Watch, unit: Unit) -> list[Left]:
        """One server: read and planned anew a few times, then listed."""
        why = ''
        for _attempt in range(ATTEMPTS):
            try:
                left, changed = self._attempt(watch, (unit,))
                if not changed:
                    return left
                why = 'Nova changed it meanwhile'
            except exception.PlacementRefused as exc:
                return _refused(unit, str(exc))
            except (exception.PlacementConflict,
                    exception.PlacementUnavailable) as exc:
                why = str(exc)
        return _refused(unit, f'written by somebody else each of {ATTEMPTS} '
                              f'times it was tried: {why}')

    def _attempt(self, watch: Watch, units: Sequence[Unit]
                 ) -> tuple[list[Left], list[Unit]]:
        """Read, check, write, check again.

        :returns: what was left, and what changed after it was read
        :raises PlacementError: the whole batch was not written
        """
        before = watch.servers_of(units)
        moves, left = self._plan(units)
        moving, _seen = self._not_standing(watch, moves)
        left += moving.values()
        after = watch.servers_of(units)
        changed = [unit for unit, _all in moves
                   if not moving.keys() & set(unit.consumers)
                   and before.get(unit.server) != after.get(unit.server)]
        moves = [(unit, all_) for unit, all_ in moves
                 if not moving.keys() & set(unit.consumers)
                 and unit not in changed]
        every = [move for _unit, all_ in moves for move in all_
                 if move.changes]
        if every:
            self._direction.write(every)
            left += self._check_again(watch, moves)
        return left, changed

    def _check_again(self, watch: Watch,
                     moves: Sequence[tuple[Unit, list[Move]]]) -> list[Left]:
        moving, seen = self._not_standing(watch, moves)
        return [left for unit, all_ in moves
                if moving.keys() & set(unit.consumers)
                for left in self._repair(unit, all_, seen)]

    def _plan(self, units: Sequence[Unit]
              ) -> tuple[list[tuple[Unit, list[Move]]], list[Left]]:
        wanted = [c for unit in units for c in unit.consumers]
        read = dict(zip(wanted, in_parallel(
            self._workers, self._client.consumer, wanted), strict=True))
        moves: list[tuple[Unit, list[Move]]] = []
        left: list[Left] = []
        for unit in units:
            try:
                moves.append((unit, [
                    self._direction.rewrite(consumer)
                    for consumer in (read[c] for c in unit.consumers)
                    if consumer is not None]))
            except rewrite.Unmovable as exc:
                left += _refused(unit, str(exc))
        return moves, left

    def _not_standing(self, watch: Watch,
                      moves: Sequence[tuple[Unit, list[Move]]]
                      ) -> tuple[dict[str, Left], Look]:
        """The consumers that do not stand as they did, and what was seen."""
        wanted = {c for unit, _moves in moves for c in unit.consumers}
        seen = watch.look(wanted)
        found = quiescence.sort(wanted, seen)
        moving = {left.consumer: left for left in found.left}
        still = set(found.units)
        for unit, _moves in moves:
            if unit not in still and not moving.keys() & set(unit.consumers):
                moving[unit.server] = Left(
                    unit.server, Why.MOVING,
                    f'server {unit.server} began or ended a move')
        return moving, seen

    def _repair(self, unit: Unit, moves: Sequence[Move], seen: Look
                ) -> list[Left]:
        """A server that began to move while it was written."""
        migration = next((m for m in seen.migrations.values()
                          if m.server == unit.server), None)
        written = next((move.after for move in moves
                        if move.after.uuid == unit.server), None)
        if migration is None or written is None:
            return []
        dest, volume = self._direction.destination(migration)
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
            return _refused(unit, str(exc))
        return []


def _refused(unit: Unit, message: str) -> list[Left]:
    return [Left(consumer, Why.REFUSED, message)
            for consumer in unit.consumers]
