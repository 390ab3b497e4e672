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
"the source did not say": not knowing is not zero, not False and not healthy.
"""

from collections.abc import Mapping
import dataclasses
import datetime
import enum

from hv_sched import drivers

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


class CsvState(enum.Enum):
    """The state of the volume's cluster resource.

    PENDING: it is being brought online or offline. Only of a volume that is
    ONLINE does Windows tell size and GUID for certain.
    """

    ONLINE = 'online'
    OFFLINE = 'offline'
    FAILED = 'failed'
    PENDING = 'pending'


class CpuVendor(enum.Enum):
    INTEL = 'intel'
    AMD = 'amd'


class Section(enum.Enum):
    """What is asked of Windows in one go, and fails or grows old together.

    The first five are stated once for a cluster, by any of its nodes; the
    others by each node of itself (``NODE_SECTIONS``).
    """

    CLUSTER = 'cluster'
    NODES = 'nodes'
    VOLUMES = 'volumes'
    VOLUME_STATES = 'volume_states'
    GROUPS = 'groups'
    HOST = 'host'
    GUARDED = 'guarded'
    REMOTEFX = 'remotefx'
    FILES = 'files'
    IMAGE_CACHE = 'image_cache'


NODE_SECTIONS = frozenset((
    Section.HOST, Section.GUARDED, Section.REMOTEFX, Section.FILES,
    Section.IMAGE_CACHE))


@dataclasses.dataclass(frozen=True)
class SectionReport:
    """How the last attempt to collect a section went.

    :param collected_at: when its facts were read from Windows; None when
        nobody said
    :param error: why it failed, in which case its facts are not known;
        empty when it did not
    """

    collected_at: datetime.datetime | None = None
    error: str = ''


# A section that is no key was never delivered, which is neither a failure
# nor old: the right to read it may be missing for good.
Sections = Mapping[Section, SectionReport]


@dataclasses.dataclass(frozen=True)
class Gpu:
    """One physical GPU that RemoteFX may use."""

    name: str
    total_vram_mb: int


@dataclasses.dataclass(frozen=True)
class Node:
    """A Windows node; ``name`` is what Nova calls its compute node.

    The capability fields are what the node itself showed; see
    features/catalogue.py for what is made of them.

    :param build: Windows build number, 14393 for Windows Server 2016
    :param sections: those of ``NODE_SECTIONS`` the source has of this node
    :param home: GUID of the volume its ``instances_path`` is on
    :param cpu_features: os-traits suffixes of HW_CPU_X86_*, such as ``VMX``
    :param guarded_host: ``IsHostGuarded`` of MSFT_HgsClientConfiguration
    :param remotefx_enabled: compute-hyperv's ``enable_remotefx`` together
        with the RDS-Virtualization role service
    """

    name: str
    build: int | None = None
    state: NodeState | None = None
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
    sections: Sections = dataclasses.field(default_factory=dict)


def capability_fields() -> tuple[str, ...]:
    """Fields of a node that say yes, no or nothing of one capability.

    A source has each under the same name.
    """
    return tuple(field.name for field in dataclasses.fields(Node)
                 if field.type == bool | None)


# An operator's decision about one volume that is left to the option.
AS_CONFIGURED = -1


@dataclasses.dataclass(frozen=True)
class Volume:
    """A Cluster Shared Volume.

    :param guid: the volume GUID of Partition.Name
        (``\\\\?\\Volume{…}\\``), lower case without braces; None only
        where the volume is not online: Windows states none then, and
        ``resource_id`` or ``name`` says which volume it is
    :param size_bytes: None where Windows states none (a volume that is not
        online) or what it tells cannot be a size
    :param resource_id: Id of the cluster resource, in its one form where it
        is a GUID
    :param reserve_gb: GiB the operator keeps free of servers
    :param raw_percent: raw bytes for each 100 that are stored, of a Ceph
        pool; None where nobody said
    :param floor_percent: part of the size, in per cent, that has to be
        physically free for new disks: the operator's for this volume,
        ``AS_CONFIGURED`` where he leaves it to ``[hv_sched]floor_percent``
    :param floor_gb: the same in GiB
    :param accepts_new_disks: False when the operator closes the volume,
        True when he opens one that was closed
    :param is_closing_unknown: the operator may have closed the volume:
        what was decided cannot be read now
    :param cut_off_nodes: names of nodes that cannot reach the volume
    :param redirected_nodes: names of nodes that reach it over the network
    :param silent_nodes: names of nodes that are up and in neither list, for
        it is not known how they reach the volume though it is stated about
        others
    :param incomplete_lists: which of these two lists may lack nodes: those
        in it are believed, of the others nothing is known
    :param cached_images: Glance image ids in its image cache, newest first
    :param image_cache_bytes: size of that cache, held once per volume
    """

    guid: str | None
    name: str
    size_bytes: int | None = None
    state: CsvState | None = None
    free_bytes: int | None = None
    resource_id: str | None = None
    path: str | None = None
    file_system: str | None = None
    medium: str | None = None
    owner_node: str | None = None
    reserve_gb: int | None = None
    raw_percent: int | None = None
    floor_percent: int | None = None
    floor_gb: int | None = None
    maintenance: bool | None = None
    accepts_new_disks: bool | None = None
    is_closing_unknown: bool = False
    cut_off_nodes: tuple[str, ...] | None = None
    redirected_nodes: tuple[str, ...] | None = None
    silent_nodes: tuple[str, ...] | None = None
    incomplete_lists: frozenset[str] = frozenset()
    cached_images: tuple[str, ...] | None = None
    image_cache_bytes: int | None = None

    @property
    def total_gb(self) -> int | None:
        """Whole GiB; a part of one cannot be given to a server."""
        return None if self.size_bytes is None else self.size_bytes // GIB


@dataclasses.dataclass(frozen=True)
class VmDisk:
    """What one server keeps on one volume.

    :param volume: GUID of the volume
    """

    volume: str
    provisioned_bytes: int | None
    actual_bytes: int


@dataclasses.dataclass(frozen=True)
class Vm:
    """A clustered VM that Nova knows as a server.

    At least one of uuid and name is known.

    :param instance_name: what the cluster calls it: Nova's
        ``OS-EXT-SRV-ATTR:instance_name``
    :param disks: None when the source does not list them
    """

    instance_uuid: str | None
    owner_node: str | None = None
    disks: tuple[VmDisk, ...] | None = None
    instance_name: str | None = None


class ItemKind(enum.Enum):
    NODE = 'node'
    VOLUME = 'volume'
    VM = 'vm'


@dataclasses.dataclass(frozen=True)
class SetAside:
    """An item of a cluster that cannot be used as it is described.

    It is not left out: it exists, and keeps what it has in Placement. It is
    neither joined nor published nor opened. What narrows can be believed
    even so.

    :param name: as far as it can be read
    :param guid: of a volume or, for a VM, its uuid; as far as it can be read
    :param code: of the problem it has, see ``Problem``
    :param is_nobodys: it is a volume no server's disk could be on, such as
        one below 1 GiB
    :param node_state: PAUSED, DRAINING or DOWN, where that can be read
    :param volume_state: other than ONLINE, where that can be read
    :param maintenance: True where that can be read
    :param accepts_new_disks: False where that can be read
    """

    kind: ItemKind
    name: str | None
    guid: str | None
    code: str
    message: str
    resource_id: str | None = None
    is_nobodys: bool = False
    node_state: NodeState | None = None
    volume_state: CsvState | None = None
    maintenance: bool | None = None
    accepts_new_disks: bool | None = None


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A Windows failover cluster with its nodes and volumes.

    :param functional_level: ClusterFunctionalLevel, 8 = 2012 R2, 9 = 2016
    :param driver: how the nodes keep the disks of servers
    :param is_driver_stated: by the source, and not its default
    :param placement_chooses_volume: the nodes' driver writes to the volume
        Placement allocated (compute-hyperv does not)
    :param vms: None when the source does not list them
    :param collected_at: the age of everything no section dates
    :param sections: what the source has of the cluster's own sections
    :param set_aside: what is described, but cannot be used
    :param has_undescribed_volumes: Placement has volumes of the cluster that
        are not described
    """

    guid: str
    name: str
    nodes: tuple[Node, ...]
    volumes: tuple[Volume, ...]
    functional_level: int | None = None
    placement_chooses_volume: bool | None = None
    vms: tuple[Vm, ...] | None = None
    collected_at: datetime.datetime | None = None
    sections: Sections = dataclasses.field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()
    has_undescribed_volumes: bool = False
    driver: drivers.Driver = drivers.DEFAULT
    is_driver_stated: bool = True

    @property
    def only_volume(self) -> Volume | None:
        """The volume that is every node's home, where there is no other.

        One that was set aside, or is not described any more, may be the home
        of a node that tells none.
        """
        others = self.has_undescribed_volumes or any(
            aside.kind is ItemKind.VOLUME and not aside.is_nobodys
            for aside in self.set_aside)
        return self.volumes[0] if len(
            self.volumes) == 1 and not others else None


