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

"""Which providers the bulk overview gives reason to read in full. Pure.

Steady state costs the overview alone: a provider is read only when what the
few bulk requests say of it is not what the source asks for.
"""

from collections.abc import Iterable
from collections.abc import Mapping

from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import ownership
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import Provider
from hv_sched.placement.observed import VolumeSummary
from hv_sched.providers import closing
from hv_sched.providers import freshness
from hv_sched.providers import functional_level
from hv_sched.providers import node_traits
from hv_sched.providers import plan_gpu
from hv_sched.providers import plan_volume
from hv_sched.providers import scope as scoping
from hv_sched.providers.freshness import Moment
from hv_sched.providers.layout import Layout
from hv_sched.providers.layout import volume_traits
from hv_sched.providers.scope import Scope
from hv_sched.providers.settings import Settings


def find(scope: Scope, overview: Overview, settings: Settings,
         moment: Moment) -> frozenset[str]:
    """The uuids of the providers to read in full."""
    memberships = _memberships(overview.members)
    uuids: set[str] = set()
    for layout in scope.layouts:
        if freshness.unlikely(layout.cluster, moment):
            continue  # nothing will be changed
        if freshness.is_stale(layout.cluster, moment, settings):
            uuids |= _not_closed(layout, overview)
            continue
        uuids.update(_volumes(layout, overview, memberships, settings))
        uuids.update(_nodes(layout, overview, memberships, scope))
        uuids.update(_departing(layout, scope, overview, memberships,
                                settings))
        if not scoping.is_published(layout, overview):
            # Publishing hangs on every node of the cluster.
            uuids.update(layout.nodes)
    return frozenset(uuids & overview.listed.keys())


def _memberships(members: Mapping[str, frozenset[str]]
                 ) -> dict[str, frozenset[str]]:
    """Aggregates by provider, from providers by aggregate."""
    aggregates_by_uuid: dict[str, set[str]] = {}
    for aggregate, uuids in members.items():
        for uuid in uuids:
            aggregates_by_uuid.setdefault(uuid, set()).add(aggregate)
    return {uuid: frozenset(aggregates)
            for uuid, aggregates in aggregates_by_uuid.items()}


def _not_closed(layout: Layout, overview: Overview) -> frozenset[str]:
    """Volumes that old facts have not closed yet."""
    return frozenset(
        uuid for uuid in layout.volumes
        if (summary := overview.volumes.get(uuid)) is None
        or names.Closed.STALE.trait not in summary.traits)


def _departing(layout: Layout, scope: Scope, overview: Overview,
               memberships: Mapping[str, frozenset[str]], settings: Settings
               ) -> Iterable[str]:
    """What the source left out and that is not closed, or that may go."""
    homes = scope.aggregates - {layout.cluster_aggregate}
    for uuid in scoping.departing_nodes(layout, scope, overview):
        if memberships.get(uuid, frozenset()) & homes or (
                settings.allow.covers('open', overview.listed[uuid].name)):
            yield uuid
    for uuid in scope.identity.of_cluster(layout.cluster.guid):
        summary = overview.volumes.get(uuid)
        if (summary is None
                or names.Closed.LEFT_OUT.trait not in summary.traits
                or any(settings.allow.covers(kind, overview.listed[uuid].name)
                       for kind in ('withdraw', 'replace'))):
            yield uuid


def _nodes(layout: Layout, overview: Overview,
           memberships: Mapping[str, frozenset[str]], scope: Scope
           ) -> Iterable[str]:
    left_out = scope.identity.of_cluster(layout.cluster.guid)
    for uuid, node in layout.nodes.items():
        traits = overview.node_traits.get(uuid, frozenset())
        traits_desired = overview.placeable(node_traits.desired_node_traits(
            layout.cluster, node, traits, left_out))
        if (ownership.node_traits(traits) != traits_desired
                or uuid in overview.open_nodes
                or memberships.get(uuid, frozenset()) & scope.aggregates
                != layout.node_aggregates(uuid)):
            yield uuid
        child = overview.gpus.get(ids.remotefx_uuid(uuid))
        if not plan_gpu.agrees(functional_level.with_gpus(
                layout.cluster, node, traits), child,
                               ids.remotefx_uuid(uuid) in overview.listed):
            yield uuid
            yield ids.remotefx_uuid(uuid)


def _volumes(layout: Layout, overview: Overview,
             memberships: Mapping[str, frozenset[str]], settings: Settings
             ) -> Iterable[str]:
    for uuid in layout.volumes:
        if uuid not in overview.listed:
            continue  # nothing to read: it will be created
        summary = overview.volumes.get(uuid)
        # Escrow is a server's share or a move's: only its owner tells.
        if (summary is None or summary.held_gb
                or overview.listed[uuid].name != layout.volume_name(uuid)
                or ids.home_aggregate(uuid) not in memberships.get(uuid, ())
                or not _traits_agree(layout, uuid, summary, settings)
                or not _space_agrees(layout, uuid, summary, settings)):
            yield uuid


def _traits_agree(layout: Layout, uuid: str, summary: VolumeSummary,
                  settings: Settings) -> bool:
    volume = layout.volumes[uuid]
    closed = closing.closed_traits(closing.closed_reasons(
        volume, summary.traits, summary.owed.total_gb, settings))
    owned = ownership.volume_traits(
        summary.traits, volume.medium is not None,
        volume.cached_images is not None)
    return owned == volume_traits(
        layout, uuid, closed, summary.traits, settings)


def _space_agrees(layout: Layout, uuid: str, summary: VolumeSummary,
                  settings: Settings) -> bool:
    """Whether the capacity is what the rules would make it.

    A summary does not tell ratio and reserved apart. The ratio is taken to
    be the configured one; a volume whose ratio an operator changed is read
    in full each time.
    """
    volume = layout.volumes[uuid]
    ratio = (settings.csv_allocation_ratio
             or settings.initial_csv_allocation_ratio)
    before = Inventory(
        total=volume.stated_gb, allocation_ratio=ratio,
        reserved=max(0, volume.stated_gb - round(summary.capacity_gb / ratio)))
    if volume.free_bytes is None and before.reserved > (
            volume.reserve_gb or 0):
        return False  # reserved before, or the volume has grown: both look so
    guess = Provider(uuid, '', 0, {names.DISK_GB: before},
                     {names.DISK_GB: summary.used_gb}, frozenset(),
                     frozenset())
    desired = plan_volume.disk_inventory(layout, guess, settings)
    return desired.capacity == summary.capacity_gb
