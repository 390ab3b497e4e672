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

"""What a source concerns in Placement: it is laid over the overview. Pure.

Which provider is which node, which aggregates are ours, what has to be read
before anything can be planned.
"""

from collections.abc import Iterable
import dataclasses

from hv_sched import model
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import Overview
from hv_sched.providers import node_matching
from hv_sched.providers.layout import Layout
from hv_sched.providers.layout import layout_of


@dataclasses.dataclass(frozen=True)
class Scope:
    """A source laid over the overview: what the planners share.

    :param aggregates: every aggregate that is ours, of volumes gone too
    :param claimed_nodes: the providers that may be nodes of the source,
        also those that could not be told apart
    """

    layouts: tuple[Layout, ...]
    matches: node_matching.Matches
    aggregates: frozenset[str]
    claimed_nodes: frozenset[str]


def scope_of(facts: model.Facts, overview: Overview) -> Scope:
    """Lay a source over the overview."""
    nodes = {uuid: overview.listed[uuid].name
             for uuid in overview.compute_nodes if uuid in overview.listed}
    matches = node_matching.match_nodes(facts.clusters, nodes)
    layouts = tuple(layout_of(cluster, matches.uuids)
                    for cluster in facts.clusters)
    return Scope(layouts, matches, our_aggregates(
        facts.clusters, overview.listed.values()), matches.claimed)


def our_aggregates(clusters: Iterable[model.Cluster],
                   listed: Iterable[Listed]) -> frozenset[str]:
    """The aggregates that are ours: told from GUIDs, never guessed."""
    aggregates = set()
    for cluster in clusters:
        aggregates.add(ids.cluster_aggregate(cluster.guid))
        for volume in cluster.volumes:
            aggregates.add(ids.home_aggregate(
                ids.volume_uuid(cluster.guid, volume.guid)))
    for provider in listed:
        if provider.name.startswith(names.VOLUME_NAME_PREFIX):
            aggregates.add(ids.home_aggregate(provider.uuid))
    return frozenset(aggregates)


def providers_to_read(scope: Scope, overview: Overview) -> frozenset[str]:
    """The providers a full pass has to read."""
    uuids: set[str] = set()
    for layout in scope.layouts:
        uuids.update(layout.nodes, layout.volumes)
        uuids.update(ids.remotefx_uuid(uuid) for uuid in layout.nodes)
        uuids |= departing_nodes(layout, scope, overview)
        uuids |= named_like_ours(layout, overview)
    return frozenset(uuids & overview.listed.keys())


def volumes_with_vms(scope: Scope) -> frozenset[str]:
    """Volumes whose shares are compared with what the VMs really hold."""
    return frozenset(uuid for layout in scope.layouts
                     if layout.cluster.vms is not None
                     for uuid in layout.volumes)


def departing_nodes(layout: Layout, scope: Scope, overview: Overview
                    ) -> frozenset[str]:
    """Members of a cluster's aggregate that its source no longer lists.

    A node that could not be told apart from another is not one of them.
    """
    members = overview.members.get(layout.cluster_aggregate, frozenset())
    return (members & overview.compute_nodes) - scope.claimed_nodes


def named_like_ours(layout: Layout, overview: Overview) -> frozenset[str]:
    """Providers that bear this cluster's volume names, whoever made them."""
    prefix = names.volume_provider_name(layout.cluster.name, '').casefold()
    return frozenset(uuid for uuid, provider in overview.listed.items()
                     if provider.name.casefold().startswith(prefix))


def undecided_nodes(scope: Scope, overview: Overview) -> frozenset[str]:
    """Compute nodes the source says nothing of."""
    return overview.compute_nodes.difference(
        *(layout.nodes for layout in scope.layouts))


def is_published(layout: Layout, overview: Overview) -> bool:
    """Whether some volume of the cluster stands in its home aggregate."""
    return any(uuid in overview.members.get(ids.home_aggregate(uuid), ())
               for uuid in layout.volumes)
