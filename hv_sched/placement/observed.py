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

"""What Placement said, as values.

``Overview`` is what few bulk requests contain of the whole cloud; ``Provider``
is one provider read in full, at one generation.
"""

from collections.abc import Mapping
import dataclasses
import functools

from hv_sched import windows_names
from hv_sched.placement import names
from hv_sched.placement import owed
from hv_sched.placement.consumers import MIGRATION
from hv_sched.placement.inventory import Inventory


@dataclasses.dataclass(frozen=True)
class Listed:
    """A line of ``GET /resource_providers``."""

    uuid: str
    name: str
    generation: int
    parent_uuid: str | None = None


@dataclasses.dataclass(frozen=True)
class Provider:
    """A provider read in full; everything is of the same generation."""

    uuid: str
    name: str
    generation: int
    inventories: Mapping[str, Inventory]
    usages: Mapping[str, int]
    traits: frozenset[str]
    aggregates: frozenset[str]
    parent_uuid: str | None = None
    # Consumer uuid -> GiB of DISK_GB; read only where a source lists VMs.
    shares_gb: Mapping[str, int] | None = None
    # Read only where some is held; None when it was not read.
    escrows: tuple[owed.Escrow, ...] | None = None

    def used(self, resource_class: str) -> int:
        return self.usages.get(resource_class, 0)

    @property
    def owed(self) -> owed.Owed:
        """What it owes its servers, escrow among it."""
        disk_gb = self.used(names.DISK_GB)
        if self.escrows is None:
            return owed.untyped(disk_gb, self.used(names.HELD_DISK_GB))
        return owed.owed(disk_gb, self.escrows)

    @property
    def copies_gb(self) -> Mapping[str, int] | None:
        """``shares_gb`` with the escrow that is a share.

        Of a consumer without a type, too: where a source lists a VM by that
        uuid, it is a server.
        """
        if self.shares_gb is None:
            return None
        return {**self.shares_gb, **{
            escrow.consumer: max(escrow.held_gb, escrow.disk_gb)
            for escrow in self.escrows or ()
            if escrow.consumer_type != MIGRATION}}


@dataclasses.dataclass(frozen=True)
class VolumeSummary:
    """A volume in the provider_summaries of one bulk request.

    :param capacity_gb: (total - reserved) * allocation_ratio of its DISK_GB;
        None when it has none
    :param held_gb: escrow on it, of servers and of migrations
    :param held_capacity_gb: the escrow class's
    """

    capacity_gb: int | None
    used_gb: int
    traits: frozenset[str]
    held_gb: int = 0
    held_capacity_gb: int | None = None

    @property
    def owed(self) -> owed.Owed:
        """What it may owe at most; only the consumers' types tell more."""
        return owed.untyped(self.used_gb, self.held_gb)


@dataclasses.dataclass(frozen=True)
class NodeSummary:
    """A compute node in the provider_summaries of one bulk request.

    :param usages: by resource class, all it has an inventory of
    """

    usages: Mapping[str, int]
    traits: frozenset[str]


@dataclasses.dataclass(frozen=True)
class GpuSummary:
    """:param capacities: by resource class
    :param usages: by resource class
    """

    capacities: Mapping[str, int]
    usages: Mapping[str, int]
    traits: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Overview:
    """The whole cloud as seen by bulk requests.

    :param listed: every provider by uuid
    :param compute_nodes: uuids of the providers Nova's computes own
    :param node_traits: our traits by the uuid of the node that has them
    :param members: provider uuids by aggregate, for our aggregates
    :param volumes: summaries of the volumes that have the escrow class
    :param open_nodes: nodes whose own DISK_GB still has room
    :param known_traits: every trait that exists
    :param known_classes: every resource class that exists
    :param gpus: summaries of the RemoteFX children that have an adapter left
    :param traits_in_use: the traits some provider has
    :param newcomers: summaries of nodes that are not marked yet, where many
        of them are a source's
    """

    listed: Mapping[str, Listed]
    compute_nodes: frozenset[str]
    node_traits: Mapping[str, frozenset[str]]
    members: Mapping[str, frozenset[str]]
    volumes: Mapping[str, VolumeSummary]
    open_nodes: frozenset[str]
    known_traits: frozenset[str]
    known_classes: frozenset[str]
    traits_in_use: frozenset[str] = frozenset()
    gpus: Mapping[str, GpuSummary] = dataclasses.field(default_factory=dict)
    newcomers: Mapping[str, NodeSummary] = dataclasses.field(
        default_factory=dict)

    @functools.cached_property
    def holders(self) -> Mapping[str, str]:
        """Who has which name, by the form in which Windows compares it."""
        return {windows_names.key(listed.name): uuid
                for uuid, listed in self.listed.items()}

    @functools.cached_property
    def memberships(self) -> Mapping[str, frozenset[str]]:
        """Our aggregates by provider."""
        aggregates_by_uuid: dict[str, set[str]] = {}
        for aggregate, uuids in self.members.items():
            for uuid in uuids:
                aggregates_by_uuid.setdefault(uuid, set()).add(aggregate)
        return {uuid: frozenset(aggregates)
                for uuid, aggregates in aggregates_by_uuid.items()}

    @functools.cached_property
    def disks(self) -> Mapping[str, str]:
        """The GUID of the disk of each volume whose traits name one."""
        return {uuid: disk for uuid, summary in self.volumes.items()
                if (disk := names.disk_of(summary.traits)) is not None}

    @functools.cached_property
    def unnamed_reaches(self) -> Mapping[str, str]:
        """Traits that nodes cut off from a volume would have, by volume,
        where they do not exist.
        """
        return {uuid: trait for uuid in self.volumes
                if (trait := names.cut_off_trait(uuid))
                not in self.known_traits}

    def cluster_of(self, volume: str) -> str:
        """The name of the cluster a volume that is listed stands under."""
        return names.cluster_of(self.listed[volume].name)

    def placeable(self, traits: frozenset[str]) -> frozenset[str]:
        """Those that exist or may be created.

        Standard traits come with Placement's os-traits, which may be older
        than ours; creating one is refused with 400.
        """
        return frozenset(trait for trait in traits
                         if trait.startswith(names.CUSTOM_PREFIX)
                         or trait in self.known_traits)


NOTHING_STANDS = Overview(
    listed={}, compute_nodes=frozenset(), node_traits={}, members={},
    volumes={}, open_nodes=frozenset(), known_traits=frozenset(),
    known_classes=frozenset())


@dataclasses.dataclass(frozen=True)
class Observed:
    """The overview, and the providers that were read in full.

    :param node_shares_gb: by node that may leave or join a cluster, what
        servers on it hold of other clusters' volumes, by volume
    :param reported_gb: by node, the DISK_GB total Nova reports, where that
        says whether a volume grew
    :param other_hypervisors: by node that is no Hyper-V host, its type
    """

    overview: Overview
    providers: Mapping[str, Provider]
    node_shares_gb: Mapping[str, Mapping[str, int]] = dataclasses.field(
        default_factory=dict)
    reported_gb: Mapping[str, int] = dataclasses.field(default_factory=dict)
    other_hypervisors: Mapping[str, str] = dataclasses.field(
        default_factory=dict)

    def node_held_gb(self, node: str) -> int:
        """What servers on a node hold of other clusters' volumes."""
        return sum(self.node_shares_gb.get(node, {}).values())
