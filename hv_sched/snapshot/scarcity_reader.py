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

from collections.abc import Iterator

from hv_sched import features
from hv_sched.features import remotefx
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.placement.observed import Listed
from hv_sched.snapshot import scarcity

# The smallest server there is.
_ROOM = 'VCPU:1,MEMORY_MB:1'
_ADAPTER = (f'{names.REMOTEFX_ADAPTER}:1,'
            f'{names.REMOTEFX_VRAM_MB}:{remotefx.MIN_VRAM_MB}')


def read(placement: Placement, traits: frozenset[str], survivable: bool
         ) -> scarcity.Scarcity:
    """Read the features of all nodes that have room.

    :param traits: those of ours that Placement knows
    :param survivable: servers ask for what every failover owner has
    """
    if names.HYPERV not in traits:
        return scarcity.NOT_KNOWN
    has_room = {provider.uuid for provider
                in _owners(placement, names.HYPERV, traits)}
    features_of: dict[str, set[str]] = {node: set() for node in has_room}
    for feature, nodes in _features(placement, traits, survivable):
        for node in nodes & has_room:
            features_of[node].add(feature)
    return scarcity.Scarcity({node: frozenset(owned)
                              for node, owned in features_of.items()})


def _features(placement: Placement, traits: frozenset[str], survivable: bool
              ) -> Iterator[tuple[str, set[str]]]:
    """The trait of each feature and the nodes that have it."""
    for feature in features.CATALOGUE:
        trait = (features.ha_trait(feature)
                 if survivable and feature.survivable else feature.trait)
        if feature is not features.REMOTEFX and trait in traits:
            yield trait, {provider.uuid for provider
                          in _owners(placement, trait, traits)}
    if features.REMOTEFX.trait in traits:
        children = placement.list_providers(
            required=features.REMOTEFX.trait, resources=_ADAPTER)
        yield features.REMOTEFX.trait, {
            child.parent_uuid for child in children if child.parent_uuid}


def _owners(placement: Placement, trait: str, traits: frozenset[str]
            ) -> list[Listed]:
    paused = f',!{names.PAUSED}' if names.PAUSED in traits else ''
    return placement.list_providers(required=f'{trait}{paused}',
                                    resources=_ROOM)
