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

"""What a cloud holds while a trace is placed, by whatever scheduler.

The truth the schedulers are judged by: a disk takes its size from the volume
it is on, once, and nothing moves.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import statistics

from benchmarks import trace


@dataclasses.dataclass(frozen=True)
class Node:
    """A node, the volume its servers' disks are on, and what it can do."""

    name: str
    volume: str
    vcpus: int
    memory_mb: int
    features: frozenset[str] = frozenset()

    def can(self, feature: str | None) -> bool:
        return feature is None or feature in self.features


@dataclasses.dataclass(frozen=True)
class Server:
    """A server that was placed."""

    node: Node
    deployment: trace.Deployment

    @property
    def size(self) -> trace.Size:
        return self.deployment.size


class Ledger:
    """:param capacity_gb: of each volume"""

    def __init__(self, nodes: Iterable[Node],
                 capacity_gb: Mapping[str, int]) -> None:
        self.nodes = {node.name: node for node in nodes}
        self._capacity_gb = dict(capacity_gb)
        self.servers: dict[str, Server] = {}
        self._cached: set[tuple[str, int]] = set()

    def place(self, deployment: trace.Deployment,
              hosts: Mapping[str, str]) -> int:
        """Add servers; returns how often their image is fetched.

        An image is kept on a volume (compute-hyperv's cache, whose age limit
        is longer than a trace). Servers of one request are built at once:
        each node of a volume that lacks the image fetches it.

        :param hosts: the node of each server, by its uuid
        """
        fetching: set[tuple[str, str]] = set()
        for uuid, host in hosts.items():
            node = self.nodes[host]
            self.servers[uuid] = Server(node, deployment)
            if (node.volume, deployment.image) not in self._cached:
                fetching.add((node.volume, host))
        self._cached.update((volume, deployment.image)
                            for volume, _host in fetching)
        return len(fetching)

    def images_on(self, volume: str) -> set[int]:
        """Numbers of the images a volume holds."""
        return {image for on, image in self._cached if on == volume}

    def end(self, now_hours: float) -> list[tuple[str, Server]]:
        """Remove and return the servers that are over, the first first."""
        over = sorted(((uuid, server) for uuid, server
                       in self.servers.items()
                       if server.deployment.end_hours <= now_hours),
                      key=lambda each: each[1].deployment.end_hours)
        for uuid, _server in over:
            del self.servers[uuid]
        return over

    def free_gb(self, volume: str) -> int:
        """Less than 0 where more was given away than there is."""
        return self._capacity_gb[volume] - sum(
            server.size.disk_gb for server in self.servers.values()
            if server.node.volume == volume)

    def over_booked_gb(self) -> int:
        """Of all volumes together."""
        return sum(max(0, -self.free_gb(volume))
                   for volume in self._capacity_gb)

    def used_of(self, node: Node) -> tuple[int, int, int]:
        """Servers, vCPUs and memory in MB."""
        sizes = [server.size for server in self.servers.values()
                 if server.node is node]
        return (len(sizes), sum(size.vcpus for size in sizes),
                sum(size.memory_mb for size in sizes))

    def fits(self, deployment: trace.Deployment) -> bool:
        """Whether the cloud has room for all servers of a request."""
        return self._room_for(deployment, self.servers.values()
                              ) >= deployment.servers

    def fits_without_plain(self, deployment: trace.Deployment) -> bool:
        """Whether it had, were it not for plain servers on capable nodes."""
        return self._room_for(deployment, [
            server for server in self.servers.values()
            if server.deployment.feature
            or not server.node.can(deployment.feature)
        ]) >= deployment.servers

    def _room_for(self, deployment: trace.Deployment,
                  servers: Iterable[Server]) -> int:
        """How many servers of that kind fit beside these.

        Exact: they are alike, and a node has one volume.
        """
        size = deployment.size
        left_gb = dict(self._capacity_gb)
        left = {node.name: (node.vcpus, node.memory_mb)
                for node in self.nodes.values()}
        for server in servers:
            left_gb[server.node.volume] -= server.size.disk_gb
            vcpus, memory_mb = left[server.node.name]
            left[server.node.name] = (vcpus - server.size.vcpus,
                                      memory_mb - server.size.memory_mb)
        on_nodes = dict.fromkeys(left_gb, 0)
        for name, (vcpus, memory_mb) in left.items():
            if self.nodes[name].can(deployment.feature):
                on_nodes[self.nodes[name].volume] += max(0, min(
                    vcpus // size.vcpus, memory_mb // size.memory_mb))
        return sum(min(on_nodes[volume], max(0, gb // size.disk_gb))
                   for volume, gb in left_gb.items())

    def imbalance(self) -> tuple[float, float]:
        """Coefficient of variation of what is used: volumes, memory."""
        return (_variation([1 - self.free_gb(volume) / capacity for
                            volume, capacity in self._capacity_gb.items()]),
                _variation([self.used_of(node)[2] / node.memory_mb
                            for node in self.nodes.values()]))


def _variation(shares: list[float]) -> float:
    mean = statistics.fmean(shares)
    return statistics.pstdev(shares) / mean if mean else 0.0
