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

"""The changes that make a cluster's volumes right. Pure."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched import windows_names
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import disk_ratio
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import ownership
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.names import Closed
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers import closing
from hv_sched.providers import plan_withdrawal
from hv_sched.providers import reserved_space
from hv_sched.providers import scope as scoping
from hv_sched.providers.layout import Layout
from hv_sched.providers.layout import volume_traits
from hv_sched.providers.planning_context import PlanningContext
from hv_sched.providers.settings import Settings

Step = changes.Step
Planned = tuple[list[changes.Change], list[Notice]]


@dataclasses.dataclass(frozen=True)
class _Names:
    """Who bears which name now, and which of them will give it up.

    Names are compared without case, as MySQL does.
    """

    holders: dict[str, str]
    departing: frozenset[str]
    volumes: frozenset[str]


def plan(context: PlanningContext) -> tuple[Planned, frozenset[str]]:
    """The changes for all volumes of a cluster.

    :returns: the changes and notices, and the volumes that stay although
        the source no longer lists them
    """
    planned, notices, withdrawn = plan_withdrawal.plan(context)
    bearers = _Names(
        {windows_names.key(listed.name): uuid
         for uuid, listed in context.observed.overview.listed.items()},
        withdrawn, frozenset(context.layout.volumes))
    for uuid in context.layout.volumes:
        if uuid in context.observed.overview.listed and (
                uuid not in context.observed.providers):
            continue  # not read: the overview showed nothing wrong
        volume_changes, volume_notices = _plan_one(context, uuid, bearers)
        planned += volume_changes
        notices += volume_notices
    departing = context.scope.identity.of_cluster(context.layout.cluster.guid)
    return (planned, notices), departing - withdrawn


def close_all(context: PlanningContext) -> Iterable[changes.Change]:
    """Close every published volume for old facts, and nothing else."""
    for uuid in context.layout.volumes:
        provider = context.observed.providers.get(uuid)
        if provider and names.SHARING in provider.traits:
            yield from _close(context, provider, Closed.STALE)


def _close(context: PlanningContext, provider: Provider, reason: Closed
           ) -> Iterable[changes.Change]:
    """Close a listed volume, whatever else it is closed for."""
    bare = closing.closed_reasons(
        context.layout.volumes[provider.uuid], provider.traits,
        provider.owed.total_gb, context.settings) if closing.is_bare(
            provider.traits) else {}
    yield from changes.set_traits(
        Step.MARK, provider, provider.traits | closing.closed_traits(
            {**bare, reason: reason.value}))


def _plan_one(context: PlanningContext, uuid: str, bearers: _Names) -> Planned:
    layout = context.layout
    name = layout.volume_name(uuid)
    provider = context.observed.providers.get(uuid)
    rival = context.scope.identity.claims.get(uuid)
    if rival is not None:
        closed = _close(context, provider, Closed.REFUSED) if provider else ()
        return [*closed], [context.notice(name, Kind.REFUSED, another_cluster(
            'volume', rival, layout))]
    former = context.scope.identity.in_use.get(uuid)
    if former is not None:
        return [], [context.notice(
            name, Kind.REFUSED, 'in Placement servers hold shares of this '
            f'disk as {former}: it is published under {layout.cluster.name} '
            'when they are moved or deleted')]
    if provider is None and not layout.members[uuid]:
        return [], [context.notice(
            name, Kind.NOTE,
            'no node Nova knows has it as its home: it is not published')]
    naming, refusal = _naming(context, uuid, provider, bearers)
    if refusal:
        return [], [refusal]
    if provider is None:
        provider = Provider(uuid, name, 0, {}, {}, frozenset(), frozenset())
    filling, notices = _fill(context, provider)
    is_refused = any(notice.kind is Kind.REFUSED for notice in notices)
    return [*naming, *filling,
            *_publish(context, provider, is_refused)], notices


def another_cluster(noun: str, rival: str, layout: Layout) -> str:
    """What settles that a thing stands under a cluster nobody describes."""
    cluster = names.cluster_of(rival)
    volume = names.plain_volume_name(rival)
    return (f'in Placement this {noun} stands under cluster {cluster} '
            f'({rival}), which the source does not describe, not under '
            f'{layout.cluster.name}: if {layout.cluster.name} is {cluster} '
            'built anew, give its former GUID in the source (identity: '
            f'<GUID of {cluster}>); if the disk was replaced, move or delete '
            f'its servers and run with --allow replace:{volume}; else '
            f'describe {cluster}, too')


def _naming(context: PlanningContext, uuid: str, provider: Provider | None,
            bearers: _Names) -> tuple[list[changes.Change], Notice | None]:
    """Create or rename, or why the name cannot be had."""
    name = context.layout.volume_name(uuid)
    if provider is not None and provider.name == name:
        return [], None
    holder = bearers.holders.get(windows_names.key(name))
    reason = _name_refused(name, uuid, holder, bearers)
    if reason:
        return [], context.notice(name, Kind.REFUSED, reason)
    if provider is None:
        return [changes.CreateProvider(Step.CREATE, uuid, name)], None
    if holder in (None, uuid) or holder in bearers.departing:
        return [changes.RenameProvider(Step.RENAME_AWAY, uuid, provider.name,
                                       new_name=name)], None
    # A sibling still has the name: both step aside before either takes it.
    aside = f'{names.VOLUME_NAME_PREFIX}renaming/{uuid}'
    return [changes.RenameProvider(Step.RENAME_AWAY, uuid, provider.name,
                                   new_name=aside),
            changes.RenameProvider(Step.RENAME, uuid, aside,
                                   new_name=name)], None


def _name_refused(name: str, uuid: str, holder: str | None,
                  bearers: _Names) -> str:
    """Why a name cannot be had; empty when it can."""
    if len(name) > names.MAX_NAME_LENGTH:
        return (f'the name has {len(name)} characters, Placement takes '
                f'{names.MAX_NAME_LENGTH}: shorten the cluster\'s name')
    if holder not in (None, uuid) and holder not in bearers.departing | (
            bearers.volumes):
        return (f'resource provider {holder} already has this name and is '
                f'not this volume: rename or delete that provider')
    return ''


def _fill(context: PlanningContext, provider: Provider) -> Planned:
    """The volume's inventories, never smaller than what is allocated."""
    disk = disk_inventory(context.layout, provider, context.settings)
    before = provider.inventories.get(names.DISK_GB)
    reason = _size_refused(context, provider, disk)
    if reason:
        return [], [context.notice(provider.name, Kind.REFUSED, reason)]
    notices = []
    if before is not None and context.size_vote(provider.uuid) is None:
        notices = [context.notice(
            provider.name, Kind.NOTE, _unconfirmed(disk, before))]
        disk = _as_large_as(before, disk, provider.owed.total_gb)
    after = {**provider.inventories, names.DISK_GB: disk,
             names.HELD_DISK_GB: reserved_space.held_inventory()}
    if same_inventories(after, provider.inventories):
        return [], notices
    return [changes.SetInventories(
        Step.FILL, provider.uuid, context.layout.volume_name(provider.uuid),
        before=provider.inventories, after=after)], notices


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
        return (f'its size would become {disk.total} GB, and the nodes whose '
                'home it is report less than half or more than twice as '
                'much: it keeps its size and takes no new disks. Check the '
                f'source, or run with --allow size:{name}')
    return ''


