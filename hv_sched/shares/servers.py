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


"""What Nova says about servers, as far as their shares depend on it."""

from collections.abc import Mapping
import dataclasses
from typing import Protocol

RESIZED = 'resized'
FINISHED = 'finished'
# Every status of a migration that may still touch allocations. Nova keeps no
# list: nova/db/main/api.py names the closed ones.
OPEN_STATUSES = (
    'accepted', 'queued', 'preparing', 'running', 'pre-migrating',
    'migrating', 'post-migrating', FINISHED, 'confirming', 'reverting')


@dataclasses.dataclass(frozen=True)
class Server:
    """A server.

    :param known: False when its cell does not answer: Nova then tells that
        it exists and nothing else
    """

    uuid: str
    vm_state: str | None
    task_state: str | None
    known: bool = True


@dataclasses.dataclass(frozen=True)
class Migration:
    """An open migration.

    :param dest_node: hypervisor host name of the destination, when chosen
    :param keeps_flavor: False for a resize
    """

    uuid: str
    server: str
    status: str
    dest_node: str | None = None
    keeps_flavor: bool = True


class Servers(Protocol):
    """Where servers are asked for; every call asks anew."""

    def on_node(self, node: str) -> Mapping[str, Server]:
        """The servers Nova has on a compute node, by uuid.

        :param node: uuid of the node's resource provider
        """

    def server(self, uuid: str) -> Server | None:
        """One server, None when there is none with that uuid."""

    def open_migrations(self) -> Mapping[str, Migration]:
        """The open migrations of all servers, by their own uuid."""
