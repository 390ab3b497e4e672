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

"""From what a source says and what Placement holds to a list of changes.

Pure: a plan is a value that can be shown, compared and applied. The planner
of one volume is in plan_volume.py, that of one node in plan_node.py; here
they are put together, and surprising plans are refused.
"""

from collections.abc import Iterable
import dataclasses
import datetime

from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes as change_types
from hv_sched.providers import node_matching
from hv_sched.providers import plan_node
from hv_sched.providers import plan_volume
from hv_sched.providers.layout import Layout
from hv_sched.providers.layout import layout
from hv_sched.providers.settings import Settings


@dataclasses.dataclass(frozen=True)
class ClusterPlan:
    """What to do for one cluster, in order, and what to say about it."""

    cluster: str
    changes: tuple[change_types.Change, ...] = ()
    findings: tuple[Notice, ...] = ()


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to do for the whole cloud.

    :param vocabulary: traits and classes to create first
    :param cleaning: trait names nobody has any more, to delete last
    :param findings: what is not about one usable cluster
    """

    vocabulary: tuple[change_types.Change, ...] = ()
    clusters: tuple[ClusterPlan, ...] = ()
    cleaning: tuple[change_types.Change, ...] = ()
    findings: tuple[Notice, ...] = ()

    @property
    def changes(self) -> tuple[change_types.Change, ...]:
        """Every change in the order of application, cluster by cluster."""
        return (*self.vocabulary,
                *(c for cluster in self.clusters for c in cluster.changes),
                *self.cleaning)

    @property
    def all_findings(self) -> tuple[Notice, ...]:
        return (*self.findings,
                *(f for cluster in self.clusters for f in cluster.findings))


@dataclasses.dataclass(frozen=True)
class Cloud:
    """A source laid over the overview: what the planners share.

    :param aggregates: every aggregate that is ours, of volumes gone too
    """

    layouts: tuple[Layout, ...]
    matches: node_matching.Matches
    aggregates: frozenset[str]
    known_nodes: frozenset[str]


def cloud_of(facts: model.Facts, overview: Overview) -> Cloud:
    """Lay a source over the overview."""
    nodes = {uuid: overview.listed[uuid].name
             for uuid in overview.compute_nodes if uuid in overview.listed}
    matches = node_matching.match_nodes(facts.clusters, nodes)
    layouts = tuple(layout(cluster, matches.uuids)
                    for cluster in facts.clusters)
    return Cloud(layouts, matches, our_aggregates(
        facts.clusters, overview.listed.values()), matches.claimed)


def our_aggregates(clusters: Iterable[model.Cluster],
                   listed: Iterable[Listed]) -> frozenset[str]:
    """The aggregates that are ours: told from GUIDs, never guessed."""
    found = set()
    for cluster in clusters:
        found.add(ids.cluster_aggregate(cluster.guid))
        for volume in cluster.volumes:
            found.add(ids.home_aggregate(
                ids.volume_uuid(cluster.guid, volume.guid)))
    for provider in listed:
        if provider.name.startswith(names.VOLUME_NAME_PREFIX):
            found.add(ids.home_aggregate(provider.uuid))
    return frozenset(found)


def relevant(cloud: Cloud, overview: Overview) -> frozenset[str]:
    """The providers a full pass has to read."""
    found: set[str] = set()
    for one in cloud.layouts:
        found.update(one.nodes, one.volumes)
        found.update(ids.remotefx_uuid(uuid) for uuid in one.nodes)
        found |= leaving_nodes(one, cloud, overview)
        found |= named_like_ours(one, overview)
    return frozenset(found & overview.listed.keys())


def volumes_with_vms(cloud: Cloud) -> frozenset[str]:
    """Volumes whose shares are compared with what the VMs really hold."""
    return frozenset(uuid for one in cloud.layouts
                     if one.cluster.vms is not None for uuid in one.volumes)


def leaving_nodes(one: Layout, cloud: Cloud, overview: Overview
                  ) -> frozenset[str]:
    """Members of a cluster's aggregate that its source no longer lists.

    A node that could not be told apart from another is not one of them.
    """
    members = overview.members.get(one.cluster_aggregate, frozenset())
    return (members & overview.compute_nodes) - cloud.known_nodes


def named_like_ours(one: Layout, overview: Overview) -> frozenset[str]:
    """Providers that bear this cluster's volume names, whoever made them."""
    prefix = names.volume_provider_name(one.cluster.name, '').casefold()
    return frozenset(uuid for uuid, provider in overview.listed.items()
                     if provider.name.casefold().startswith(prefix))


def make(facts: model.Facts, cloud: Cloud, observed: Observed,
         settings: Settings, now: datetime.datetime) -> Plan:
    """The plan for the whole cloud.

    Providers that were not read in full are taken to be as they should be.

    :param now: the time the facts' age is measured against
    """
    clusters = tuple(
        _cluster_plan(one, cloud, observed, settings, now)
        for one in cloud.layouts)
    every = [c for cluster in clusters for c in cluster.changes]
    return Plan(vocabulary=vocabulary(every, observed.overview),
                clusters=clusters,
                cleaning=_cleaning(every, observed.overview),
                findings=_frozen(facts.problems))


