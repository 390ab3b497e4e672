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

"""Read Placement: the overview in bulk, single providers in full."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any
from typing import TypeVar

from hv_sched import exception
from hv_sched import features
from hv_sched.parallel import in_parallel
from hv_sched.placement import names
from hv_sched.placement import owed
from hv_sched.placement import ownership
from hv_sched.placement import remembered
from hv_sched.placement import retry
from hv_sched.placement.client import Placement
from hv_sched.placement.observed import GpuSummary
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import Provider
from hv_sched.placement.observed import VolumeSummary

# A provider busy with claims changes between two of our reads; this often is
# no bad luck any more.
_Summary = TypeVar('_Summary')
CONSISTENT_READ_ATTEMPTS = 10
_LONGEST_PAUSE_SECONDS = 0.5


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
    :param aggregates: ours
    """

    known_traits: frozenset[str]
    listed: Iterable[Listed]
    aggregates: Iterable[str]


def read_overview(client: Placement, names_read: Names, workers: int,
                  memory: OwnersMemory | None = None) -> Overview:
    """The whole cloud in (traits in use) + (aggregates) + 8 requests.

    With a memory, one for each trait or aggregate that is new, and two for
    each provider that changed, take the place of the first two, where that
    is less. What came to be after the providers were listed is left to the
    next one.
    """
    memory = memory or OwnersMemory()
    by_uuid = {p.uuid: p for p in names_read.listed}
    compute_nodes = by_uuid.keys() & _uuids(client.list_providers(
        required=names.COMPUTE_NODE))
    in_use = client.all_traits(associated=True)
    known_classes = client.resource_classes()
    members = memory.members.read(
        by_uuid.values(), remembered.Questions(
            frozenset(names_read.aggregates),
            lambda aggregate: _uuids(
                client.list_providers(member_of=aggregate)),
            lambda uuid: client.aggregates(uuid)[1]), workers)
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
        lambda query: _uuids(client.list_providers(required=query)),
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


def _open_nodes(client: Placement, in_use: frozenset[str]
                ) -> frozenset[str]:
    marked = names.clustered_query(in_use)
    if not marked:
        return frozenset()
    return _uuids(client.list_providers(
        resources=f'{names.DISK_GB}:1', required=marked))


def read_providers(client: Placement, listed: Iterable[Listed],
                   with_shares: frozenset[str], workers: int
                   ) -> dict[str, Provider]:
    """Read providers in full; one that is gone meanwhile is left out.

    :param listed: the providers, as a list request told them
    :param with_shares: volumes whose shares by consumer are needed too
    """
    providers = in_parallel(
        workers, lambda provider: _read(
            client, provider, provider.uuid in with_shares), listed)
    return {provider.uuid: provider for provider in providers if provider}


def read_again(client: Placement, provider: Provider) -> Provider | None:
    """The same provider as it stands now, by the same requests.

    :returns: None when it is gone
    :raises PlacementUnavailable: when it never stands still
    """
    listed = Listed(provider.uuid, provider.name, provider.generation,
                    provider.parent_uuid)
    return _read(client, listed, provider.shares_gb is not None)


def _read(client: Placement, listed: Listed, with_shares: bool
          ) -> Provider | None:
    """One provider, with everything of one generation.

    :raises PlacementUnavailable: when it never stands still
    """
    try:
        return retry.on_conflict(
            f'read provider {listed.name}', CONSISTENT_READ_ATTEMPTS,
            max_wait=_LONGEST_PAUSE_SECONDS)(
                _read_once, client, listed, with_shares)
    except exception.PlacementNotFound:
        return None
    except exception.PlacementConflict as exc:
        raise exception.PlacementUnavailable(
            f'provider {listed.name} changed during each of '
            f'{CONSISTENT_READ_ATTEMPTS} attempts to read it') from exc


def _read_once(client: Placement, listed: Listed, with_shares: bool
               ) -> Provider:
    """:raises PlacementConflict: the reads were not of one generation"""
    uuid = listed.uuid
    traits_at, traits = client.traits(uuid)
    aggregates_at, aggregates = client.aggregates(uuid)
    usages_at, usages = client.usages(uuid)
    is_held = bool(usages.get(names.HELD_DISK_GB))
    allocations = (client.allocations_on(uuid) if with_shares or is_held
                   else {})
    generation, inventories = client.inventories(uuid)
    if {traits_at, aggregates_at, usages_at} != {generation}:
        raise exception.PlacementConflict('it changed while it was read')
    # Types change no generation, and never from one kind to the other.
    escrows = _escrows(client, allocations)
    return Provider(uuid, listed.name, generation, inventories, usages,
                    traits, aggregates, listed.parent_uuid,
                    _shares_gb(allocations) if with_shares else None, escrows)


def _shares_gb(allocations: Mapping[str, Mapping[str, int]]
               ) -> dict[str, int]:
    return {consumer: resources[names.DISK_GB]
            for consumer, resources in allocations.items()
            if names.DISK_GB in resources}


def _escrows(client: Placement, allocations: Mapping[str, Mapping[str, int]]
             ) -> tuple[owed.Escrow, ...]:
    """The escrow among allocations; a request for each consumer's type."""
    types = {uuid: consumer.consumer_type
             for uuid, resources in allocations.items()
             if resources.get(names.HELD_DISK_GB)
             and (consumer := client.consumer(uuid)) is not None}
    return owed.escrows_of(allocations, types)
