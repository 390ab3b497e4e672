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

"""What is known of the clusters that servers are judged on. Pure."""

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools

from hv_sched.audit import file_history
from hv_sched.audit.held import Held
from hv_sched.audit.owners import Owners
from hv_sched.audit.owners import provider_of
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import Server
from hv_sched.placement import disk_moves
from hv_sched.placement import names
from hv_sched.providers import node_matching


@dataclasses.dataclass(frozen=True)
class NodeVolumes:
    """A node of a cluster.

    :param name: hypervisor host name
    :param homes: the volumes its servers' disks are made on
    :param reach: all published volumes of its cluster
    """

    name: str
    homes: frozenset[str] = frozenset()
    reach: frozenset[str] = frozenset()


class NodeNames:
    """Nodes by what they are called, for as many contexts as share them."""

    def __init__(self, nodes: Mapping[str, NodeVolumes]) -> None:
        self.nodes = nodes

    @functools.cached_property
    def by_name(self) -> Mapping[str, str]:
        """The provider by the hypervisor host name."""
        return {node.name: uuid for uuid, node in self.nodes.items()}

    @functools.cached_property
    def in_source(self) -> node_matching.SingleMatches:
        """The provider by what a source calls a node."""
        return node_matching.SingleMatches(
            {uuid: node.name for uuid, node in self.nodes.items()})


@dataclasses.dataclass(frozen=True)
class MigrationShares:
    """An open migration of a server that stands still.

    :param held: all that it holds
    :param is_dead: nothing will end it any more; if not, it is a resize
        that waits to be confirmed
    """

    migration: Migration
    held: Held
    is_dead: bool = False


@dataclasses.dataclass(frozen=True)
class AuditContext:
    """What is known besides the server; volumes and nodes by uuid.

    :param known_on: by server, the one volume that has all its files
    :param waiting: servers evacuated from nodes that have not come back
    :param moves: by server, all its migrations, newest first, as far as
        they were read
    :param migrations: by server, what its open migrations hold
    :param assume_home: take files to be on the home of the server's node
    :param cold_moves_keep_disk: [hv_sched]cold_move_keeps_disk
    :param move_traits: of volumes, what says what a move does with a disk
    :param owners: by server, the node its cluster runs it on
    :param needs_owner: a node's part follows a server only where its cluster
        says that it runs there
    :param node_names: of the nodes; a context made of another one shares
        them, so that one server costs the same in a cloud of any size
    """

    volumes: Mapping[str, str]
    nodes: Mapping[str, NodeVolumes]
    known_on: Mapping[str, str] = dataclasses.field(default_factory=dict)
    waiting: Collection[str] = ()
    moves: Mapping[str, Sequence[Migration]] = dataclasses.field(
        default_factory=dict)
    migrations: Mapping[str, Sequence[MigrationShares]] = dataclasses.field(
        default_factory=dict)
    assume_home: bool = False
    cold_moves_keep_disk: bool = False
    owners: Owners = dataclasses.field(default_factory=dict)
    needs_owner: bool = False
    move_traits: Mapping[str, frozenset[str]] = dataclasses.field(
        default_factory=dict)
    node_names: NodeNames = dataclasses.field(
        default=NodeNames({}), repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.node_names.nodes is not self.nodes:
            object.__setattr__(self, 'node_names', NodeNames(self.nodes))

    def node_of(self, server: Server) -> str | None:
        """The provider of the node a server is on, if it is one of ours."""
        return self.node_named(server.node)

    def node_named(self, name: str | None) -> str | None:
        """The provider of one of our nodes by its hypervisor host name."""
        return self.node_names.by_name.get(name or '')

    def place_of(self, name: str | None) -> file_history.Place:
        """Where the node of a name is."""
        uuid = self.node_named(name)
        if uuid is None:
            return file_history.Place()
        node = self.nodes[uuid]
        clusters = {names.cluster_of(self.volumes[volume])
                    for volume in node.homes or node.reach
                    if volume in self.volumes}
        traits = frozenset[str]().union(*(
            self.move_traits.get(volume, ()) for volume in node.homes))
        return file_history.Place(
            node.homes, min(clusters, default=None),
            disk_moves.cold_keeps_disk(traits, self.cold_moves_keep_disk),
            disk_moves.stays_home(traits, is_live=True))

    def evacuation_leaves_disk(self, volume: str) -> bool:
        """Whether the old disk stays on it when its server is evacuated."""
        return disk_moves.evacuation_leaves_disk(
            self.move_traits.get(volume, ()))

    def owner_of(self, server: Server) -> str | None:
        """The provider of the node its cluster runs it on, if known."""
        return provider_of(self.owners.get(server.uuid), server,
                           self.node_names.in_source)

    def volume_by_moves(self, server: str, on: Collection[str]
                        ) -> str | file_history.Uncertainty:
        """Which of several volumes has the files, as Nova's moves tell.

        :param on: those it holds a share of
        """
        return file_history.volume_of(
            on, self.moves.get(server, ()), self.place_of,
            self.cold_moves_keep_disk, server in self.waiting)

    def volume_of(self, server: Server, node: str | None) -> str | None:
        """The volume with a server's files, None when it is not certain.

        Files stay where they were made whatever node the server is on, so
        a node's home is certain only where the cluster has one volume.
        """
        volume = self.known_on.get(server.uuid)
        if volume in self.volumes:
            return volume
        if node is None:
            return None
        node_volumes = self.nodes[node]
        for candidates in (
                node_volumes.reach,
                node_volumes.homes if self.assume_home else ()):
            if len(candidates) == 1:
                return next(iter(candidates))
        return None

    def title(self, provider: str) -> str:
        if provider in self.volumes:
            return self.volumes[provider]
        node = self.nodes.get(provider)
        return node.name if node else provider
