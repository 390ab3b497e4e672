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

"""What stands in a cluster that is to be adopted; writes nothing."""

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import datetime

from hv_sched import model
from hv_sched.adopt import plan as adopt_plan
from hv_sched.adopt.plan import AdoptPlan
from hv_sched.compute import proven
from hv_sched.compute.servers import Servers
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.parallel import in_parallel
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.placement.observed import Observed
from hv_sched.providers import freshness
from hv_sched.providers import frozen_cluster
from hv_sched.providers import observe
from hv_sched.providers import plan as planning
from hv_sched.providers import plan_volume
from hv_sched.providers import reconcile
from hv_sched.providers import sections
from hv_sched.providers.layout import Layout
from hv_sched.providers.planning_context import PlanningContext
from hv_sched.providers.scope import Scope
from hv_sched.providers.settings import Settings
from hv_sched.shares import nova_denial
from hv_sched.shares.quiescence import Skip
from hv_sched.shares.quiescence import SkipReason


@dataclasses.dataclass(frozen=True)
class AdoptInputs:
    """A cluster, as the source and Placement have it."""

    facts: model.Facts
    layout: Layout
    observed: Observed
    shares: adopt_plan.Shares
    plan: AdoptPlan


class Inspector:
    """:ivar reconciler: what it observes Placement with"""

    def __init__(self, client: Placement, servers: Servers,
                 settings: Settings, allow_overcommit: bool,
                 clock: Callable[[], datetime.datetime] | None = None
                 ) -> None:
        self._client = client
        self._servers = servers
        self._settings = settings
        self._allow_overcommit = allow_overcommit
        self._clock = clock or (
            lambda: client.server_time or reconcile.utcnow())
        self.reconciler = reconcile.Reconciler(
            client, settings, clock=self._clock)

    def inspect(self, cluster: model.Cluster) -> AdoptInputs:
        """What adopting a cluster would come to.

        :raises PlacementError: when Placement cannot be read
        """
        facts = model.Facts((cluster,), is_partial=True)
        scope_, observed = self.reconciler.observe(facts)
        layout = scope_.layouts[0]
        shares = self._shares(layout, observed)
        plan = adopt_plan.make(
            layout, observed, shares, adopt_plan.targets(layout),
            self._settings, self._allow_overcommit)
        refusals = (*self._frozen(layout, observed), *_uncollected(layout),
                    *plan.refusals,
                    *self._others(layout, scope_, observed),
                    *self._misnamed(layout, scope_, observed))
        return AdoptInputs(
            facts, layout, observed, shares,
            dataclasses.replace(plan, refusals=refusals))

    def _shares(self, layout: Layout, observed: Observed
                ) -> adopt_plan.Shares:
        uuids = [uuid for uuid in (*layout.nodes, *layout.volumes)
                 if uuid in observed.overview.listed]
        return dict(zip(uuids, in_parallel(
            self._settings.workers, self.disk_shares, uuids), strict=True))

    def disk_shares(self, uuid: str) -> dict[str, int]:
        """DISK_GB by consumer on a provider."""
        return {consumer: resources[names.DISK_GB]
                for consumer, resources
                in self._client.allocations_on(uuid).items()
                if names.DISK_GB in resources}

    def _frozen(self, layout: Layout, observed: Observed) -> list[Notice]:
        """Why the cluster is left alone, as publishing leaves it."""
        frozen = frozen_cluster.notice(
            layout, observed.overview, freshness.Moment(self._clock()),
            self._settings)
        return [frozen] if frozen else []

    def _others(self, layout: Layout, scope_: Scope, observed: Observed
                ) -> list[Notice]:
        """Nodes that are another cluster's, or no Hyper-V hosts."""
        observed = observe.with_hypervisors(observed, {
            uuid: observed.overview.listed[uuid].name
            for uuid in layout.nodes}, self._servers)
        refused = planning.refused_nodes(
            PlanningContext(layout, scope_, observed, self._settings),
            freshness.Moment(self._clock()))
        return [Notice(layout.cluster.name, layout.nodes[uuid].name,
                       Kind.REFUSED, reason, 'node-refused')
                for uuid, reason in sorted(refused.items())]

    def _misnamed(self, layout: Layout, scope_: Scope, observed: Observed
                  ) -> list[Notice]:
        """Volumes that could never be published need no shares."""
        planned, _kept_uuids = plan_volume.plan(PlanningContext(
            layout, scope_, observed, self._settings))
        volume_names = {layout.volume_name(uuid) for uuid in layout.volumes}
        return [notice for notice in planned[1]
                if notice.kind == Kind.REFUSED
                and notice.subject in volume_names]

    def unknown(self, inputs: AdoptInputs) -> tuple[Skip, ...]:
        """Consumers that cannot be written now, and why.

        :raises NovaNotProven: Nova is not proven to be this cloud's
        :raises NovaError: when Nova cannot be read
        """
        on_nodes = {node: inputs.shares.get(node, {})
                    for node in inputs.layout.nodes}
        proven.prove(self._servers, [
            inputs.observed.overview.listed[node].name
            for node in on_nodes]).require()
        return self._doubted(nova_denial.read_skipped(
            self._servers, on_nodes))

    def _doubted(self, skipped: Sequence[Skip]) -> tuple[Skip, ...]:
        """While a cell is down, what nobody knows may be its migration's.

        Nova reports of a server in such a cell that it exists; migrations it
        leaves out without a word.
        """
        if not any(skip.reason == SkipReason.UNEXPLAINED
                   for skip in skipped) or all(
                       self._servers.computes().values()):
            return tuple(skipped)
        return tuple(
            dataclasses.replace(
                skip, reason=SkipReason.UNKNOWN,
                message='Nova knows no such server; it may be a migration of '
                'a cell that does not answer')
            if skip.reason == SkipReason.UNEXPLAINED else skip
            for skip in skipped)


def _uncollected(layout: Layout) -> tuple[Notice, ...]:
    """Why nothing is adopted by a list that is not believed."""
    return tuple(
        Notice(layout.cluster.name, layout.cluster.name, Kind.FROZEN,
               f'its {section.value} are not known now '
               f'({layout.cluster.sections[section].error}): nothing is '
               'adopted until they are', 'section-closes')
        for section in (model.Section.NODES, model.Section.VOLUMES)
        if sections.is_unusable(layout.cluster, section))
