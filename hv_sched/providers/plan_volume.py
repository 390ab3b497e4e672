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
import dataclasses

from hv_sched import model
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
from hv_sched.providers import free_space
from hv_sched.providers import plan_volume_name
from hv_sched.providers import plan_volume_space
from hv_sched.providers import plan_withdrawal
from hv_sched.providers.layout import Layout
from hv_sched.providers.layout import volume_traits
from hv_sched.providers.planning_context import PlanningContext

Step = changes.Step
Planned = tuple[list[changes.Change], list[Notice]]


def plan(context: PlanningContext) -> tuple[Planned, frozenset[str]]:
    """The changes for all volumes of a cluster.

    :returns: the changes and notices, and the volumes that stay although
        the source no longer lists them
    """
    planned, notices, withdrawn = plan_withdrawal.plan(context)
    bearers = plan_volume_name.bearers(context, withdrawn)
    for uuid in context.layout.volumes:
        if uuid in context.observed.overview.listed and (
                uuid not in context.observed.providers):
            continue  # not read: the overview showed nothing wrong
        volume_changes, volume_notices = _plan_one(context, uuid, bearers)
        planned += volume_changes
        notices += volume_notices
    planned += _plan_silent(context)
    identity, guid = context.scope.identity, context.layout.cluster.guid
    return (planned, notices), (
        identity.of_cluster(guid) - withdrawn | identity.kept_of(guid)
        | context.layout.aside(model.ItemKind.VOLUME).keys())


def _plan_silent(context: PlanningContext) -> Iterable[changes.Change]:
    """Volumes of which nothing usable is stated: only what closes is believed.
    """
    aside = context.layout.aside(model.ItemKind.VOLUME)
    for uuid in sorted(aside.keys() | context.scope.identity.kept_of(
            context.layout.cluster.guid)):
        provider = context.observed.providers.get(uuid)
        reasons = closing.narrowing_reasons(aside.get(uuid), context.is_stale)
        if provider is not None and reasons:
            yield from closing.close(provider, reasons)


def close_all(context: PlanningContext) -> Iterable[changes.Change]:
    """Close every published volume for old facts, and nothing else."""
    for uuid in context.layout.volumes:
        provider = context.observed.providers.get(uuid)
        if provider and names.SHARING in provider.traits:
            yield from closing.close(provider, (
                Closed.STALE, *_bare_reasons(context, provider)))
    stale = dataclasses.replace(context, is_stale=True)
    yield from _plan_silent(stale)


def _bare_reasons(context: PlanningContext, provider: Provider
                  ) -> Iterable[Closed]:
    """Why a volume that an older release closed is closed now."""
    if not closing.is_bare(provider.traits):
        return ()
    return closing.closed_reasons(
        context.layout.volumes[provider.uuid], provider.traits,
        provider.owed.total_gb, context.settings)


def _plan_one(context: PlanningContext, uuid: str,
              bearers: plan_volume_name.Bearers) -> Planned:
    layout = context.layout
    name = layout.volume_name(uuid)
    provider = context.observed.providers.get(uuid)
    rival = context.scope.identity.claims.get(uuid)
    if rival is not None:
        closed = closing.close(provider, (
            Closed.REFUSED, *_bare_reasons(context, provider)
        )) if provider else ()
        return [*closed], [context.notice(name, Kind.REFUSED, another_cluster(
            'volume', rival, layout), 'volume-of-another-cluster')]
    left_alone = _left_alone(context, uuid, provider)
    if left_alone:
        return [], left_alone
    naming, refusal = plan_volume_name.plan(context, uuid, provider, bearers)
    if refusal:
        return [], [refusal]
    if provider is None:
        provider = _new_provider(uuid, name)
    filling, notices = plan_volume_space.plan(context, provider)
    is_refused = any(notice.kind is Kind.REFUSED for notice in notices)
    disk = None if is_refused else _disk_after(filling, provider)
    return [*naming, *filling,
            *_publish(context, provider, is_refused, disk)], [
        *notices, *_without_home(context, provider),
        *_low(context, provider)]


def _disk_after(filling: Iterable[changes.Change], provider: Provider
                ) -> Inventory | None:
    """The DISK_GB inventory of a volume once it is filled."""
    inventories = provider.inventories
    for change in filling:
        if isinstance(change, changes.SetInventories):
            inventories = change.after
    return inventories.get(names.DISK_GB)


def _new_provider(uuid: str, name: str) -> Provider:
    return Provider(uuid, name, 0, {}, {}, frozenset(), frozenset())