@dataclasses.dataclass(frozen=True)
class Problem:
    """Why a part of a source is left out.

    :param cluster: the name of the cluster it is about, None when the source
        does not even say that
    :param where: file and path inside it, such as
        ``clusters.yaml: clusters[0].nodes[3].build``
    :param code: what kind of problem it is, the same in every release
    :param freezes: the whole cluster is left as it stands; otherwise only
        the one fact or item is, and the rest of the cluster is in force
    :param is_note: for information: nothing is left undone that anybody
        could mend
    :param collected_at: the age of the file it is in, where that is stated
    """

    cluster: str | None
    where: str
    message: str
    code: str = 'invalid'
    freezes: bool = True
    is_note: bool = False
    collected_at: datetime.datetime | None = None

    def __str__(self) -> str:
        return f'{self.where}: {self.message}'


class Origin(enum.Enum):
    """Who decided a fact.

    PLACEMENT: nobody says it now; what stands there is kept.
    """

    SOURCE = 'source'
    OVERRIDES = 'overrides'
    DEFAULT = 'default'
    PLACEMENT = 'Placement'


@dataclasses.dataclass(frozen=True)
class Decision:
    """One fact that an operator may decide, and whose it is.

    :param item: name of the node or volume; empty for the cluster itself
    :param value: None where what stands in Placement is kept
    """

    cluster: str
    kind: str
    item: str
    field: str
    value: object
    origin: Origin


@dataclasses.dataclass(frozen=True)
class Facts:
    """All a source said: usable clusters, and what had to be left out.

    :param is_partial: clusters were set aside on purpose; nobody misses them
    :param standalone: names of Hyper-V nodes that are in no cluster on
        purpose
    :param decisions: what an operator may decide, and who did
    """

    clusters: tuple[Cluster, ...]
    problems: tuple[Problem, ...] = ()
    is_partial: bool = False
    standalone: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
