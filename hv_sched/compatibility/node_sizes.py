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

"""Which nodes are large enough for a flavor, whether or not they are full."""

from collections.abc import Mapping

from hv_sched.placement import client
from hv_sched.placement.inventory import Inventory

VCPU, MEMORY_MB = 'VCPU', 'MEMORY_MB'
_UNITS = {VCPU: 'VCPU', MEMORY_MB: 'MB of memory'}


class NodeSizes:
    """What nodes have of VCPU and MEMORY_MB in all; each is read once.

    :param placement: raises PlacementError
    """

    def __init__(self, placement: client.Placement) -> None:
        self._placement = placement
        self._inventories: dict[str, Mapping[str, Inventory]] = {}

    def large_enough(self, nodes: Mapping[str, str],
                     amounts: Mapping[str, int]) -> dict[str, str]:
        """Those of the nodes that could take it when they are empty.

        Nodes with room now are, and cost one request for all of them.

        :param nodes: names by provider uuid
        :param amounts: by resource class, of VCPU and MEMORY_MB
        """
        asked = {rc: amount for rc, amount in amounts.items()
                 if rc in _UNITS and amount}
        if not asked or not nodes:
            return dict(nodes)
        with_room = {provider.uuid for provider in
                     self._placement.list_providers(resources=','.join(
                         f'{rc}:{amount}'
                         for rc, amount in sorted(asked.items())))}
        return {uuid: name for uuid, name in nodes.items()
                if uuid in with_room or self._is_large_enough(uuid, asked)}

    def shortage(self, nodes: Mapping[str, str], amounts: Mapping[str, int]
                 ) -> list[str]:
        """What even the largest of the nodes has too little of."""
        return [f'{amount:,} {unit} are asked for, the largest node has '
                f'{largest:,}' for rc, unit in _UNITS.items()
                if (amount := amounts.get(rc, 0)) > (largest := max(
                    (self._limit(uuid, rc) for uuid in nodes), default=0))]

    def _is_large_enough(self, uuid: str, asked: Mapping[str, int]) -> bool:
        return all(amount <= self._limit(uuid, rc)
                   for rc, amount in asked.items())

    def _limit(self, uuid: str, rc: str) -> int:
        """The most one server may have of a class on a node."""
        if uuid not in self._inventories:
            self._inventories[uuid] = self._placement.inventories(uuid)[1]
        inventory = self._inventories[uuid].get(rc)
        return min(inventory.max_unit, inventory.capacity) if inventory else 0