def _left_alone(context: PlanningContext, uuid: str, provider: Provider | None
                ) -> list[Notice]:
    """Why a volume is neither published nor changed; empty when it is."""
    layout = context.layout
    name = layout.volume_name(uuid)
    former = context.scope.identity.in_use.get(uuid)
    if former is not None:
        return [context.notice(
            name, Kind.REFUSED, 'in Placement servers hold shares of this '
            f'disk as {former}: it is published under {layout.cluster.name} '
            'when they are moved or deleted', 'disk-in-use-elsewhere')]
    is_unfilled = (
        provider is None or names.DISK_GB not in provider.inventories)
    if layout.volumes[uuid].size_bytes is None and is_unfilled:
        return [context.notice(
            name, Kind.NOTE, 'neither the source nor Placement has its size: '
            'it is not published', 'size-not-stated')]
    if provider is None and not layout.members[uuid]:
        return [context.notice(
            name, Kind.NOTE,
            'no node Nova knows has it as its home: it is not published',
            'volume-without-home')]
    if is_unfilled and context.size_vote(uuid) is False:
        return plan_volume_space.plan(
            context, provider or _new_provider(uuid, name))[1]
    return []


def _is_nobodys(context: PlanningContext, provider: Provider) -> bool:
    """Whether no node has a volume as its home; unknown, it stays closed."""
    is_nobodys = context.layout.is_nobodys(provider.uuid)
    if is_nobodys is None:
        return Closed.LEFT_OUT.trait in provider.traits
    return is_nobodys


def _without_home(context: PlanningContext, provider: Provider
                  ) -> Iterable[Notice]:
    name = context.layout.volume_name(provider.uuid)
    if context.layout.is_nobodys(provider.uuid):
        yield context.notice(
            name, Kind.NOTE, 'no node of the source has it as its home any '
            'more: it takes no new disks. Give it to a node as home, or move '
            'or delete its servers and take it out of the source',
            'volume-without-home')


def _low(context: PlanningContext, provider: Provider) -> Iterable[Notice]:
    """Said of a volume that is low and not closed for it."""
    volume, settings = context.layout.volumes[provider.uuid], context.settings
    if volume.free_bytes is None or Closed.FLOOR in closing.closed_reasons(
            volume, provider.traits, provider.owed.total_gb, settings) or (
                not free_space.is_low(volume, provider.traits, settings)):
        return
    floor = free_space.floor_bytes(
        volume, provider.traits, settings, is_below=False)
    yield context.notice(
        context.layout.volume_name(provider.uuid), Kind.NOTE,
        f'{volume.free_bytes // model.GIB} GiB of its disk are physically '
        'free: other volumes are preferred' + (
            f', and below {floor // model.GIB} GiB it takes no new disks. '
            if floor else '. ')
        + 'Free or add space', 'space-low')


def another_cluster(noun: str, rival: str, layout: Layout) -> str:
    """What settles that a thing stands under a cluster nobody describes."""
    cluster = names.cluster_of(rival)
    volume = names.plain_volume_name(rival)
    return (f'in Placement this {noun} stands under cluster {cluster} '
            f'({rival}), which the source does not describe, not under '
            f'{layout.cluster.name}: if {layout.cluster.name} is {cluster} '
            'rebuilt, give its former GUID in the source (identity: '
            f'<GUID of {cluster}>); if the disk was replaced, move or delete '
            f'its servers and run with --allow replace:{volume}; else '
            f'describe {cluster}, too')


def _publish(context: PlanningContext, provider: Provider, is_refused: bool,
             disk: Inventory | None) -> Iterable[changes.Change]:
    """Traits, and at the very end the aggregate that makes it visible."""
    layout = context.layout
    name = layout.volume_name(provider.uuid)
    after = _traits(context, provider, is_refused, disk)
    if after != provider.traits:
        yield changes.SetTraits(Step.MARK, provider.uuid, name,
                                before=provider.traits, after=after)
    home = frozenset((ids.home_aggregate(provider.uuid),))
    if not home <= provider.aggregates:
        yield changes.SetAggregates(
            Step.PUBLISH, provider.uuid, name, before=provider.aggregates,
            after=provider.aggregates | home, labels=layout.labels)


def _traits(context: PlanningContext, provider: Provider, is_refused: bool,
            disk: Inventory | None) -> frozenset[str]:
    """All traits a volume should have, others' included."""
    volume = context.layout.volumes[provider.uuid]
    owed_gb = provider.owed.total_gb
    reasons = closing.closed_reasons(
        volume, provider.traits, owed_gb, context.settings, context.is_stale)
    if is_refused:
        reasons[Closed.REFUSED] = Closed.REFUSED.value
    if _is_nobodys(context, provider):
        reasons[Closed.LEFT_OUT] = Closed.LEFT_OUT.value
    owned = ownership.volume_traits(
        provider.traits, volume.medium is not None,
        volume.cached_images is not None)
    if volume.total_gb is not None:
        owned |= disk_ratio.outlived_traits(
            provider.traits, volume.total_gb, owed_gb,
            context.settings.csv_allocation_ratio)
    low = frozenset((names.LOW_SPACE,) if free_space.is_low(
        volume, provider.traits, context.settings) else ())
    return (provider.traits - owned) | low | (
        plan_volume_space.uncovered_traits(
            context.layout, provider, disk)) | volume_traits(
        context.layout, provider.uuid, closing.closed_traits(reasons),
        provider.traits, context.settings,
        context.scope.undecided_nodes & context.users(provider.uuid))
