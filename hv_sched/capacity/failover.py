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

"""What is left for new servers once a node of a cluster is lost. Pure.

The cluster restarts the node's servers on its other nodes; their disks stay
on the volume, so memory, VCPU and, where the kind asks for it, adapters
count. Sums are compared, as ``csv list`` does for the restart room.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched.capacity import packing
from hv_sched.capacity.offer import Offer
from hv_sched.capacity.offer import Route
from hv_sched.placement import names
from hv_sched.placement import node_capacity
from hv_sched.placement.node_capacity import NodeCapacity

_ALWAYS = (node_capacity.MEMORY_MB, node_capacity.VCPU)
_ADAPTERS = frozenset((names.REMOTEFX_ADAPTER, names.REMOTEFX_VRAM_MB))
# A kind that takes none of these is bounded by its other classes.
_NO_LIMIT = 2 ** 62


@dataclasses.dataclass(frozen=True)
class Loss:
    """:param node: the one that is lost
    :param limit: what the others together can take then
    """

    node: NodeCapacity
    limit: packing.Limit
    fit: packing.Fit


def worst(cluster: str, members: Iterable[NodeCapacity], offer: Offer,
          amounts: Mapping[str, int]) -> Loss | None:
    """The loss that leaves room for fewest; None: there is no node.

    :param amounts: what one server takes, by class
    """
    nodes = tuple(members)
    losses = [_loss(cluster, node, nodes, offer, amounts) for node in nodes]
    return min(losses, key=_badness, default=None)


def _badness(loss: Loss) -> tuple[int, int, str]:
    """Of equal ones the node that runs most."""
    return (loss.fit.servers,
            -loss.node.amount(node_capacity.MEMORY_MB).used, loss.node.name)


def _loss(cluster: str, lost: NodeCapacity, nodes: Iterable[NodeCapacity],
          offer: Offer, amounts: Mapping[str, int]) -> Loss:
    survivors = [node for node in nodes if node.uuid != lost.uuid]
    hosts = frozenset(node.uuid for node in survivors)
    limit = _limit(cluster, lost, survivors, amounts)

    def survives(route: Route) -> bool:
        return route.host in hosts

    return Loss(lost, limit, packing.fit(offer, (limit,), survives))


def _limit(cluster: str, lost: NodeCapacity, survivors: list[NodeCapacity],
           amounts: Mapping[str, int]) -> packing.Limit:
    """The class of which the survivors can spare least."""
    classes = (*_ALWAYS, *sorted(amounts.keys() & _ADAPTERS))
    spare = {rc: node_capacity.free(survivors, rc) - lost.amount(rc).used
             for rc in classes}
    # Of a class that this kind does not take at all, a lack is the end.
    servers = [(max(spare[rc], 0) // amounts[rc], rc) for rc in classes
               if amounts.get(rc)]
    servers += [(0, rc) for rc in classes if spare[rc] < 0]
    fewest, resource_class = min(servers, default=(_NO_LIMIT, ''))
    return packing.Limit(cluster, frozenset(
        node.uuid for node in survivors), fewest, resource_class)
