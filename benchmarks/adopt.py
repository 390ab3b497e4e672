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


"""Adopt in batches against one PUT for each server, on MariaDB.

    python -m benchmarks.adopt [--servers 10000] [--nodes 16] [--batch 50]

Both move the same shares from the nodes of a cluster to its volume, on the
same Placement in a process of its own with a private MariaDB: hv_sched's
adopt, with its checks, sweep, proof and publishing; and a loop that reads and
writes one consumer after the other, as a script around the API would, which
does none of that. With --loop-workers above 1 the loop's writes meet on the
volume and Placement refuses some of them ten times over. Nova's answers come
from memory in both, and are counted as requests. Prints JSON: seconds of the
clock and of the processors (Placement's, MariaDB's and the client's, which
say the same on a machine that does other work too), the requests and writes
of each, the ratios, and by how much the client's memory grew.
"""

import argparse
import os
import pathlib
import resource
import time
import typing
import uuid

from benchmarks import on_mariadb
from hv_sched import model
from hv_sched.adopt import adopt
from hv_sched.compute import servers
from hv_sched.parallel import in_parallel
from hv_sched.placement import client
from hv_sched.placement import consumers
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.providers.settings import Settings
from hv_sched.shares import rewrite
from tests.functional import base
from tests.functional import nova_answers

TOTAL_GB = 60000
PAGE = 1000  # servers in one answer of Nova


class Nova(nova_answers.Answers):
    """Counts what Nova would be asked.

    :ivar uuids_on: servers by the uuid of their node
    """

    def __init__(self) -> None:
        super().__init__()
        self.uuids_on: dict[str, list[str]] = {}

    def on_node(self, node: str) -> dict[str, servers.Server]:
        here = self.uuids_on.get(node, [])
        self.requests += 1 + len(here) // PAGE
        return {uid: self.servers[uid] for uid in here}


def processor_seconds(without: int | None = None) -> float:
    """Of this process and of all it started.

    :param without: a process that is not counted, nor what it started
    """
    ticks, mine = 0, {os.getpid()}
    for stat in sorted(pathlib.Path('/proc').glob('[0-9]*/stat'),
                       key=lambda path: int(path.parent.name)):
        try:
            fields = stat.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == without:
            continue
        if int(fields[1]) in mine or int(stat.parent.name) in mine:
            mine.add(int(stat.parent.name))
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf('SC_CLK_TCK')


def cluster(number: int, nodes: int) -> model.Cluster:
    return model.Cluster(
        guid=str(uuid.uuid5(uuid.NAMESPACE_DNS, f'c{number}')),
        name=f'hvc{number}', nodes=tuple(
            model.Node(name=f'hv{number}-{n}') for n in range(nodes)),
        volumes=(model.Volume(
            guid=str(uuid.uuid5(uuid.NAMESPACE_DNS, f'v{number}')),
            name='Volume1', size_bytes=TOTAL_GB * model.GIB,
            free_bytes=TOTAL_GB * model.GIB),))


def populate(api: client.Placement, one: model.Cluster, count: int,
             nova: Nova) -> dict[str, list[str]]:
    """Nodes as stock nova-compute reports them, with servers; by node."""
    found: dict[str, list[str]] = {}
    for node in one.nodes:
        uid = str(uuid.uuid4())
        api.create_provider(uid, node.name)
        generation = api.set_inventories(uid, 0, {
            'VCPU': Inventory(100000),
            names.DISK_GB: Inventory(TOTAL_GB, max_unit=TOTAL_GB)})
        api.set_traits(uid, generation, frozenset((names.COMPUTE_NODE,)))
        mine = [nova.add(str(uuid.uuid4()))
                for _server in range(count // len(one.nodes))]
        for start in range(0, len(mine), 100):
            api.write_consumers(consumers.Consumer(
                consumer, None, 'p', 'u',
                {uid: {'VCPU': 1, names.DISK_GB: 2}}, 'INSTANCE')
                for consumer in mine[start:start + 100])
        nova.nodes[node.name] = uid
        found[uid] = nova.uuids_on[uid] = mine
    nova.quiet()
    return found


def batches(api: client.Placement, one: model.Cluster,
            nova: Nova, batch: int, workers: int) -> None:
    adopter = adopt.Adopter(api, nova, Settings(workers=workers),
                            adopt.AdoptOptions(batch=batch))
    report = adopter.adopt(adopter.inspect(one))
    assert not report.findings, report.findings
    assert all(proof.holds for proof in report.proofs)


def one_by_one(api: client.Placement, adapter: base.Adapter,
               one: model.Cluster, on_nodes: dict[str, list[str]],
               workers: int) -> None:
    volume = ids.volume_uuid(one.guid, one.volumes[0].guid)
    api.create_provider(volume, f'csv:{one.name}/Volume1')
    api.set_inventories(volume, 0, {names.DISK_GB: Inventory(
        TOTAL_GB, max_unit=TOTAL_GB)})
    homes = dict.fromkeys(on_nodes, volume)

    def move(uid: str) -> None:
        for _attempt in range(10):
            consumer = api.consumer(uid)
            assert consumer is not None
            answer = adapter.put(
                f'/allocations/{uid}', microversion='1.39', raise_exc=False,
                json=rewrite.to_volumes(consumer, homes).after.body(True))
            if answer.status_code == 204:
                return
        raise RuntimeError(answer.text)

    in_parallel(workers, move, [uid for mine in on_nodes.values()
                                for uid in mine])


def measure(adapter: base.Adapter, call: typing.Callable[[], None]
            ) -> dict[str, float]:
    adapter.sent.clear()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, busy = time.monotonic(), processor_seconds()
    call()
    return {'seconds': round(time.monotonic() - start, 1),
            'processor seconds': round(processor_seconds() - busy, 1),
            'MiB more memory': round((resource.getrusage(
                resource.RUSAGE_SELF).ru_maxrss - memory) / 1024, 1),
            'requests': len(adapter.sent), 'writes': len(adapter.writes)}


def compare(adapter: base.Adapter, args: argparse.Namespace
            ) -> dict[str, typing.Any]:
    api, nova = client.from_adapter(adapter), Nova()
    first, second = (cluster(number, args.nodes) for number in (1, 2))
    populate(api, first, args.servers, nova)
    ours = measure(adapter, lambda: batches(
        api, first, nova, args.batch, args.workers))
    ours['requests to Nova'] = nova.requests
    plain = populate(api, second, args.servers, nova)
    loop = measure(adapter, lambda: one_by_one(
        api, adapter, second, plain, args.loop_workers))
    return {'servers': args.servers, 'nodes': args.nodes,
            'batch': args.batch, 'workers': args.workers,
            'loop workers': args.loop_workers,
            'adopt': ours, 'one PUT each': loop,
            'times faster': round(loop['seconds'] / ours['seconds'], 2),
            'times less processor': round(
                loop['processor seconds'] / ours['processor seconds'], 2),
            'times fewer writes': round(loop['writes'] / ours['writes'], 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--servers', type=int, default=10000)
    parser.add_argument('--nodes', type=int, default=16)
    parser.add_argument('--batch', type=int, default=50)
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--loop-workers', type=int, default=1)
    on_mariadb.run(compare, parser.parse_args())


if __name__ == '__main__':
    main()
