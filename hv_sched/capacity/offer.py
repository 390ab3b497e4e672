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

"""What Placement offers a kind of server, and the filters leave. Pure."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any

from hv_sched.placement import names
from hv_sched.query import candidate_rules
from hv_sched.snapshot import volumes


@dataclasses.dataclass(frozen=True, order=True)
class Pool:
    """The inventory of one class of one provider."""

    provider: str
    resource_class: str


@dataclasses.dataclass(frozen=True)
class Route:
    """One candidate: what a server takes of whom.

    :param host: provider uuid of the node
    :param on_host: what it takes of the node and its children
    :param shared: what it takes of others, such as a volume
    """

    host: str
    on_host: Mapping[Pool, int]
    shared: Mapping[Pool, int]


@dataclasses.dataclass(frozen=True)
class Offer:
    """:param free: what each pool still gives
    :param refused: why hosts are left out by SharedVolumeFilter, by uuid
    """

    routes: tuple[Route, ...]
    free: Mapping[Pool, int]
    refused: Mapping[str, str]

    @property
    def hosts(self) -> frozenset[str]:
        """Provider uuids of the nodes a server could go to."""
        return frozenset(route.host for route in self.routes)


def of(by_host: Mapping[str, Collection[Mapping[str, Any]]],
       summaries: Mapping[str, Mapping[str, Any]],
       snapshot: volumes.Snapshot) -> Offer:
    """:param by_host: candidates by the provider uuid of the host
    :param summaries: provider_summaries of the same answer
    """
    routes: list[Route] = []
    refused: dict[str, str] = {}
    for host, candidates in by_host.items():
        usable = [candidate for candidate in candidates
                  if candidate_rules.refusal(host, candidate, snapshot)
                  is None]
        if not usable:
            refused[host] = _refusal(host, candidates, snapshot)
        routes += [_route(host, candidate, summaries) for candidate in usable]
    pools = {pool for route in routes
             for pool in (*route.on_host, *route.shared)}
    return Offer(tuple(routes), {
        pool: _free(pool, summaries, snapshot) for pool in pools}, refused)


def _route(host: str, candidate: Mapping[str, Any],
           summaries: Mapping[str, Mapping[str, Any]]) -> Route:
    on_host: dict[Pool, int] = {}
    shared: dict[Pool, int] = {}
    for provider, taken in candidate['allocations'].items():
        is_on_host = summaries[provider]['root_provider_uuid'] == host
        for resource_class, amount in taken['resources'].items():
            pool = Pool(provider, resource_class)
            (on_host if is_on_host else shared)[pool] = amount
    return Route(host, on_host, shared)


def _free(pool: Pool, summaries: Mapping[str, Mapping[str, Any]],
          snapshot: volumes.Snapshot) -> int:
    """What is left, less what a volume owes to servers whose move failed.

    Of a class that the summary leaves out, nothing.
    """
    amounts = summaries[pool.provider]['resources'].get(
        pool.resource_class, {'capacity': 0, 'used': 0})
    volume = snapshot.volumes.get(pool.provider)
    held_gb = volume.held_gb if volume is not None and (
        pool.resource_class == names.DISK_GB) else 0
    return int(amounts['capacity'] - amounts['used'] - held_gb)


def _refusal(host: str, candidates: Iterable[Mapping[str, Any]],
             snapshot: volumes.Snapshot) -> str:
    """In a few words; ``explain`` has the numbers."""
    providers = {disk.provider for candidate in candidates
                 if (disk := candidate_rules.disk_of(candidate)) is not None}
    if any(provider in snapshot.volumes and snapshot.may_use(host, provider)
           for provider in providers):
        return 'disk (held for servers whose move failed)'
    if providers & snapshot.volumes.keys():
        return 'its home is another volume'
    return 'own disk of a clustered node'
