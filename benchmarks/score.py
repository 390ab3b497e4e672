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

"""What is counted while a trace is placed, and the bound nobody can pass."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
from typing import Any

from benchmarks import ledger
from benchmarks import trace


@dataclasses.dataclass
class Score:
    """The figures of one trace with one policy.

    A refusal is false while the nodes and volumes have room for the whole
    request as they are. A request is wholly placed or wholly refused.

    :param gb_before_false_refusal: placed until then; None if there was none
    :param gb_before_wrong: placed until the first false refusal or the first
        over-booked GB; None if there was neither
    :param volume_imbalance: of the used shares, standard deviation by mean,
        the mean over the requests
    :param kept_off_by_plain: requests for a feature that were refused and
        would have had room, were it not for plain servers on capable nodes
    """

    asked_gb: int = 0
    placed_gb: int = 0
    placed_servers: int = 0
    refused_gb: int = 0
    false_refusals: int = 0
    falsely_refused_gb: int = 0
    gb_before_refusal: int | None = None
    gb_before_false_refusal: int | None = None
    gb_before_wrong: int | None = None
    over_booked_gb: int = 0
    over_booked_gb_hours: float = 0.0
    volume_imbalance: float = 0.0
    memory_imbalance: float = 0.0
    feature_requests: int = 0
    feature_requests_placed: int = 0
    kept_off_by_plain: int = 0
    image_fetches: int = 0

    def figures(self) -> dict[str, Any]:
        """As JSON, short."""
        return {name: round(value, 4) if isinstance(value, float) else value
                for name, value in dataclasses.asdict(self).items()}


class Scorer:
    """Counts one trace's requests, each before and after it is placed."""

    def __init__(self, cloud: ledger.Ledger) -> None:
        self.score = Score()
        self._cloud = cloud
        self._requests = 0
        self._at_hours = 0.0

    def pass_time(self, now_hours: float) -> None:
        """What stood since the last call stood until now."""
        self.score.over_booked_gb_hours += self._cloud.over_booked_gb() * (
            now_hours - self._at_hours)
        self._at_hours = now_hours

    def refused(self, deployment: trace.Deployment) -> None:
        score, cloud = self.score, self._cloud
        self._ask(deployment)
        score.refused_gb += deployment.disk_gb
        if score.gb_before_refusal is None:
            score.gb_before_refusal = score.placed_gb
        if cloud.fits(deployment):
            score.false_refusals += 1
            score.falsely_refused_gb += deployment.disk_gb
            if score.gb_before_false_refusal is None:
                score.gb_before_false_refusal = score.placed_gb
            self._wrong()
        elif deployment.feature and cloud.fits_without_plain(deployment):
            score.kept_off_by_plain += 1
        self._look()

    def placed(self, deployment: trace.Deployment, fetches: int) -> None:
        """:param fetches: of its image"""
        score = self.score
        self._ask(deployment)
        over_booked_gb = self._cloud.over_booked_gb()
        if over_booked_gb:
            self._wrong()
        score.over_booked_gb = max(score.over_booked_gb, over_booked_gb)
        score.placed_gb += deployment.disk_gb
        score.placed_servers += deployment.servers
        score.feature_requests_placed += deployment.feature is not None
        score.image_fetches += fetches
        self._look()

    def _ask(self, deployment: trace.Deployment) -> None:
        self.score.asked_gb += deployment.disk_gb
        self.score.feature_requests += deployment.feature is not None

    def _wrong(self) -> None:
        if self.score.gb_before_wrong is None:
            self.score.gb_before_wrong = self.score.placed_gb

    def _look(self) -> None:
        """The imbalance now, into the means."""
        volumes, memory = self._cloud.imbalance()
        count, score = self._requests, self.score
        score.volume_imbalance = (
            score.volume_imbalance * count + volumes) / (count + 1)
        score.memory_imbalance = (
            score.memory_imbalance * count + memory) / (count + 1)
        self._requests += 1


def pooled(nodes: Iterable[ledger.Node], capacity_gb: int,
           requests: Iterable[trace.Deployment]) -> Score:
    """The bound: one node and one volume as large as all together.

    Until its first refusal it took whatever any scheduler on the real nodes
    can have taken, so ``gb_before_refusal`` is an upper bound of theirs. Of
    the other figures it is a mark to compare with, no bound: who takes one
    large request has no room for others.
    """
    everything = tuple(nodes)
    cloud = ledger.Ledger(
        [ledger.Node('all', 'all', sum(node.vcpus for node in everything),
                     sum(node.memory_mb for node in everything),
                     frozenset().union(*(node.features
                                         for node in everything)))],
        {'all': capacity_gb})
    scorer = Scorer(cloud)
    for number, deployment in enumerate(requests):
        cloud.end(deployment.at_hours)
        if cloud.fits(deployment):
            scorer.placed(deployment, cloud.place(deployment, {
                f'{number}-{each}': 'all'
                for each in range(deployment.servers)}))
        else:
            scorer.refused(deployment)
    return scorer.score
