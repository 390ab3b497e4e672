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

"""The changes that make a cluster's nodes right. Pure.

Nova owns a compute node's provider: of it we touch our traits, our
aggregates and the allocation_ratio of DISK_GB, nothing else.
"""

from collections.abc import Iterable
import dataclasses

from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import disk_ratio
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import ownership
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers import functional_level
from hv_sched.providers import gate
from hv_sched.providers import node_traits
from hv_sched.providers import plan_gpu
from hv_sched.providers import plan_volume
from hv_sched.providers import scope as scoping
from hv_sched.providers import sections
from hv_sched.providers.layout import Layout
from hv_sched.providers.planning_context import PlanningContext

Step = changes.Step


def holding_shares(layout: Layout, observed: Observed) -> frozenset[str]:
    """Nodes with servers' shares on their own disk, still to be adopted.

    Such a node is not closed: Placement before 14 refuses to rewrite shares
    on a provider over its capacity (bug 2104040), which breaks every move.
    One that was adopted and is closed may keep a share nobody can explain.
    """
    return frozenset(
        uuid for uuid in layout.nodes
        if (provider := observed.providers.get(uuid)) is not None
        and provider.used(names.DISK_GB)
        and (is_open(provider) or not names.is_clustered(provider.traits)))


def is_open(provider: Provider) -> bool:
    """Whether the node's own disk would take a server."""
    return disk_ratio.is_open(provider.inventories.get(names.DISK_GB))


def plan(context: PlanningContext, our_aggregates: frozenset[str],
         left_out: frozenset[str]) -> plan_volume.Planned:
    """The changes for the nodes the source lists.

    :param our_aggregates: every aggregate a node may be taken out of
    :param left_out: volumes that stay although the source does not list them
    """
    layout, observed = context.layout, context.observed
    planned: list[changes.Change] = []
    notices: list[Notice] = []
    for uuid in layout.nodes:
        provider = observed.providers.get(uuid)
        if provider is None:
            continue  # not read: the overview showed nothing wrong
        is_new = not names.is_clustered(provider.traits)
        if uuid in context.blocked and is_new:
            continue  # as it was, until its shares are adopted
        if is_new and (
                not layout.is_node_list_whole
                or not layout.is_volume_list_whole
                or context.is_unpublishable(uuid)):
            continue  # as it is until the lists and its volume are believed
        planned += _mark(layout, provider, observed.overview, left_out)
        if uuid not in context.blocked and is_open(provider):
            planned.append(_close(provider))
        planned += _join(layout, provider, our_aggregates,
                         may_join=uuid not in context.blocked)
        child_changes, reasons = plan_child(
            layout, provider, observed.providers.get(ids.remotefx_uuid(uuid)))
        planned += child_changes
        notices += [context.notice(provider.name, Kind.REFUSED, reason,
                                   'gpu-in-use') for reason in reasons]
    return planned, notices


def plan_child(layout: Layout, provider: Provider, child: Provider | None
               ) -> tuple[list[changes.Change], list[str]]:
    """The changes for a node's RemoteFX adapters; see plan_gpu.plan."""
    node = layout.nodes[provider.uuid]
    if not layout.cluster.driver.has_windows_features:
        node = dataclasses.replace(node, remotefx_enabled=False, gpus=())
    return plan_gpu.plan(functional_level.with_gpus(
        layout.cluster, node, provider.traits), provider, child)


def _mark(layout: Layout, provider: Provider, overview: Overview,
          left_out: frozenset[str]) -> Iterable[changes.Change]:
    """Our traits; a node about to be closed also remembers its ratio."""
    owned = ownership.node_traits(provider.traits)
    members = overview.members.get(layout.cluster_aggregate, frozenset())
    desired = set(overview.placeable(node_traits.desired_node_traits(
        layout.cluster, layout.nodes[provider.uuid], provider.traits,
        left_out, lacks_nodes=not members <= layout.nodes.keys())))
    if is_open(provider) and not disk_ratio.remembers_former(provider.traits):
        disk = provider.inventories[names.DISK_GB]
        desired.add(disk_ratio.former_trait(disk.allocation_ratio))
    else:
        desired |= {trait for trait in owned
                    if trait.startswith(names.FORMER_RATIO_PREFIX)}
    yield from changes.set_traits(
        Step.MARK_NODE, provider,
        frozenset((provider.traits - owned) | desired))


def _close(provider: Provider) -> changes.Change:
    return _set_ratio(Step.CLOSE_NODE, provider, disk_ratio.closed_ratio(
        provider.inventories[names.DISK_GB].total))


def _set_ratio(step: changes.Step, provider: Provider, ratio: float
               ) -> changes.Change:
    disk = dataclasses.replace(
        provider.inventories[names.DISK_GB], allocation_ratio=ratio)
    return changes.SetInventories(
        step, provider.uuid, provider.name, before=provider.inventories,
        after={**provider.inventories, names.DISK_GB: disk})


def _join(layout: Layout, provider: Provider, our_aggregates: frozenset[str],
          may_join: bool) -> Iterable[changes.Change]:
    """Leaving comes first of all, joining after the node is closed."""
    desired = layout.node_aggregates(provider.uuid)
    departing = (provider.aggregates & our_aggregates) - desired
    if not layout.is_volume_list_whole:
        departing &= layout.cut_off_homes(provider.uuid)
        may_join = False
    joining = desired - provider.aggregates if may_join else frozenset()
    if not departing and not joining:
        return
    yield changes.SetAggregates(
        Step.JOIN if joining else Step.HIDE, provider.uuid, provider.name,
        before=provider.aggregates,
        after=(provider.aggregates - departing) | joining,
        labels=layout.labels)


