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

from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import disk_ratio
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import ownership
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers import plan_withdrawal
from hv_sched.providers import reserved_space
from hv_sched.providers.layout import Layout
from hv_sched.providers.layout import volume_traits
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


def plan(layout: Layout, blocked: frozenset[str], observed: Observed,
         settings: Settings, named_like_ours: frozenset[str],
         undecided: frozenset[str]) -> tuple[Planned, frozenset[str]]:
    """The changes for all volumes of a cluster.

    :param blocked: nodes that still hold shares of their own disk
    :param undecided: nodes the source does not list that stay members
    :param named_like_ours: providers that bear this cluster's volume names
    :returns: the changes and findings, and the volumes that stay although
        the source no longer lists them
    """
    departing = {uuid: observed.providers[uuid] for uuid in named_like_ours
               if uuid not in layout.volumes and uuid in observed.providers
               and names.VOLUME in observed.providers[uuid].traits}
    planned, findings, withdrawn = plan_withdrawal.plan(
        layout, departing, settings)
    bearers = _Names(
        {listed.name.casefold(): uuid
         for uuid, listed in observed.overview.listed.items()},
        withdrawn, frozenset(layout.volumes))
    for uuid in layout.volumes:
        if uuid in observed.overview.listed and (
                uuid not in observed.providers):
            continue  # not read: the overview showed nothing wrong
        volume_plan = _plan_one(
            layout, uuid, observed.providers.get(uuid), bearers, settings,
            undecided & observed.overview.members.get(
                ids.home_aggregate(uuid), frozenset()))
        planned += volume_plan[0]
        findings += volume_plan[1]
    planned = [change for change in planned
               if not _too_early(layout, change, blocked)]
    return (planned, findings), frozenset(departing.keys() - withdrawn)


def _too_early(layout: Layout, change: changes.Change,
               blocked: frozenset[str]) -> bool:
    """A volume stays hidden while a user still has its own disk open."""
    return change.step == Step.PUBLISH and bool(
        layout.members[change.uuid] & blocked)


def close_all(layout: Layout, observed: Observed) -> Iterable[changes.Change]:
    """Close every published volume, and nothing else."""
    for uuid in layout.volumes:
        provider = observed.providers.get(uuid)
        if provider and names.SHARING in provider.traits:
            yield from changes.set_traits(
                Step.MARK, provider, provider.traits | {names.NO_NEW_DISKS})


def _plan_one(layout: Layout, uuid: str, provider: Provider | None,
              bearers: _Names, settings: Settings,
              undecided: frozenset[str]) -> Planned:
    """:param provider: None when the volume is to be created"""
    if provider is None and not layout.members[uuid]:
        return [], [Notice(
            layout.cluster.name, layout.volume_name(uuid), Kind.NOTE,
            'no node Nova knows has it as its home: it is not published')]
    naming, refusal = _naming(layout, uuid, provider, bearers)
    if refusal:
        return [], [refusal]
    if provider is None:
        provider = Provider(uuid, layout.volume_name(uuid), 0, {}, {},
                            frozenset(), frozenset())
    filling, findings = _fill(layout, provider, settings)
    return [*naming, *filling,
            *_publish(layout, provider, settings, undecided)], findings


def _naming(layout: Layout, uuid: str, provider: Provider | None,
            bearers: _Names) -> tuple[list[changes.Change], Notice | None]:
    """Create or rename, or why the name cannot be had."""
    name = layout.volume_name(uuid)
    if provider is not None and provider.name == name:
        return [], None
    holder = bearers.holders.get(name.casefold())
    refusal = _name_refused(layout, uuid, holder, bearers)
    if refusal:
        return [], refusal
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


