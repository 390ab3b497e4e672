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

"""The changes that make a volume's inventories right. Pure."""

from collections.abc import Mapping
import dataclasses

from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import disk_ratio
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers import reserved_space
from hv_sched.providers import sections
from hv_sched.providers import sizes
from hv_sched.providers import standing
from hv_sched.providers.layout import Layout
from hv_sched.providers.planning_context import PlanningContext
from hv_sched.providers.settings import Settings

Step = changes.Step


def plan(context: PlanningContext, provider: Provider
         ) -> tuple[list[changes.Change], list[Notice]]:
    """The volume's inventories, never smaller than what is allocated.

    One without a size keeps that of Placement.
    """
    disk = disk_inventory(context.layout, provider, context.settings)
    before = provider.inventories.get(names.DISK_GB)
    reason = _size_refused(context, provider, disk_inventory(
        context.layout, provider, context.settings, is_doubt_owed=True))
    if reason:
        return [], [context.notice(provider.name, Kind.REFUSED, reason,
                                   'size-refused')]
    notices = _kept(context, provider, disk)
    if before is not None and context.size_vote(provider.uuid) is None:
        notices += [context.notice(
            provider.name, Kind.NOTE, _unconfirmed(disk, before),
            'size-unconfirmed')]
        disk = _as_large_as(before, disk, provider.owed.covering_gb)
    after = {**provider.inventories, names.DISK_GB: disk,
             names.HELD_DISK_GB: reserved_space.held_inventory()}
    if same_inventories(after, provider.inventories):
        return [], notices
    return [changes.SetInventories(
        Step.FILL, provider.uuid, context.layout.volume_name(provider.uuid),
        before=provider.inventories, after=after)], notices


def _kept(context: PlanningContext, provider: Provider, disk: Inventory
          ) -> list[Notice]:
    """What is said when space stays reserved for files of unknown owners."""
    certain = disk_inventory(context.layout, provider, context.settings,
                             is_uncertain_kept=False)
    if certain.reserved == disk.reserved:
        return []
    return [context.notice(
        provider.name, Kind.NOTE, f'{disk.reserved} GB stay reserved: the '
        'source does not tell of every VM which files on the volume are its '
        'own. State each VM of the cluster in vms, with its disks',
        'reserved-kept')]


def _as_large_as(before: Inventory, disk: Inventory, owed_gb: int
                 ) -> Inventory:
    """A volume that keeps its size, and still has room for what it owes."""
    return dataclasses.replace(
        disk, total=before.total, max_unit=before.max_unit,
        reserved=reserved_space.fit_reserved(
            before.total, max(disk.reserved, before.reserved),
            disk.allocation_ratio, owed_gb))


def _unconfirmed(disk: Inventory, before: Inventory) -> str:
    return (f'its size would become {disk.total} GB, and no node whose home '
            f'it is can confirm that now: it keeps its {before.total} GB '
            'until one is up and reaches it')


def _size_refused(context: PlanningContext, provider: Provider, disk: Inventory
                  ) -> str:
    """Why a volume's new size is not taken; empty when it is."""
    owed_gb = provider.owed.total_gb
    name = names.plain_volume_name(provider.name)
    if _shrinks_below(disk, provider.inventories.get(names.DISK_GB), owed_gb
                      ) and not context.settings.allow.covers('shrink', name):
        return (f'its size would become {disk.total} GB x allocation_ratio '
                f'{disk.allocation_ratio:g}, but servers hold {owed_gb} GB: '
                'it keeps its size and takes no new disks. Check the source, '
                f'or run with --allow shrink:{name}')
    if context.size_vote(provider.uuid) is False:
        kept = ('it keeps its size and takes no new disks'
                if names.DISK_GB in provider.inventories
                else 'it is not published')
        reported = context.layout.cluster.driver.reported
        objection = sizes.objection(
            reported, context.layout.volumes[provider.uuid].raw_percent)
        return (f'its size would become {disk.total} GB, and {objection}: '
                f'{kept}. {sizes.remedy(reported)}, or run with --allow '
                f'size:{name}')
    return ''


def _shrinks_below(disk: Inventory, before: Inventory | None, owed_gb: int
                   ) -> bool:
    """Whether writing this would take away room that servers have.

    A volume that is over-full already, for an operator lowered its ratio,
    is kept in order like any other.
    """
    return disk.capacity < owed_gb and (
        before is None or disk.capacity < before.capacity)


def disk_inventory(layout: Layout, provider: Provider, settings: Settings,
                   is_uncertain_kept: bool = True,
                   is_doubt_owed: bool = False) -> Inventory:
    """The DISK_GB inventory a volume should have.

    :param is_uncertain_kept: whether space stays reserved for files of which
        it is not known whose they are
    :param is_doubt_owed: whether room stays for escrow of which it is not
        known whether it is a share. A migration's would be offered to others
        as soon as it is known to be one, so what is published has none
    """
    before = provider.inventories.get(names.DISK_GB)
    volume = standing.sized(layout.volumes[provider.uuid],
                            before.total if before else 0)
    covered = reserved_space.covered(
        volume, layout.cluster, provider.copies_gb, provider.owed.covering_gb)
    parts = reserved_space.reserved_parts(volume, covered.at_most)
    owed_gb = (provider.owed.total_gb if is_doubt_owed
               else provider.owed.covering_gb)
    disk = reserved_space.disk_inventory(
        volume, parts,
        reserved_space.Before(
            before, provider.traits,
            covered.at_most - covered.at_least if is_uncertain_kept else 0,
            sections.are_files_unknown(layout.cluster)) if before else None,
        owed_gb, settings, disk_ratio.overcommit_ratio(
            provider.traits, volume.total_gb or 0, provider.owed.total_gb,
            settings.csv_allocation_ratio))
    largest_gb = layout.cluster.driver.largest_disk_gb or disk.total
    return dataclasses.replace(
        disk, max_unit=max(1, min(disk.total, largest_gb)))


def uncovered_traits(layout: Layout, provider: Provider,
                     disk: Inventory | None) -> frozenset[str]:
    """What a volume remembers to be reserved for files of unknown owners.

    :param disk: its DISK_GB inventory after the pass, None where that does
        not come to anything
    """
    volume = layout.volumes[provider.uuid]
    kept_gb = names.uncovered_gb(provider.traits)
    if disk is not None and reserved_space.are_listed(volume, layout.cluster):
        kept_gb = max(0, disk.reserved - (volume.reserve_gb or 0))
    return frozenset(() if kept_gb is None else (
        names.uncovered_trait(kept_gb),))


def same_inventories(inventories: Mapping[str, Inventory],
                     desired: Mapping[str, Inventory]) -> bool:
    """Equal, but for the digits MySQL's FLOAT does not keep."""
    return inventories.keys() == desired.keys() and all(
        inventories[rc].is_same(desired[rc]) for rc in inventories)
