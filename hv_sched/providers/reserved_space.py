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

"""How much of a volume is for servers.

``reserved`` covers what no server's share covers: foreign files, the image
cache, saved RAM, checkpoints, leftovers of migrations. Everything is derived
from the source and from what Placement already holds, so that any process
comes to the same answer.
"""

from collections.abc import Mapping
import dataclasses
import math

from hv_sched import model
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.providers.settings import Settings


@dataclasses.dataclass(frozen=True)
class ReservedPart:
    """One line of why space is reserved.

    :param label: what it is, for people
    :param is_exact: reserved to the GiB, not in steps
    """

    label: str
    size_bytes: int
    is_exact: bool = False


@dataclasses.dataclass(frozen=True)
class Before:
    """What Placement holds of a volume now.

    :param traits: the volume's, which remember the operator's reserve and
        whether it was ever stated whose files are
    :param uncertain_bytes: used bytes of which it is not known whether they
        are servers'; what stood when that was last stated is kept of them
    :param is_silenced: that is not stated now, and was to be
    """

    disk: Inventory
    traits: frozenset[str] = frozenset()
    uncertain_bytes: int = 0
    is_silenced: bool = False

    def kept_gb(self, exact_gb: int) -> int:
        """What stood reserved when it was last stated whose the files are.

        It does not rise while that is not stated. What is used is older than
        the shares, and a server that was deleted in between leaves bytes
        that no share covers; if such were kept, they would be lost for good.

        :param exact_gb: see ``beside_gb``
        :returns: 0 where it was never stated; all that stands while it is only
            known that it was to be told
        """
        kept_gb = names.uncovered_gb(self.traits)
        if kept_gb is None:
            return self.beside_gb(exact_gb) if self.is_silenced else 0
        return kept_gb

    def beside_gb(self, exact_gb: int) -> int:
        """What is reserved beside the operator's reserve.

        :param exact_gb: the operator's reserve now, which is taken to have
            been the same on a volume of a release that remembered none
        """
        remembers = any(trait.startswith((
            names.RESERVE_PREFIX, names.DISK_PREFIX)) for trait in self.traits)
        reserve_gb = (names.reserve_gb(self.traits) if remembers
                      else exact_gb)
        return max(0, self.disk.reserved - reserve_gb)

    def is_used_known(self, volume: model.Volume) -> bool:
        """Whether the source says what is used; else it is unknown, not gone.

        The files of a cache that was listed before and is not any more would
        pass for servers'.
        """
        is_cache_silent = volume.image_cache_bytes is None and (
            volume.cached_images is None) and any(
            trait.startswith(names.IMAGE_PREFIX) for trait in self.traits)
        return volume.free_bytes is not None and not is_cache_silent


@dataclasses.dataclass(frozen=True)
class Covered:
    """Used bytes that servers' shares already pay for.

    :param at_least: what the listed VMs are known to have
    :param at_most: the same where every VM is listed with its disks; else
        files are taken to be the servers' as far as their shares reach,
        except the image cache, which is nobody's
    """

    at_least: int
    at_most: int


def covered(volume: model.Volume, cluster: model.Cluster,
            shares_gb: Mapping[str, int] | None, allocated_gb: int
            ) -> Covered:
    """The bytes of a volume that shares cover.

    A share covers what its server really has on the volume and no more.

    :param shares_gb: consumer uuid -> GiB allocated on the volume; None in
        a bulk pass, where a VM's provisioned size stands in for its share
    """
    allocated = allocated_gb * model.GIB
    listed = min(_covered_by_vms(volume, cluster.vms or (), shares_gb),
                 allocated)
    if are_listed(volume, cluster):
        return Covered(listed, listed)
    used = used_bytes(volume) - (volume.image_cache_bytes or 0)
    at_most = max(0, min(used, allocated))
    return Covered(min(listed, at_most), at_most)


def are_listed(volume: model.Volume, cluster: model.Cluster) -> bool:
    """Whether each file of a server on the volume is listed with its owner.

    A VM may be listed without its disks, set aside for a fault, or have only
    the cluster's name, which does not show the server Nova has for it.
    """
    if cluster.vms is None or any(item.kind is model.ItemKind.VM
                                  for item in cluster.set_aside):
        return False
    return all(
        vm.disks is not None and (vm.instance_uuid or not any(
            disk.volume == volume.guid for disk in vm.disks))
        for vm in cluster.vms)


def _covered_by_vms(volume: model.Volume, vms: tuple[model.Vm, ...],
                    shares_gb: Mapping[str, int] | None) -> int:
    covered = 0
    for vm in vms:
        for disk in vm.disks or ():
            if disk.volume == volume.guid:
                covered += min(disk.actual_bytes,
                               _share_bytes(vm, disk, shares_gb))
    return covered


def _share_bytes(vm: model.Vm, disk: model.VmDisk,
                 shares_gb: Mapping[str, int] | None) -> int:
    if shares_gb is None:
        return (disk.actual_bytes if disk.provisioned_bytes is None
                else disk.provisioned_bytes)
    return shares_gb.get(vm.instance_uuid or '', 0) * model.GIB


