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


"""Which consumers may be written from outside Nova now.

Nova writes a server's allocations without looking at what it overwrites, and
the consumer generation is no guard: a consumer that a move empties is
deleted and starts again, so a stale write succeeds in the middle of it. Only
a server without task_state and without an open migration is written, or one
that waits for its resize to be confirmed: then both its consumers together.

A process that dies in a move leaves the migration's record open for ever;
nothing in Nova closes it. It shows in its server, which has no task_state,
and by its age: Nova never takes long from one to the other.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import enum

from hv_sched.compute.servers import FINISHED
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import RESIZED
from hv_sched.compute.servers import Server
from hv_sched.compute.servers import Servers

DEAD_AFTER_SECONDS = 3600


class SkipReason(enum.Enum):
    """Why a consumer is not written."""

    MOVING = 'moving'
    UNKNOWN = 'unknown'
    UNEXPLAINED = 'unexplained'
    REFUSED = 'refused'


@dataclasses.dataclass(frozen=True)
class Skip:
    """A consumer that is left alone, and why."""

    consumer: str
    reason: SkipReason
    message: str


@dataclasses.dataclass(frozen=True, order=True)
class Unit:
    """The consumers that are written together.

    :param migration: the finished one of a server in VERIFY_RESIZE
    """

    server: str
    migration: str | None = None

    @property
    def consumers(self) -> tuple[str, ...]:
        if self.migration is None:
            return (self.server,)
        return (self.server, self.migration)


@dataclasses.dataclass(frozen=True)
class NovaView:
    """What Nova said at one time.

    :param migrations: the open ones
    :param dead: those whose record alone is open
    """

    servers: Mapping[str, Server]
    migrations: Mapping[str, Migration]
    dead: Mapping[str, Migration] = dataclasses.field(default_factory=dict)

    def server_of(self, consumer: str) -> str:
        migration = self.migrations.get(consumer)
        return migration.server if migration else consumer


@dataclasses.dataclass(frozen=True)
class Sorted:
    """Consumers, sorted by whether they may be written."""

    units: tuple[Unit, ...]
    skipped: tuple[Skip, ...]


def read_view(api: Servers, nodes: Iterable[str], consumers: Iterable[str]
              ) -> NovaView:
    """Ask Nova about consumers.

    Servers are asked for before migrations: a move sets the task_state
    first, so one that begins in between is seen one way or the other.

    :param nodes: where most of the consumers are, to ask in bulk
    """
    requested = set(consumers)
    servers: dict[str, Server] = {}
    for node in sorted(set(nodes)):
        servers.update(api.on_node(node))
    migrations = api.open_migrations()
    mine = {uuid: migration for uuid, migration in migrations.items()
            if uuid in requested or migration.server in requested}
    needed = {mine[c].server if c in mine else c for c in requested}
    for uuid in sorted(needed - servers.keys()):
        server = api.server(uuid)
        if server is not None:
            servers[uuid] = server
    dead = {uuid: migration for uuid, migration in mine.items()
            if is_dead(migration, servers.get(migration.server))}
    return NovaView({uuid: servers[uuid] for uuid in needed
                     if uuid in servers},
                    {uuid: migration for uuid, migration in mine.items()
                     if uuid not in dead}, dead)


def is_dead(migration: Migration, server: Server | None) -> bool:
    """Whether only the record of a migration is open."""
    if server is None or not server.known or server.task_state:
        return False
    # One to be confirmed has all the time in the world.
    return (server.vm_state != RESIZED
            and migration.idle_seconds > DEAD_AFTER_SECONDS)


def is_waiting(migration: Migration, server: Server) -> bool:
    """Whether a migration is a resize that waits to be confirmed."""
    return (server.vm_state == RESIZED and not server.task_state
            and migration.status == FINISHED)


def unknown(consumers: Iterable[str], view: NovaView) -> set[str]:
    """Those that are neither a server nor a migration as far as Nova knows."""
    return {consumer for consumer in consumers
            if consumer not in view.dead
            and view.server_of(consumer) not in view.servers}


def sort(consumers: Iterable[str], view: NovaView) -> Sorted:
    """The units that stand still, and what is left alone with its reason."""
    units: set[Unit] = set()
    skipped = []
    for consumer in sorted(set(consumers)):
        outcome = _unit(consumer, view)
        if isinstance(outcome, Unit):
            units.add(outcome)
        else:
            skipped.append(outcome)
    return Sorted(tuple(sorted(units)), tuple(skipped))


def _unit(consumer: str, view: NovaView) -> Unit | Skip:
    if consumer in view.dead:
        return Skip(consumer, SkipReason.UNEXPLAINED,
                    f'this migration of server {view.dead[consumer].server} '
                    'is over; a process died and left its record open '
                    f'({view.dead[consumer].status})')
    uuid = view.server_of(consumer)
    server = view.servers.get(uuid)
    if server is None:
        return Skip(consumer, SkipReason.UNEXPLAINED,
                    'Nova knows no such server and no open migration: '
                    '"csv audit" shows what it is')
    if not server.known:
        return Skip(consumer, SkipReason.UNKNOWN,
                    f'the cell of server {uuid} does not answer: run it again '
                    'when it does')
    if server.task_state:
        return Skip(consumer, SkipReason.MOVING,
                    f'server {uuid} is busy ({server.task_state}): run it '
                    'again when it is not')
    return _standing(consumer, server, view)


def _standing(consumer: str, server: Server, view: NovaView) -> Unit | Skip:
    """A server without a task_state."""
    still_open = [m for m in view.migrations.values()
                  if m.server == server.uuid]
    if not still_open and server.vm_state != RESIZED:
        return Unit(server.uuid)
    if (len(still_open) == 1 and server.vm_state == RESIZED
            and still_open[0].status == FINISHED):
        return Unit(server.uuid, still_open[0].uuid)
    migrations = ', '.join(
        f'{m.uuid} {m.status}' for m in still_open) or 'none'
    return Skip(consumer, SkipReason.MOVING,
                f'server {server.uuid} ({server.vm_state}) is moving; open '
                f'migrations: {migrations}; run it again when that is over')
