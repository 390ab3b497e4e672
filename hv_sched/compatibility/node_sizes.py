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

"""Whether nodes are large enough for what a server asks of them."""

from collections.abc import Iterator
from collections.abc import Mapping

from hv_sched.compatibility import reachable_amounts
from hv_sched.placement import client
from hv_sched.placement import names

VCPU, MEMORY_MB = 'VCPU', 'MEMORY_MB'
_UNITS = {VCPU: 'VCPU', MEMORY_MB: 'MB of memory',
          names.DISK_GB: 'GB of disk'}
# The node itself has these, so one request finds those with room.
_OF_NODES = (VCPU, MEMORY_MB)


class NodeSizes:
    """What nodes have in all, by resource class; each is read once.

    :param placement: raises PlacementError
    """

    def __init__(self, placement: client.Placement) -> None:
        self._placement = placement
        self._amounts = reachable_amounts.ReachableAmounts(placement)

    def large_enough(self, nodes: Mapping[str, str],
                     amounts: Mapping[str, int]) -> dict[str, str]:
        """Those of the nodes that could take it when they are empty.

        Nodes with room now are, and cost one request for all of them.

        :param nodes: names by provider uuid
        :param amounts: by resource class
        """
        if not nodes:
            return {}
        of_node = {rc: amounts[rc] for rc in _OF_NODES if amounts.get(rc)}
        of_reach = {rc: amount for rc, amount in amounts.items()
                    if amount and rc not in of_node}
        with_room = self._with_room(of_node)
        return {uuid: name for uuid, name in nodes.items()
                if (uuid in with_room or self._reaches(uuid, of_node))
                and self._reaches(uuid, of_reach)}

    def shortage(self, nodes: Mapping[str, str], amounts: Mapping[str, int]
                 ) -> list[str]:
        """What even the largest of the nodes has too little of."""
        return [*self._shortages(nodes, amounts)]

    def _shortages(self, nodes: Mapping[str, str],
                   amounts: Mapping[str, int]) -> Iterator[str]:
        for rc, amount in amounts.items():
            largest = max((self._amounts.largest(uuid, rc)
                           for uuid in nodes), default=0)
            unit = _UNITS.get(rc, rc)
            if amount > largest:
                yield (f'{amount:,} {unit} are asked for, the largest node '
                       f'has {largest:,}' if largest
                       else f'no node has {unit}')

    def _with_room(self, asked: Mapping[str, int]) -> set[str]:
        if not asked:
            return set()
        return {provider.uuid for provider in self._placement.list_providers(
            resources=','.join(f'{rc}:{amount}'
                               for rc, amount in sorted(asked.items())))}

    def _reaches(self, uuid: str, asked: Mapping[str, int]) -> bool:
        return all(amount <= self._amounts.largest(uuid, rc)
                   for rc, amount in asked.items())
