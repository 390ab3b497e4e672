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

"""How many servers of a kind fit: in all, by cluster, volume and node."""

import collections
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses

from hv_sched.capacity import failover
from hv_sched.capacity import packing
from hv_sched.capacity import shortage
from hv_sched.capacity.offer import Offer
from hv_sched.capacity.offer import Route
from hv_sched.placement import names
from hv_sched.placement.node_capacity import NodeCapacity
from hv_sched.snapshot import volumes

ALL = 'all'
# So many reasons are named where none fits.
_REASONS = 3


@dataclasses.dataclass(frozen=True)
class Row:
    """Of the cloud, a cluster, a volume or a node.

    :param kind: all, cluster, volume or node
    :param now: the fit as it is
    :param after_loss: with one node of each cluster lost
    :param missing: why none fits at all
    :param lost: name of the node whose loss is counted
    """

    kind: str
    name: str
    now: packing.Fit
    after_loss: packing.Fit
    missing: tuple[str, ...] = ()
    lost: str = ''

    @property
    def runs_out(self) -> tuple[str, ...]:
        """What runs out first, or why none fits."""
        return self.missing or tuple(map(shortage.of_class, self.now.bounds))


@dataclasses.dataclass(frozen=True)
class Situation:
    """:param nodes: names of the nodes that are reported, by uuid
    :param capacities: of the nodes of clusters, by uuid
    :param amounts: what one server takes, by class
    :param missing: why a node takes none, by uuid
    """

    offer: Offer
    snapshot: volumes.Snapshot
    nodes: Mapping[str, str]
    capacities: Mapping[str, NodeCapacity]
    amounts: Mapping[str, int]
    missing: Mapping[str, str]


def none(reasons: Iterable[str]) -> tuple[Row, ...]:
    """Nothing fits anywhere, for these reasons."""
    nothing = packing.Fit(0)
    return (Row(ALL, ALL, nothing, nothing, tuple(reasons)),)


def of(situation: Situation) -> tuple[Row, ...]:
    """The sum first, then each cluster, its volumes and its nodes."""
    return tuple(_Rows(situation))


class _Rows:
    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._clusters = _clusters(situation.snapshot)
        self._losses = {
            cluster: loss for cluster, members in self._clusters.items()
            if (loss := failover.worst(
                cluster, (situation.capacities[uuid] for uuid in members
                          if uuid in situation.capacities),
                situation.offer, situation.amounts))}
        self._limits = [loss.limit for loss in self._losses.values()]
        self._lost = {loss.node.uuid for loss in self._losses.values()}

    def __iter__(self) -> Iterator[Row]:
        clustered = {uuid for members in self._clusters.values()
                     for uuid in members}
        alone = [uuid for uuid in self._situation.nodes
                 if uuid not in clustered]
        yield self._row(ALL, ALL, [*clustered, *alone])
        for cluster, members in sorted(self._clusters.items()):
            yield self._row('cluster', cluster, members, cluster)
            for volume in self._volumes(cluster):
                yield self._volume(volume, cluster)
            yield from self._nodes(members, cluster)
        yield from self._nodes(alone)

    def _volumes(self, cluster: str) -> list[volumes.VolumeState]:
        if names.DISK_GB not in self._situation.amounts:
            return []
        return sorted((volume for volume
                       in self._situation.snapshot.volumes.values()
                       if volume.cluster == cluster),
                      key=lambda volume: volume.name)

    def _volume(self, volume: volumes.VolumeState, cluster: str) -> Row:
        members = [uuid for uuid in self._clusters[cluster]
                   if self._situation.snapshot.may_use(uuid, volume.uuid)]

        def is_on(route: Route) -> bool:
            return any(pool.provider == volume.uuid for pool in route.shared)

        return self._row('volume', volume.name, members, cluster, is_on)

    def _nodes(self, members: Iterable[str], cluster: str = ''
               ) -> Iterator[Row]:
        titles = {uuid: self._situation.nodes[uuid] for uuid in members
                  if uuid in self._situation.nodes}
        for uuid, name in sorted(titles.items(), key=lambda item: item[1]):
            yield self._row('node', name, [uuid], cluster)

    def _row(self, kind: str, name: str, members: Iterable[str],
             cluster: str = '',
             passes: Callable[[Route], bool] = lambda route: True) -> Row:
        hosts = frozenset(members)
        offer = self._situation.offer
        now = packing.fit(offer, passes=lambda route: (
            route.host in hosts and passes(route)))
        after_loss = packing.fit(offer, self._limits, lambda route: (
            route.host in hosts - self._lost and passes(route)))
        loss = self._losses.get(cluster)
        return Row(kind, name, now, after_loss,
                   () if now.servers else self._reasons(hosts),
                   loss.node.name if loss else '')

    def _reasons(self, hosts: Iterable[str]) -> tuple[str, ...]:
        """Why these nodes take none, the most frequent reason first."""
        reasons = collections.Counter(
            self._situation.missing[uuid] for uuid in sorted(hosts)
            if uuid in self._situation.missing)
        return tuple(text for text, _count in reasons.most_common(_REASONS))


def _clusters(snapshot: volumes.Snapshot) -> dict[str, set[str]]:
    """The nodes of each cluster, as the homes on its volumes tell."""
    clusters: dict[str, set[str]] = {
        volume.cluster: set() for volume in snapshot.volumes.values()}
    for node, homes in snapshot.homes.items():
        for uuid in homes & snapshot.volumes.keys():
            clusters[snapshot.volumes[uuid].cluster].add(node)
    return clusters
