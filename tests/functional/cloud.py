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

"""A cloud for the tests: nodes as nova-compute reports them, and clusters.

Every node reports the whole shared volume as its own disk, as stock
nova-compute does on Cluster Shared Volumes.
"""

import uuid

from hv_sched import model
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import reconcile
from hv_sched.providers.settings import Settings
from tests.functional import base
from tests.widening import widens

GIB = model.GIB
CLUSTER_GUID = '11111111-1111-4111-8111-111111111111'
SETTINGS = Settings(workers=1)


def guid(number: int) -> str:
    return f'22222222-2222-4222-8222-{number:012d}'


# The provider of the first volume.
VOLUME = ids.volume_uuid(CLUSTER_GUID, guid(1))


def volume(number: int = 1, total_gb: int = 500, **fields: object
           ) -> model.Volume:
    fields.setdefault('free_bytes', total_gb * GIB)
    fields.setdefault('name', f'Volume{number}')
    fields.setdefault('size_bytes', total_gb * GIB)
    return model.Volume(guid=guid(number),
                        **fields)  # type: ignore[arg-type]


def node(number: int, home: int | None = None, **fields: object
         ) -> model.Node:
    fields.setdefault('build', 14393)
    return model.Node(name=f'hv{number:02d}',
                      home=guid(home) if home else None,
                      **fields)  # type: ignore[arg-type]


def node_uuid(name: str) -> str:
    """The provider uuid of a node."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def cluster(size: int = 2, volumes: tuple[model.Volume, ...] = (),
            **fields: object) -> model.Cluster:
    """A cluster of so many nodes, hv01 and on."""
    fields.setdefault('nodes', tuple(node(n + 1) for n in range(size)))
    return model.Cluster(
        guid=CLUSTER_GUID, name='hvc1', volumes=volumes or (volume(),),
        **fields)  # type: ignore[arg-type]


def facts(*clusters: model.Cluster) -> model.Facts:
    return model.Facts(clusters or (cluster(),))


class Cloud:
    """Placement with some of Nova's compute nodes in it."""

    def __init__(self, placement: base.Placement) -> None:
        self.placement = placement
        self.admin = placement.another()
        self.api = client.from_adapter(self.admin)
        self.nodes: dict[str, str] = {}

    def register(self, *names: str, disk_gb: int = 500,
                 ratio: float = 1.0) -> None:
        """Compute nodes with a stock nova-compute's inventories."""
        for name in names:
            self.nodes[name] = uid = node_uuid(name)
            self.api.create_provider(uid, name)
            generation = self.api.set_inventories(uid, 0, {
                'VCPU': Inventory(64, max_unit=64, allocation_ratio=4.0),
                'MEMORY_MB': Inventory(262144, reserved=512,
                                       max_unit=262144),
                'DISK_GB': Inventory(disk_gb, max_unit=disk_gb,
                                     allocation_ratio=ratio)})
            self.api.set_traits(uid, generation, frozenset((
                'COMPUTE_NODE', 'HW_CPU_X86_VMX')))

    def candidates(self, disk_gb: int, *extra: str) -> list[dict]:
        """The candidates of a plain server."""
        query = (f'resources=VCPU:1,MEMORY_MB:512,DISK_GB:{disk_gb}'
                 + ''.join(f'&{item}' for item in extra))
        answer = self.admin.get(f'/allocation_candidates?{query}',
                                microversion='1.39')
        return answer.json()['allocation_requests']

    def hosts(self, disk_gb: int, *extra: str) -> set[str]:
        """The names of the nodes a plain server could go to."""
        names = {uid: name for name, uid in self.nodes.items()}
        return {names[uid] for request in self.candidates(disk_gb, *extra)
                for uid in request['allocations'] if uid in names}

    def create(self, disk_gb: int, host: str | None = None) -> str:
        """A server on the first candidate, or on one of a host."""
        requests = self.candidates(disk_gb)
        if host:
            requests = [request for request in requests
                        if self.nodes[host] in request['allocations']]
        consumer = str(uuid.uuid4())
        self.allocate(consumer, requests[0]['allocations'])
        return consumer

    def allocate(self, consumer: str, allocations: dict) -> None:
        body = {'allocations': allocations, 'consumer_generation': None,
                'project_id': 'p', 'user_id': 'u'}
        answer = self.admin.put(f'/allocations/{consumer}', json=body,
                                microversion='1.28')
        assert answer.status_code == 204, answer.text

    def own_disk(self, name: str, disk_gb: int) -> str:
        """A server with its share on the node's own disk."""
        consumer = str(uuid.uuid4())
        self.allocate(consumer, {self.nodes[name]: {
            'resources': {'VCPU': 1, 'DISK_GB': disk_gb}}})
        return consumer

    def reconciler(self, settings: Settings = SETTINGS,
                   **kwargs: object) -> reconcile.Reconciler:
        return reconcile.Reconciler(
            client.from_adapter(self.placement), settings,
            **kwargs)  # type: ignore[arg-type]

    def sync(self, facts_: model.Facts, settings: Settings = SETTINGS,
             full: bool = True) -> reconcile.SyncResult:
        """A sync that must not fail, nor widen past the gate."""
        result = self.reconciler(settings).sync(facts_, full)
        assert not result.failures, result.failures
        for change in result.done:
            assert change.granted or not widens(change), change
        return result

    def state(self) -> dict[str, tuple]:
        """All of Placement but generations, to compare."""
        found = {}
        for listed in self.api.list_providers():
            uid = listed.uuid
            found[listed.name] = (
                uid, self.api.inventories(uid)[1], self.api.traits(uid)[1],
                self.api.aggregates(uid)[1], self.api.usages(uid)[1])
        return found
