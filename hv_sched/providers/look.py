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


"""A source laid over Placement, and what a process remembers between looks.

Pure: reading is done by ``observe``.
"""

from collections.abc import Hashable
import dataclasses
import datetime

from hv_sched import model
from hv_sched import windows_names
from hv_sched.placement.observed import Overview
from hv_sched.providers import debounce
from hv_sched.providers import freshness
from hv_sched.providers import plan_frozen
from hv_sched.providers import scope as scoping
from hv_sched.providers import silence
from hv_sched.providers.ensured_names import EnsuredNames
from hv_sched.providers.freshness import Moment
from hv_sched.providers.plan import Plan
from hv_sched.providers.scope import Scope
from hv_sched.providers.settings import Settings

# What is remembered where all clusters are synced as one.
ALL = ''


@dataclasses.dataclass(frozen=True)
class Look:
    """What the source says now, over what stands.

    :param full: the providers concerned are read one by one
    :param begun_at: on the monotonic clock, before anything was read
    :param ensured: the names that were made since
    :param unchanging: plans of clusters, by their keys, which the overview
        alone shows to need no change; kept, or each is planned twice
    """

    facts: model.Facts
    scope: Scope
    overview: Overview
    moment: Moment
    full: bool = True
    begun_at: float = 0.0
    ensured: EnsuredNames = dataclasses.field(default_factory=EnsuredNames)
    unchanging: dict[str, Plan] = dataclasses.field(default_factory=dict)

    def of_cluster(self, name: str) -> 'Look':
        """The same, with one cluster to plan."""
        return dataclasses.replace(self, scope=self.scope.of_cluster(name))

    def clusters(self, settings: Settings) -> list[str]:
        """Names of the clusters to sync, also of some that are frozen."""
        described = [layout.cluster.name for layout in self.scope.layouts]
        frozen = {self.overview.cluster_of(uuid)
                  for uuid in plan_frozen.to_close(
                      self.scope, self.overview, self.moment, settings)}
        return sorted({*described, *frozen})

    @property
    def standing(self) -> dict[str, frozenset[str]]:
        """Traits of the volumes and nodes of the clusters to sync."""
        node_traits, volumes = self.overview.node_traits, self.overview.volumes
        standing: dict[str, frozenset[str]] = {}
        for layout in self.scope.planned:
            uuids = scoping.volumes_of(layout, self.scope)
            standing |= {uuid: node_traits[uuid]
                         for uuid in layout.nodes if uuid in node_traits}
            standing |= {uuid: volumes[uuid].traits
                         for uuid in uuids if uuid in volumes}
        return standing

    @property
    def answer(self) -> Hashable:
        """What tells a cluster's answer from its next one; None: nothing.

        Also where several clusters are planned as one.
        """
        planned = self.scope.planned
        if len(planned) != 1:
            return None
        return freshness.answer(planned[0].source)


class Memory:
    """What one process remembers, so that nothing opens or goes back at once.

    :param debounce_passes: answers in a row that open
    :ivar applied: see Moment
    :ivar usable: see Moment
    """

    def __init__(self, debounce_passes: int) -> None:
        self._debounce_passes = debounce_passes
        self._debounces: dict[str, debounce.Debounce] = {}
        self.silence = silence.Silence()
        self.applied: dict[str, datetime.datetime] = {}
        self.usable: dict[str, datetime.datetime] = {}

    def debounce(self, cluster: str) -> debounce.Debounce:
        """Of one cluster, or of ALL."""
        return self._debounces.setdefault(
            windows_names.key(cluster),
            debounce.Debounce(self._debounce_passes))
