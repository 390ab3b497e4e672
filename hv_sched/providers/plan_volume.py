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
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import overcommit
from hv_sched.placement import ownership
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers import edits
from hv_sched.providers import layout
from hv_sched.providers import plan_withdrawal
from hv_sched.providers import reserved_space
from hv_sched.providers.layout import Layout
from hv_sched.providers.settings import Settings

Step = changes.Step
Planned = tuple[list[changes.Change], list[Notice]]


@dataclasses.dataclass(frozen=True)
class _Names:
    """Who bears which name now, and which of them will give it up.

    Names are compared without case, as MySQL does.
    """

    holders: dict[str, str]
    leaving: frozenset[str]
    volumes: frozenset[str]


def plan(one: Layout, blocked: frozenset[str], observed: Observed,
         settings: Settings, named_like_ours: frozenset[str],
         staying: frozenset[str]) -> tuple[Planned, frozenset[str]]:
    """The changes for all volumes of a cluster.

    :param blocked: nodes that still hold shares of their own disk
    :param staying: nodes the source does not list that stay members
    :param named_like_ours: providers that bear this cluster's volume names
    :returns: the changes and findings, and the volumes that stay although
        the source no longer lists them
    """
    leaving = {uuid: observed.providers[uuid] for uuid in named_like_ours
               if uuid not in one.volumes and uuid in observed.providers
               and names.VOLUME in observed.providers[uuid].traits}
    found, findings, gone = plan_withdrawal.plan(one, leaving, settings)
    bearers = _Names(
        {listed.name.casefold(): uuid
         for uuid, listed in observed.overview.listed.items()},
        gone, frozenset(one.volumes))
    for uuid in one.volumes:
        if uuid in observed.overview.listed and (
                uuid not in observed.providers):
            continue  # not read: the overview showed nothing wrong
        more = _plan_one(one, uuid, observed.providers.get(uuid), bearers,
                         settings, staying & observed.overview.members.get(
                             ids.home_aggregate(uuid), frozenset()))
        found += more[0]
        findings += more[1]
    found = [change for change in found
             if not _too_early(one, change, blocked)]
    return (found, findings), frozenset(leaving.keys() - gone)


def _too_early(one: Layout, change: changes.Change,
               blocked: frozenset[str]) -> bool:
    """A volume stays hidden while a user still has its own disk open."""
    return change.step == Step.PUBLISH and bool(
        one.members[change.uuid] & blocked)


def close_all(one: Layout, observed: Observed) -> Iterable[changes.Change]:
    """Close every published volume, and nothing else."""
    for uuid in one.volumes:
        provider = observed.providers.get(uuid)
        if provider and names.SHARING in provider.traits:
            yield from edits.set_traits(
                Step.MARK, provider, provider.traits | {names.NO_NEW_DISKS})


def _plan_one(one: Layout, uuid: str, provider: Provider | None,
              bearers: _Names, settings: Settings,
              staying: frozenset[str]) -> Planned:
    """:param provider: None when the volume is to be created"""
    if provider is None and not one.members[uuid]:
        return [], [Notice(
            one.cluster.name, one.volume_name(uuid), Kind.NOTE,
            'no node Nova knows has it as its home: it is not published')]
    naming, refusal = _naming(one, uuid, provider, bearers)
    if refusal:
        return [], [refusal]
    if provider is None:
        provider = Provider(uuid, one.volume_name(uuid), 0, {}, {},
                            frozenset(), frozenset())
    found, findings = _fill(one, provider, settings)
    return [*naming, *found,
            *_publish(one, provider, settings, staying)], findings


def _naming(one: Layout, uuid: str, provider: Provider | None,
            bearers: _Names) -> tuple[list[changes.Change], Notice | None]:
    """Create or rename, or why the name cannot be had."""
    name = one.volume_name(uuid)
    if provider is not None and provider.name == name:
        return [], None
    holder = bearers.holders.get(name.casefold())
    refusal = _name_refused(one, uuid, holder, bearers)
    if refusal:
        return [], refusal
    if provider is None:
        return [changes.CreateProvider(Step.CREATE, uuid, name)], None
    if holder in (None, uuid) or holder in bearers.leaving:
        return [changes.RenameProvider(Step.RENAME_AWAY, uuid, provider.name,
                                       new_name=name)], None
    # A sibling still has the name: both step aside before either takes it.
    aside = f'{names.VOLUME_NAME_PREFIX}renaming/{uuid}'
    return [changes.RenameProvider(Step.RENAME_AWAY, uuid, provider.name,
                                   new_name=aside),
            changes.RenameProvider(Step.RENAME, uuid, aside,
                                   new_name=name)], None