def _shrinks_below(disk: Inventory, before: Inventory | None, owed_gb: int
                   ) -> bool:
    """Whether writing this would take away room that servers have.

    A volume that is over-full already, for an operator lowered its ratio,
    is kept in order like any other.
    """
    return disk.capacity < owed_gb and (
        before is None or disk.capacity < before.capacity)


def disk_inventory(layout: Layout, provider: Provider, settings: Settings
                   ) -> Inventory:
    """The DISK_GB inventory a volume should have."""
    volume = layout.volumes[provider.uuid]
    parts = reserved_space.reserved_parts(
        volume, reserved_space.covered_bytes(
            volume, layout.cluster.vms, provider.copies_gb,
            provider.owed.covering_gb))
    owed_gb = provider.owed.total_gb
    return reserved_space.disk_inventory(
        volume, parts, provider.inventories.get(names.DISK_GB), owed_gb,
        settings, disk_ratio.overcommit_ratio(
            provider.traits, volume.stated_gb, owed_gb,
            settings.csv_allocation_ratio))


def same_inventories(inventories: Mapping[str, Inventory],
                     desired: Mapping[str, Inventory]) -> bool:
    """Equal, but for the digits MySQL's FLOAT does not keep."""
    return inventories.keys() == desired.keys() and all(
        inventories[rc].is_same(desired[rc]) for rc in inventories)


def _publish(context: PlanningContext, provider: Provider, is_refused: bool
             ) -> Iterable[changes.Change]:
    """Traits, and at the very end the aggregate that makes it visible."""
    layout = context.layout
    name = layout.volume_name(provider.uuid)
    after = _traits(context, provider, is_refused)
    if after != provider.traits:
        yield changes.SetTraits(Step.MARK, provider.uuid, name,
                                before=provider.traits, after=after)
    home = frozenset((ids.home_aggregate(provider.uuid),))
    if not home <= provider.aggregates:
        yield changes.SetAggregates(
            Step.PUBLISH, provider.uuid, name, before=provider.aggregates,
            after=provider.aggregates | home, labels=layout.labels)


def _traits(context: PlanningContext, provider: Provider, is_refused: bool
            ) -> frozenset[str]:
    """All traits a volume should have, others' included."""
    volume = context.layout.volumes[provider.uuid]
    owed_gb = provider.owed.total_gb
    reasons = closing.closed_reasons(
        volume, provider.traits, owed_gb, context.settings)
    if is_refused:
        reasons[Closed.REFUSED] = Closed.REFUSED.value
    owned = ownership.volume_traits(
        provider.traits, volume.medium is not None,
        volume.cached_images is not None) | disk_ratio.outlived_traits(
        provider.traits, volume.stated_gb, owed_gb,
        context.settings.csv_allocation_ratio)
    undecided = scoping.undecided_nodes(
        context.scope, context.observed.overview)
    return (provider.traits - owned) | volume_traits(
        context.layout, provider.uuid, closing.closed_traits(reasons),
        provider.traits, context.settings,
        undecided & context.users(provider.uuid))
