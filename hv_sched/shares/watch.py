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

"""What Nova says of a node's servers, kept current by what changes.

A node may have a thousand servers, and each batch has to be sure of its own
twice. So the node is listed once; after that Nova is asked for what changed
since, which is little, and for one server of the node: lists are silent
about a cell that is down, a look at a single server is not.
"""

from collections.abc import Iterable
import time

from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import OPEN_STATUSES
from hv_sched.compute.servers import Server
from hv_sched.compute.servers import Servers
from hv_sched.shares import quiescence
from hv_sched.shares.quiescence import NovaView
from hv_sched.shares.quiescence import Unit

# Nova's controllers stamp their records each by its own clock.
MARGIN_SECONDS = 60.0


class Watch:
    """:param node: uuid of a compute node's provider; empty when the
        consumers are on no node in particular: each is then asked for
    """

    def __init__(self, api: Servers, node: str) -> None:
        self._api = api
        self._node = node
        self._began = 0.0
        self._servers: dict[str, Server] = {}
        self._migrations: dict[str, Migration] = {}
        self._dead: dict[str, Migration] = {}

    def begin(self, consumers: Iterable[str]) -> NovaView:
        """Look at all consumers there are.

        :raises NovaError: when Nova cannot be read
        """
        self._began = time.monotonic()
        view = quiescence.read_view(
            self._api, (self._node,) if self._node else (), consumers)
        self._servers = dict(view.servers)
        self._migrations = dict(view.migrations)
        self._dead = dict(view.dead)
        return view

    def view(self, consumers: Iterable[str]) -> NovaView:
        """Look again at some of them.

        :raises NovaError: when Nova cannot be read
        """
        requested = set(consumers)
        if not self._node:
            return quiescence.read_view(self._api, (), requested)
        self._refresh(requested)
        mine = {uuid: migration
                for uuid, migration in self._migrations.items()
                if uuid in requested or migration.server in requested}
        needed = {mine[c].server if c in mine else c for c in requested}
        servers = {uuid: self._servers[uuid] for uuid in needed
                   if uuid in self._servers}
        return NovaView(self._answering(servers), mine, self._dead)

    def servers_of(self, units: Iterable[Unit]) -> dict[str, Server]:
        """What was last seen of the servers, to compare."""
        return {unit.server: self._servers[unit.server] for unit in units
                if unit.server in self._servers}

    def _refresh(self, requested: set[str]) -> None:
        """Only consumers of the beginning are kept: memory stays flat."""
        changes = self._api.changes(
            time.monotonic() - self._began + MARGIN_SECONDS)
        for uuid in self._servers.keys() & changes.servers.keys():
            server = changes.servers[uuid]
            if server is None:
                del self._servers[uuid]
            else:
                self._servers[uuid] = server
        for uuid, migration in changes.migrations.items():
            self._dead.pop(uuid, None)
            if migration.status not in OPEN_STATUSES:
                self._migrations.pop(uuid, None)
            elif migration.server in self._servers or uuid in requested:
                self._migrations[uuid] = migration

    def _answering(self, servers: dict[str, Server]) -> dict[str, Server]:
        """The servers, unknown when their cell is silent.

        All servers of a node are in one cell.
        """
        for uuid in sorted(servers):
            witness = self._api.server(uuid)
            if witness is None:
                self._servers.pop(uuid, None)
                servers = {u: s for u, s in servers.items() if u != uuid}
                continue
            if witness.known:
                self._servers[uuid] = witness
                return {**servers, uuid: witness}
            return {u: Server(u, None, None, known=False) for u in servers}
        return servers
