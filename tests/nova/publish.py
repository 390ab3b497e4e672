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

"""Clusters written to Placement by hand, in the form hv_sched publishes them.

The tests of the scheduler side do not depend on the publisher: what stands
in Placement is the contract between the two.
"""

from typing import Any

from hv_sched import drivers
from hv_sched import model
from hv_sched.placement import disk_moves
from hv_sched.placement import home_traits
from hv_sched.placement import ids
from hv_sched.placement import names

# Small enough that 64 TB times it stays below 1 GB.
CLOSED_RATIO = 1e-7
_VERSION = '1.39'


def cluster(name: str, homes: dict[str, tuple[str, ...]],
            sizes_gb: dict[str, int] | int = 500,
            placement_chooses_volume: bool = False,
            media: dict[str, str] | None = None,
            driver: str | None = None) -> model.Cluster:
    """A cluster from its homes: ``{'CSV1': ('hv1', 'hv2')}``."""
    def guid(volume: str) -> str:
        return f'{name}-{volume}'.lower()

    def size(volume: str) -> int:
        return sizes_gb if isinstance(sizes_gb, int) else sizes_gb[volume]

    nodes = {node: volume for volume, group in homes.items()
             for node in group}
    return model.Cluster(
        guid=f'guid-{name}', name=name,
        nodes=tuple(
            model.Node(name=node,
                       home=None if placement_chooses_volume
                       else guid(volume))
            for node, volume in nodes.items()),
        volumes=tuple(
            model.Volume(guid=guid(volume), name=volume,
                         size_bytes=size(volume) * model.GIB,
                         medium=(media or {}).get(volume))
            for volume in homes),
        placement_chooses_volume=placement_chooses_volume,
        driver=drivers.of(driver))


def _uses(facts: model.Cluster, node: model.Node,
          volume: model.Volume) -> bool:
    return facts.placement_chooses_volume or node.home == volume.guid


class Publisher:
    """:param api: the harness's client of Placement"""

    def __init__(self, api: Any) -> None:
        self._api = api

    def publish(self, facts: model.Cluster) -> dict[str, str]:
        """Write volumes and nodes; return provider uuids by volume name."""
        self._ensure(f'/resource_classes/{names.HELD_DISK_GB}')
        nodes = {node.name: self.provider(node.name)
                 for node in facts.nodes}
        uuids = {volume.name: self._volume(facts, volume, [
            nodes[node.name] for node in facts.nodes
            if _uses(facts, node, volume)]) for volume in facts.volumes}
        for node in facts.nodes:
            self._node(facts, node, nodes[node.name], uuids)
        return uuids

    def _volume(self, facts: model.Cluster, volume: model.Volume,
                users: list[str]) -> str:
        uuid = ids.volume_uuid(facts.guid, volume.guid)
        self._send('post', '/resource_providers', {
            'name': names.volume_provider_name(facts.name, volume.name),
            'uuid': uuid})
        self._ensure(f'/traits/{names.cut_off_trait(uuid)}')
        self._send(
            'put', f'/resource_providers/{uuid}/inventories',
            {'resource_provider_generation': 0, 'inventories': {
                names.DISK_GB: {
                    'total': volume.total_gb,
                    'max_unit': min(volume.total_gb, names.MAX_DISK_GB)},
                names.HELD_DISK_GB: {'total': names.HELD_TOTAL_GB}}})
        medium = names.MEDIUM.get(volume.medium or '')
        self.add_traits(uuid, names.VOLUME, names.SHARING,
                        *home_traits.traits_of(users),
                        *disk_moves.traits_of(facts.driver),
                        *(() if facts.driver.has_windows_features
                          else (names.OTHER_HYPERVISOR,)),
                        *([medium] if medium else []))
        self.add_aggregates(uuid, ids.home_aggregate(uuid))
        return uuid

    def _node(self, facts: model.Cluster, node: model.Node, uuid: str,
              uuids: dict[str, str]) -> None:
        homes = [uuids[volume.name] for volume in facts.volumes
                 if _uses(facts, node, volume)]
        self.close_disk(uuid)
        # Without Hyper-V; a cluster of it is as older releases left it.
        self.add_traits(uuid, *(
            (names.HYPERV, names.CLUSTERED)
            if facts.driver.has_windows_features
            else (names.CSV_CLUSTERED,)))
        self.add_aggregates(uuid, ids.cluster_aggregate(facts.guid),
                            *map(ids.home_aggregate, homes))

    def provider(self, name: str) -> str:
        """The uuid of the provider with a name."""
        found = self._read(f'/resource_providers?name={name}')
        return str(found['resource_providers'][0]['uuid'])

    def close_disk(self, uuid: str) -> None:
        """Shut a node's own DISK_GB as hv_sched does, by its ratio."""
        self.change_inventory(uuid, allocation_ratio=CLOSED_RATIO)

    def change_inventory(self, uuid: str, **fields: Any) -> None:
        """Change fields of the DISK_GB inventory of a provider."""
        path = f'/resource_providers/{uuid}/inventories/{names.DISK_GB}'
        self._send('put', path, {**self._read(path), **fields})

    def add_traits(self, uuid: str, *traits: str) -> None:
        """Put traits on a provider, creating CUSTOM ones."""
        path = f'/resource_providers/{uuid}/traits'
        for trait in traits:
            if trait.startswith('CUSTOM_'):
                self._ensure(f'/traits/{trait}')
        now = self._read(path)
        self._send('put', path, {
            **now, 'traits': sorted({*now['traits'], *traits})})

    def remove_traits(self, uuid: str, *traits: str) -> None:
        """Take traits off a provider."""
        path = f'/resource_providers/{uuid}/traits'
        now = self._read(path)
        self._send('put', path, {
            **now, 'traits': sorted(set(now['traits']) - set(traits))})

    def add_aggregates(self, uuid: str, *aggregates: str) -> None:
        """Put a provider in aggregates."""
        path = f'/resource_providers/{uuid}/aggregates'
        now = self._read(path)
        self._send('put', path, {
            **now, 'aggregates': sorted({*now['aggregates'], *aggregates})})

    def remove_aggregates(self, uuid: str, *aggregates: str) -> None:
        """Take a provider out of aggregates."""
        path = f'/resource_providers/{uuid}/aggregates'
        now = self._read(path)
        self._send('put', path, {
            **now,
            'aggregates': sorted(set(now['aggregates']) - set(aggregates))})

    def _read(self, url: str) -> dict[str, Any]:
        response = self._api.get(url, version=_VERSION)
        assert response.status == 200, response.body
        return dict(response.body)

    def _send(self, verb: str, url: str, body: Any) -> None:
        response = getattr(self._api, verb)(url, body, version=_VERSION)
        assert response.status in (200, 201, 204), response.body

    def _ensure(self, url: str) -> None:
        response = self._api.put(url, None, version=_VERSION)
        assert response.status in (201, 204), response.body