def _frozen(problems: Iterable[model.Problem]) -> tuple[Notice, ...]:
    return tuple(Notice(problem.cluster or '', problem.cluster or 'source',
                         Kind.FROZEN, str(problem)) for problem in problems)


def vocabulary(every: Iterable[change_types.Change], overview: Overview
                ) -> tuple[change_types.Change, ...]:
    """Traits and classes must exist before a provider can have them.

    Those every query of the scheduler forbids must exist in any case: a
    query that names an unknown trait is answered with 400.
    """
    traits = {names.NO_NEW_DISKS, names.PAUSED}
    classes: set[str] = set()
    for change in every:
        if isinstance(change, change_types.SetTraits):
            traits |= change.after - change.before
        elif isinstance(change, change_types.SetInventories):
            classes |= set(change.after)
    step = change_types.Step.VOCABULARY
    return (*(change_types.EnsureTrait(step, '', name)
              for name in sorted(traits - overview.known_traits)),
            *(change_types.EnsureResourceClass(step, '', name)
              for name in sorted(classes - overview.known_classes)))


def _cleaning(every: Iterable[change_types.Change], overview: Overview
              ) -> tuple[change_types.Change, ...]:
    """Names of images that no cache holds and of nodes that are gone.

    One that is used where the overview does not look stays: Placement
    refuses to delete it.
    """
    marks = [change for change in every
             if isinstance(change, change_types.SetTraits)]
    changed = {change.uuid for change in marks}
    staying = {trait for change in marks for trait in change.after}
    staying |= {trait for uuid, summary in overview.volumes.items()
                if uuid not in changed for trait in summary.traits}
    leaving = {trait for change in marks for trait in change.before}
    unused = overview.known_traits - overview.traits_in_use | leaving
    return tuple(change_types.DeleteTrait(change_types.Step.CLEAN, '', name)
                 for name in sorted(unused - staying)
                 if name.startswith((names.IMAGE_PREFIX,
                                     names.HOME_PREFIX)))


def _cluster_plan(one: Layout, cloud: Cloud, observed: Observed,
                  settings: Settings, now: datetime.datetime
                  ) -> ClusterPlan:
    name = one.cluster.name
    matching = tuple(f for f in cloud.matches.findings if f.cluster == name)
    age = facts_age(one.cluster, now)
    if settings.stale_after and age > settings.stale_after:
        return _stale(one, observed, age)
    blocked = plan_node.holding_shares(one, observed)
    if blocked and not is_published(one, observed.overview):
        return ClusterPlan(name, (), (*matching, *(
            _adopt(one, uuid, observed.providers[uuid])
            for uuid in sorted(blocked))))
    going = leaving_nodes(one, cloud, observed.overview)
    leaving = plan_node.plan_leaving(
        one, going, cloud.aggregates, observed, settings)
    volumes, kept = plan_volume.plan(
        one, blocked, observed, settings,
        named_like_ours(one, observed.overview),
        staying=_undecided(cloud, observed.overview) - (
            going if leaving[0] else frozenset()))
    # The users of a volume that has to stay keep it.
    ours = cloud.aggregates - {ids.home_aggregate(uuid) for uuid in kept}
    nodes = plan_node.plan(one, blocked, ours, observed)
    found = [*volumes[0], *nodes[0], *leaving[0]]
    findings = [*matching, *(_adopt(one, uuid, observed.providers[uuid])
                             for uuid in sorted(blocked)),
                *volumes[1], *nodes[1], *leaving[1]]
    found.sort(key=lambda change: (change.step, change.name, change.uuid))
    return ClusterPlan(name, tuple(found), tuple(findings))


def _undecided(cloud: Cloud, overview: Overview) -> frozenset[str]:
    """Compute nodes the source says nothing of."""
    return overview.compute_nodes.difference(
        *(one.nodes for one in cloud.layouts))


def facts_age(cluster: model.Cluster, now: datetime.datetime) -> float:
    """Seconds since the facts were collected; 0 when nobody said."""
    if cluster.collected_at is None:
        return 0.0
    return (now - cluster.collected_at).total_seconds()


def _stale(one: Layout, observed: Observed, age: float) -> ClusterPlan:
    """Old facts freeze the cluster; new disks on it would be a gamble."""
    name = one.cluster.name
    message = (f'the facts are {int(age)} seconds old: nothing is changed '
               f'but its volumes take no new disks until they are newer')
    return ClusterPlan(
        name, tuple(plan_volume.close_all(one, observed)),
        (Notice(name, name, Kind.FROZEN, message),))


def is_published(one: Layout, overview: Overview) -> bool:
    """Whether some volume of the cluster stands in its home aggregate."""
    return any(uuid in overview.members.get(ids.home_aggregate(uuid), ())
               for uuid in one.volumes)


def _adopt(one: Layout, uuid: str, provider: Provider) -> Notice:
    used = provider.used(names.DISK_GB)
    return Notice(
        one.cluster.name, one.nodes[uuid].name, Kind.ADOPT,
        f'servers hold {used} GB of its own disk: run "openstack resource '
        f'provider csv adopt --cluster {one.cluster.name}" first')

