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

from hv_sched.shares.servers import Migration
from hv_sched.shares.servers import Server


class Answers:
    """``Servers`` from two dicts; every server is known until said."""

    def __init__(self) -> None:
        self.servers: dict[str, Server] = {}
        self.migrations: dict[str, Migration] = {}

    def add(self, uuid: str, vm_state: str = 'active',
            task_state: str | None = None, known: bool = True) -> str:
        self.servers[uuid] = Server(uuid, vm_state, task_state, known)
        return uuid

    def add_migration(self, uuid: str, server: str,
                      status: str = 'finished', **fields: object) -> None:
        self.migrations[uuid] = Migration(
            uuid, server, status, **fields)  # type: ignore[arg-type]

    def on_node(self, node: str) -> dict[str, Server]:
        return {}

    def server(self, uuid: str) -> Server | None:
        return self.servers.get(uuid)

    def open_migrations(self) -> dict[str, Migration]:
        return dict(self.migrations)
