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

"""What is ours in Placement. Everything not named here survives.

On volumes we own the DISK_GB and escrow inventories (the allocation_ratio
only where an option says so), our traits and the home aggregate. On Nova's
compute-node providers we own our traits, our aggregates and the
allocation_ratio of DISK_GB, and nothing else.
"""

from collections.abc import Iterable

import os_traits

from hv_sched.features import remotefx
from hv_sched.placement import disk_moves
from hv_sched.placement import names

VOLUME_CLASSES = frozenset((names.DISK_GB, names.HELD_DISK_GB))
CHILD_CLASSES = frozenset((names.REMOTEFX_ADAPTER, names.REMOTEFX_VRAM_MB))
GPU_PREFIXES = (remotefx.RESOLUTION_PREFIX, remotefx.HEADS_PREFIX)

_VOLUME_TRAITS = frozenset((
    names.SHARING, names.VOLUME, names.NO_NEW_DISKS, names.LOW_SPACE,
    names.OTHER_HYPERVISOR,
    *names.FILE_SYSTEM.values(), *disk_moves.TRAITS))
_VOLUME_PREFIXES = (
    *names.HOME_PREFIXES, names.DISK_PREFIX, names.CLOSED_PREFIX,
    names.RESERVE_PREFIX, names.RESOURCE_PREFIX, names.UNCOVERED_PREFIX,
    names.FLOOR_PERCENT_PREFIX, names.FLOOR_GB_PREFIX)
_MEDIUM_TRAITS = frozenset((
    os_traits.STORAGE_DISK_HDD, os_traits.STORAGE_DISK_SSD))
_NODE_PREFIXES = (names.HYPERV_PREFIX, names.FORMER_RATIO_PREFIX,
                  names.CUT_OFF_PREFIX)
_NODE_TRAITS = frozenset((
    names.HYPERV, names.CSV_CLUSTERED, names.REDIRECTED))


def volume_trait(trait: str, medium_known: bool,
                 images_known: bool) -> bool:
    """Whether a trait on a volume's provider is ours to add or remove.

    What the source says nothing of stays as it is: the medium may be an
    operator's own mark, and cached images are not gone because nobody
    listed them.
    """
    if trait in _MEDIUM_TRAITS:
        return medium_known
    if trait.startswith(names.IMAGE_PREFIX):
        return images_known
    return trait in _VOLUME_TRAITS or trait.startswith(_VOLUME_PREFIXES)


def writable_on_volume(trait: str) -> bool:
    """Whether hv_sched may put a trait on a volume or take it off.

    That a volume has more allocated than it holds is marked where that is
    found out; no source says so, so ``volume_trait`` has no part in it.
    """
    return (volume_trait(trait, medium_known=True, images_known=True)
            or trait.startswith(names.OVERCOMMITTED_PREFIX))


def volume_traits(traits: Iterable[str], medium_known: bool = True,
                  images_known: bool = True) -> frozenset[str]:
    """Those of a volume's traits that are ours; see volume_trait()."""
    return frozenset(trait for trait in traits if volume_trait(
        trait, medium_known, images_known))


def node_trait(trait: str, cpu_managed: bool) -> bool:
    """Whether a trait on a compute-node provider is ours.

    HW_CPU_X86_* is the virt driver's or the operator's unless the provider
    carries CUSTOM_HYPERV_CPU_MANAGED, which says we put them there.
    """
    if trait.startswith(names.HW_CPU_PREFIX):
        return cpu_managed
    return trait in _NODE_TRAITS or trait.startswith(_NODE_PREFIXES)


def node_traits(traits: Iterable[str]) -> frozenset[str]:
    """Those of a compute-node provider's traits that are ours."""
    owned = frozenset(traits)
    managed = names.CPU_MANAGED in owned
    return frozenset(trait for trait in owned if node_trait(trait, managed))


def child_trait(trait: str) -> bool:
    """Whether a trait on a node's RemoteFX child is ours."""
    return (trait.startswith(GPU_PREFIXES)
            or trait.startswith(names.HYPERV_PREFIX))


def child_traits(traits: Iterable[str]) -> frozenset[str]:
    """Those of a RemoteFX child's traits that are ours."""
    return frozenset(filter(child_trait, traits))
