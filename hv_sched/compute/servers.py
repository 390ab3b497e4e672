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

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Protocol

from hv_sched.compute.hypervisors import HypervisorReport
from hv_sched.compute.instance_names import NamedServers

RESIZED = 'resized'
FINISHED = 'finished'
DONE = 'done'  # an evacuation whose source has not come back yet
OFFLOADED = 'shelved_offloaded'
BUILDING = 'building'
ERROR = 'error'
SOFT_DELETED = 'soft-delete'
EVACUATION = 'evacuation'
# Every status of a migration that may still touch allocations. Nova keeps no
# list: nova/db/main/api.py names the closed ones.
OPEN_STATUSES = (
    'accepted', 'queued', 'preparing', 'running', 'pre-migrating',
    'migrating', 'post-migrating', FINISHED, 'confirming', 'reverting')


@dataclasses.dataclass(frozen=True)
class Needs:
    """What Nova allocates for a flavor.

    :param disk_gb: in all groups of the request; None when the flavor is
        not told
    :param compute: VCPU and MEMORY_MB; None when more than these is asked
    """

    disk_gb: int | None = None
    compute: Mapping[str, int] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Server:
    """A server.

    :param known: False when its cell does not answer: Nova then tells that
        it exists and nothing else
    :param node: hypervisor host name of the node it is on, None for none
    :param launched: it has run once, so it has files
    :param root_device: where its root disk is, when it has an image and
        Cinder volumes too, so that only the volumes tell what the root is
    :param needs_from_volume: what it needs in case the root is a volume
    :param updated: when Nova's record of it was last written
    """

    uuid: str
    vm_state: str | None
    task_state: str | None
    known: bool = True
    node: str | None = None
    launched: bool = True
    project_id: str = ''
    user_id: str = ''
    needs: Needs = Needs()
    root_device: str | None = None
    needs_from_volume: Needs | None = None
    updated: str | None = None


@dataclasses.dataclass(frozen=True)
class ServerLabel:
    """What people call a server, and where it is.

    :param node: hypervisor host name of the node it is on, None for none
    """

    name: str
    node: str | None


@dataclasses.dataclass(frozen=True)
class Migration:
    """A migration; an open one unless said otherwise.

    :param dest_node: hypervisor host name of the destination, when chosen
    :param keeps_flavor: False for a resize
    :param kind: migration, resize, live-migration or evacuation
    :param idle_seconds: since Nova last wrote its record
    """

    uuid: str
    server: str
    status: str
    dest_node: str | None = None
    keeps_flavor: bool = True
    source_node: str | None = None
    kind: str | None = None
    idle_seconds: float = 0


@dataclasses.dataclass(frozen=True)
class Changes:
    """What changed recently.

    :param servers: by uuid; None for one that was deleted
    :param migrations: by their own uuid, also closed ones
    """

    servers: Mapping[str, Server | None]
    migrations: Mapping[str, Migration]


class Servers(Protocol):
    """Where servers are asked for; every call asks again."""

    def on_node(self, node: str) -> Mapping[str, Server]:
        """The servers Nova has on a compute node, by uuid.

        Not all of them while a cell is down; ask for those one by one.

        :param node: uuid of the node's resource provider
        """

    def server(self, uuid: str) -> Server | None:
        """One server, None when there is none with that uuid."""

    def open_migrations(self) -> Mapping[str, Migration]:
        """The open migrations of all servers, by their own uuid."""

    def changes(self, seconds: float) -> Changes:
        """What changed in the last seconds, by Nova's own clock.

        Nothing is stated about cells that do not answer.
        """

    def computes(self) -> Mapping[str, bool]:
        """Every nova-compute's host, and whether its cell answers."""

    def node_names(self) -> Collection[str]:
        """The hypervisor host name of every compute node."""

    def hypervisor_types(self) -> Mapping[str, str]:
        """The hypervisor type of each compute node, by its provider."""

    def hypervisors(self) -> Collection[HypervisorReport]:
        """All compute nodes, as their virt drivers reported them."""


class NovaRecords(Servers, Protocol):
    """What an audit asks in addition; again every call asks again."""

    def named_servers(self) -> NamedServers:
        """All servers as clusters and Nova call them; see the class."""

    def hosts(self) -> Mapping[str, str]:
        """The host of each compute node, by the uuid of its provider."""

    def on_host(self, host: str) -> Mapping[str, Server]:
        """The servers on a nova-compute, by uuid; no soft-deleted ones."""

    def soft_deleted(self) -> Mapping[str, Server]:
        """The servers that are deleted and not reclaimed yet, by uuid."""

    def resolved(self, server: Server) -> Server:
        """A server with ``needs`` settled, whatever its root disk is."""

    def was_server(self, uuid: str) -> bool:
        """Whether Nova remembers a server, also a deleted one."""

    def waiting_evacuations(self) -> Mapping[str, Migration]:
        """By server: evacuations whose source has not cleaned up yet."""

    def moves_of(self, server: str) -> Sequence[Migration]:
        """All migrations of a server, newest first."""

    def resized_since(self, seconds: float | None) -> Collection[str]:
        """Servers with a resize that was confirmed in the last seconds.

        By Nova's own clock; None for ever.
        """

    def changed_since(self, seconds: float) -> Collection[str]:
        """Servers with a migration that changed in the last seconds.

        By Nova's own clock.
        """

    def closed_migrations(self, uuids: Collection[str]
                          ) -> Mapping[str, Migration]:
        """Those of these uuids that are migrations, whatever their state."""
