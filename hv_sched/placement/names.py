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

"""The names hv_sched uses in Placement, each written once.

Features of nodes have theirs in ``hv_sched.features``.
"""

from collections.abc import Container
from collections.abc import Iterable
import enum
import uuid

import os_resource_classes
import os_traits

from hv_sched import features
from hv_sched.features import windows_builds

DISK_GB: str = os_resource_classes.DISK_GB
# The escrow: what a server had on a volume while a move is under way.
HELD_DISK_GB = 'CUSTOM_CSV_HELD_DISK_GB'
# Placement's largest integer: the escrow never refuses for lack of room.
HELD_TOTAL_GB = 2147483647
# One server's disk on a CSV is one file.
MAX_DISK_GB = windows_builds.MAX_VHDX_GB

# A node's RemoteFX adapters, on a child provider of its own.
REMOTEFX_ADAPTER = 'CUSTOM_REMOTEFX_ADAPTER'
REMOTEFX_VRAM_MB = 'CUSTOM_REMOTEFX_VRAM_MB'

# Only names of this form can be created by a client of Placement.
CUSTOM_PREFIX = 'CUSTOM_'
# All classes and traits of hv_sched but CUSTOM_HYPERV itself begin with one
# of these.
CSV_PREFIX = 'CUSTOM_CSV_'
REMOTEFX_PREFIX = 'CUSTOM_REMOTEFX_'
HYPERV_PREFIX = features.PREFIX

VOLUME_NAME_PREFIX = 'csv:'
MAX_NAME_LENGTH = 200  # of a resource provider in Placement

# On volumes.
SHARING: str = os_traits.MISC_SHARES_VIA_AGGREGATE
VOLUME = 'CUSTOM_HYPERV_CSV'
NO_NEW_DISKS = 'CUSTOM_CSV_NO_NEW_DISKS'
IMAGE_PREFIX = 'CUSTOM_CSV_IMAGE_'
# The volume's own GUID: whose disk it is, under whatever cluster.
DISK_PREFIX = 'CUSTOM_CSV_DISK_'
# Beside NO_NEW_DISKS, one for each reason that stands.
CLOSED_PREFIX = 'CUSTOM_CSV_CLOSED_'
# The nodes that use the volume, one or several in a name; see home_traits.
HOME_PREFIX = 'CUSTOM_CSV_HOME_'
HOMES_PREFIX = 'CUSTOM_CSV_HOMES_'
HOME_PREFIXES = (HOME_PREFIX, HOMES_PREFIX)
# The cluster resource of the volume: tells which one it is while it is
# offline and Windows states no GUID.
RESOURCE_PREFIX = 'CUSTOM_CSV_RESOURCE_'
# GiB the operator keeps free of servers, which ``reserved`` adds to others.
RESERVE_PREFIX = 'CUSTOM_CSV_RESERVE_'
# Physical free space below which an operator closes this volume.
FLOOR_PERCENT_PREFIX = 'CUSTOM_CSV_FLOOR_PERCENT_'
FLOOR_GB_PREFIX = 'CUSTOM_CSV_FLOOR_GB_'
# GiB reserved, beside RESERVE, when it was last stated whose the files are.
UNCOVERED_PREFIX = 'CUSTOM_CSV_UNCOVERED_'
# The nodes of the volume's cluster do not run Hyper-V.
OTHER_HYPERVISOR = 'CUSTOM_CSV_OTHER_HYPERVISOR'
# What a move does with a disk, where the driver settles it; see disk_moves.
COLD_MOVE_KEEPS_DISK = 'CUSTOM_CSV_COLD_MOVE_KEEPS_DISK'
COLD_MOVE_COPIES_DISK = 'CUSTOM_CSV_COLD_MOVE_COPIES_DISK'
LIVE_MOVE_COPIES_DISK = 'CUSTOM_CSV_LIVE_MOVE_COPIES_DISK'
# The ratio of a volume before it had more allocated than it holds.
OVERCOMMITTED_PREFIX = 'CUSTOM_CSV_OVERCOMMITTED_FROM_'
FILE_SYSTEM = {'ntfs': 'CUSTOM_CSV_NTFS', 'refs': 'CUSTOM_CSV_REFS'}
# os-traits' names for what a disk is made of.
MEDIUM_PREFIX = 'STORAGE_DISK_'
MEDIUM: dict[str, str] = {'hdd': os_traits.STORAGE_DISK_HDD,
                          'ssd': os_traits.STORAGE_DISK_SSD}

