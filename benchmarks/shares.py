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


"""What looking after many servers' shares costs, and how much memory.

    python -m benchmarks.shares [--servers 1000 20000] [--adopt 1000 4000]
                                [--output FILE]

``audit`` and ``heal`` (a share in a hundred is wrong) of clusters of 1,000
servers on 16 nodes and two volumes; ``adopt`` of clusters of up to 10,000
servers, beside its floor: a read of each server and a write of each batch,
which checks nothing and asks Nova nothing. The servers stand in a private
MariaDB as Nova would have written them and are read through Placement's API;
Nova's answers are made of numbers in the client. Each in a process of its own.
Prints JSON, like ``benchmarks.upkeep``.
"""

import argparse
import functools
import json
import pathlib
import tempfile
import typing
import uuid

from benchmarks import adopt as adopting
from benchmarks import audit as auditing
from benchmarks import circumstances
from benchmarks import own_process
from benchmarks import placement_rows
from benchmarks import upkeep
from hv_sched import model
from hv_sched.audit import auditor
from hv_sched.audit import findings
from hv_sched.audit import heal
from hv_sched.compute import nova as nova_servers
from hv_sched.placement import client
from hv_sched.placement import consumers
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Provider
from hv_sched.shares import rewrite
from tests.functional import base
from tests.functional import mariadb
from tests.functional import placement_process

PER_CLUSTER, BATCH, WORKERS = 1000, 50, 4
WRONG = 100  # one server in so many
ADOPT_NODES = 16
ADOPT_PER_CLUSTER = 10000
Call = typing.Callable[[], object]


def published(nova: auditing.Nova) -> list[Provider]:
    """Clusters as they stand after adopt."""
    providers = []
    for cluster in nova.clusters():
        volumes = [auditing.volume_uuid(cluster, number)
                   for number in range(auditing.VOLUMES)]
        providers += [Provider(
            uid, f'csv:c{cluster}/v{number}', 1, {
                names.DISK_GB: Inventory(1000000, max_unit=1000),
                names.HELD_DISK_GB: Inventory(names.HELD_TOTAL_GB)}, {},
            frozenset((names.VOLUME, names.SHARING)),
            frozenset((ids.home_aggregate(uid),)))
            for number, uid in enumerate(volumes)]
        providers += [Provider(
            auditing.node_uuid(node), f'hv{node}', 1, {
                'VCPU': Inventory(100000),
                'MEMORY_MB': Inventory(100000000)}, {},
            frozenset((names.CLUSTERED, names.COMPUTE_NODE)),
            frozenset((ids.home_aggregate(volumes[
                node % auditing.VOLUMES]),)))
            for node in range(cluster * auditing.NODES,
                              (cluster + 1) * auditing.NODES)]
    return providers


def audit_story(adapter: base.Adapter, servers: int) -> Call:
    """An audit of all of them, nothing is wrong."""
    nova = auditing.Nova(servers, PER_CLUSTER)
    return lambda: {
        'findings': auditing.audit(adapter, nova, WORKERS),
        'requests to Nova': nova.requests}


def heal_story(adapter: base.Adapter, servers: int) -> Call:
    """An audit of all of them, and what it finds is healed."""
    nova = auditing.Nova(servers, PER_CLUSTER)
    nova.wrong = WRONG
    api, records = client.from_adapter(adapter), nova_servers.NovaServers(nova)
    healer = heal.Healer(api, records, heal.HealOptions(
        frozenset(findings.Code), workers=WORKERS, settle_seconds=0))

    def run() -> object:
        healed = left = 0
        for report in auditor.Auditor(
                api, records, auditor.AuditOptions(WORKERS)).audit():
            result = healer.heal(report)
            assert result.failure is None, result.failure
            healed += len(result.done)
            left += len(result.remaining)
        return {'healed': healed, 'left': left,
                'requests to Nova': nova.requests}
    return run


class Unadopted(typing.NamedTuple):
    """A cluster before adopt: nodes of stock Nova, and the servers on each."""

    cluster: model.Cluster
    nodes: list[Provider]
    on_nodes: dict[str, list[str]]


def unadopted(servers: int) -> list[Unadopted]:
    """So many servers, of one cluster or of as many as they fill."""
    return [_unadopted(
        adopting.cluster(number, ADOPT_NODES),
        range(start, min(start + ADOPT_PER_CLUSTER, servers)))
        for number, start in enumerate(range(0, servers, ADOPT_PER_CLUSTER),
                                       start=1)]


def _unadopted(cluster: model.Cluster, numbers: range) -> Unadopted:
    inventories = {'VCPU': Inventory(100000), names.DISK_GB: Inventory(
        adopting.TOTAL_GB, max_unit=adopting.TOTAL_GB)}
    nodes = [Provider(str(uuid.uuid5(uuid.NAMESPACE_DNS, node.name)),
                      node.name, 1, inventories, {},
                      frozenset((names.COMPUTE_NODE,)), frozenset())
             for node in cluster.nodes]
    return Unadopted(cluster, nodes, {
        node.uuid: [auditing.server_uuid(number)
                    for number in numbers[index::len(nodes)]]
        for index, node in enumerate(nodes)})


