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

from collections.abc import Mapping
import dataclasses
import functools

import os_traits

from hv_sched import requirements
from hv_sched.compatibility import node_sizes
from hv_sched.placement import client
from hv_sched.placement import names
from hv_sched.query.candidates_query import CandidatesQuery

# What Nova requires for secure boot.
SECURE_BOOT: str = os_traits.COMPUTE_SECURITY_UEFI_SECURE_BOOT


@dataclasses.dataclass(frozen=True)
class NovaDemands:
    """What Nova itself asks of a node.

    :param amounts: by resource class
    :param required: traits that flavor or image name
    """

    amounts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()

    @classmethod
    def of(cls, query: CandidatesQuery, demands: requirements.Requirements
           ) -> 'NovaDemands':
        """Those of the group that has no suffix: they are the node's.

        Of a Hyper-V node hv_sched requires traits of its own for secure boot
        instead of Nova's, which compute-hyperv does not report.
        """
        main = query.main
        replaced = {SECURE_BOOT} if names.HYPERV in demands.required else set()
        return cls(main.resources, main.required - replaced, main.forbidden)


class CapableNodes:
    """Answers for many images and flavors; the same question is asked once.

    :param placement: raises PlacementError
    """

    def __init__(self, placement: client.Placement) -> None:
        self._placement = placement
        self._sizes = node_sizes.NodeSizes(placement)
        self._owners = functools.cache(self._read_owners)
        self._largest_mb = functools.cache(self._read_largest_mb)

    @functools.cached_property
    def published_traits(self) -> frozenset[str]:
        """The traits that some provider has."""
        return self._placement.all_traits(associated=True)

    @functools.cached_property
    def hyperv_count(self) -> int:
        """How many Hyper-V nodes there are."""
        if names.HYPERV not in self.published_traits:
            return 0
        return len(self._owners(frozenset((names.HYPERV,)), frozenset()))

    def unknown(self, demands: requirements.Requirements,
                nova: NovaDemands = NovaDemands()) -> list[str]:
        """Messages for traits that no provider has, or nobody knows."""
        traits = {*demands.required, *nova.required}
        if demands.gpu:
            traits |= demands.gpu.traits
        return [*(f'no node shows {trait}' for trait
                  in sorted(traits - self.published_traits)),
                *(f'Placement does not know the forbidden trait {trait}: Nova '
                  'finds no host' for trait in sorted(self._unheard_of(nova)))]

    def _unheard_of(self, nova: NovaDemands) -> frozenset[str]:
        """Forbidden traits of no name there is: Placement answers 400."""
        candidates = nova.forbidden - self.published_traits
        return candidates - self._placement.all_traits() if candidates else (
            candidates)

    def nodes(self, demands: requirements.Requirements,
              nova: NovaDemands = NovaDemands()) -> list[str]:
        """Names of the Hyper-V nodes that can run it."""
        nodes = self._with_traits(demands, nova)
        return sorted(self._sizes.large_enough(nodes, nova.amounts).values())

    def others(self, demands: requirements.Requirements, nova: NovaDemands
               ) -> list[str]:
        """Names of the nodes without Hyper-V that can run it."""
        if (demands.hypervisor is requirements.Hypervisor.HYPERV
                or not nova.required <= self.published_traits
                or self._unheard_of(nova)):
            return []
        forbidden = nova.forbidden | {names.HYPERV}
        nodes = self._owners(
            self._of_nodes(nova.required) | {names.COMPUTE_NODE},
            frozenset(forbidden) & self.published_traits)
        return sorted(self._sizes.large_enough(nodes, nova.amounts).values())

    def too_small(self, demands: requirements.Requirements,
                  nova: NovaDemands) -> list[str]:
        """What the nodes with the right traits have too little of."""
        nodes = self._with_traits(demands, nova)
        return self._sizes.shortage(nodes, nova.amounts) if nodes else []

    def _with_traits(self, demands: requirements.Requirements,
                     nova: NovaDemands) -> dict[str, str]:
        if names.HYPERV in demands.forbidden or (
                names.HYPERV not in self.published_traits
                or self.unknown(demands, nova)):
            return {}
        traits = frozenset((names.HYPERV, *demands.required,
                            *self._of_nodes(nova.required)))
        nodes = self._owners(
            traits, demands.forbidden_among(self.published_traits)
            | self._of_nodes(nova.forbidden))
        if demands.gpu:
            parents = self._with_adapter(demands.gpu)
            nodes = {uuid: name for uuid, name in nodes.items()
                     if uuid in parents}
        return nodes

    def _of_nodes(self, traits: frozenset[str]) -> frozenset[str]:
        """Those that some node has; a volume may have the others."""
        return frozenset(
            trait for trait in traits & self.published_traits
            if self._owners(frozenset((names.COMPUTE_NODE, trait)),
                            frozenset()))

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
