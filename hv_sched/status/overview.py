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

"""Which clusters a page shows in full, and the line of each in the list. Pure.

A cloud of a hundred clusters makes no page of megabytes: the first ones in
trouble are shown, and each has a page of its own.
"""

from collections.abc import Iterable
import dataclasses
import datetime
from urllib import parse

from hv_sched import printable
from hv_sched.status import amounts
from hv_sched.status import verdict
from hv_sched.status.model import ClusterStatus
from hv_sched.status.model import Status

MAX_CLUSTERS = 8


@dataclasses.dataclass(frozen=True)
class ClusterRow:
    """:param link: to where it is shown in full, on this page or its own
    :param trouble: how many of its volumes somebody should look at
    :param seconds: how old its facts are; None when nobody said
    """

    name: str
    link: str
    volumes: int
    trouble: int
    nodes: int
    free_gb: int
    seconds: float | None


def address(cluster: str | None = None, renews: bool = True) -> str:
    """Of the page of all clusters, or of one.

    :param renews: whether the browser is told to load it again
    """
    query = {}
    if cluster is not None:
        query['cluster'] = printable.encodable(cluster)
    if not renews:
        query['renew'] = 'no'
    return f'/?{parse.urlencode(query)}' if query else '/'


def selected(status: Status, name: str | None = None
             ) -> tuple[ClusterStatus, ...]:
    """The clusters that are shown in full.

    :param name: of the only one
    """
    if name is not None:
        return tuple(cluster for cluster in status.clusters
                     if printable.encodable(cluster.name) == name)
    if len(status.clusters) <= MAX_CLUSTERS:
        return status.clusters
    return tuple(filter(_trouble, status.clusters))[:MAX_CLUSTERS]


def rows(status: Status, in_full: Iterable[ClusterStatus],
         now: datetime.datetime, renews: bool = True
         ) -> tuple[ClusterRow, ...]:
    """The list of all clusters, those in trouble first where they are many.

    :param in_full: those the page shows in full, in this order
    """
    anchors = {cluster.name: f'#c-{number}'
               for number, cluster in enumerate(in_full, 1)}
    clusters = status.clusters
    if len(clusters) > MAX_CLUSTERS:
        clusters = tuple(sorted(clusters, key=lambda cluster: not _trouble(
            cluster)))
    return tuple(ClusterRow(
        cluster.name,
        anchors.get(cluster.name) or address(cluster.name, renews),
        len(cluster.volumes), _trouble(cluster), len(cluster.nodes),
        amounts.free_gb(cluster.volumes),
        None if cluster.collected_at is None else verdict.seconds_since(
            cluster.collected_at, now)) for cluster in clusters)


def _trouble(cluster: ClusterStatus) -> int:
    return sum(map(verdict.is_trouble, cluster.volumes))
