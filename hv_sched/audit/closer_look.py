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


"""Single servers with all that is known of them, for the judge.

In bulk an audit reads what servers hold in one cluster. Whatever looks wrong
there, and whatever is about to be written, is judged by all the server holds
anywhere, what its open migrations hold, and the moves Nova remembers.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched.audit import judge
from hv_sched.audit.context import AuditContext
from hv_sched.audit.context import MigrationShares
from hv_sched.audit.findings import Finding
from hv_sched.audit.held import Held
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import NovaRecords
from hv_sched.compute.servers import Server
from hv_sched.parallel import in_parallel
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.shares import quiescence


class CloserLook:
    """:param context: all clusters, and what is known of their servers"""

    def __init__(self, client: Placement, cloud: NovaRecords,
                 context: AuditContext, workers: int) -> None:
        self._client = client
        self._cloud = cloud
        self._context = context
        self._workers = workers

    def findings(self, servers: Iterable[Server],
                 migrations: Mapping[str, list[Migration]]
                 ) -> list[Finding]:
        """What is wrong with servers that stand still.

        :param migrations: the open ones, by their server
        :raises PlacementError, NovaError: when they cannot be read
        """
        return [finding for of_server in in_parallel(
            self._workers, lambda server: self._findings(
                server, migrations.get(server.uuid, ())),
            sorted(servers, key=lambda server: server.uuid))
            for finding in of_server]

    def _findings(self, server: Server, migrations: Iterable[Migration]
                  ) -> list[Finding]:
        held = held_by(self._client, server.uuid)
        context = self.context_of(server, held, migrations)
        if not any(judge.judge(server, held, context)):
            return []
        return list(judge.judge(self._cloud.resolved(server), held, context))

    def context_of(self, server: Server, held: Held,
                   migrations: Iterable[Migration],
                   context: AuditContext | None = None) -> AuditContext:
        """What is known of one server; read only where it matters.

        :param held: all that it holds
        :param migrations: its open ones
        :param context: instead of this object's
        """
        context = context or self._context
        shares = [MigrationShares(
            migration, held_by(self._client, migration.uuid),
            quiescence.is_dead(migration, server)) for migration in migrations
                  if waits_or_is_dead(migration, server)]
        needs_moves = any(one.is_dead for one in shares) or len([
            volume for volume, resources in held.items()
            if volume in context.volumes and names.DISK_GB in resources]) > 1
        return dataclasses.replace(
            context, migrations={server.uuid: shares}, moves={
                server.uuid: self._cloud.moves_of(server.uuid)}
            if needs_moves else {})


def held_by(client: Placement, uuid: str) -> Held:
    """All that a consumer holds.

    :raises PlacementError: it cannot be read
    """
    consumer = client.consumer(uuid)
    return {} if consumer is None else consumer.held


def waits_or_is_dead(migration: Migration, server: Server) -> bool:
    """Whether an open migration is the judge's: its server stands still."""
    return (quiescence.is_waiting(migration, server)
            or quiescence.is_dead(migration, server))


def of_servers(migrations: Mapping[str, Migration]
               ) -> dict[str, list[Migration]]:
    """Open migrations by their server."""
    by_server: dict[str, list[Migration]] = {}
    for migration in migrations.values():
        by_server.setdefault(migration.server, []).append(migration)
    return by_server
