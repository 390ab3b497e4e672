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

"""Requests for servers, drawn from the distributions of a published trace.

Sizes, lifetimes and deployments are those of all of Azure's virtual machines
in 2019, which Microsoft compares with its public trace of that year
(github.com/Azure/AzurePublicDataset, "Azure 2019 Public Dataset V2 - Trace
Analysis", plots "VM Cores", "VM Memory", "VM Lifetime" and "Deployment Size",
read off to a pixel, about 0.5 %). The workload: E. Cortez et al., "Resource
Central", SOSP 2017. Disks are 50 GB a core, as the local disk of Azure's D
series (azure.microsoft.com/blog/d-series-performance-expectations).

Assumptions, for which no trace has figures: deployments arrive as a Poisson
process; the servers of one are alike; features and images as below; cores and
memory grow together.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import math
import random

# Cumulative per cent, and the upper end of the bucket.
CORES = ((58.1, 2), (81.1, 4), (93.1, 8), (93.6, 12), (99.1, 24), (100.0, 32))
MEMORY_GB = ((12.0, 2), (28.6, 4), (61.3, 8), (90.3, 32), (96.8, 64),
             (100.0, 128))
DISK_GB_A_CORE = 50
# Cumulative per cent, and hours. Nothing is shorter than the trace's five
# minutes. The trace's 60.3 VM hours a VM (162,465,708 of 2,695,548) say of
# those over 100 hours, which the plot does not show, that about 60 % are still
# there at the end of its 30 days.
LIFETIME_HOURS = (
    (0.0, 1 / 12), (67.9, 1.0), (72.0, 2.0), (76.1, 3.0), (77.8, 4.0),
    (79.6, 5.0), (80.5, 6.0), (82.1, 8.0), (83.5, 10.0), (85.1, 12.0),
    (86.7, 15.0), (88.5, 20.0), (89.2, 24.0), (90.4, 36.0), (90.8, 48.0),
    (91.3, 72.0), (91.7, 100.0), (95.0, 720.0), (100.0, 720.0))
# Cumulative per cent of deployments of up to so many servers. What is larger
# is of 10 here: the clouds that are simulated are small.
DEPLOYMENT_SERVERS = (
    (50.5, 1), (63.5, 2), (71.3, 3), (76.4, 4), (79.1, 5), (81.9, 6),
    (85.3, 8), (87.0, 9), (100.0, 10))
# Assumed: per cent of deployments that need a feature.
FEATURES = (('guarded', 4.0), ('nesting', 10.0))
# Assumed: this many images, the n-th asked for 1/n as often as the first.
IMAGES = 20


@dataclasses.dataclass(frozen=True)
class Size:
    """What one server takes."""

    vcpus: int
    memory_mb: int
    disk_gb: int


@dataclasses.dataclass(frozen=True)
class Deployment:
    """One request for servers that are alike.

    :param at_hours: when it is asked for
    :param lifetime_hours: from then on
    :param feature: what its servers need of a node, None for nothing
    :param image: number of their image
    """

    at_hours: float
    lifetime_hours: float
    servers: int
    size: Size
    feature: str | None
    image: int

    @property
    def disk_gb(self) -> int:
        """Of all its servers."""
        return self.servers * self.size.disk_gb

    @property
    def end_hours(self) -> float:
        """When it is deleted."""
        return self.at_hours + self.lifetime_hours


@dataclasses.dataclass(frozen=True)
class Plan:
    """How much is asked for.

    :param seed: of the random numbers; the same seed is the same trace
    :param capacity_gb: of all volumes together
    :param standing: share of it that is asked for at hour 0 by servers that
        were there before, drawn by how long they live
    :param peak: share of it that is wanted at the end, if all were placed
    :param hours: length of the trace
    """

    seed: int
    capacity_gb: int
    standing: float = 0.8
    peak: float = 1.2
    hours: float = 12.0


def deployments(plan: Plan) -> list[Deployment]:
    """The trace: first what stands, in random order, then what arrives."""
    source = _Source(random.Random(plan.seed))
    return [*_standing(plan, source), *_arriving(plan, source)]


def mean_disk_gb() -> float:
    """Of a server."""
    steps = [(end - start) / 100 * cores for (start, _), (end, cores)
             in zip(((0.0, 0), *CORES), CORES, strict=False)]
    return sum(steps) * DISK_GB_A_CORE


def _standing(plan: Plan, source: _Source) -> Iterator[Deployment]:
    """Until the share is reached, by the disk they ask for.

    One is met at a moment in proportion to its lifetime, and at any point of
    it (the inspection paradox).
    """
    wanted_gb = plan.standing * plan.capacity_gb
    longest = LIFETIME_HOURS[-1][1]
    while wanted_gb > 0:
        deployment = source.deployment(0.0)
        if source.random.random() * longest > deployment.lifetime_hours:
            continue
        wanted_gb -= deployment.disk_gb
        yield dataclasses.replace(
            deployment, lifetime_hours=(
                source.random.random() * deployment.lifetime_hours))


def _arriving(plan: Plan, source: _Source) -> Iterator[Deployment]:
    """At such a rate that the wanted disk grows from standing to peak."""
    alive_hours = _alive_hours(plan.hours)
    servers = ((plan.peak - plan.standing) * plan.capacity_gb
               / mean_disk_gb() / alive_hours)
    rate = servers / _mean(DEPLOYMENT_SERVERS)
    now = source.random.expovariate(rate)
    while now < plan.hours:
        yield source.deployment(now)
        now += source.random.expovariate(rate)


def _alive_hours(hours: float, steps: int = 1000) -> float:
    """Integral of the share that lives longer than t, for t to hours."""
    return sum(1 - _share_below(hours * (step + 0.5) / steps)
               for step in range(steps)) * hours / steps


def _share_below(hours: float) -> float:
    """The inverse of the lifetime's quantile."""
    for (low, start), (high, end) in zip(
            LIFETIME_HOURS, LIFETIME_HOURS[1:], strict=False):
        if start <= hours < end:
            part = (math.log(hours / start) / math.log(end / start))
            return (low + part * (high - low)) / 100
    return 0.0 if hours < LIFETIME_HOURS[0][1] else 1.0