def _name_refused(one: Layout, uuid: str, holder: str | None,
                  bearers: _Names) -> Notice | None:
    name = one.volume_name(uuid)
    why = ''
    if len(name) > names.MAX_NAME_LENGTH:
        why = (f'the name has {len(name)} characters, Placement takes '
               f'{names.MAX_NAME_LENGTH}: shorten the cluster\'s name')
    elif holder not in (None, uuid) and holder not in bearers.leaving | (
            bearers.volumes):
        why = (f'resource provider {holder} already has this name and is '
               f'not this volume: rename or delete that provider')
    return Notice(one.cluster.name, name, Kind.REFUSED, why) if why else None


def _fill(one: Layout, provider: Provider, settings: Settings) -> Planned:
    """The volume's inventories, never smaller than what is allocated."""
    used = provider.used(names.DISK_GB)
    disk = disk_inventory(one, provider, settings)
    if _shrinks_below(disk, provider.inventories.get(names.DISK_GB), used
                      ) and not settings.allow.shrink:
        return [], [Notice(
            one.cluster.name, provider.name, Kind.REFUSED,
            f'its size would become {disk.total} GB x allocation_ratio '
            f'{disk.allocation_ratio:g}, but servers hold {used} GB: check '
            f'the source, or run with --allow-shrink')]
    after = {**provider.inventories, names.DISK_GB: disk,
             names.HELD_DISK_GB: reserved_space.held_inventory()}
    if same_inventories(after, provider.inventories):
        return [], []
    return [changes.SetInventories(
        Step.FILL, provider.uuid, one.volume_name(provider.uuid),
        before=provider.inventories, after=after)], []


def _shrinks_below(disk: Inventory, before: Inventory | None, used_gb: int
                   ) -> bool:
    """Whether writing this would take away room that servers have.

    A volume that is over-full already, for an operator lowered its ratio,
    is kept in order like any other.
    """
    return disk.capacity < used_gb and (
        before is None or disk.capacity < before.capacity)


def disk_inventory(one: Layout, provider: Provider, settings: Settings
                   ) -> Inventory:
    """The DISK_GB inventory a volume should have."""
    volume = one.volumes[provider.uuid]
    used = provider.used(names.DISK_GB)
    lines = reserved_space.reasons(volume, reserved_space.covered_bytes(
        volume, one.cluster.vms, provider.shares_gb, used))
    return reserved_space.disk_inventory(
        volume, lines, provider.inventories.get(names.DISK_GB), used,
        settings, overcommit.ratio(provider.traits, volume.total_gb, used,
                                   settings.csv_allocation_ratio))


def same_inventories(one: Mapping[str, Inventory],
                     other: Mapping[str, Inventory]) -> bool:
    """Equal, but for the digits MySQL's FLOAT does not keep."""
    return one.keys() == other.keys() and all(
        one[rc].is_same(other[rc]) for rc in one)


def _publish(one: Layout, provider: Provider, settings: Settings,
             staying: frozenset[str]) -> Iterable[changes.Change]:
    """Traits, and at the very end the aggregate that makes it visible."""
    volume = one.volumes[provider.uuid]
    name = one.volume_name(provider.uuid)
    used = provider.used(names.DISK_GB)
    closed = reserved_space.closed_reasons(
        volume, provider.traits, used, settings)
    owned = ownership.volume_traits(
        provider.traits, volume.medium is not None,
        volume.cached_images is not None) | overcommit.outlived(
        provider.traits, volume.total_gb, used,
        settings.csv_allocation_ratio)
    wanted = layout.volume_traits(one, provider.uuid, bool(closed),
                                   provider.traits, settings, staying)
    after = (provider.traits - owned) | wanted
    if after != provider.traits:
        yield changes.SetTraits(Step.MARK, provider.uuid, name,
                                before=provider.traits, after=after)
    home = frozenset((ids.home_aggregate(provider.uuid),))
    if not home <= provider.aggregates:
        yield changes.SetAggregates(
            Step.PUBLISH, provider.uuid, name, before=provider.aggregates,
            after=provider.aggregates | home, labels=one.labels)