def adopt_story(adapter: base.Adapter, servers: int) -> Call:
    """Adopt, with its checks, sweep, proof and publishing."""
    parts, nova = unadopted(servers), adopting.Nova()
    for part in parts:
        nova.nodes.update((node.name, node.uuid) for node in part.nodes)
        for node, uids in part.on_nodes.items():
            nova.uuids_on[node] = [nova.add(uid) for uid in uids]
    nova.quiet()

    def run() -> object:
        for part in parts:
            adopting.batches(client.from_adapter(adapter), part.cluster, nova,
                             BATCH, WORKERS)
        return {'requests to Nova': nova.requests}
    return run


def floor_story(adapter: base.Adapter, servers: int) -> Call:
    """The same shares moved, a read each and a write for each batch."""
    api, parts = client.from_adapter(adapter), unadopted(servers)

    def run() -> None:
        for part in parts:
            _move_all(api, part)
    return run


def _move_all(api: client.Placement, part: Unadopted) -> None:
    cluster = part.cluster
    volume = ids.volume_uuid(cluster.guid, cluster.volumes[0].guid)
    homes = dict.fromkeys(part.on_nodes, volume)
    api.create_provider(volume, f'csv:{cluster.name}/Volume1')
    api.set_inventories(volume, 0, {names.DISK_GB: Inventory(
        adopting.TOTAL_GB, max_unit=adopting.TOTAL_GB)})
    # One after the other: writes to one volume at once are refused.
    uids = [uid for mine in part.on_nodes.values() for uid in mine]
    for start in range(0, len(uids), BATCH):
        read = [api.consumer(uid) for uid in uids[start:start + BATCH]]
        api.write_consumers(rewrite.to_volumes(consumer, homes).after
                            for consumer in read if consumer is not None)


ADOPT_STORIES = {'adopt': adopt_story, 'floor': floor_story}


def looked_after(database: placement_rows.Database, address: str,
                 servers: int) -> upkeep.Figures:
    """Audit and heal of so many."""
    nova = auditing.Nova(servers, PER_CLUSTER)
    database.empty()
    database.add(published(nova))
    database.add_consumers(
        auditing.share(nova, number // PER_CLUSTER, number)
        for number in range(servers))
    database.analyze()
    return {name: own_process.run(story, address, servers)
            for name, story in (('audit', audit_story),
                                ('heal, one in 100 wrong', heal_story))}


def adopted(database: placement_rows.Database, address: str,
            servers: int, stories: typing.Iterable[str] = ADOPT_STORIES
            ) -> upkeep.Figures:
    """Adopt and its floor."""
    figures = {}
    for name in stories:
        parts = unadopted(servers)
        database.empty()
        database.add([node for part in parts for node in part.nodes])
        database.add_consumers(
            consumers.Consumer(uid, None, 'p', 'u', {
                node: {'VCPU': 1, names.DISK_GB: auditing.DISK_GB}})
            for part in parts
            for node, uids in part.on_nodes.items() for uid in uids)
        database.analyze()
        figures[name] = own_process.run(
            ADOPT_STORIES[name], address, servers)
    return figures


def run(args: argparse.Namespace) -> upkeep.Figures:
    """Each size; written after each, as it may be stopped."""
    record: upkeep.Figures = {
        **circumstances.of_this_run(), 'servers per cluster': PER_CLUSTER,
        'workers': WORKERS, 'batch': BATCH, 'runs': [], 'adopted': []}
    with tempfile.TemporaryDirectory() as folder, placement_process.endpoint(
            pathlib.Path(folder), mariadb, args.placement_workers
            ) as (address, url):
        database = placement_rows.Database(url)
        for kind, sizes, measure in (
                ('runs', args.servers, looked_after),
                ('adopted', args.adopt, functools.partial(
                    adopted, stories=[story for story in ADOPT_STORIES if not (
                        args.no_floor and story == 'floor')]))):
            for servers in sizes:
                record[kind].append({
                    'servers': servers,
                    'stories': measure(database, address, servers)})
                upkeep.write(args.output, record)
        database.close()
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--servers', type=int, nargs='*',
                        default=[1000, 20000])
    parser.add_argument('--adopt', type=int, nargs='*', default=[1000, 4000])
    parser.add_argument('--no-floor', action='store_true',
                        help='adopt alone')
    parser.add_argument('--placement-workers', type=int, default=1)
    parser.add_argument('--output', type=pathlib.Path)
    print(json.dumps(run(parser.parse_args()), indent=1))


if __name__ == '__main__':
    main()
