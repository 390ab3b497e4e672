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


"""What the mover writes: the result of a fresh judgement.

Both heal and restore write servers by it, so a server with a finding is
judged again, by the same rules and the same knowledge, right before it is
written.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from hv_sched import exception
from hv_sched.audit import judge
from hv_sched.audit.closer_look import CloserLook
from hv_sched.audit.context import AuditContext
from hv_sched.audit.findings import Code
from hv_sched.audit.held import Held
from hv_sched.compute.servers import Changes
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import NovaRecords
from hv_sched.compute.servers import OPEN_STATUSES
from hv_sched.compute.servers import Server
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import Consumer
from hv_sched.shares import mover
from hv_sched.shares import room
from hv_sched.shares.quiescence import Skip
from hv_sched.shares.rewrite import Move

_BATCH = 50
_Judged = tuple[Server | None, frozenset[str]]


class WatchedServers:
    """Servers, with what was last said of each and of their migrations.

    :param hosts: host by node's provider
    """

    def __init__(self, cloud: NovaRecords, hosts: Mapping[str, str]) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self.said: dict[str, Server] = {}
        self.migrations: dict[str, Migration] = {}
        self._of_server: dict[str, dict[str, Migration]] = {}
        self.evacuated: frozenset[str] = frozenset()

    def on_node(self, node: str) -> Mapping[str, Server]:
        if node not in self._hosts:
            return {}
        return self._noted(self._cloud.on_host(self._hosts[node]))

    def server(self, uuid: str) -> Server | None:
        server = self._cloud.server(uuid)
        if server is not None:
            self._noted({uuid: server})
        return server

    def open_migrations(self) -> Mapping[str, Migration]:
        self.evacuated = frozenset(self._cloud.waiting_evacuations())
        migrations = self._cloud.open_migrations()
        self.migrations, self._of_server = {}, {}
        self._note_migrations(migrations)
        return self.migrations

    def changes(self, seconds: float) -> Changes:
        self.evacuated = frozenset(self._cloud.waiting_evacuations())
        changed = self._cloud.changes(seconds)
        self._noted({uuid: server for uuid, server in changed.servers.items()
                     if server is not None})
        self._note_migrations(changed.migrations)
        return changed

    def computes(self) -> Mapping[str, bool]:
        return self._cloud.computes()

    def node_names(self) -> Collection[str]:
        return self._cloud.node_names()

    def open_of(self, server: str) -> list[Migration]:
        """The open migrations of a server, as was last said."""
        return [migration
                for migration in self._of_server.get(server, {}).values()
                if migration.status in OPEN_STATUSES]

    def _note_migrations(self, migrations: Mapping[str, Migration]) -> None:
        self.migrations.update(migrations)
        for uuid, migration in migrations.items():
            self._of_server.setdefault(
                migration.server, {})[uuid] = migration

    def _noted(self, servers: Mapping[str, Server]) -> Mapping[str, Server]:
        self.said.update(servers)
        return servers


class Rewriter:
    """Also the mover's Placement, where a consumer that holds nothing is an
    empty one instead of none.

    :param context: all clusters
    :param abandoned: evacuated servers whose former node is gone for good
    :ivar codes: what is to be put right, by server
    :ivar changed: servers that were to be written
    :ivar moves: the last change of each consumer
    """

    def __init__(self, client: Placement, cloud: NovaRecords,
                 context: AuditContext, codes: Mapping[str, set[Code]],
                 watched: WatchedServers, abandoned: Collection[str] = ()
                 ) -> None:
        self._client = client
        # The mover holds off the end of the process while it writes.
        self.interruption = client.interruption
        self._cloud = cloud
        self._context = context
        self._look = CloserLook(client, cloud, context, workers=1)
        self._abandoned = frozenset(abandoned)
        self._judged: dict[str, _Judged] = {}
        self._migrations_after: dict[str, Held] = {}
        self._watched = watched
        self.space = room.Room(client)
        self.codes = codes
        self.changed: set[str] = set()
        self.moves: dict[str, Move] = {}

    def move(self, node: str, servers: Iterable[str], workers: int
             ) -> list[Skip]:
        """Put servers right that stand still; returns those that were left.

        :param node: the provider of the node they are on, '' for any
        """
        return mover.Mover(
            self, self._watched, mover.MoveStrategy(  # type: ignore[arg-type]
                self._rewrite, self._write, _nowhere),
            _BATCH, workers).move(node, servers, lambda count: None)

    def plan(self, servers: Iterable[str]) -> None:
        """Note what would be written, for a dry run; writes nothing."""
        self._watched.open_migrations()
        for uuid in sorted(servers):
            self._watched.server(uuid)
            consumer = self.consumer(uuid)
            if consumer is not None:
                self._rewrite(consumer)

    def _rewrite(self, consumer: Consumer) -> Move:
        uuid = consumer.uuid
        if uuid in self.codes:
            after = self._judge(consumer)
        else:
            after = self._migrations_after.pop(uuid, consumer.held)
        move = Move(consumer, dataclasses.replace(consumer, held=after))
        self.moves.pop(uuid, None)
        if move.changes:
            self.moves[uuid] = move
            self.changed.add(self._server_of(uuid))
        return move

    def _judge(self, consumer: Consumer) -> Held:
        """What a server is to hold; notes what its migrations are."""
        uuid = consumer.uuid
        server, waiting = self._judged[uuid] = self._now(uuid)
        if server is None:
            return consumer.held
        context = self._look.context_of(
            server, consumer.held, self._watched.open_of(uuid),
            dataclasses.replace(self._context, waiting=waiting))
        server = self._cloud.resolved(server)
        codes = self.codes[uuid]
        after = judge.healed(server, consumer.held, context, codes)
        self._migrations_after |= judge.healed_migrations(
            server, after, context, codes)
        return after

    def _write(self, moves: Sequence[Move]) -> None:
        """Write moves, after another look at their servers.

        :raises PlacementConflict: a server is not as it was judged
        """
        for uuid in {self._server_of(move.before.uuid) for move in moves}:
            if self._now(uuid) != self._judged.get(uuid):
                raise exception.PlacementConflict(
                    f'server {uuid} changed while it was read')
        self.space.make(moves)
        self._client.write_consumers(move.after for move in moves)

    def _now(self, uuid: str) -> _Judged:
        """A server, and whether it is on its way back to a former node."""
        return self._watched.said.get(uuid), frozenset(
            ({uuid} & self._watched.evacuated) - self._abandoned)

    def _server_of(self, uuid: str) -> str:
        migration = self._watched.migrations.get(uuid)
        return uuid if migration is None else migration.server

    def consumer(self, uuid: str) -> Consumer | None:
        """See ``Placement``; one that holds nothing is its server's."""
        consumer = self._client.consumer(uuid)
        server = self._watched.said.get(self._server_of(uuid))
        if consumer is None and server is not None and server.project_id:
            return Consumer(uuid, None, server.project_id, server.user_id, {})
        return consumer

    def write_consumers(self, consumers: Iterable[Consumer]) -> None:
        self._client.write_consumers(consumers)


def _nowhere(migration: Migration) -> tuple[str | None, str | None]:
    """Where a move goes that overtook a write: the next audit tells."""
    return None, None
