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
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes as change_types
from hv_sched.providers import plan_node
from hv_sched.providers import plan_volume
from hv_sched.providers import scope as scoping
from hv_sched.providers.layout import Layout
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


def make(facts: model.Facts, scope: Scope, observed: Observed,
         settings: Settings, now: datetime.datetime) -> Plan:
    """The plan for the whole cloud.

    Providers that were not read in full are taken to be as they should be.

    :param now: the time the facts' age is measured against
    """
    clusters = tuple(
        _cluster_plan(layout, scope, observed, settings, now)
        for layout in scope.layouts)
    changes = [c for cluster in clusters for c in cluster.changes]
    return Plan(vocabulary=vocabulary(changes, observed.overview),
                clusters=clusters,
                cleaning=_cleaning(changes, observed.overview),
                findings=_frozen(facts.problems))


def _frozen(problems: Iterable[model.Problem]) -> tuple[Notice, ...]:
    return tuple(Notice(problem.cluster or '', problem.cluster or 'source',
                         Kind.FROZEN, str(problem)) for problem in problems)


def vocabulary(changes: Iterable[change_types.Change], overview: Overview
                ) -> tuple[change_types.Change, ...]:
    """Traits and classes must exist before a provider can have them.

    Those every query of the scheduler forbids must exist in any case: a
    query that names an unknown trait is answered with 400.
    """
    traits = {names.NO_NEW_DISKS, names.PAUSED}
    classes: set[str] = set()
    for change in changes:
        if isinstance(change, change_types.SetTraits):
            traits |= change.after - change.before
        elif isinstance(change, change_types.SetInventories):
            classes |= set(change.after)
    step = change_types.Step.VOCABULARY
    return (*(change_types.EnsureTrait(step, '', name)
              for name in sorted(traits - overview.known_traits)),
            *(change_types.EnsureResourceClass(step, '', name)
              for name in sorted(classes - overview.known_classes)))


def _cleaning(changes: Iterable[change_types.Change], overview: Overview
              ) -> tuple[change_types.Change, ...]:
    """Names of images that no cache holds and of nodes that are gone.

    One that is used where the overview does not look stays: Placement
    refuses to delete it.
    """
    marks = [change for change in changes
             if isinstance(change, change_types.SetTraits)]
    changed = {change.uuid for change in marks}
    kept_traits = {trait for change in marks for trait in change.after}
    kept_traits |= {trait for uuid, summary in overview.volumes.items()
                    if uuid not in changed for trait in summary.traits}
    dropped = {trait for change in marks for trait in change.before}
    unused = overview.known_traits - overview.traits_in_use | dropped
    return tuple(change_types.DeleteTrait(change_types.Step.CLEAN, '', name)
                 for name in sorted(unused - kept_traits)
                 if name.startswith((names.IMAGE_PREFIX,
                                     names.HOME_PREFIX)))


def _cluster_plan(layout: Layout, scope: Scope, observed: Observed,
                  settings: Settings, now: datetime.datetime
                  ) -> ClusterPlan:
    name = layout.cluster.name
    matching = tuple(f for f in scope.matches.findings if f.cluster == name)
    age = facts_age(layout.cluster, now)
    if settings.stale_after and age > settings.stale_after:
        return _stale(layout, observed, age)
    blocked = plan_node.holding_shares(layout, observed)
    if blocked and not scoping.is_published(layout, observed.overview):
        return ClusterPlan(name, (), (*matching, *(
            _adopt(layout, uuid, observed.providers[uuid])
            for uuid in sorted(blocked))))
    departing = scoping.departing_nodes(layout, scope, observed.overview)
    leave_plan = plan_node.plan_leaving(
        layout, departing, scope.aggregates, observed, settings)
    volumes, kept_volumes = plan_volume.plan(
        layout, blocked, observed, settings,
        scoping.named_like_ours(layout, observed.overview),
        undecided=scoping.undecided_nodes(scope, observed.overview) - (
            departing if leave_plan[0] else frozenset()))
    # The users of a volume that has to stay keep it.
    our_aggregates = scope.aggregates - {
        ids.home_aggregate(uuid) for uuid in kept_volumes}
    nodes = plan_node.plan(layout, blocked, our_aggregates, observed)
    changes = [*volumes[0], *nodes[0], *leave_plan[0]]
    findings = [*matching, *(_adopt(layout, uuid, observed.providers[uuid])
                             for uuid in sorted(blocked)),
                *volumes[1], *nodes[1], *leave_plan[1]]
    changes.sort(key=lambda change: (change.step, change.name, change.uuid))
    return ClusterPlan(name, tuple(changes), tuple(findings))


def facts_age(cluster: model.Cluster, now: datetime.datetime) -> float:
    """Seconds since the facts were collected; 0 when nobody said."""
    if cluster.collected_at is None:
        return 0.0
    return (now - cluster.collected_at).total_seconds()


def _stale(layout: Layout, observed: Observed, age: float) -> ClusterPlan:
    """Old facts freeze the cluster; new disks on it would be a gamble."""
    name = layout.cluster.name
    message = (f'the facts are {int(age)} seconds old: nothing is changed '
               f'but its volumes take no new disks until they are newer')
    return ClusterPlan(
        name, tuple(plan_volume.close_all(layout, observed)),
        (Notice(name, name, Kind.FROZEN, message),))


def _adopt(layout: Layout, uuid: str, provider: Provider) -> Notice:
    used = provider.used(names.DISK_GB)
    return Notice(
        layout.cluster.name, layout.nodes[uuid].name, Kind.ADOPT,
        f'servers hold {used} GB of its own disk: run "openstack resource '
        f'provider csv adopt --cluster {layout.cluster.name}" first')

