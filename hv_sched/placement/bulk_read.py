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

"""Read what stands in Placement in bulk, the whole cloud at once."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import sys
from typing import Any
from typing import TypeVar

from hv_sched import features
from hv_sched.parallel import in_parallel
from hv_sched.placement import memberships
from hv_sched.placement import names
from hv_sched.placement import ownership
from hv_sched.placement import remembered
from hv_sched.placement.client import Placement
from hv_sched.placement.observed import GpuSummary
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import NodeSummary
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import VolumeSummary

# A provider busy with claims changes between two of our reads; this often is
# no bad luck any more.
_Summary = TypeVar('_Summary')


class OwnersMemory:
    """What one process has read of traits and aggregates."""

    def __init__(self) -> None:
        self.traits = remembered.Remembered()
        self.members = remembered.Remembered()

    def forget(self) -> None:
        """Read everything next time."""
        self.traits.forget()
        self.members.forget()


@dataclasses.dataclass(frozen=True)
class Names:
    """What is known before the overview is read.

    :param known_traits: every trait that exists; read before all else, so
        that one which somebody makes meanwhile is none that nobody uses
    :param listed: every provider, read next
    :param aggregates: ours, in bundles; see memberships
    """

    known_traits: frozenset[str]
    listed: Iterable[Listed]
    aggregates: Sequence[Sequence[memberships.Bundle]]


def read_overview(client: Placement, names_read: Names, workers: int,
                  memory: OwnersMemory | None = None) -> Overview:
    """The whole cloud in (traits in use) + 2 sqrt(aggregates) + 8 requests.

    With a memory, those for what is new, and two for each provider that
    changed, take the place of the first two, where that is less. What came
    to be after the providers were listed is left to the next one.
    """
    memory = memory or OwnersMemory()
    by_uuid = {p.uuid: p for p in names_read.listed}
    compute_nodes = by_uuid.keys() & _uuids(client.list_providers(
        required=names.COMPUTE_NODE))
    in_use = client.all_traits(associated=True)
    known_classes = client.resource_classes()
    members = memory.members.read(
        by_uuid.values(), _about_members(
            client, names_read.aggregates, workers), workers)
    return Overview(
        listed=by_uuid,
        compute_nodes=frozenset(compute_nodes),
        node_traits=node_traits(
            client, in_use, [by_uuid[uuid] for uuid in compute_nodes],
            workers, memory.traits),
        members=members,
        volumes=_of_listed(by_uuid, _volume_summaries(
            client, in_use, known_classes)),
        open_nodes=_open_nodes(client, in_use) & by_uuid.keys(),
        known_traits=names_read.known_traits,
        known_classes=known_classes,
        traits_in_use=in_use,
        gpus=_of_listed(by_uuid, _gpu_summaries(client, in_use)))


def _about_members(client: Placement,
                   kinds: Sequence[Sequence[memberships.Bundle]],
                   workers: int) -> remembered.Questions:
    """How to learn who is in which of our aggregates."""
    reader = memberships.AggregateReads(
        lambda aggregates: {
            provider.uuid: provider.generation
            for provider in client.list_providers(
                member_of=f'in:{",".join(aggregates)}')},
        lambda uuid: client.aggregates(uuid)[1])

    def some(names: frozenset[str]) -> list[list[memberships.Bundle]]:
        return [[[name for name in bundle if name in names]
                 for bundle in bundles] for bundles in kinds]
    return remembered.Questions(
        frozenset(name for bundles in kinds for bundle in bundles
                  for name in bundle),
        lambda names, generations: memberships.read(
            reader, some(names), generations, workers),
        reader.of_provider,
        lambda names: memberships.requests_for(some(names)))


def _of_listed(by_uuid: Mapping[str, Listed], summaries: dict[str, _Summary]
               ) -> dict[str, _Summary]:
    return {uuid: summary for uuid, summary in summaries.items()
            if uuid in by_uuid}


def _uuids(providers: Iterable[Listed]) -> frozenset[str]:
    return frozenset(p.uuid for p in providers)


def node_traits(client: Placement, in_use: frozenset[str],
                compute_nodes: Iterable[Listed], workers: int,
                memory: remembered.Remembered | None = None
                ) -> dict[str, frozenset[str]]:
    """Our traits by node: one request a trait, whatever the nodes."""
    queries = _trait_queries(in_use)
    memory = memory or remembered.Remembered()
    owners = memory.read(compute_nodes, remembered.Questions(
        frozenset(queries.values()),
        lambda queries, _generations: dict(zip(sorted(queries), in_parallel(
            workers, lambda query: _uuids(client.list_providers(
                required=query)), sorted(queries)), strict=True)),
        lambda uuid: _matching(client.traits(uuid)[1], queries.values())),
        workers)
    by_node: dict[str, set[str]] = {}
    for trait, query in queries.items():
        for uuid in owners[query]:
            by_node.setdefault(uuid, set()).add(trait)
    return {uuid: frozenset(traits) for uuid, traits in by_node.items()}


def _matching(traits: frozenset[str], queries: Iterable[str]
              ) -> frozenset[str]:
    """The queries that a provider with these traits answers."""
    return frozenset(query for query in queries if not traits.isdisjoint(
        query.removeprefix('in:').split(',')))


def _trait_queries(in_use: frozenset[str]) -> dict[str, str]:
    """What to ask for each of our traits on nodes.

    CPU traits are ours only on nodes that say so. While there are none, it is
    enough to know which nodes have any (then shown as having the first): a
    cloud's other hosts may have dozens, each of which would be a request.
    """
    queried = sorted(
        trait for trait in in_use
        if ownership.node_trait(trait, cpu_managed=True)
        and not trait.startswith(names.FORMER_RATIO_PREFIX)
        and trait != names.VOLUME)
    cpu = [trait for trait in queried if trait.startswith(names.HW_CPU_PREFIX)]
    if not cpu or names.CPU_MANAGED in in_use:
        return {trait: trait for trait in queried}
    return {cpu[0]: f'in:{",".join(cpu)}',
            **{trait: trait for trait in queried if trait not in cpu}}


def _volume_summaries(client: Placement, in_use: frozenset[str],
                      known_classes: frozenset[str]
                      ) -> dict[str, VolumeSummary]:
    """Capacity, use and traits of all volumes, in one request.

    It asks for a unit of the escrow, which never lacks room: asked for
    DISK_GB, full volumes would not be told.
    """
    if names.VOLUME not in in_use or (
            names.HELD_DISK_GB not in known_classes):
        return {}
    answer = client.allocation_candidates(
        resources=f'{names.HELD_DISK_GB}:1', required=names.VOLUME)
    return {uuid: _summary(summary)
            for uuid, summary in answer['provider_summaries'].items()
            if names.VOLUME in summary['traits']}


def _summary(summary: Mapping[str, Any]) -> VolumeSummary:
    disk = summary['resources'].get(names.DISK_GB, {})
    held = summary['resources'].get(names.HELD_DISK_GB, {})
    return VolumeSummary(
        capacity_gb=disk.get('capacity'), used_gb=disk.get('used', 0),
        traits=frozenset(summary['traits']), held_gb=held.get('used', 0),
        held_capacity_gb=held.get('capacity'))


def _gpu_summaries(client: Placement, in_use: frozenset[str]
                   ) -> dict[str, GpuSummary]:
    """Capacity, use and traits of the RemoteFX children.

    Those whose last adapter is taken are left out; video memory, which runs
    out first, is therefore not asked for.
    """
    if features.REMOTEFX.trait not in in_use:
        return {}
    answer = client.allocation_candidates(
        resources=f'{names.REMOTEFX_ADAPTER}:1')
    return {uuid: GpuSummary(
        {rc: resource['capacity']
         for rc, resource in summary['resources'].items()},
        {rc: resource['used']
         for rc, resource in summary['resources'].items()},
        frozenset(summary['traits']))
        for uuid, summary in answer['provider_summaries'].items()
        if names.REMOTEFX_VRAM_MB in summary['resources']}


def read_newcomers(client: Placement, in_use: frozenset[str]
                   ) -> dict[str, NodeSummary]:
    """Compute nodes without our mark, in one request.

    Those whose own disk has no room left are not among them.

    :param in_use: the traits some provider has
    """
    required = [names.COMPUTE_NODE, *(
        f'!{mark}' for mark in names.CLUSTERED_MARKS if mark in in_use)]
    # In a group of its own: the disk is the node's, no volume's.
    answer = client.allocation_candidates(
        resources1=f'{names.DISK_GB}:1', required1=','.join(required))
    return {uuid: NodeSummary(
        {sys.intern(rc): resource['used']
         for rc, resource in summary['resources'].items()},
        frozenset(map(sys.intern, summary['traits'])))
        for uuid, summary in answer['provider_summaries'].items()}


def _open_nodes(client: Placement, in_use: frozenset[str]
                ) -> frozenset[str]:
    marked = names.clustered_query(in_use)
    if not marked:
        return frozenset()
    return _uuids(client.list_providers(
        resources=f'{names.DISK_GB}:1', required=marked))