def used_bytes(volume: model.Volume) -> int:
    """Physically used; 0 when the source does not know the free space."""
    if volume.size_bytes is None or volume.free_bytes is None:
        return 0
    return volume.size_bytes - volume.free_bytes


def reserved_parts(volume: model.Volume, covered: int
                   ) -> tuple[ReservedPart, ...]:
    """Why space is reserved, largest claim of each kind on one line."""
    uncovered = max(0, used_bytes(volume) - covered)
    cache = min(uncovered, volume.image_cache_bytes or 0)
    parts = (ReservedPart('operator reserve',
                          (volume.reserve_gb or 0) * model.GIB,
                          is_exact=True),
             ReservedPart('image cache', cache),
             ReservedPart("files no server's share covers",
                          uncovered - cache))
    return tuple(part for part in parts if part.size_bytes)


def reserved_gb(parts: tuple[ReservedPart, ...], before: Before | None,
                step_gb: int, is_used_known: bool = True) -> int:
    """The whole GiB to reserve, before it is fitted to what is allocated.

    What the operator reserves counts exactly. The rest rises at once and by
    whole steps, and falls only when a whole step has become free: an
    identical inventory PUT raises the generation too, and every write is a
    conflict for somebody claiming on the volume. Where it is not stated any
    more whose some bytes are, they may be those that were reserved for then.

    :param before: what Placement holds now, None for a new volume
    """
    exact_gb = sum(part.size_bytes for part in parts
                   if part.is_exact) // model.GIB
    moving = sum(part.size_bytes for part in parts) - exact_gb * model.GIB
    needed_gb = math.ceil(moving / model.GIB)
    desired_gb = _in_steps(moving, step_gb)
    if before is None:
        return exact_gb + desired_gb
    stood_gb = before.beside_gb(exact_gb)
    if not is_used_known:
        return exact_gb + max(desired_gb, stood_gb)
    if stood_gb < needed_gb:
        return exact_gb + desired_gb
    wanted_gb = max(desired_gb, min(
        stood_gb, before.kept_gb(exact_gb),
        _in_steps(moving + before.uncertain_bytes, step_gb)))
    return exact_gb + (wanted_gb if stood_gb - wanted_gb > step_gb
                       else stood_gb)


def kept_gb(parts: tuple[ReservedPart, ...], before: Before, step_gb: int
            ) -> int:
    """What stays reserved only because the owners of files are not known.

    :param before: what Placement holds now
    """
    return reserved_gb(parts, before, step_gb) - reserved_gb(
        parts, dataclasses.replace(before, uncertain_bytes=0), step_gb)


def _in_steps(size_bytes: int, step_gb: int) -> int:
    return math.ceil(math.ceil(size_bytes / model.GIB) / step_gb) * step_gb


def fit_reserved(total_gb: int, reserved: int, ratio: float,
                 used_gb: int) -> int:
    """The largest reserved up to the wanted one that still fits the use.

    Placement before 14 refuses to rewrite the shares on a provider that is
    over its capacity (bug 2104040), which breaks every move on the volume.
    """
    fitted = min(reserved, total_gb - math.ceil(used_gb / ratio))
    fitted = max(0, fitted)
    # Rounding of the division may be off by one.
    while fitted > 0 and (total_gb - fitted) * ratio < used_gb:
        fitted -= 1
    return fitted


def disk_inventory(volume: model.Volume, parts: tuple[ReservedPart, ...],
                   before: Before | None, used_gb: int,
                   settings: Settings, ratio: float | None = None
                   ) -> Inventory:
    """The DISK_GB inventory a volume should have.

    Its total is what stands where the source states no size; a new volume
    without one is not published.

    :param before: what Placement holds, None for a new volume
    :param used_gb: DISK_GB allocated on it
    :param ratio: instead of the one the options and Placement settle
    """
    ratio = ratio or settled_ratio(
        before.disk if before else None, settings)
    reserved = reserved_gb(
        parts, before, settings.reserved_step_gb,
        before is None or before.is_used_known(volume))
    total_gb = volume.total_gb
    if total_gb is None:
        total_gb = before.disk.total if before else 0
    reserved = min(reserved, total_gb)
    fitted = fit_reserved(total_gb, reserved, ratio, used_gb)
    return Inventory(
        total=total_gb, reserved=fitted, min_unit=1,
        max_unit=max(1, min(total_gb, names.MAX_DISK_GB)),
        step_size=1, allocation_ratio=ratio)


def settled_ratio(before: Inventory | None, settings: Settings) -> float:
    """Nova's own rule: what Placement holds wins over the initial value."""
    if settings.csv_allocation_ratio is not None:
        return settings.csv_allocation_ratio
    if before is not None:
        return before.allocation_ratio
    return settings.initial_csv_allocation_ratio


def held_inventory() -> Inventory:
    """The escrow class, which must never lack room."""
    return Inventory(total=names.HELD_TOTAL_GB, max_unit=names.HELD_TOTAL_GB)