def _mean(table: Sequence[tuple[float, int]]) -> float:
    """Of a distribution whose steps are filled evenly."""
    total, low, before = 0.0, 0.0, 0
    for share, value in table:
        total += (share - low) / 100 * (before + 1 + value) / 2
        low, before = share, value
    return total


class _Source:
    """:param chance: where its random numbers come from"""

    def __init__(self, chance: random.Random) -> None:
        self.random = chance

    def deployment(self, at_hours: float) -> Deployment:
        return Deployment(
            at_hours, self._lifetime_hours(), self._servers(), self._size(),
            self._feature(), self._image())

    def _lifetime_hours(self) -> float:
        """Between two points of the plot evenly by the logarithm."""
        share = self.random.uniform(0, 100)
        index = bisect.bisect_right(
            [each for each, _hours in LIFETIME_HOURS[:-1]], share) - 1
        (low, start), (high, end) = LIFETIME_HOURS[index:index + 2]
        return start * math.exp(
            (share - low) / (high - low) * math.log(end / start))

    def _servers(self) -> int:
        share, before = self.random.uniform(0, 100), 0
        for limit, servers in DEPLOYMENT_SERVERS:
            if share <= limit:
                break
            before = servers
        return self.random.randint(before + 1, servers)

    def _size(self) -> Size:
        share = self.random.uniform(0, 100)
        cores = next(cores for limit, cores in CORES if share <= limit)
        memory_gb = next(gb for limit, gb in MEMORY_GB if share <= limit)
        return Size(cores, memory_gb * 1024, cores * DISK_GB_A_CORE)

    def _feature(self) -> str | None:
        share = self.random.uniform(0, 100)
        for feature, per_cent in FEATURES:
            if share < per_cent:
                return feature
            share -= per_cent
        return None

    def _image(self) -> int:
        weights = [1 / (number + 1) for number in range(IMAGES)]
        return self.random.choices(range(IMAGES), weights)[0]
