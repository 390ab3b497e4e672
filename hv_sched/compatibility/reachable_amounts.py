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

"""The largest amount of a resource class that one server of a node may have.

From the node itself, its children and the providers that share with it, such
as volumes; used room counts, for the question is what could ever be.
"""

from collections.abc import Mapping
import functools

from hv_sched.placement import client
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory

Limits = Mapping[str, int]


class ReachableAmounts:
    """Each provider is read once, and only for what somebody asks.

    :param placement: raises PlacementError
    """

    def __init__(self, placement: client.Placement) -> None:
        self._placement = placement
        self._limits = functools.cache(self._read_limits)
        self._tree = functools.cache(self._read_tree)

    def largest(self, node: str, resource_class: str) -> int:
        """The most of a class that one server on a node may have.

        :param node: uuid of its provider
        """
        tree = self._tree(node) if resource_class != names.DISK_GB else (
            node,)
        return max((self._limits(provider).get(resource_class, 0)
                    for provider in (*tree, *self._sharing.get(node, ()))),
                   default=0)

    @functools.cached_property
    def _sharing(self) -> Mapping[str, list[str]]:
        """By node, the providers that share with it."""
        sharing: dict[str, list[str]] = {}
        for provider in self._placement.list_providers(
                required=names.SHARING):
            _generation, aggregates = self._placement.aggregates(
                provider.uuid)
            if not aggregates:
                continue
            for member in self._placement.list_providers(
                    member_of=f'in:{",".join(sorted(aggregates))}'):
                sharing.setdefault(member.uuid, []).append(provider.uuid)
        return sharing

    def _read_tree(self, node: str) -> tuple[str, ...]:
        return tuple(provider.uuid for provider
                     in self._placement.list_providers(in_tree=node))

    def _read_limits(self, provider: str) -> Limits:
        _generation, inventories = self._placement.inventories(provider)
        return {rc: limit(inventory) for rc, inventory in inventories.items()}


def limit(inventory: Inventory) -> int:
    """The most that one consumer may have of an inventory."""
    return min(inventory.max_unit, inventory.capacity)
