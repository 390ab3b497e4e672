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

"""An audit against a look at each server by itself, on MariaDB.

    python -m benchmarks.audit [--sizes 1000 10000] [--per-cluster 1000]
                               [--baseline 1000]

Clusters of 16 nodes and two volumes, published in a Placement of its own
process with a private MariaDB, each server with its share. Nova's answers are
made from numbers as they are asked for, through the same client the commands
use, so nothing of the cloud lies in this process's memory but what the audit
keeps. The baseline reads each server from Nova and its allocations from
Placement, as a script around the two APIs would. Prints JSON: requests for
1,000 servers of both services, seconds, and the audit's peak of memory.
"""

import argparse
from email import utils as email_utils
import resource
import time
import tracemalloc
import typing
from urllib import parse
import uuid

from benchmarks import on_mariadb
from hv_sched.audit import auditor
from hv_sched.compute import nova as nova_servers
from hv_sched.placement import client
from hv_sched.placement import consumers
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from tests.functional import base

NODES, VOLUMES, DISK_GB = 16, 2, 2
COMPUTE = {'VCPU': 1, 'MEMORY_MB': 512}
_SERVER, _NODE = 1 << 64, 1 << 65


def server_uuid(number: int) -> str:
    return str(uuid.UUID(int=_SERVER + number))


def node_uuid(number: int) -> str:
    return str(uuid.UUID(int=_NODE + number))


def volume_uuid(cluster: int, number: int) -> str:
    return ids.volume_uuid(f'c{cluster}', f'v{number}')


class Answer:
    status_code = 200

    def __init__(self, body: dict[str, typing.Any]) -> None:
        self._body = body
        self.headers = {'Date': email_utils.formatdate(usegmt=True)}

    def json(self) -> dict[str, typing.Any]:
        return self._body


