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
        """What is missing; empty when nothing is."""
        return tuple(f'{-amount} {unit}' for amount, unit in (
            (self.memory_mb, 'MB of memory'), (self.vcpus, 'VCPU'),
            (self.disk_gb or 0, 'GB of disk')) if amount < 0)


def of_clusters(snapshot: volumes.Snapshot, nodes: Mapping[str, NodeCapacity]
                ) -> dict[str, RestartRoom]:
    """By the cluster's name, for each that has a node."""
    return _worst(snapshot, nodes, lambda volume: volume.cluster)


def of_volumes(snapshot: volumes.Snapshot, nodes: Mapping[str, NodeCapacity]
               ) -> dict[str, RestartRoom]:
    """By the volume's provider uuid: of the nodes that use it; any other of
    the cluster may take over.
    """
    return _worst(snapshot, nodes, lambda volume: volume.uuid)


def _worst(snapshot: volumes.Snapshot, nodes: Mapping[str, NodeCapacity],
           key: Callable[[volumes.VolumeState], str]
           ) -> dict[str, RestartRoom]:
    """What is left after the failure that leaves least."""
    clusters: dict[str, dict[str, NodeCapacity]] = {}
    for uuid, node in nodes.items():
        for volume in _homes(snapshot, uuid):
            clusters.setdefault(volume.cluster, {})[uuid] = node
    rooms_of: dict[str, list[RestartRoom]] = {}
    for uuid, node in nodes.items():
        homes = _homes(snapshot, uuid)
        room = _room(snapshot, node, {
            member: capacity for volume in homes
            for member, capacity in clusters[volume.cluster].items()})
        for name in {key(volume) for volume in homes}:
            rooms_of.setdefault(name, []).append(room)
    return {name: min(rooms, key=_badness)
            for name, rooms in sorted(rooms_of.items())}


def _badness(room: RestartRoom) -> tuple[bool, int, int, int, str]:
    return (not room.lacking, room.memory_mb, room.vcpus,
            room.disk_gb or 0, room.node)


def _homes(snapshot: volumes.Snapshot, node: str) -> list[volumes.VolumeState]:
    return [snapshot.volumes[uuid] for uuid in snapshot.homes.get(node, ())
            if uuid in snapshot.volumes]


def _room(snapshot: volumes.Snapshot, node: NodeCapacity,
          cluster: Mapping[str, NodeCapacity]) -> RestartRoom:
    survivors = [member for uuid, member in cluster.items()
                 if uuid != node.uuid]
    memory, vcpus = (
        node_capacity.free(survivors, rc) - node.amount(rc).used
        for rc in (node_capacity.MEMORY_MB, node_capacity.VCPU))
    return RestartRoom(node.name, memory, vcpus,
                       _disk_gb(snapshot, node, survivors))


def _disk_gb(snapshot: volumes.Snapshot, node: NodeCapacity,
             survivors: Iterable[NodeCapacity]) -> int | None:
    """Room on the cluster's other volumes, less what is on the node's own."""
    shared = {volume.uuid for survivor in survivors
              for volume in _homes(snapshot, survivor.uuid)}
    alone = [volume for volume in _homes(snapshot, node.uuid)
             if volume.uuid not in shared]
    needed = sum(volume.used_gb for volume in alone)
    if not needed:
        return None
    return sum(snapshot.volumes[uuid].room_gb for uuid in shared
               if names.NO_NEW_DISKS not in snapshot.volumes[uuid].traits
               ) - needed
