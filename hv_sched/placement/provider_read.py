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


"""Read single providers in full, each with everything of one generation.

What a bulk read has told of a provider is believed where its generation is
still the one it was listed with, before that bulk read.
"""

from collections.abc import Iterable
from collections.abc import Mapping

from hv_sched import exception
from hv_sched.parallel import in_parallel
from hv_sched.placement import names
from hv_sched.placement import owed
from hv_sched.placement import retry
from hv_sched.placement.client import Placement
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import NodeSummary
from hv_sched.placement.observed import Provider

CONSISTENT_READ_ATTEMPTS = 10
_LONGEST_PAUSE_SECONDS = 0.5


def read_providers(client: Placement, listed: Iterable[Listed],
                   with_shares: frozenset[str], workers: int,
                   summaries: Mapping[str, NodeSummary] | None = None
                   ) -> dict[str, Provider]:
    """Read providers in full; one that is gone meanwhile is left out.

    :param listed: the providers, as a list request told them
    :param with_shares: volumes whose shares by consumer are needed too
    :param summaries: of nodes, read after they were listed
    """
    told = summaries or {}
    providers = in_parallel(
        workers, lambda provider: _with_summary(
            client, provider, told.get(provider.uuid)) or _read(
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


def _with_summary(client: Placement, listed: Listed,
                  summary: NodeSummary | None) -> Provider | None:
    """A node in two requests instead of four; None where it changed.

    Both tell its generation: nobody wrote to it since it was listed, so the
    traits and the use in between were of this generation, too.
    """
    if summary is None or summary.usages.get(names.HELD_DISK_GB):
        return None
    uuid = listed.uuid
    try:
        aggregates_at, aggregates = client.aggregates(uuid)
        generation, inventories = client.inventories(uuid)
    except exception.PlacementNotFound:
        return None
    if {aggregates_at, listed.generation} != {generation}:
        return None
    return Provider(uuid, listed.name, generation, inventories,
                    summary.usages, summary.traits, aggregates,
                    listed.parent_uuid, escrows=())


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
