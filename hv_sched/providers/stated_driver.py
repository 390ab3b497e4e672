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

"""Whether a cluster's driver went missing in the source."""

from collections.abc import Iterator

from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import Overview
from hv_sched.providers.layout import Layout


def lost(layout: Layout, overview: Overview) -> str:
    """Why a source without ``driver`` is not taken for one of Hyper-V's.

    Its nodes would be offered to servers of Hyper-V, and its volumes charged
    as CSVs are.
    """
    if layout.cluster.is_driver_stated:
        return ''
    others = sorted(
        overview.listed[uuid].name
        for uuid in {*layout.volumes, *_standing(layout, overview)}
        & overview.volumes.keys()
        if names.OTHER_HYPERVISOR in overview.volumes[uuid].traits)
    return (f'volume {others[0]} is of a driver other than hyperv, and the '
            'source states none: state the driver of the cluster'
            ) if others else ''


def _standing(layout: Layout, overview: Overview) -> Iterator[str]:
    """What the cluster's nodes share in Placement, whatever is listed."""
    cluster = ids.cluster_aggregate(layout.cluster.guid)
    nodes = overview.members.get(cluster, frozenset())
    for aggregate in {aggregate for node in nodes
                      for aggregate in overview.memberships.get(node, ())}:
        yield from overview.members[aggregate]
