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

"""Clusters the agent keeps its hands off: ``--pause-cluster``."""

from collections.abc import Iterable
import dataclasses

from hv_sched import model
from hv_sched import windows_names
from hv_sched.placement import names


class Paused:
    """:param clusters: their names, in any case"""

    def __init__(self, clusters: Iterable[str] = ()) -> None:
        self.names = tuple(clusters)
        self._keys = frozenset(map(windows_names.key, self.names))

    def without(self, facts: model.Facts) -> model.Facts:
        """The facts of the others.

        What stands in Placement of a cluster the facts do not name is
        neither changed nor withdrawn.
        """
        return dataclasses.replace(facts, clusters=tuple(
            cluster for cluster in facts.clusters
            if windows_names.key(cluster.name) not in self._keys),
            problems=tuple(
                problem for problem in facts.problems if windows_names.key(
                    problem.cluster or '') not in self._keys),
            is_partial=facts.is_partial or bool(self._keys))

    def volume(self, provider_name: str) -> bool:
        """Whether a volume, by its provider's name, is a paused one's."""
        cluster = names.cluster_of(provider_name)
        return windows_names.key(cluster) in self._keys

    def unknown(self, clusters: Iterable[str]) -> list[str]:
        """Names given that are no cluster's: mistyped, most likely."""
        keys = set(map(windows_names.key, clusters))
        return [name for name in self.names
                if windows_names.key(name) not in keys]