def plan_silent(context: PlanningContext) -> Iterable[changes.Change]:
    """Nodes of the cluster of which nothing usable is stated now.

    What narrows can be believed even so; a list of nodes that is old or
    could not be read lets nothing new come to any of them.
    """
    layout = context.layout
    paused = {uuid for uuid, item in layout.aside(model.ItemKind.NODE).items()
              if item.node_state in node_traits.NOTHING_NEW}
    if sections.is_unusable(layout.cluster, model.Section.NODES):
        # Those, too, that another cluster claims meanwhile.
        overview = context.observed.overview
        members = overview.members.get(layout.cluster_aggregate, frozenset())
        paused |= (members & overview.compute_nodes) - layout.nodes.keys()
        paused |= layout.aside(model.ItemKind.NODE).keys()
    for uuid in sorted(paused & context.observed.providers.keys()):
        provider = context.observed.providers[uuid]
        if names.is_clustered(provider.traits):
            yield from changes.set_traits(
                Step.MARK_NODE, provider, provider.traits | {names.PAUSED})


def plan_elsewhere(context: PlanningContext) -> Iterable[changes.Change]:
    """Nodes that are refused here leave the home they had in another cluster.

    They are listed here, so they are not there any more, and what is created
    on them would not be on that cluster's volumes.
    """
    if sections.is_unusable(context.layout.cluster, model.Section.NODES):
        return
    for uuid in sorted(context.refused):
        provider = context.observed.providers.get(uuid)
        donor = scoping.donor_of(uuid, context.layout, context.scope,
                                 context.observed.overview)
        if provider is not None and donor is not None:
            yield from _leave_homes(provider, frozenset(map(
                ids.home_aggregate, scoping.volumes_of(
                    donor, context.scope))), donor)


def plan_departing(context: PlanningContext) -> plan_volume.Planned:
    """Nodes the source no longer lists leave their home and stay closed.

    Absence is not permission to open a disk: its servers' shares stand on
    the volume, and what the node would offer is the same disk again.
    """
    planned: list[changes.Change] = []
    notices: list[Notice] = []
    for uuid in sorted(context.departing_nodes):
        provider = context.observed.providers.get(uuid)
        stranger = context.used_stranger(uuid)
        if stranger:
            if provider is not None:
                planned += _leave_homes(
                    provider, context.home_aggregates, context.layout)
            notices.append(context.notice(
                context.observed.overview.listed[uuid].name, Kind.REFUSED,
                _used_elsewhere(stranger), 'node-of-another-cluster'))
            continue
        evidence = context.departing_evidence(uuid)
        if not gate.refusal(changes.Widening.OPEN_NODE, evidence):
            if provider is not None:
                planned += release(
                    provider, context.scope.aggregates, context.layout)
            continue
        if provider is not None:
            planned += _leave_homes(
                provider, context.scope.aggregates, context.layout)
        name = context.observed.overview.listed[uuid].name
        notices.append(context.notice(
            name, Kind.REFUSED, _stays_closed(name, evidence.held_gb),
            'node-left-out'))
    return planned, notices


def _used_elsewhere(volume: str) -> str:
    cluster = names.cluster_of(volume)
    return (f'the source no longer lists it, and in Placement it uses '
            f'{volume} of cluster {cluster}, which the source does not '
            f'describe: its own disk stays closed; describe {cluster}, too')


def _stays_closed(name: str, held_gb: int) -> str:
    retire = f'"openstack resource provider csv retire --node {name}"'
    if held_gb:
        return (f'the source no longer lists it, but its servers hold '
                f'{held_gb} GB of the cluster\'s volumes: it takes no new '
                f'disks and its own disk stays closed. Move or delete the '
                f'servers, then run {retire}')
    return ('the source no longer lists it: it takes no new disks and its '
            f'own disk stays closed. If it left the cluster, move or '
            f'delete its servers and run {retire}, or, when none of them '
            f'holds a share of it, run with --allow open:{name}')


def _leave_homes(provider: Provider, our_aggregates: frozenset[str],
                 layout: Layout) -> Iterable[changes.Change]:
    """Off the volumes; the cluster's aggregate, which holds none, stays."""
    remaining = provider.aggregates - (
        our_aggregates - {layout.cluster_aggregate})
    if remaining != provider.aggregates:
        yield changes.SetAggregates(
            Step.HIDE, provider.uuid, provider.name,
            before=provider.aggregates, after=remaining, labels=layout.labels)


def release(provider: Provider, our_aggregates: frozenset[str], layout: Layout
            ) -> Iterable[changes.Change]:
    """Off the volumes, open, and only then forget the ratio to restore.

    The cluster's aggregate, which holds no volume, is left last of all: it
    is how a pass that was interrupted finds the node again.
    """
    yield from _leave_homes(provider, our_aggregates, layout)
    remaining = provider.aggregates - (
        our_aggregates - {layout.cluster_aggregate})
    disk = provider.inventories.get(names.DISK_GB)
    if disk is not None and disk_ratio.has_closed_ratio(disk):
        yield _set_ratio(Step.OPEN_NODE, provider,
                         disk_ratio.former_ratio(provider.traits))
    yield from changes.set_traits(
        Step.FORGET_NODE, provider,
        provider.traits - ownership.node_traits(provider.traits))
    yield changes.SetAggregates(
        Step.LEAVE_CLUSTER, provider.uuid, provider.name, before=remaining,
        after=remaining - {layout.cluster_aggregate}, labels=layout.labels)
