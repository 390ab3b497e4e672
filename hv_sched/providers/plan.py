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
from collections.abc import Iterator
import dataclasses

from hv_sched import model
from hv_sched import windows_names
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.notices import of_problem
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Overview
from hv_sched.providers import changes as change_types
from hv_sched.providers import freshness
from hv_sched.providers import frozen_cluster
from hv_sched.providers import functional_level
from hv_sched.providers import gate
from hv_sched.providers import kept_facts
from hv_sched.providers import plan_frozen
from hv_sched.providers import plan_node
from hv_sched.providers import plan_volume
from hv_sched.providers import scope as scoping
from hv_sched.providers import sections
from hv_sched.providers import silence
from hv_sched.providers.freshness import Moment
from hv_sched.providers.planning_context import PlanningContext
from hv_sched.providers.scope import Scope
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


def cluster_names(plan: Plan) -> dict[str, str]:
    """The cluster by the uuid of each provider that is changed."""
    return {change.uuid: cluster.cluster for cluster in plan.clusters
            for change in cluster.changes}


def of_clusters(plan: Plan, clusters: Iterable[str], overview: Overview
                ) -> Plan:
    """What of a plan concerns some clusters; no name is deleted.

    :param clusters: names, in any case; none: all of them
    """
    keys = set(map(windows_names.key, clusters))
    if not keys:
        return plan
    planned = tuple(cluster for cluster in plan.clusters
                    if windows_names.key(cluster.cluster) in keys)
    return Plan(
        vocabulary([change for cluster in planned
                    for change in cluster.changes], overview), planned,
        findings=tuple(
            finding for finding in plan.findings if not finding.cluster
            or windows_names.key(finding.cluster) in keys))


def make(facts: model.Facts, scope: Scope, observed: Observed,
         settings: Settings, moment: Moment) -> Plan:
    """The plan for the whole cloud.

    Providers that were not read in full are taken to be as they should be.
    Where the scope is narrowed to a cluster, it is that cluster's alone, and
    says nothing of the cloud and deletes no names, which others may be about
    to use.
    """
    clusters = tuple(
        _cluster_plan(
            PlanningContext(
                layout, scope, observed, settings,
                is_stale=freshness.is_volumes_stale(
                    layout.cluster, moment, settings)), moment)
        for layout in scope.planned)
    closed = plan_frozen.plan(plan_frozen.to_close(
        scope, observed.overview, moment, settings), observed)
    clusters = (*clusters, *_by_cluster(closed))
    changes = [c for cluster in clusters for c in cluster.changes]
    planned = Plan(vocabulary=vocabulary(changes, observed.overview),
                   clusters=clusters)
    if scope.cluster is not None:
        return planned
    cloud = of_cloud(facts, scope, observed.overview, changes)
    return dataclasses.replace(
        planned, cleaning=cloud.cleaning, findings=cloud.findings)


def of_cloud(facts: model.Facts, scope: Scope, overview: Overview,
             changes: Iterable[change_types.Change]) -> Plan:
    """What is no single cluster's.

    :param changes: of all clusters
    """
    return Plan(cleaning=_cleaning(tuple(changes), overview),
                findings=(*map(of_problem, facts.problems),
                          *_vanished(facts, scope, overview),
                          *_unlisted(facts, scope, overview)))


def _by_cluster(planned: Iterable[change_types.Change]
                ) -> Iterator[ClusterPlan]:
    """Changes of volumes of clusters that the source does not describe."""
    by_cluster: dict[str, list[change_types.Change]] = {}
    for change in planned:
        by_cluster.setdefault(names.cluster_of(change.name), []).append(change)
    for cluster, its_changes in sorted(by_cluster.items()):
        yield ClusterPlan(cluster, tuple(its_changes))


