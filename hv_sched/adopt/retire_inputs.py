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

"""A cluster that is returned to stock Nova: a value. Pure."""

from collections.abc import Mapping
import dataclasses

from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import names
from hv_sched.placement.observed import Observed
from hv_sched.providers.layout import Layout
from hv_sched.providers.scope import Scope


@dataclasses.dataclass(frozen=True)
class RetireInputs:
    """A cluster that is to be given back.

    :param nodes: by uuid, the names of its compute nodes
    :param volumes: by uuid, the names of its volumes in Placement
    :param shares: by volume, what each consumer holds there, in GiB
    :param others: by uuid, the volume of another cluster a node of the
        source stands under; such a node is not this cluster's to give back
    """

    facts: model.Facts
    layout: Layout
    scope: Scope
    observed: Observed
    nodes: Mapping[str, str]
    volumes: Mapping[str, str]
    shares: Mapping[str, Mapping[str, int]]
    others: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def refusals(self) -> tuple[Notice, ...]:
        """Nodes that are left alone."""
        listed = self.observed.overview.listed
        cluster = self.layout.cluster.name
        return tuple(
            Notice(cluster, listed[uuid].name, Kind.REFUSED,
                   'in Placement it stands under cluster '
                   f'{names.cluster_of(volume)} ({volume}), not under '
                   f'{cluster}: it is not changed; remove it from the source',
                   'node-of-another-cluster')
            for uuid, volume in sorted(self.others.items()))