def _name_refused(layout: Layout, uuid: str, holder: str | None,
                  bearers: _Names) -> Notice | None:
    name = layout.volume_name(uuid)
    reason = ''
    if len(name) > names.MAX_NAME_LENGTH:
        reason = (f'the name has {len(name)} characters, Placement takes '
                  f'{names.MAX_NAME_LENGTH}: shorten the cluster\'s name')
    elif holder not in (None, uuid) and holder not in bearers.departing | (
            bearers.volumes):
        reason = (f'resource provider {holder} already has this name and is '
                  f'not this volume: rename or delete that provider')
    if not reason:
        return None
    return Notice(layout.cluster.name, name, Kind.REFUSED, reason)


def _fill(layout: Layout, provider: Provider, settings: Settings) -> Planned:
    """The volume's inventories, never smaller than what is allocated."""
    used = provider.used(names.DISK_GB)
    disk = disk_inventory(layout, provider, settings)
    if _shrinks_below(disk, provider.inventories.get(names.DISK_GB), used
                      ) and not settings.allow.shrink:
        return [], [Notice(
            layout.cluster.name, provider.name, Kind.REFUSED,
            f'its size would become {disk.total} GB x allocation_ratio '
            f'{disk.allocation_ratio:g}, but servers hold {used} GB: check '
            f'the source, or run with --allow-shrink')]
    after = {**provider.inventories, names.DISK_GB: disk,
             names.HELD_DISK_GB: reserved_space.held_inventory()}
    if same_inventories(after, provider.inventories):
        return [], []
    return [changes.SetInventories(
        Step.FILL, provider.uuid, layout.volume_name(provider.uuid),
        before=provider.inventories, after=after)], []


def _shrinks_below(disk: Inventory, before: Inventory | None, used_gb: int
                   ) -> bool:
    """Whether writing this would take away room that servers have.

    A volume that is over-full already, for an operator lowered its ratio,
    is kept in order like any other.
    """
    return disk.capacity < used_gb and (
        before is None or disk.capacity < before.capacity)


def disk_inventory(layout: Layout, provider: Provider, settings: Settings
                   ) -> Inventory:
    """The DISK_GB inventory a volume should have."""
    volume = layout.volumes[provider.uuid]
    used = provider.used(names.DISK_GB)
    lines = reserved_space.reserved_parts(volume, reserved_space.covered_bytes(
        volume, layout.cluster.vms, provider.shares_gb, used))
    return reserved_space.disk_inventory(
        volume, lines, provider.inventories.get(names.DISK_GB), used,
        settings, disk_ratio.overcommit_ratio(
            provider.traits, volume.total_gb, used,
            settings.csv_allocation_ratio))


def same_inventories(layout: Mapping[str, Inventory],
                     other_set: Mapping[str, Inventory]) -> bool:
    """Equal, but for the digits MySQL's FLOAT does not keep."""
    return layout.keys() == other_set.keys() and all(
        layout[rc].is_same(other_set[rc]) for rc in layout)


def _publish(layout: Layout, provider: Provider, settings: Settings,
             undecided: frozenset[str]) -> Iterable[changes.Change]:
    """Traits, and at the very end the aggregate that makes it visible."""
    volume = layout.volumes[provider.uuid]
    name = layout.volume_name(provider.uuid)
    used = provider.used(names.DISK_GB)
    closed = reserved_space.closed_reasons(
        volume, provider.traits, used, settings)
    owned = ownership.volume_traits(
        provider.traits, volume.medium is not None,
        volume.cached_images is not None) | disk_ratio.outlived_traits(
        provider.traits, volume.total_gb, used,
        settings.csv_allocation_ratio)
    desired = volume_traits(layout, provider.uuid, bool(closed),
                                   provider.traits, settings, undecided)
    after = (provider.traits - owned) | desired
    if after != provider.traits:
        yield changes.SetTraits(Step.MARK, provider.uuid, name,
                                before=provider.traits, after=after)
    home = frozenset((ids.home_aggregate(provider.uuid),))
    if not home <= provider.aggregates:
        yield changes.SetAggregates(
            Step.PUBLISH, provider.uuid, name, before=provider.aggregates,
            after=provider.aggregates | home, labels=layout.labels)