def vanished_clusters(facts: model.Facts, scope: Scope, overview: Overview
                      ) -> dict[str, int]:
    """Clusters in Placement the source says nothing of: their volumes.

    By the name in their providers' names; nothing hangs on it.
    """
    if facts.is_partial or None in plan_frozen.names_of(facts.problems):
        return {}
    frozen = {windows_names.key(problem.cluster or '')
              for problem in facts.problems}
    clusters = sorted(names.cluster_of(overview.listed[uuid].name)
                      for uuid in scope.identity.strangers)
    return {cluster: clusters.count(cluster) for cluster in clusters
            if windows_names.key(cluster) not in frozen}


def _vanished(facts: model.Facts, scope: Scope, overview: Overview
              ) -> tuple[Notice, ...]:
    return tuple(
        Notice(cluster, cluster, Kind.NOTE,
               f'the source does not describe it: its {volumes} volumes and '
               'their nodes stay as they are. If it is gone, describe it '
               'once more and run "openstack resource provider csv retire '
               f'--cluster {cluster}"', 'cluster-not-described')
        for cluster, volumes in vanished_clusters(
            facts, scope, overview).items())


def _unlisted(facts: model.Facts, scope: Scope, overview: Overview
              ) -> Iterable[Notice]:
    """Nodes that were a cluster's and that nobody lists any more.

    While a cluster is not described, they may be its nodes.
    """
    if facts.is_partial or facts.problems or scope.identity.strangers:
        return
    departing = frozenset().union(*(
        scoping.departing_nodes(layout, scope, overview)
        for layout in scope.layouts))
    for uuid in sorted(overview.compute_nodes - scope.claimed_nodes
                       - departing):
        traits = overview.node_traits.get(uuid, frozenset[str]())
        if names.is_clustered(traits):
            name = overview.listed[uuid].name
            mark = (names.CLUSTERED if names.CLUSTERED in traits
                    else names.CSV_CLUSTERED)
            yield Notice(
                '', name, Kind.NOTE, f'it has {mark}, and no '
                'cluster of the source lists it: its own disk stays as it '
                'is. Give it to its cluster in the source, or take the '
                'traits off it', 'node-unlisted')


def vocabulary(changes: Iterable[change_types.Change], overview: Overview
               ) -> tuple[change_types.Change, ...]:
    """Traits and classes must exist before a provider can have them.

    Those that queries of the scheduler forbid must exist in any case: a
    query that names an unknown trait is answered with 400.
    """
    changes = tuple(changes)
    created, deleted = _volumes_of(changes)
    traits = {names.NO_NEW_DISKS, names.PAUSED,
              *map(names.cut_off_trait, created - deleted),
              *(trait for uuid, trait in overview.unnamed_reaches.items()
                if uuid not in deleted)}
    classes: set[str] = set()
    for change in changes:
        if isinstance(change, change_types.SetTraits):
            traits |= change.after - change.before
        elif isinstance(change, change_types.SetInventories):
            classes |= set(change.after)
    step = change_types.Step.VOCABULARY
    return (*(change_types.EnsureTrait(_naming_step(name), '', name)
              for name in sorted(traits - overview.known_traits)),
            *(change_types.EnsureResourceClass(step, '', name)
              for name in sorted(classes - overview.known_classes)))


def _naming_step(trait: str) -> change_types.Step:
    """When a name is made.

    That of a volume's reach, which no node may ever have, when the volume is
    listed: whoever sees the name sees whose it is, and does not delete it.
    """
    if trait.startswith(names.CUT_OFF_PREFIX):
        return change_types.Step.REMEMBER
    return change_types.Step.VOCABULARY


def _volumes_of(changes: Iterable[change_types.Change]
                ) -> tuple[set[str], set[str]]:
    """Uuids of the volumes the changes make, and of what they delete."""
    created: set[str] = set()
    deleted: set[str] = set()
    for change in changes:
        if isinstance(change, change_types.DeleteProvider):
            deleted.add(change.uuid)
        elif isinstance(change, change_types.SetTraits) and (
                names.VOLUME in change.after):
            created.add(change.uuid)
        elif isinstance(change, change_types.SetInventories) and (
                names.HELD_DISK_GB in change.after):
            # One that lost its inventory, say to a reshape.
            created.add(change.uuid)
    return created, deleted


