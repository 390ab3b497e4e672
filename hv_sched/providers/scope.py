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
import functools

from hv_sched import model
from hv_sched import windows_names
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import Overview
from hv_sched.providers import identity as identities
from hv_sched.providers import node_matching
from hv_sched.providers import standing
from hv_sched.providers.layout import Layout
from hv_sched.providers.layout import layout_of
from hv_sched.providers.settings import Allow
from hv_sched.providers.settings import NOTHING_ALLOWED

# So many nodes of others in an answer still cost less than two requests.
_OTHERS_A_NEWCOMER = 16


@dataclasses.dataclass(frozen=True)
class Scope:
    """A source laid over the overview: what the planners share.

    :param aggregates: every aggregate that is ours, of volumes gone too
    :param claimed_nodes: the providers that may be nodes of the source,
        also those that could not be told apart
    :param identity: what of the source stands under another cluster, and
        what of a cluster the source does not list
    :param undecided_nodes: compute nodes the source may list, and nobody can
        say which
    :param problems: what of the source is left out, and why
    :param cluster: key of the name of the only cluster that is planned;
        None where all are. The others' facts still count, for what two
        clusters claim
    """

    layouts: tuple[Layout, ...]
    matches: node_matching.Matches
    aggregates: frozenset[str]
    claimed_nodes: frozenset[str]
    identity: identities.Identity
    undecided_nodes: frozenset[str] = frozenset()
    problems: tuple[model.Problem, ...] = ()
    cluster: str | None = None

    def of_cluster(self, name: str) -> 'Scope':
        """The same, with one cluster to plan."""
        return dataclasses.replace(self, cluster=windows_names.key(name))

    def is_planned(self, name: str) -> bool:
        """Whether the cluster of this name is one to plan."""
        return self.cluster is None or windows_names.key(name) == self.cluster

    @functools.cached_property
    def cluster_aggregates(self) -> frozenset[str]:
        """Of the clusters the source describes."""
        return frozenset(layout.cluster_aggregate for layout in self.layouts)

    @functools.cached_property
    def planned(self) -> tuple[Layout, ...]:
        """The clusters to plan."""
        return self.layouts if self.cluster is None else tuple(
            layout for layout in self.layouts if layout.key == self.cluster)


def scope_of(facts: model.Facts, overview: Overview,
             allow: Allow = NOTHING_ALLOWED) -> Scope:
    """Lay a source over the overview."""
    nodes = {uuid: overview.listed[uuid].name
             for uuid in overview.compute_nodes if uuid in overview.listed}
    matches = node_matching.match_nodes(
        facts.clusters, nodes, facts.standalone)
    disks = standing.disks_of_each(facts.clusters, overview)
    layouts = tuple(layout_of(cluster, matches.uuids, overview, allow,
                              disks[cluster.guid])
                    for cluster in facts.clusters)
    return Scope(
        layouts, matches,
        our_aggregates(facts.clusters, overview.listed.values()),
        matches.claimed, identities.identify(layouts, overview, allow),
        _undecided_nodes(layouts, matches.claimed, overview),
        # Which of several clusters they are about may not be known, and
        # those that are set aside on purpose are left alone.
        tuple(problem for problem in facts.problems
              if problem.cluster or not facts.is_partial))


def our_aggregates(clusters: Iterable[model.Cluster],
                   listed: Iterable[Listed]) -> frozenset[str]:
    """The aggregates that are ours: told from GUIDs, never guessed."""
    return frozenset(aggregate for bundles in bundled_aggregates(
        clusters, listed) for bundle in bundles for aggregate in bundle)


def bundled_aggregates(clusters: Iterable[model.Cluster],
                       listed: Iterable[Listed]
                       ) -> tuple[list[tuple[str, ...]], ...]:
    """The same: those of clusters, and the homes, a bundle a cluster.

    A node may be in several homes of its cluster.
    """
    owners: dict[str, str] = {}
    of_clusters: list[tuple[str, ...]] = []
    for cluster in clusters:
        of_clusters.append((ids.cluster_aggregate(cluster.guid),))
        owners.update((ids.volume_uuid(cluster.guid, volume.guid),
                       cluster.name)
                      for volume in cluster.volumes if volume.guid)
    for provider in listed:
        if provider.name.startswith(names.VOLUME_NAME_PREFIX):
            owners.setdefault(provider.uuid, names.cluster_of(provider.name))
    homes: dict[str, tuple[str, ...]] = {}
    for volume, name in owners.items():
        homes[name] = (*homes.get(name, ()), ids.home_aggregate(volume))
    return of_clusters, list(homes.values())


def providers_to_read(scope: Scope, overview: Overview) -> frozenset[str]:
    """The providers a full pass has to read."""
    uuids: set[str] = set()
    for layout in scope.planned:
        uuids.update(layout.nodes, layout.volumes)
        uuids.update(ids.remotefx_uuid(uuid) for uuid in layout.nodes)
        uuids |= unlisted_nodes(layout, scope, overview)
        uuids |= layout.set_aside.keys()
        uuids |= scope.identity.of_cluster(layout.cluster.guid)
        uuids |= scope.identity.kept_of(layout.cluster.guid)
    return frozenset(uuids & overview.listed.keys())


