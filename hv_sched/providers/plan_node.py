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
from hv_sched.providers import node_traits
from hv_sched.providers import plan_gpu
from hv_sched.providers import plan_volume
from hv_sched.providers import plan_withdrawal
from hv_sched.providers.layout import Layout
from hv_sched.providers.settings import Settings

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
        and (is_open(provider) or names.CLUSTERED not in provider.traits))


def is_open(provider: Provider) -> bool:
    """Whether the node's own disk would take a server."""
    return disk_ratio.is_open(provider.inventories.get(names.DISK_GB))


def plan(layout: Layout, blocked: frozenset[str],
         our_aggregates: frozenset[str], observed: Observed
         ) -> plan_volume.Planned:
    """The changes for the nodes the source lists.

    :param our_aggregates: every aggregate that is ours
    """
    planned: list[changes.Change] = []
    findings: list[Notice] = []
    for uuid in layout.nodes:
        provider = observed.providers.get(uuid)
        if provider is None:
            continue  # not read: the overview showed nothing wrong
        if uuid in blocked and names.CLUSTERED not in provider.traits:
            continue  # as it was, until its shares are adopted
        planned += _mark(layout, provider, observed.overview)
        if uuid not in blocked and is_open(provider):
            planned.append(_close(provider))
        planned += _join(layout, provider, our_aggregates,
                         may_join=uuid not in blocked)
        child = plan_gpu.plan(
            layout.nodes[uuid], provider,
            observed.providers.get(ids.remotefx_uuid(uuid)))
        planned += child[0]
        findings += [Notice(layout.cluster.name, provider.name, Kind.REFUSED,
                             reason) for reason in child[1]]
    return planned, findings


def _mark(layout: Layout, provider: Provider, overview: Overview
          ) -> Iterable[changes.Change]:
    """Our traits; a node about to be closed also remembers its ratio."""
    owned = ownership.node_traits(provider.traits)
    desired = set(overview.placeable(node_traits.desired_node_traits(
        layout.cluster, layout.nodes[provider.uuid], provider.traits)))
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
    joining = desired - provider.aggregates if may_join else frozenset()
    if not departing and not joining:
        return
    yield changes.SetAggregates(
        Step.JOIN if joining else Step.HIDE, provider.uuid, provider.name,
        before=provider.aggregates,
        after=(provider.aggregates - departing) | joining,
        labels=layout.labels)


def plan_leaving(layout: Layout, departing: frozenset[str],
                 our_aggregates: frozenset[str], observed: Observed,
                 settings: Settings) -> plan_volume.Planned:
    """Nodes the source no longer lists get their own disk back.

    Their servers' shares on the volume stay where they are.
    """
    providers = [observed.providers[uuid] for uuid in sorted(departing)
                 if uuid in observed.providers]
    refusal = plan_withdrawal.too_many(
        len(providers), len(providers) + len(layout.cluster.nodes), settings,
        'nodes')
    if refusal and providers:
        return [], [Notice(layout.cluster.name, layout.cluster.name,
                            Kind.REFUSED, refusal)]
    return [change for provider in providers
            for change in release(provider, our_aggregates, layout)], []


def release(provider: Provider, our_aggregates: frozenset[str], layout: Layout
            ) -> Iterable[changes.Change]:
    """Off the volumes, open, and only then forget the ratio to restore.

    The cluster's aggregate, which holds no volume, is left last of all: it
    is how a pass that was interrupted finds the node again.
    """
    remaining = provider.aggregates - (
        our_aggregates - {layout.cluster_aggregate})
    if remaining != provider.aggregates:
        yield changes.SetAggregates(
            Step.HIDE, provider.uuid, provider.name,
            before=provider.aggregates, after=remaining, labels=layout.labels)
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
