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


"""What Nova answers about servers, recorded as a dict a test may change.

For the tests that kill and race adopt against a real Placement; the real
Nova is in tests/nova.
"""

import dataclasses

from hv_sched.compute.hypervisors import HypervisorReport
from hv_sched.compute.servers import Changes
from hv_sched.compute.servers import DONE
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import Needs
from hv_sched.compute.servers import OPEN_STATUSES
from hv_sched.compute.servers import Server
from hv_sched.compute.servers import SOFT_DELETED


class Answers:
    """``Servers`` and ``Cloud`` from dicts a test may change.

    Every server is known until said.

    :ivar nodes: provider uuid by name; hosts are called like their nodes
    :ivar down: hosts whose cell does not answer
    :ivar unlisted: nodes of which no hypervisor is listed
    :ivar emptied: hosts that are listed without their servers
    :ivar deleted: servers Nova still remembers
    :ivar changed: servers with a migration that changed a moment ago
    :ivar asked: the names of all calls
    """

    def __init__(self, nodes: dict[str, str] | None = None) -> None:
        self.servers: dict[str, Server] = {}
        self.migrations: dict[str, Migration] = {}
        self.past_moves: dict[str, list[Migration]] = {}
        self.resizes: set[str] = set()
        self.cells = {'here': True}
        self.requests = 0
        self._at = 0
        self._quiet: set[str] = set()
        self.nodes = {} if nodes is None else nodes
        self.down: set[str] = set()
        self.unlisted: set[str] = set()
        self.emptied: set[str] = set()
        self.deleted: set[str] = set()
        self.changed: set[str] = set()
        self.asked: list[str] = []

    def add(self, uuid: str, vm_state: str = 'active',
            task_state: str | None = None, known: bool = True,
            disk_gb: int | None = None, node: str | None = None) -> str:
        self._at += 1
        self._quiet.discard(uuid)
        self.servers[uuid] = Server(uuid, vm_state, task_state, known,
                                    node=node, needs=Needs(disk_gb),
                                    updated=str(self._at))
        return uuid

    def quiet(self) -> None:
        """What there is has not changed for long."""
        self._quiet = set(self.servers)

    def add_migration(self, uuid: str, server: str,
                      status: str = 'finished', **fields: object) -> None:
        self.migrations[uuid] = Migration(
            uuid, server, status, **fields)  # type: ignore[arg-type]

    def on_node(self, node: str) -> dict[str, Server]:
        return {}

    def server(self, uuid: str) -> Server | None:
        self.requests += 1
        self.asked.append('server')
        found = self.servers.get(uuid)
        if found is not None and found.node in self.down:
            return Server(uuid, None, None, known=False)
        return found

    def resized_since(self, seconds: float | None) -> frozenset[str]:
        return frozenset(self.resizes)

    def moves_of(self, server: str) -> list[Migration]:
        """Those that are over, and then the others a test added."""
        self.asked.append('moves_of')
        return [*self.past_moves.get(server, []), *(
            migration for migration in self.migrations.values()
            if migration.server == server)]

    def changes(self, seconds: float) -> Changes:
        """Everything but what is quiet, and of servers the known ones."""
        self.requests += 2
        return Changes(
            {uuid: server for uuid, server in self.servers.items()
             if uuid not in self._quiet and server.known},
            {uuid: migration for uuid, migration in self.migrations.items()
             if migration.idle_seconds <= seconds})

    def open_migrations(self) -> dict[str, Migration]:
        self.requests += len(OPEN_STATUSES)
        self.asked.append('open_migrations')
        return {uuid: migration for uuid, migration
                in self.migrations.items()
                if migration.status in OPEN_STATUSES}

    def computes(self) -> dict[str, bool]:
        self.asked.append('computes')
        return {**self.cells,
                **{name: name not in self.down for name in self.nodes}}

    def node_names(self) -> set[str]:
        return set(self.computes())

    def hosts(self) -> dict[str, str]:
        self.asked.append('hosts')
        return {uuid: name for name, uuid in self.nodes.items()
                if name not in self.unlisted}

    def hypervisor_types(self) -> dict[str, str]:
        return {}

    def hypervisors(self) -> list[HypervisorReport]:
        return []

    def on_host(self, host: str) -> dict[str, Server]:
        self.asked.append('on_host')
        if host in self.down | self.emptied:
            return {}
        return {uuid: server for uuid, server in self.servers.items()
                if server.node == host
                and server.vm_state != SOFT_DELETED}

    def soft_deleted(self) -> dict[str, Server]:
        self.asked.append('soft_deleted')
        return {uuid: server for uuid, server in self.servers.items()
                if server.vm_state == SOFT_DELETED
                and server.node not in self.down}

    def resolved(self, server: Server) -> Server:
        self.asked.append('resolved')
        return dataclasses.replace(server, root_device=None)

    def was_server(self, uuid: str) -> bool:
        self.asked.append('was_server')
        return uuid in self.deleted

    def waiting_evacuations(self) -> dict[str, Migration]:
        self.asked.append('waiting_evacuations')
        past = [(server, migration)
                for server, moves in self.past_moves.items()
                for migration in moves]
        return {server: migration for server, migration in [*past, *(
            (migration.server, migration)
            for migration in self.migrations.values())]
            if migration.status == DONE}

    def changed_since(self, seconds: float) -> set[str]:
        self.asked.append('changed_since')
        return self.changed

    def closed_migrations(self, uuids: set[str]) -> dict[str, Migration]:
        self.asked.append('closed_migrations')
        return {uuid: migration for uuid, migration
                in self.migrations.items() if uuid in uuids}