# On nodes.
HYPERV = 'CUSTOM_HYPERV'
# The node's own disk is closed, its servers' disks are on a volume. The second
# is what releases before drivers other than Hyper-V's wrote: it is read for
# ever, and nodes with Hyper-V have both.
CSV_CLUSTERED = 'CUSTOM_CSV_CLUSTERED'
CLUSTERED = 'CUSTOM_HYPERV_CLUSTERED'
CLUSTERED_MARKS = (CSV_CLUSTERED, CLUSTERED)
PAUSED = 'CUSTOM_HYPERV_PAUSED'
BUILD_PREFIX = 'CUSTOM_HYPERV_BUILD_'
LEVEL_PREFIX = 'CUSTOM_HYPERV_LEVEL_'
CPU_MANAGED = 'CUSTOM_HYPERV_CPU_MANAGED'
REDIRECTED = 'CUSTOM_CSV_REDIRECTED'
# Little of the volume's disk is physically free.
LOW_SPACE = 'CUSTOM_CSV_LOW_SPACE'
# The node does not reach this volume of its cluster.
CUT_OFF_PREFIX = 'CUSTOM_CSV_CUT_OFF_'
# The DISK_GB allocation_ratio a node had before it was closed.
FORMER_RATIO_PREFIX = 'CUSTOM_CSV_FORMER_RATIO_'
HW_CPU_PREFIX = 'HW_CPU_X86_'
# Nothing new comes, or it is weighed down, while one of these is there.
CLOSING = frozenset((NO_NEW_DISKS, PAUSED, REDIRECTED, LOW_SPACE))
# Nova puts this on every compute node's provider.
COMPUTE_NODE: str = os_traits.COMPUTE_NODE


def is_clustered(traits: Container[str]) -> bool:
    """Whether a node's traits say that its own disk is closed."""
    return any(mark in traits for mark in CLUSTERED_MARKS)


def clustered_query(in_use: Container[str]) -> str:
    """The ``required`` of nodes whose own disk is closed.

    :param in_use: the traits Placement knows; it refuses others
    :returns: empty where no node can have one
    """
    marks = [mark for mark in CLUSTERED_MARKS if mark in in_use]
    return f'in:{",".join(marks)}' if len(marks) > 1 else ''.join(marks)


class Closed(enum.Enum):
    """Why a volume takes no new disks; each is a trait of its own."""

    MAINTENANCE = 'in maintenance'
    OFFLINE = 'offline'
    FLOOR = 'physically free space below the floor'
    OPERATOR = 'closed by the operator'
    STALE = 'its facts are old'
    REFUSED = 'facts of the source about it are rejected or missing'
    LEFT_OUT = 'no longer listed in the source, or no node\'s home'
    OVERCOMMITTED = 'more is allocated than it holds'

    @property
    def trait(self) -> str:
        """``CUSTOM_CSV_CLOSED_<REASON>``."""
        return CLOSED_PREFIX + self.name


def closed_reasons(traits: Iterable[str]) -> tuple[Closed, ...]:
    """The reasons a volume's traits name, in the order above."""
    present = frozenset(traits)
    return tuple(reason for reason in Closed if reason.trait in present)


def unknown_closed_traits(traits: Iterable[str]) -> list[str]:
    """Reasons that no name above tells: those of another release."""
    reasons = frozenset(
        trait for trait in traits if trait.startswith(CLOSED_PREFIX))
    return sorted(reasons - {reason.trait for reason in Closed})


def volume_provider_name(cluster: str, volume: str) -> str:
    """The name of a volume's provider, ``csv:<cluster>/<volume>``."""
    return f'{VOLUME_NAME_PREFIX}{cluster}/{volume}'


def plain_volume_name(provider_name: str) -> str:
    """``<cluster>/<volume>`` of ``csv:<cluster>/<volume>``, for people."""
    return provider_name.removeprefix(VOLUME_NAME_PREFIX)


def cluster_of(provider_name: str) -> str:
    """The cluster of a volume's provider, ``c1`` of ``csv:c1/CSV1``.

    A cluster's name has no slash; a volume's may.
    """
    return provider_name.removeprefix(VOLUME_NAME_PREFIX).partition('/')[0]


