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

"""Reads from Placement what each node with room can do.

One request for each feature that some node was ever published with, and one
for RemoteFX: however many nodes there are.
"""

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from hv_sched import features
from hv_sched.placement import names
from hv_sched.providers import plan_gpu
from hv_sched.snapshot import scarcity

Get = Callable[[str], dict[str, Any]]

# The smallest server there is.
_ROOM = 'VCPU:1,MEMORY_MB:1'
_ADAPTER = f'{plan_gpu.ADAPTER}:1,{plan_gpu.VRAM_MB}:{plan_gpu.MIN_VRAM_MB}'


def read(get: Get, known: frozenset[str], survivable: bool
         ) -> scarcity.Scarcity:
    """Read the features of all nodes that have room.

    :param get: answers a GET of Placement or raises
    :param known: traits of ours that Placement knows
    :param survivable: servers ask for what every failover owner has
    """
    if names.HYPERV not in known:
        return scarcity.NOT_KNOWN
    has_room = {provider['uuid'] for provider in _owners(
        get, names.HYPERV, known)}
    found: dict[str, set[str]] = {node: set() for node in has_room}
    for trait, nodes in _features(get, known, survivable):
        for node in nodes & has_room:
            found[node].add(trait)
    return scarcity.Scarcity({node: frozenset(traits)
                              for node, traits in found.items()})


def _features(get: Get, known: frozenset[str], survivable: bool
              ) -> Iterator[tuple[str, set[str]]]:
    for feature in features.CATALOGUE:
        trait = (features.ha_trait(feature)
                 if survivable and feature.survivable else feature.trait)
        if feature is not features.REMOTEFX and trait in known:
            yield trait, {provider['uuid'] for provider
                          in _owners(get, trait, known)}
    if features.REMOTEFX.trait in known:
        yield features.REMOTEFX.trait, {
            provider['parent_provider_uuid'] for provider in get(
                f'/resource_providers?required={features.REMOTEFX.trait}'
                f'&resources={_ADAPTER}')['resource_providers']}


def _owners(get: Get, trait: str, known: frozenset[str]
            ) -> list[dict[str, Any]]:
    paused = f',!{names.PAUSED}' if names.PAUSED in known else ''
    found: list[dict[str, Any]] = get(
        f'/resource_providers?required={trait}{paused}&resources={_ROOM}'
    )['resource_providers']
    return found
