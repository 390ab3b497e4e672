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

"""What a Hyper-V failover cluster is, as a source describes it.

Values are frozen and carry their unit in their name. ``None`` always means
"the source did not say": not knowing is not zero, and not False.
"""

import dataclasses
import datetime
import enum

GIB = 1024 ** 3
MIB_PER_GIB = 1024

# Windows Server 2012 R2, the oldest build compute-hyperv supports.
OLDEST_BUILD = 9600


class NodeState(enum.Enum):
    """The node's state in the failover cluster (``Get-ClusterNode``)."""

    UP = 'up'
    PAUSED = 'paused'
    DRAINING = 'draining'
    DOWN = 'down'


class CpuVendor(enum.Enum):
    INTEL = 'intel'
    AMD = 'amd'


@dataclasses.dataclass(frozen=True)
class Gpu:
    """One physical GPU that RemoteFX may use."""

    name: str
    total_vram_mb: int
    available_vram_mb: int | None = None


@dataclasses.dataclass(frozen=True)
class Node:
    """A Windows node; ``name`` is what Nova calls its compute node.

    The capability fields are what the node itself showed; see
    features/catalogue.py for what is made of them.

    :param build: Windows build number, 14393 for Windows Server 2016
    :param home: GUID of the volume its ``instances_path`` is on
    :param cpu_features: os-traits suffixes of HW_CPU_X86_*, such as ``VMX``
    :param guarded_host: ``IsHostGuarded`` of MSFT_HgsClientConfiguration
    :param remotefx_enabled: compute-hyperv's ``enable_remotefx`` together
        with the RDS-Virtualization role service
    """

    name: str
    build: int | None = None
    state: NodeState = NodeState.UP
    home: str | None = None
    cpu_vendor: CpuVendor | None = None
    cpu_features: tuple[str, ...] | None = None
    nested_virtualization: bool | None = None
    guarded_host: bool | None = None
    remotefx_enabled: bool | None = None
    fibre_channel: bool | None = None
    mpio: bool | None = None
    refs: bool | None = None
    gpus: tuple[Gpu, ...] | None = None


def capability_fields() -> tuple[str, ...]:
    """Fields of a node that say yes, no or nothing of one capability.

    A source has each under the same name.
    """
    return tuple(field.name for field in dataclasses.fields(Node)
                 if field.type == bool | None)


@dataclasses.dataclass(frozen=True)
class Volume:
    """A Cluster Shared Volume.

    :param guid: the volume GUID of Partition.Name
        (``\\\\?\\Volume{…}\\``), lower case without braces
    :param reserve_gb: GiB the operator keeps free of servers
    :param accepts_new_disks: False when the operator closes the volume,
        True when he opens one that was closed
    :param cut_off_nodes: names of nodes that cannot reach the volume
    :param redirected_nodes: names of nodes that reach it over the network
    :param cached_images: Glance image ids in its image cache, newest first
    :param image_cache_bytes: size of that cache, held once per volume
    """

    guid: str
    name: str
    size_bytes: int
    free_bytes: int | None = None
    resource_id: str | None = None
    path: str | None = None
    file_system: str | None = None
    medium: str | None = None
    owner_node: str | None = None
    reserve_gb: int = 0
    maintenance: bool = False
    accepts_new_disks: bool | None = None
    cut_off_nodes: tuple[str, ...] = ()
    redirected_nodes: tuple[str, ...] = ()
    cached_images: tuple[str, ...] | None = None
    image_cache_bytes: int | None = None

    @property
    def total_gb(self) -> int:
        """Whole GiB; a part of one cannot be given to a server."""
        return self.size_bytes // GIB


@dataclasses.dataclass(frozen=True)
class VmDisk:
    """What one server keeps on one volume."""

    volume: str
    provisioned_bytes: int
    actual_bytes: int


@dataclasses.dataclass(frozen=True)
class Vm:
    """A clustered VM that Nova knows as a server."""

    instance_uuid: str
    owner_node: str | None
    disks: tuple[VmDisk, ...]


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A Windows failover cluster with its nodes and volumes.

    :param functional_level: ClusterFunctionalLevel, 8 = 2012 R2, 9 = 2016
    :param placement_chooses_volume: the nodes' driver writes to the volume
        Placement allocated (compute-hyperv does not)
    :param vms: None when the source does not list them
    """

    guid: str
    name: str
    nodes: tuple[Node, ...]
    volumes: tuple[Volume, ...]
    functional_level: int | None = None
    placement_chooses_volume: bool = False
    vms: tuple[Vm, ...] | None = None
    collected_at: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True)
class Problem:
    """Why a part of a source is left out.

    :param cluster: the name of the cluster it freezes, None when the source
        does not even say that
    :param where: file and path inside it, such as
        ``clusters.yaml: clusters[0].nodes[3].build``
    """

    cluster: str | None
    where: str
    message: str

    def __str__(self) -> str:
        return f'{self.where}: {self.message}'


@dataclasses.dataclass(frozen=True)
class Facts:
    """All a source said: usable clusters, and what had to be left out.

    :param is_partial: clusters were set aside on purpose; nobody misses them
    """

    clusters: tuple[Cluster, ...]
    problems: tuple[Problem, ...] = ()
    is_partial: bool = False