def remotefx_provider_name(node: str) -> str:
    """The name of a node's RemoteFX child, ``<node>:remotefx``."""
    return f'{node}:remotefx'


def image_trait(image_id: str) -> str:
    """The trait that says a volume's cache holds a Glance image."""
    return IMAGE_PREFIX + image_id.replace('-', '').upper()


def disk_trait(volume_guid: str) -> str:
    """The trait that says which disk a volume's provider stands for."""
    return DISK_PREFIX + volume_guid.replace('-', '').upper()


def disk_of(traits: Iterable[str]) -> str | None:
    """The GUID of the disk that a volume's traits name."""
    for trait in sorted(traits):
        if trait.startswith(DISK_PREFIX):
            try:
                return str(uuid.UUID(trait.removeprefix(DISK_PREFIX)))
            except ValueError:
                continue
    return None


def resource_trait(resource_id: str | None) -> str | None:
    """The trait that says which cluster resource a volume is.

    None where the resource has no id of the form of a GUID.
    """
    try:
        return RESOURCE_PREFIX + uuid.UUID(resource_id or '').hex.upper()
    except ValueError:
        return None


def reserve_trait(reserve_gb: int) -> str:
    """The trait that remembers what an operator reserved, in GiB."""
    return f'{RESERVE_PREFIX}{reserve_gb}'


def reserve_gb(traits: Iterable[str]) -> int:
    """What an operator reserved, as a volume's traits remember; else 0."""
    return max(_amounts(traits, RESERVE_PREFIX), default=0)


def floor_traits(percent: int | None, gb: int | None) -> frozenset[str]:
    """The traits that remember an operator's floor of one volume.

    :param percent: None or negative: there is none
    :param gb: likewise
    """
    return frozenset(
        f'{prefix}{amount}' for prefix, amount in (
            (FLOOR_PERCENT_PREFIX, percent), (FLOOR_GB_PREFIX, gb))
        if amount is not None and amount >= 0)


def floor_percent(traits: Iterable[str]) -> int | None:
    """An operator's floor of one volume, as its traits remember it."""
    return max(_amounts(traits, FLOOR_PERCENT_PREFIX), default=None)


def floor_gb(traits: Iterable[str]) -> int | None:
    """The same floor in GiB."""
    return max(_amounts(traits, FLOOR_GB_PREFIX), default=None)


def uncovered_trait(reserved_gb: int) -> str:
    """The trait that remembers what was reserved for nobody's files."""
    return f'{UNCOVERED_PREFIX}{reserved_gb}'


def uncovered_gb(traits: Iterable[str]) -> int | None:
    """What was reserved when the owners of files were last stated, in GiB.

    None where no trait remembers it.
    """
    return max(_amounts(traits, UNCOVERED_PREFIX), default=None)


def _amounts(traits: Iterable[str], prefix: str) -> list[int]:
    return [int(text) for trait in traits if trait.startswith(prefix)
            and (text := trait.removeprefix(prefix)).isdecimal()]


def cut_off_trait(volume: str) -> str:
    """The trait of a node that does not reach a volume, by its uuid.

    :param volume: uuid of the volume's provider
    """
    return CUT_OFF_PREFIX + volume.replace('-', '').upper()


def volume_of(cut_off_trait: str) -> str:
    """The volume's provider uuid that a node's trait names.

    :raises ValueError: not a uuid
    """
    return str(uuid.UUID(cut_off_trait.removeprefix(CUT_OFF_PREFIX)))


def build_trait(build: int) -> str:
    """The trait of a Windows build, ``CUSTOM_HYPERV_BUILD_14393``."""
    return f'{BUILD_PREFIX}{build}'


def level_trait(functional_level: int) -> str:
    """The trait of a cluster's level, ``CUSTOM_HYPERV_LEVEL_9``."""
    return f'{LEVEL_PREFIX}{functional_level}'


def level_of(traits: Iterable[str]) -> int | None:
    """The lowest functional level that a node's traits name."""
    levels = [text for trait in traits if trait.startswith(LEVEL_PREFIX)
              and (text := trait.removeprefix(LEVEL_PREFIX)).isdecimal()]
    return min(map(int, levels), default=None)
