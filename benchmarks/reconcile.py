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

"""A sync of a large cloud, beside a plain loop over every provider.

    python -m benchmarks.reconcile [--clusters 63] [--nodes 16] [--volumes 4]

Both bring the same Placement (openstack-placement in this process, SQLite in
memory) in line with the same source: hv_sched's reconcile, and a loop that
reads and writes every facet of every provider, one after the other, as a
script around the API would. Prints JSON: requests and seconds of the first
sync, of one with nothing to do and of one with one volume changed, and the
ratios between the two. One thread each, so that the figures compare work.
"""

import argparse
import dataclasses
import json
import time
import typing

from hv_sched import exception
from hv_sched import model
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import layout
from hv_sched.providers import reconcile
from hv_sched.providers.settings import Settings
from tests.functional import base
from tests.functional import cloud as clouds

SETTINGS = Settings(workers=1)


def source(clusters: int, nodes: int, volumes: int, total: int
           ) -> model.Facts:
    """Clusters of some nodes each, every node with a home."""
    left = total
    found = []
    for number in range(clusters):
        size = min(nodes, left)
        left -= size
        found.append(_cluster(number, size, volumes))
    return model.Facts(tuple(found))


def _cluster(number: int, nodes: int, volumes: int) -> model.Cluster:
    guid = f'22222222-2222-4222-8222-{number:06d}'
    return model.Cluster(
        guid=f'11111111-1111-4111-8111-{number:012d}', name=f'hvc{number}',
        nodes=tuple(model.Node(
            name=f'hv{number}-{n}', build=14393, guarded_host=n % 4 == 0,
            home=f'{guid}{n % volumes:06d}') for n in range(nodes)),
        volumes=tuple(model.Volume(
            guid=f'{guid}{v:06d}', name=f'Volume{v}',
            size_bytes=4096 * model.GIB, free_bytes=4096 * model.GIB)
            for v in range(volumes)))


def one_changed(facts: model.Facts) -> model.Facts:
    """The same source with one volume grown."""
    first = facts.clusters[0]
    volume = dataclasses.replace(
        first.volumes[0], size_bytes=5000 * model.GIB,
        free_bytes=5000 * model.GIB)
    return model.Facts((dataclasses.replace(
        first, volumes=(volume, *first.volumes[1:])), *facts.clusters[1:]))


class PlainLoop:
    """Every facet of every provider is read and written, every time."""

    def __init__(self, api: client.Placement) -> None:
        self._api = api

    def sync(self, facts: model.Facts) -> None:
        """The same end state as hv_sched's sync."""
        goal = self._goal(facts)
        for uuid, name, wanted in goal:
            try:
                self._api.provider(uuid)
            except exception.PlacementNotFound:
                self._api.create_provider(uuid, name)
            self._write(uuid, wanted)

    def _write(self, uuid: str, wanted: tuple) -> None:
        _generation, inventories = self._api.inventories(uuid)
        self._api.usages(uuid)
        _generation, traits = self._api.traits(uuid)
        generation, aggregates = self._api.aggregates(uuid)
        new_inventories, new_traits, new_aggregates = wanted
        if names.DISK_GB in inventories and names.VOLUME not in new_traits:
            new_inventories = {**inventories, names.DISK_GB:
                               dataclasses.replace(
                                   inventories[names.DISK_GB],
                                   allocation_ratio=1e-7)}
        generation = self._api.set_inventories(
            uuid, generation, new_inventories)
        generation = self._api.set_traits(
            uuid, generation, traits | new_traits)
        self._api.set_aggregates(
            uuid, generation, aggregates | new_aggregates)

    def _goal(self, facts: model.Facts) -> list[tuple]:
        """(uuid, name, (inventories, traits, aggregates)), volumes last."""
        listed = {p.name: p.uuid for p in self._api.list_providers()}
        layouts = [layout.layout_of(cluster, listed)
                   for cluster in facts.clusters]
        every = {names.HYPERV, names.CLUSTERED, 'CUSTOM_HYPERV_BUILD_14393',
                 names.VOLUME}
        for trait in every:
            self._api.ensure_trait(trait)
        self._api.ensure_resource_class(names.HELD_DISK_GB)
        nodes = [(uuid, node.name, ({}, every - {names.VOLUME},
                                    one.node_aggregates(uuid)))
                 for one in layouts for uuid, node in one.nodes.items()]
        volumes = [(uuid, one.volume_name(uuid), (
            {names.DISK_GB: Inventory(volume.total_gb,
                                      max_unit=volume.total_gb),
             names.HELD_DISK_GB: Inventory(
                 names.HELD_TOTAL_GB, max_unit=names.HELD_TOTAL_GB)},
            {names.VOLUME, names.SHARING}, {ids.home_aggregate(uuid)}))
            for one in layouts for uuid, volume in one.volumes.items()]
        return nodes + volumes


def measure(sync: typing.Callable[[model.Facts], object],
            placement: base.Placement, facts: model.Facts) -> dict:
    """Requests and seconds of one sync."""
    placement.sent.clear()
    begun = time.perf_counter()
    sync(facts)
    return {'requests': len(placement.sent),
            'writes': len(placement.writes),
            'seconds': round(time.perf_counter() - begun, 2)}


def run(facts: model.Facts, plain: bool) -> dict:
    """The three syncs, in a Placement of their own."""
    with base.running_placement() as placement:
        cloud = clouds.Cloud(placement)
        for cluster in facts.clusters:
            cloud.register(*(node.name for node in cluster.nodes),
                           disk_gb=4096)
        api = client.from_adapter(placement)

        def reconciled(wanted: model.Facts) -> None:
            result = reconcile.Reconciler(api, SETTINGS).sync(
                wanted, full=False)
            assert not result.failures, result.failures

        sync = PlainLoop(api).sync if plain else reconciled
        return {'first sync': measure(sync, placement, facts),
                'nothing to do': measure(sync, placement, facts),
                'one volume changed': measure(sync, placement,
                                              one_changed(facts))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--clusters', type=int, default=63)
    parser.add_argument('--nodes', type=int, default=16)
    parser.add_argument('--volumes', type=int, default=4)
    parser.add_argument('--total-nodes', type=int, default=1000)
    args = parser.parse_args()
    facts = source(args.clusters, args.nodes, args.volumes,
                   args.total_nodes)
    ours, plain = run(facts, plain=False), run(facts, plain=True)
    print(json.dumps({
        'nodes': sum(len(c.nodes) for c in facts.clusters),
        'clusters': len(facts.clusters),
        'volumes': sum(len(c.volumes) for c in facts.clusters),
        'hv_sched': ours, 'plain loop': plain,
        'plain loop / hv_sched': {
            story: {figure: round(plain[story][figure]
                                  / max(ours[story][figure], 0.01), 1)
                    for figure in ('requests', 'seconds')}
            for story in ours}}, indent=2))


if __name__ == '__main__':
    main()
