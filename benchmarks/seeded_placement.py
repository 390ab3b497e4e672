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

from collections.abc import Iterable
import dataclasses
from typing import Any
import uuid

from placement.db.sqlalchemy import models
import sqlalchemy

from hv_sched.placement import ids
from hv_sched.placement import names

NODES_A_CLUSTER = 16
NODE = {'VCPU': 100, 'MEMORY_MB': 819200, 'DISK_GB': 500}
VOLUME_GB = 4000
CLOSED_RATIO = 1e-7
NODE_TRAITS = ('COMPUTE_NODE', 'COMPUTE_IMAGE_TYPE_RAW',
               'COMPUTE_IMAGE_TYPE_QCOW2', 'OWNER_NOVA')
CLUSTER_TRAITS = (names.HYPERV, names.CLUSTERED)
VOLUME_TRAITS = (names.VOLUME, names.SHARING)
_INVENTORY = {'reserved': 0, 'min_unit': 1, 'step_size': 1,
              'allocation_ratio': 1.0}


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
    :param clusters: the nodes' names and the volumes of each
    """

    nodes: dict[str, str]
    clusters: tuple[tuple[str, tuple[str, ...], tuple[Volume, ...]], ...]

    @property
    def volumes(self) -> list[Volume]:
        return [volume for _guid, _nodes, volumes in self.clusters
                for volume in volumes]


def cloud(nodes: int, volumes_a_cluster: int) -> Cloud:
    """Nodes ``hv00000`` …, 16 a cluster, each with a home of its cluster."""
    uuids = {f'hv{number:05}': str(uuid.uuid4()) for number in range(nodes)}
    every = list(uuids)
    clusters = []
    for start in range(0, nodes, NODES_A_CLUSTER):
        members = every[start:start + NODES_A_CLUSTER]
        guid = f'guid-c{start}'
        clusters.append((guid, tuple(members), tuple(
            Volume(ids.volume_uuid(guid, f'csv{number}'),
                   names.volume_provider_name(f'c{start}', f'CSV{number}'),
                   tuple(members[number::volumes_a_cluster]))
            for number in range(volumes_a_cluster))))
    return Cloud(uuids, tuple(clusters))


class Seeder:
    """:param url: of Placement's database, whose tables are there"""

    def __init__(self, url: str) -> None:
        self._engine = sqlalchemy.create_engine(url)

    def write(self, contents: Cloud) -> None:
        """Add all of it, in one transaction."""
        with self._engine.begin() as connection:
            self._connection = connection
            providers = self._providers({
                **{node: name for name, node in contents.nodes.items()},
                **{volume.uuid: volume.name for volume in contents.volumes}})
            self._inventories(contents, providers)
            self._traits(contents, providers)
            self._aggregates(contents, providers)

    def _insert(self, model: Any, rows: Iterable[dict[str, Any]]) -> None:
        some = list(rows)
        for start in range(0, len(some), 1000):
            self._connection.execute(sqlalchemy.insert(model),
                                     some[start:start + 1000])

    def _ids(self, model: Any, column: Any) -> dict[str, int]:
        return {value: number for number, value in self._connection.execute(
            sqlalchemy.select(model.id, column))}

    def _providers(self, titles: dict[str, str]) -> dict[str, int]:
        """Database ids of new root providers, by uuid."""
        self._insert(models.ResourceProvider, (
            {'uuid': uuid_, 'name': name, 'generation': 1}
            for uuid_, name in titles.items()))
        table = models.ResourceProvider
        self._connection.execute(sqlalchemy.update(table).where(
            table.root_provider_id.is_(None)).values(
                root_provider_id=table.id))
        return self._ids(table, table.uuid)

    def _inventories(self, contents: Cloud,
                     providers: dict[str, int]) -> None:
        classes = self._ids(models.ResourceClass, models.ResourceClass.name)
        self._insert(models.Inventory, (
            {**_INVENTORY, 'resource_provider_id': providers[node],
             'resource_class_id': classes[name], 'total': total,
             'max_unit': total, 'allocation_ratio':
             CLOSED_RATIO if name == names.DISK_GB else 1.0}
            for node in contents.nodes.values()
            for name, total in NODE.items()))
        self._insert(models.Inventory, (
            {**_INVENTORY, 'resource_provider_id': providers[volume.uuid],
             'resource_class_id': classes[name], 'total': total,
             'max_unit': total}
            for volume in contents.volumes
            for name, total in ((names.DISK_GB, VOLUME_GB),
                                (names.HELD_DISK_GB, names.HELD_TOTAL_GB))))

    def _traits(self, contents: Cloud, providers: dict[str, int]) -> None:
        by_provider = {node: (*NODE_TRAITS, *CLUSTER_TRAITS)
                       for node in contents.nodes.values()}
        for volume in contents.volumes:
            by_provider[volume.uuid] = (*VOLUME_TRAITS, *(
                names.home_trait(contents.nodes[node])
                for node in volume.nodes))
        wanted = {trait for traits in by_provider.values()
                  for trait in traits}
        wanted |= {names.cut_off_trait(volume.uuid)
                   for volume in contents.volumes}
        there = self._ids(models.Trait, models.Trait.name)
        self._insert(models.Trait, (
            {'name': trait} for trait in sorted(wanted - there.keys())))
        traits = self._ids(models.Trait, models.Trait.name)
        self._insert(models.ResourceProviderTrait, (
            {'trait_id': traits[trait],
             'resource_provider_id': providers[provider]}
            for provider, some in by_provider.items() for trait in some))

    def _aggregates(self, contents: Cloud,
                    providers: dict[str, int]) -> None:
        members: dict[str, list[str]] = {}
        for guid, nodes, volumes in contents.clusters:
            members[ids.cluster_aggregate(guid)] = [
                contents.nodes[node] for node in nodes]
            for volume in volumes:
                members[ids.home_aggregate(volume.uuid)] = [
                    volume.uuid, *(contents.nodes[node]
                                   for node in volume.nodes)]
        table = models.PlacementAggregate
        self._insert(table, ({'uuid': uuid_} for uuid_ in members))
        aggregates = self._ids(table, table.uuid)
        self._insert(models.ResourceProviderAggregate, (
            {'aggregate_id': aggregates[aggregate],
             'resource_provider_id': providers[provider]}
            for aggregate, some in members.items() for provider in some))
