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

"""Which node has which volumes as home, told by the volumes' own traits.

Placement lists the members of one aggregate, not the aggregates of many
members, so asking by aggregate would cost a request for each volume. The
traits of all volumes come with their capacity, in one request.

A node no volume names is not known to be anywhere: what Placement offers it
counts. So it is until the publisher has passed once.
"""

from collections.abc import Mapping

from hv_sched.placement import home_traits
from hv_sched.snapshot import volumes


def read_homes(published: Mapping[str, volumes.VolumeState],
               ) -> dict[str, frozenset[str]]:
    """Volumes by node, both as provider uuids."""
    homes: dict[str, set[str]] = {}
    for uuid, volume in published.items():
        for node in home_traits.nodes_of(volume.traits):
            homes.setdefault(node, set()).add(uuid)
    return {node: frozenset(uuids) for node, uuids in homes.items()}