def _cleaning(changes: Iterable[change_types.Change], overview: Overview
              ) -> tuple[change_types.Change, ...]:
    """Names of images no cache holds, of nodes and volumes that are gone.

    One that is used where the overview does not look stays: Placement
    refuses to delete it. A volume that adopt has made and not published yet
    keeps the name of its reach.
    """
    marks = [change for change in changes
             if isinstance(change, change_types.SetTraits)]
    created, deleted = _volumes_of(changes)
    changed = {change.uuid for change in marks} | deleted
    kept_traits = {trait for change in marks for trait in change.after}
    kept_traits |= {trait for uuid, summary in overview.volumes.items()
                    if uuid not in changed for trait in summary.traits}
    kept_traits |= {trait for uuid, traits in overview.node_traits.items()
                    if uuid not in changed for trait in traits}
    volumes = {uuid for uuid, listed in overview.listed.items()
               if listed.name.startswith(names.VOLUME_NAME_PREFIX)}
    kept_traits.update(map(names.cut_off_trait, (
        overview.volumes.keys() | created | volumes) - deleted))
    dropped = {trait for change in marks for trait in change.before}
    dropped |= {trait for uuid in deleted & overview.volumes.keys()
                for trait in overview.volumes[uuid].traits}
    unused = overview.known_traits - overview.traits_in_use | dropped
    return tuple(change_types.DeleteTrait(change_types.Step.CLEAN, '', name)
                 for name in sorted(unused - kept_traits)
                 if name.startswith((
                     names.IMAGE_PREFIX, *names.HOME_PREFIXES,
                     names.DISK_PREFIX, names.RESOURCE_PREFIX,
                     names.RESERVE_PREFIX, names.UNCOVERED_PREFIX,
                     names.FLOOR_PERCENT_PREFIX, names.FLOOR_GB_PREFIX,
                     names.CUT_OFF_PREFIX)))


def _cluster_plan(context: PlanningContext, moment: Moment) -> ClusterPlan:
    frozen = frozen_cluster.notice(
        context.layout, context.observed.overview, moment, context.settings)
    if frozen is not None:
        return _frozen(context, frozen)
    context = dataclasses.replace(
        context, refused=refused_nodes(context, moment))
    notices = [n for n in context.scope.matches.findings
               if n.cluster == context.name]
    notices += [context.notice(context.layout.nodes[uuid].name,
                               Kind.REFUSED, reason, 'node-refused')
                for uuid, reason in sorted(context.refused.items())]
    context = context.without_refused
    context = dataclasses.replace(context, blocked=plan_node.holding_shares(
        context.layout, context.observed))
    notices += [*sections.notices(context.layout.cluster),
                *silence.notices(context.layout.cluster),
                *kept_facts.notices(context.layout,
                                    context.observed.overview),
                *_unstated_level(context),
                *(_adopt(context, uuid) for uuid in sorted(context.blocked))]
    planned = [*plan_node.plan_elsewhere(context)]
    if not context.blocked or scoping.is_published(
            context.layout, context.observed.overview):
        more_changes, more_notices = _planned(context)
        planned += more_changes
        notices += more_notices
    planned = gate.admit_all(planned, context.evidence)
    planned.sort(key=lambda change: (change.step, change.name, change.uuid))
    return ClusterPlan(context.name, tuple(planned), tuple(notices))


def _planned(context: PlanningContext) -> plan_volume.Planned:
    (volumes, volume_notices), kept_volumes = plan_volume.plan(context)
    # The users of a volume that has to stay keep it.
    nodes, node_notices = plan_node.plan(context, context.scope.aggregates - {
        ids.home_aggregate(uuid) for uuid in kept_volumes}, kept_volumes)
    departing, departing_notices = plan_node.plan_departing(context)
    return ([*volumes, *nodes, *departing, *plan_node.plan_silent(context)],
            [*volume_notices, *node_notices, *departing_notices])


