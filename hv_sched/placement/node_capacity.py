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

"""What clustered nodes have and use, read in bulk."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any

from hv_sched import parallel
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.client import Placement

MEMORY_MB = 'MEMORY_MB'
VCPU = 'VCPU'


@dataclasses.dataclass(frozen=True)
class Amount:
    """Of one resource class.

    :param capacity: (total - reserved) * allocation_ratio
    """

    capacity: int = 0
    used: int = 0

    @property
    def free(self) -> int:
        return self.capacity - self.used


@dataclasses.dataclass(frozen=True)
class NodeCapacity:
    """One node of a published cluster.

    :param amounts: by class, those of its RemoteFX adapters among them
    """

    uuid: str
    name: str
    amounts: Mapping[str, Amount]
    traits: frozenset[str]

    def amount(self, resource_class: str) -> Amount:
        return self.amounts.get(resource_class, Amount())


def read(client: Placement, workers: int) -> dict[str, NodeCapacity]:
    """All clustered nodes, by provider uuid.

    Three requests; nodes with neither a VCPU nor a MB of memory left are in
    no candidate and cost four more each, those with adapters six.
    """
    marked = names.clustered_query(client.all_traits(associated=True))
    if not marked:
        return {}
    labels = {provider.uuid: provider.name for provider in
              client.list_providers(required=marked)}
    nodes: dict[str, NodeCapacity] = {}
    for resource_class in (VCPU, MEMORY_MB):
        if nodes.keys() >= labels.keys():
            break
        summaries = client.allocation_candidates(
            resources=f'{resource_class}:1', required=marked
        )['provider_summaries']
        nodes.update({uuid: _from_summaries(uuid, labels[uuid], summaries)
                      for uuid in labels.keys() & summaries.keys()})
    full = sorted(labels.keys() - nodes.keys())
    nodes.update({node.uuid: node for node in parallel.in_parallel(
        workers, lambda uuid: _read_node(client, uuid, labels[uuid]), full)})
    return nodes


def _from_summaries(uuid: str, name: str,
                    summaries: Mapping[str, Mapping[str, Any]]
                    ) -> NodeCapacity:
    amounts = {rc: Amount(resource['capacity'], resource['used'])
               for provider in (ids.remotefx_uuid(uuid), uuid)
               if provider in summaries
               for rc, resource in summaries[provider]['resources'].items()}
    return NodeCapacity(uuid, name, amounts,
                        frozenset(summaries[uuid]['traits']))


def _read_node(client: Placement, uuid: str, name: str) -> NodeCapacity:
    adapters = ids.remotefx_uuid(uuid)
    tree = {provider.uuid for provider
            in client.list_providers(in_tree=uuid)}
    amounts = _read_amounts(client, adapters) if adapters in tree else {}
    return NodeCapacity(uuid, name, amounts | _read_amounts(client, uuid),
                        client.traits(uuid)[1])


def _read_amounts(client: Placement, uuid: str) -> dict[str, Amount]:
    used = client.usages(uuid)[1]
    return {rc: Amount(inventory.capacity, used.get(rc, 0))
            for rc, inventory in client.inventories(uuid)[1].items()}


def free(nodes: Iterable[NodeCapacity], resource_class: str) -> int:
    """What nodes that take servers have left, together."""
    return sum(max(0, node.amount(resource_class).free) for node in nodes
               if names.PAUSED not in node.traits)
