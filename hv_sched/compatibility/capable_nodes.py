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

"""Which nodes can run a server, asked of Placement.

Whether they have room at the moment is another question: a full node counts.
"""

import functools

from hv_sched import requirements
from hv_sched.placement import client
from hv_sched.placement import names


class CapableNodes:
    """Answers for many images and flavors; the same question is asked once.

    :param placement: raises PlacementError
    """

    def __init__(self, placement: client.Placement) -> None:
        self._placement = placement
        self._owners = functools.cache(self._read_owners)
        self._largest_mb = functools.cache(self._read_largest_mb)

    @functools.cached_property
    def published_traits(self) -> frozenset[str]:
        """The traits that some provider has."""
        return self._placement.all_traits(associated=True)

    def unknown(self, demands: requirements.Requirements) -> list[str]:
        """Traits asked for that no provider has, in words."""
        traits = set(demands.required)
        if demands.gpu:
            traits |= demands.gpu.traits
        return [f'no node shows {trait}' for trait
                in sorted(traits - self.published_traits)]

    def nodes(self, demands: requirements.Requirements) -> list[str]:
        """Names of the Hyper-V nodes that can run it."""
        if names.HYPERV in demands.forbidden or self.unknown(demands) or (
                names.HYPERV not in self.published_traits):
            return []
        traits = frozenset((names.HYPERV, *demands.required))
        nodes = self._owners(
            traits, demands.forbidden_among(self.published_traits))
        if demands.gpu:
            parents = self._with_adapter(demands.gpu)
            nodes = {uuid: name for uuid, name in nodes.items()
                     if uuid in parents}
        return sorted(nodes.values())

    def _read_owners(self, required: frozenset[str],
                     forbidden: frozenset[str]) -> dict[str, str]:
        query = ','.join((*sorted(required),
                          *(f'!{trait}' for trait in sorted(forbidden))))
        return {provider.uuid: provider.name for provider
                in self._placement.list_providers(required=query)}

    def _with_adapter(self, group: requirements.GpuGroup) -> set[str | None]:
        """Nodes with a card that can give what is asked."""
        needed_mb = group.resources[names.REMOTEFX_VRAM_MB]
        return {
            child.parent_uuid for child in self._placement.list_providers(
                required=','.join(sorted(group.traits)))
            if self._largest_mb(child.uuid) >= needed_mb}

    def _read_largest_mb(self, child: str) -> int:
        _generation, inventories = self._placement.inventories(child)
        return (inventories[names.REMOTEFX_VRAM_MB].max_unit
                if names.REMOTEFX_VRAM_MB in inventories else 0)
