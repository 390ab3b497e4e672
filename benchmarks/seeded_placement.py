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

"""A large cloud in Placement's database, without a request for each row.

What stands is what ``tests.nova.publish`` writes by the API: nodes in
clusters, volumes that share, homes. A node is one of a cluster of 16.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import uuid

from benchmarks import placement_rows
from hv_sched.placement import home_traits
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Provider

NODES_A_CLUSTER = 16
NODE_INVENTORIES = {
    'VCPU': Inventory(100, max_unit=100),
    'MEMORY_MB': Inventory(819200, max_unit=819200),
    names.DISK_GB: Inventory(500, max_unit=500, allocation_ratio=1e-7)}
VOLUME_INVENTORIES = {
    names.DISK_GB: Inventory(4000, max_unit=4000),
    names.HELD_DISK_GB: Inventory(names.HELD_TOTAL_GB,
                                  max_unit=names.HELD_TOTAL_GB)}
NODE_TRAITS = ('COMPUTE_NODE', 'COMPUTE_IMAGE_TYPE_RAW',
               'COMPUTE_IMAGE_TYPE_QCOW2', 'OWNER_NOVA')
CLUSTER_TRAITS = (names.HYPERV, names.CLUSTERED)
VOLUME_TRAITS = (names.VOLUME, names.SHARING)


@dataclasses.dataclass(frozen=True)
class Volume:
    """A volume to write, with the nodes whose home it is."""

    uuid: str
    name: str
    nodes: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Cloud:
    """What to write.

    :param nodes: provider uuid by name
    :param clusters: the guid and the volumes of each
    """

    nodes: dict[str, str]
    clusters: tuple[tuple[str, tuple[Volume, ...]], ...]

    @property
    def volumes(self) -> list[Volume]:
        return [volume for _guid, volumes in self.clusters
                for volume in volumes]


def cloud(nodes: int, volumes_a_cluster: int) -> Cloud:
    """Nodes ``hv00000`` …, 16 a cluster, each with a home of its cluster."""
    uuids = {f'hv{number:05}': str(uuid.uuid4()) for number in range(nodes)}
    every = list(uuids)
    clusters = []
    for start in range(0, nodes, NODES_A_CLUSTER):
        members = every[start:start + NODES_A_CLUSTER]
        guid = f'guid-c{start}'
        clusters.append((guid, tuple(
            Volume(ids.volume_uuid(guid, f'csv{number}'),
                   names.volume_provider_name(f'c{start}', f'CSV{number}'),
                   tuple(members[number::volumes_a_cluster]))
            for number in range(volumes_a_cluster))))
    return Cloud(uuids, tuple(clusters))


def write(contents: Cloud, database: placement_rows.Database) -> None:
    """Add all of it to a Placement whose tables are there.

    MariaDB counts the rows some time later by itself; until then joins of
    10,000 nodes take minutes.
    """
    database.add(list(_providers(contents)), (
        names.cut_off_trait(volume.uuid) for volume in contents.volumes))
    database.analyze()


def _providers(contents: Cloud) -> Iterator[Provider]:
    for guid, volumes in contents.clusters:
        cluster = ids.cluster_aggregate(guid)
        for volume in volumes:
            home = ids.home_aggregate(volume.uuid)
            members = {node: contents.nodes[node] for node in volume.nodes}
            yield Provider(
                volume.uuid, volume.name, 1, VOLUME_INVENTORIES, {},
                frozenset((*VOLUME_TRAITS, *home_traits.traits_of(
                    members.values()))),
                frozenset((home,)))
            for node, node_uuid in members.items():
                yield Provider(
                    node_uuid, node, 1, NODE_INVENTORIES, {},
                    frozenset((*NODE_TRAITS, *CLUSTER_TRAITS)),
                    frozenset((home, cluster)))