def refused_nodes(context: PlanningContext, moment: Moment) -> dict[str, str]:
    """Nodes of the source that are another cluster's, or no Hyper-V host."""
    reasons = {uuid: reason for uuid in context.layout.nodes
               if (reason := _still_anothers(context, uuid, moment))}
    reasons.update(
        (uuid, f'Nova says its hypervisor is {hypervisor}, not Hyper-V: it is '
         'not changed; remove it from the source')
        for uuid in context.layout.nodes
        if context.layout.cluster.driver.has_windows_features and (
            hypervisor := context.observed.other_hypervisors.get(uuid)))
    return reasons


def _still_anothers(context: PlanningContext, uuid: str, moment: Moment
                    ) -> str:
    """Why a node is still another cluster's; empty when it is not."""
    rival = context.scope.identity.claims.get(uuid)
    if rival is not None:
        return plan_volume.another_cluster('node', rival, context.layout)
    donor = scoping.donor_of(uuid, context.layout, context.scope,
                             context.observed.overview)
    if donor is None:
        return _holding(context, uuid)
    name = donor.cluster.name
    if not freshness.is_current(donor.cluster, moment, context.settings):
        return (f'in Placement it stands under cluster {name}, not under '
                f'{context.name}, and the facts about {name} are not of now: '
                f'it takes no new disks of {name}, and moves when they are')
    if not donor.is_node_list_whole:
        return (f'in Placement it stands under cluster {name}, not under '
                f'{context.name}, and the nodes of {name} could not all be '
                'read: it moves when they can')
    shares_gb = context.observed.node_shares_gb.get(uuid, {})
    held_gb = sum(shares_gb.get(volume, 0) for volume
                  in scoping.volumes_of(donor, context.scope))
    if held_gb:
        return (f'in Placement it stands under cluster {name}, not under '
                f'{context.name}, and its servers hold {held_gb} GB of '
                f'{name}: move or delete them first; until then it takes no '
                'new disks of either')
    return _holding(context, uuid)


def _holding(context: PlanningContext, uuid: str) -> str:
    """Why a node that was another cluster's does not join; empty if it may.

    Its cluster is not described, and it left its home before that.
    """
    shares_gb = context.observed.node_shares_gb.get(uuid)
    if not shares_gb:
        return ''
    listed = context.observed.overview.listed
    held = ', '.join(f'{held_gb} GB of {listed[volume].name}'
                     for volume, held_gb in sorted(shares_gb.items()))
    return (f'its servers hold {held}, which the source does not describe: '
            f'it does not join {context.name} and its own disk stays closed '
            'until they are moved or deleted; or describe their cluster, too')


def _frozen(context: PlanningContext, reason: Notice) -> ClusterPlan:
    """By old facts volumes are closed: new disks would be a gamble."""
    if reason.code != frozen_cluster.STALE:
        return ClusterPlan(context.name, (), (reason,))
    return ClusterPlan(
        context.name, tuple(gate.admit_all(
            plan_volume.close_all(context), context.evidence)),
        (dataclasses.replace(reason, message=(
            f'{reason.message}, and its volumes take no new disks')),))


def _unstated_level(context: PlanningContext) -> Iterable[Notice]:
    cluster = context.layout.cluster
    builds = functional_level.mixed_builds(cluster)
    if cluster.functional_level is None and builds:
        yield context.notice(
            context.name, Kind.NOTE,
            f'its nodes run builds {", ".join(map(str, sorted(builds)))} and '
            'functional_level is not stated: no node claims more than the '
            'level that stands in Placement, else the lowest build, allows. '
            'State it (Get-Cluster, ClusterFunctionalLevel)',
            'level-not-stated')


def _adopt(context: PlanningContext, uuid: str) -> Notice:
    used = context.observed.providers[uuid].used(names.DISK_GB)
    return context.notice(
        context.layout.nodes[uuid].name, Kind.ADOPT,
        f'servers hold {used} GB of its own disk: run "openstack resource '
        f'provider csv adopt --cluster {context.name}" first',
        'adopt-needed')
