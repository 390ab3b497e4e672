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

"""How many servers of one kind fit on what Placement offers. Pure.

Every server takes the same, so what a node or volume has left is a number of
servers. A server passes a node, perhaps one of its children, and a volume:
the most that fit are the largest flow on these paths, which is exact also
where nodes use several volumes.
"""

import collections
from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any

from hv_sched.capacity import largest_flow
from hv_sched.capacity.offer import Offer
from hv_sched.capacity.offer import Pool
from hv_sched.capacity.offer import Route

# Amounts of pools that are always taken together.
Part = frozenset[tuple[Pool, int]]


@dataclasses.dataclass(frozen=True)
class Limit:
    """What nodes together can take, beside what each can take.

    :param name: of their cluster
    :param resource_class: what ends there
    """

    name: str
    hosts: frozenset[str]
    servers: int
    resource_class: str


@dataclasses.dataclass(frozen=True)
class Fit:
    """:param bounds: classes that run out, what bounds most first
    :param is_exact: whether no more fit; else it is only sure that these do
    """

    servers: int
    bounds: tuple[str, ...] = ()
    is_exact: bool = True


def fit(offer: Offer, limits: Iterable[Limit] = (),
        passes: Callable[[Route], bool] = lambda route: True) -> Fit:
    """The most servers that can be there at once.

    :param limits: no two of them of the same host
    :param passes: which routes may be used
    """
    routes = [route for route in offer.routes if passes(route)]
    by_host = {host: limit for limit in limits for host in limit.hosts}
    paths = [_path(route, common, by_host.get(route.host))
             for route, common in zip(routes, _common(routes), strict=True)]
    if not _are_apart(paths):
        return _filled(routes, dict(offer.free), by_host)
    flow = largest_flow.of(paths, {
        point: _limit(point, offer.free)[0] for path in paths
        for point in path if point})
    return Fit(flow.amount, tuple(dict.fromkeys(
        _limit(point, offer.free)[1] for point in flow.bounds)))


def _common(routes: Iterable[Route]) -> list[Part]:
    """Of each route what all routes of its host take of the host."""
    common: dict[str, Part] = {}
    for route in routes:
        part = frozenset(route.on_host.items())
        common[route.host] = common.get(route.host, part) & part
    return [common[route.host] for route in routes]


def _path(route: Route, common: Part, limit: Limit | None
          ) -> tuple[Hashable, ...]:
    """Cluster, node, child of the node, volume; those there are."""
    on_host, shared = (frozenset(pools.items())
                       for pools in (route.on_host, route.shared))
    return tuple(point for point in (
        limit, common, on_host - common, shared) if point)


def _are_apart(paths: Iterable[tuple[Any, ...]]) -> bool:
    """Whether no pool is part of two points: then a flow is exact."""
    points = {point for path in paths for point in path
              if not isinstance(point, Limit)}
    pools = [pool for point in points for pool, _amount in point]
    return len(pools) == len(set(pools))


def _limit(point: Any, free: Mapping[Pool, int]) -> tuple[int, str]:
    """How many servers, and the class that is the first to end."""
    if isinstance(point, Limit):
        return point.servers, point.resource_class
    return min((max(free[pool], 0) // amount, pool.resource_class)
               for pool, amount in point)


def _filled(routes: Iterable[Route], free: dict[Pool, int],
            by_host: Mapping[str, Limit]) -> Fit:
    """One route after the other: so many fit, perhaps more."""
    total: dict[Limit | None, int] = collections.Counter()
    bounds: dict[str, None] = {}
    for route in routes:
        limit = by_host.get(route.host)
        taken = {**route.on_host, **route.shared}
        servers, bound = _limit(frozenset(taken.items()), free)
        if limit is not None and limit.servers - total[limit] < servers:
            servers = limit.servers - total[limit]
            bound = limit.resource_class
        for pool, amount in taken.items():
            free[pool] -= amount * servers
        total[limit] += servers
        bounds.setdefault(bound)
    return Fit(sum(total.values()), tuple(bounds), is_exact=False)