def has_many_newcomers(scope: Scope, overview: Overview) -> bool:
    """Whether one request for all unmarked nodes pays.

    It saves two for each of the source's, and its answer is as long as the
    cloud has such nodes.
    """
    unmarked = {uuid for uuid in overview.compute_nodes
                if not names.is_clustered(
                    overview.node_traits.get(uuid, ()))}
    ours = {uuid for layout in scope.planned for uuid in layout.nodes
            if uuid in unmarked}
    return len(ours) > 1 and len(ours) * _OTHERS_A_NEWCOMER >= len(unmarked)


def users_of_new_volumes(scope: Scope, overview: Overview) -> frozenset[str]:
    """Nodes of volumes that are not there: publishing reads them in full."""
    return frozenset(node for layout in scope.planned
                     for volume, users in layout.members.items()
                     if volume not in overview.listed for node in users)


def volumes_with_vms(scope: Scope) -> frozenset[str]:
    """Volumes whose shares are compared with what the VMs really hold."""
    return frozenset(uuid for layout in scope.layouts
                     if layout.cluster.vms is not None
                     for uuid in layout.volumes)


def departing_nodes(layout: Layout, scope: Scope, overview: Overview
                    ) -> frozenset[str]:
    """Members of a cluster's aggregate that its source no longer lists.

    A node that could not be told apart from another is not one of them, nor
    one that another cluster of the source lists.
    """
    if not layout.is_node_list_whole:
        return frozenset()
    return unlisted_nodes(layout, scope, overview)


def unlisted_nodes(layout: Layout, scope: Scope, overview: Overview
                   ) -> frozenset[str]:
    """Members of a cluster's aggregate that the source does not list now."""
    return _unlisted_nodes(layout, scope.claimed_nodes, overview)


def _unlisted_nodes(layout: Layout, claimed: frozenset[str],
                    overview: Overview) -> frozenset[str]:
    members = overview.members.get(layout.cluster_aggregate, frozenset())
    return (members & overview.compute_nodes) - claimed


def donor_of(uuid: str, layout: Layout, scope: Scope, overview: Overview
             ) -> Layout | None:
    """The cluster of the source a node still stands under, if another."""
    others = overview.memberships.get(
        uuid, frozenset()) - {layout.cluster_aggregate}
    if others.isdisjoint(scope.cluster_aggregates):
        return None
    return next((donor for donor in scope.layouts
                 if donor.cluster_aggregate in others), None)


def volumes_of(layout: Layout, scope: Scope) -> frozenset[str]:
    """A cluster's volumes in Placement, also those no source describes."""
    guid = layout.cluster.guid
    return frozenset((
        *layout.volumes, *layout.aside(model.ItemKind.VOLUME),
        *scope.identity.of_cluster(guid), *scope.identity.kept_of(guid)))


def nodes_to_weigh(scope: Scope, overview: Overview, allow: Allow
                   ) -> dict[str, frozenset[str]]:
    """Nodes that may leave or join a cluster, and volumes of others: do
    servers on the node hold shares of these?

    It takes a request for each node and for each volume to say so.
    """
    strangers = scope.identity.strangers
    nodes: dict[str, frozenset[str]] = {}
    for layout in scope.planned:
        nodes.update({
            uuid: volumes_of(layout, scope) | strangers
            for uuid in departing_nodes(layout, scope, overview)
            if allow.covers('open', overview.listed[uuid].name)})
        nodes.update({
            uuid: volumes_of(donor, scope) | strangers
            for uuid in layout.nodes
            if (donor := donor_of(uuid, layout, scope, overview))})
        if strangers:
            nodes.update(dict.fromkeys(
                _marked_newcomers(layout, overview) - nodes.keys(),
                strangers))
    return nodes


def _marked_newcomers(layout: Layout, overview: Overview) -> frozenset[str]:
    """Nodes that join a cluster and were some cluster's before."""
    members = overview.members.get(layout.cluster_aggregate, frozenset())
    return frozenset(
        uuid for uuid in layout.nodes.keys() - members
        if names.is_clustered(overview.node_traits.get(uuid, ())))


def _undecided_nodes(layouts: Iterable[Layout], claimed: frozenset[str],
                     overview: Overview) -> frozenset[str]:
    """Once for the cloud: of each cluster it takes as long as the cloud is."""
    return overview.compute_nodes.difference(
        *(layout.nodes for layout in layouts),
        *(_unlisted_nodes(layout, claimed, overview)
          for layout in layouts if layout.is_node_list_whole))


def is_published(layout: Layout, overview: Overview) -> bool:
    """Whether some volume of the cluster stands in its home aggregate."""
    return any(uuid in overview.members.get(ids.home_aggregate(uuid), ())
               for uuid in layout.volumes)