class Nova:
    """Nova's API over servers that are numbers.

    :ivar wrong: one server in so many has another flavor than its share
    """

    def __init__(self, size: int, per_cluster: int) -> None:
        self.size, self.per_cluster = size, per_cluster
        self.requests = 0
        self.wrong = 0

    def clusters(self) -> range:
        return range(-(-self.size // self.per_cluster))

    def node_of(self, server: int) -> int:
        return (server // self.per_cluster * NODES
                + server % self.per_cluster % NODES)

    def record(self, number: int) -> dict[str, typing.Any]:
        wrong = self.wrong and number % self.wrong == 0
        host = f'hv{self.node_of(number)}'
        return {
            'id': server_uuid(number), 'status': 'ACTIVE',
            'name': f'server {number}', 'image': {'id': 'i'},
            'tenant_id': 'p', 'user_id': 'u',
            'OS-EXT-STS:vm_state': 'active', 'OS-EXT-STS:task_state': None,
            'OS-EXT-SRV-ATTR:hypervisor_hostname': host,
            'OS-SRV-USG:launched_at': '2026-01-01T00:00:00.000000',
            'metadata': {}, 'addresses': {}, 'security_groups': [],
            'flavor': {'vcpus': 1, 'ram': 512, 'ephemeral': 0, 'swap': 0,
                       'disk': DISK_GB + bool(wrong), 'extra_specs': {}}}

    def get(self, path: str, microversion: str) -> Answer:
        self.requests += 1
        asked = parse.urlsplit(path)
        if asked.path == '/servers/detail':
            return self._on_host(dict(parse.parse_qsl(asked.query)))
        if asked.path.startswith('/servers/'):
            number = uuid.UUID(asked.path.split('/')[2]).int - _SERVER
            return Answer({'server': self.record(number)})
        if asked.path == '/os-services':
            return Answer({'services': [
                {'host': f'hv{node}', 'status': 'enabled'}
                for node in self._nodes()]})
        if asked.path.startswith('/os-hypervisors/'):
            return Answer({'hypervisors': [
                {'id': node_uuid(node), 'service': {'host': f'hv{node}'}}
                for node in self._nodes()]})
        return Answer({'migrations': self.migrations(
            dict(parse.parse_qsl(asked.query)))})

    def migrations(self, query: dict[str, str]
                   ) -> list[dict[str, typing.Any]]:
        """No server moves."""
        return []

    def _nodes(self) -> range:
        return range(self.clusters().stop * NODES)

    def _on_host(self, query: dict[str, str]) -> Answer:
        if 'host' not in query:  # soft-deleted
            return Answer({'servers': []})
        node = int(query['host'][2:])
        first = node // NODES * self.per_cluster + node % NODES
        last = min(self.size, (node // NODES + 1) * self.per_cluster)
        return Answer({'servers': [
            self.record(number) for number in range(first, last, NODES)]})


def populate(api: client.Placement, nova: Nova,
             first: int, last: int) -> None:
    """Publish clusters and write the servers' shares."""
    api.ensure_resource_class(names.HELD_DISK_GB)
    for trait in (names.VOLUME, names.CLUSTERED):
        api.ensure_trait(trait)
    for cluster in range(first, last):
        for number in range(VOLUMES):
            _volume(api, cluster, number)
        for node in range(cluster * NODES, (cluster + 1) * NODES):
            _node(api, cluster, node)
        servers = range(cluster * nova.per_cluster,
                        min(nova.size, (cluster + 1) * nova.per_cluster))
        for start in range(servers.start, servers.stop, 100):
            api.write_consumers(
                share(nova, cluster, n) for n in
                range(start, min(start + 100, servers.stop)))


def _volume(api: client.Placement, cluster: int, number: int) -> None:
    uid = volume_uuid(cluster, number)
    api.create_provider(uid, f'csv:c{cluster}/v{number}')
    at = api.set_inventories(uid, 0, {
        names.DISK_GB: Inventory(1000000, max_unit=1000),
        names.HELD_DISK_GB: Inventory(names.HELD_TOTAL_GB)})
    at = api.set_traits(uid, at, frozenset((names.VOLUME, names.SHARING)))
    api.set_aggregates(uid, at, frozenset((ids.home_aggregate(uid),)))


def _node(api: client.Placement, cluster: int, node: int) -> None:
    uid = node_uuid(node)
    api.create_provider(uid, f'hv{node}')
    at = api.set_inventories(uid, 0, {
        'VCPU': Inventory(100000), 'MEMORY_MB': Inventory(100000000)})
    at = api.set_traits(uid, at, frozenset((
        names.CLUSTERED, names.COMPUTE_NODE)))
    api.set_aggregates(uid, at, frozenset((ids.home_aggregate(
        volume_uuid(cluster, node % VOLUMES)),)))


def share(nova: Nova, cluster: int, number: int) -> consumers.Consumer:
    node = nova.node_of(number)
    return consumers.Consumer(server_uuid(number), None, 'p', 'u', {
        node_uuid(node): COMPUTE,
        volume_uuid(cluster, node % VOLUMES): {names.DISK_GB: DISK_GB}},
        'INSTANCE')


def audit(adapter: base.Adapter, nova: Nova, workers: int) -> int:
    """The number of findings; every server must be looked at."""
    one = auditor.Auditor(
        client.from_adapter(adapter), nova_servers.NovaServers(nova),
        auditor.AuditOptions(workers))
    found = looked = 0
    for report in one.audit():
        found += len(report.findings)
        looked += report.servers
    assert looked == nova.size, looked
    return found


def one_by_one(adapter: base.Adapter, nova: Nova, size: int) -> int:
    """The baseline, over the first so many servers."""
    api, servers = client.from_adapter(adapter), nova_servers.NovaServers(nova)
    found = 0
    for number in range(size):
        uid = server_uuid(number)
        server, held = servers.server(uid), api.consumer(uid)
        assert server is not None and held is not None
        found += held.disk_gb != server.needs.disk_gb
    return found


def measure(adapter: base.Adapter, nova: Nova, size: int,
            call: typing.Callable[[], int]) -> dict[str, typing.Any]:
    """:param size: how many servers call looks at"""
    adapter.sent.clear()
    nova.requests = 0
    start = time.monotonic()
    found = call()
    thousands = size / 1000
    return {'findings': found,
            'seconds per 1000 servers': round(
                (time.monotonic() - start) / thousands, 2),
            'Placement requests per 1000 servers': round(
                len(adapter.sent) / thousands, 1),
            'Nova requests per 1000 servers': round(
                nova.requests / thousands, 1)}


def peak_mib(call: typing.Callable[[], int]) -> float:
    tracemalloc.start()
    try:
        call()
        return round(tracemalloc.get_traced_memory()[1] / 2**20, 1)
    finally:
        tracemalloc.stop()


def compare(adapter: base.Adapter, args: argparse.Namespace
            ) -> dict[str, typing.Any]:
    found: dict[str, typing.Any] = {
        'nodes per cluster': NODES, 'volumes per cluster': VOLUMES,
        'servers per cluster': args.per_cluster, 'workers': args.workers}
    done = 0
    for size in sorted(args.sizes):
        nova = Nova(size, args.per_cluster)
        populate(client.from_adapter(adapter), nova, done,
                 nova.clusters().stop)
        done = nova.clusters().stop

        def run(nova: Nova = nova) -> int:
            return audit(adapter, nova, args.workers)
        result = {'audit': measure(adapter, nova, size, run)}
        nova.wrong = 100
        result['audit, one server in 100 wrong'] = measure(
            adapter, nova, size, run)
        nova.wrong = 0
        result['audit']['peak of memory, MiB'] = peak_mib(run)
        result['audit']['resident at most, MiB'] = round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        result['each server by itself'] = measure(
            adapter, nova, args.baseline,
            lambda nova=nova: one_by_one(adapter, nova, args.baseline))
        found[f'{size} servers'] = result
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--sizes', type=int, nargs='+',
                        default=[1000, 10000])
    parser.add_argument('--per-cluster', type=int, default=1000)
    parser.add_argument('--workers', type=int, default=8)
    parser.add_argument('--baseline', type=int, default=1000,
                        help='servers looked at one by one')
    on_mariadb.run(compare, parser.parse_args())


if __name__ == '__main__':
    main()
