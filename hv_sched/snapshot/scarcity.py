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

"""How few nodes could stand in for one. Values without I/O."""

from __future__ import annotations

import collections
from collections.abc import Mapping
import dataclasses
import functools


@dataclasses.dataclass(frozen=True)
class Scarcity:
    """What each node with room for a server can do.

    :param features_of: feature traits by uuid of the node; nodes that are
        full or paused are not in it
    """

    features_of: Mapping[str, frozenset[str]]

    def of(self, node: str, requested: frozenset[str]) -> float:
        """How scarce a node is to a server, from 0 to below 1.

        The share of free nodes that cannot do all the node can: none is
        taken from those who need what many have. What the server asks for
        itself is well used and does not count.

        :param requested: feature traits the server asks for
        """
        spared = self.features_of.get(node, frozenset()) - requested
        return self._of_features(spared)

    def _of_features(self, spared: frozenset[str]) -> float:
        if not spared:
            return 0.0
        alike = sum(count for kind, count in self._kinds.items()
                    if spared <= kind)
        return 1 - alike / len(self.features_of)

    @functools.cached_property
    def _kinds(self) -> collections.Counter[frozenset[str]]:
        return collections.Counter(self.features_of.values())


NOT_KNOWN = Scarcity({})
