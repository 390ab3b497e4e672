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

"""The volumes as the scheduler sees them, values without I/O."""

from collections.abc import Mapping
import dataclasses

from hv_sched.placement import names
from hv_sched.snapshot import scarcity


@dataclasses.dataclass(frozen=True)
class VolumeState:
    """A published volume.

    :param capacity_gb: (total - reserved) * allocation_ratio
    :param held_gb: escrow of servers, room that is already promised;
        escrow of migrations is not, their server holds the share
    """

    uuid: str
    name: str
    capacity_gb: int
    used_gb: int
    held_gb: int = 0
    traits: frozenset[str] = frozenset()

    @property
    def cluster(self) -> str:
        """The name of its cluster."""
        return names.cluster_of(self.name)

    @property
    def is_hyperv(self) -> bool:
        """Whether the nodes of its cluster run Hyper-V."""
        return names.OTHER_HYPERVISOR not in self.traits

    @property
    def room_gb(self) -> int:
        """What new disks may take."""
        return self.capacity_gb - self.used_gb - self.held_gb

    @property
    def is_low(self) -> bool:
        """Whether little of its disk is physically free."""
        return names.LOW_SPACE in self.traits

    def lacks(self, size_gb: int, more_gb: int) -> str | None:
        """Why a disk would take room that is promised, None when it does not.

        Placement itself refuses what does not fit beside the shares.

        :param more_gb: what it needs beyond what it has
        """
        if not self.held_gb or more_gb <= self.room_gb:
            return None
        return (f'{size_gb} GB on volume {self.name}: of its '
                f'{self.capacity_gb} GB {self.used_gb} are used and '
                f'{self.held_gb} kept for servers whose move failed, '
                f'{max(self.room_gb, 0)} are left')

    def has_image(self, image_id: str) -> bool:
        """Whether the volume's cache holds a Glance image."""
        return names.image_trait(image_id) in self.traits


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """All that filters and weighers know.

    :param volumes: by provider uuid
    :param nodes: names of the clusters' nodes by provider uuid
    :param without_hyperv: those of the nodes that do not run Hyper-V
    :param homes: provider uuids of a node's volumes; see read_homes()
    :param traits: those of ours that Placement knows; asking for another is
        an error to Placement
    :param free_nodes: what the nodes with room can do
    :param redirected: provider uuids of nodes that reach a volume they use
        over the network only
    :param cut_off: the nodes that do not reach a volume, by the volume's
        uuid, as far as they were read; queries forbid them whether or not
    """

    volumes: Mapping[str, VolumeState]
    nodes: Mapping[str, str]
    homes: Mapping[str, frozenset[str]]
    traits: frozenset[str]
    free_nodes: scarcity.Scarcity = scarcity.NOT_KNOWN
    redirected: frozenset[str] = frozenset()
    cut_off: Mapping[str, frozenset[str]] = dataclasses.field(
        default_factory=dict)
    without_hyperv: frozenset[str] = frozenset()

    @property
    def hyperv_volumes(self) -> dict[str, VolumeState]:
        """The volumes of clusters that run Hyper-V."""
        return {uuid: volume for uuid, volume in self.volumes.items()
                if volume.is_hyperv}

    def may_use(self, node: str, volume: str) -> bool:
        """Whether a node's home is a volume, or not known to be another."""
        return volume in self.homes.get(node, (volume,))

    def reaches(self, node: str, volume: str) -> bool:
        """Whether a node is not known to be cut off from a volume."""
        return node not in self.cut_off.get(volume, ())
