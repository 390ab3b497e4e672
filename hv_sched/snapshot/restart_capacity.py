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

"""Whether the largest node of a cluster may fail. Pure.

The cluster restarts a failed node's servers on its other nodes. Their disks
stay on the volume, so memory and vCPU count; disk counts only where no other
node has the volume as its home, for Nova evacuates to another volume then.

Sums are compared, as if servers were sand: a "no" is sure, a "yes" may still
fail for a server that is larger than any single gap.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched.placement import names
from hv_sched.placement import node_capacity
from hv_sched.placement.node_capacity import NodeCapacity
from hv_sched.snapshot import volumes


@dataclasses.dataclass(frozen=True)
class RestartRoom:
    """What would be left after the restart; negative: what lacks.

    :param node: the one whose failure leaves least
    :param disk_gb: None where the disks can stay
    """

    node: str
    memory_mb: int
    vcpus: int
    disk_gb: int | None = None

    @property
    def lacking(self) -> tuple[str, ...]:
        """What is missing, in words; empty when nothing is."""
        return tuple(f'{-amount} {what}' for amount, what in (
            (self.memory_mb, 'MB of memory'), (self.vcpus, 'VCPU'),
            (self.disk_gb or 0, 'GB of disk')) if amount < 0)


def of_clusters(known: volumes.Snapshot, nodes: Mapping[str, NodeCapacity]
                ) -> dict[str, RestartRoom]:
    """By the cluster's name, for each that has a node."""
    return _worst(known, nodes, lambda volume: volume.cluster)


def of_volumes(known: volumes.Snapshot, nodes: Mapping[str, NodeCapacity]
               ) -> dict[str, RestartRoom]:
    """By the volume's provider uuid: of the nodes that use it; any other of
    the cluster may take over.
    """
    return _worst(known, nodes, lambda volume: volume.uuid)


def _worst(known: volumes.Snapshot, nodes: Mapping[str, NodeCapacity],
           key: Callable[[volumes.Volume], str]) -> dict[str, RestartRoom]:
    """What is left after the failure that leaves least."""
    clusters: dict[str, dict[str, NodeCapacity]] = {}
    for uuid, node in nodes.items():
        for volume in _homes(known, uuid):
            clusters.setdefault(volume.cluster, {})[uuid] = node
    found: dict[str, list[RestartRoom]] = {}
    for uuid, node in nodes.items():
        homes = _homes(known, uuid)
        room = _room(known, node, {
            other: each for volume in homes
            for other, each in clusters[volume.cluster].items()})
        for name in {key(volume) for volume in homes}:
            found.setdefault(name, []).append(room)
    return {name: min(rooms, key=_badness)
            for name, rooms in sorted(found.items())}


def _badness(room: RestartRoom) -> tuple[bool, int, int, int, str]:
    return (not room.lacking, room.memory_mb, room.vcpus,
            room.disk_gb or 0, room.node)


def _homes(known: volumes.Snapshot, node: str) -> list[volumes.Volume]:
    return [known.volumes[uuid] for uuid in known.homes.get(node, ())
            if uuid in known.volumes]


def _room(known: volumes.Snapshot, node: NodeCapacity,
          cluster: Mapping[str, NodeCapacity]) -> RestartRoom:
    others = [other for uuid, other in cluster.items() if uuid != node.uuid]
    memory, vcpus = (
        node_capacity.free(others, rc) - node.amount(rc).used
        for rc in (node_capacity.MEMORY_MB, node_capacity.VCPU))
    return RestartRoom(node.name, memory, vcpus,
                       _disk_gb(known, node, others))


def _disk_gb(known: volumes.Snapshot, node: NodeCapacity,
             others: Iterable[NodeCapacity]) -> int | None:
    """Room on the cluster's other volumes, less what is on the node's own."""
    shared = {volume.uuid for other in others
              for volume in _homes(known, other.uuid)}
    alone = [volume for volume in _homes(known, node.uuid)
             if volume.uuid not in shared]
    needed = sum(volume.used_gb for volume in alone)
    if not needed:
        return None
    return sum(known.volumes[uuid].room_gb for uuid in shared
               if names.NO_NEW_DISKS not in known.volumes[uuid].traits
               ) - needed
