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
from hv_sched.compute.servers import Servers
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.parallel import in_parallel
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.placement.observed import Observed
from hv_sched.providers import plan as planning
from hv_sched.providers import plan_volume
from hv_sched.providers import reconcile
from hv_sched.providers import scope
from hv_sched.providers.layout import Layout
from hv_sched.providers.settings import Settings
from hv_sched.shares import quiescence
from hv_sched.shares.quiescence import Left
from hv_sched.shares.quiescence import Why


@dataclasses.dataclass(frozen=True)
class Situation:
    """A cluster, as the source and Placement have it."""

    facts: model.Facts
    layout: Layout
    observed: Observed
    shares: adopt_plan.Shares
    plan: AdoptPlan


class Surveyor:
    """:ivar reconciler: what it observes Placement with"""

    def __init__(self, client: Placement, servers: Servers,
                 settings: Settings, allow_overcommit: bool,
                 clock: Callable[[], datetime.datetime] | None = None
                 ) -> None:
        self._client = client
        self._servers = servers
        self._settings = settings
        self._allow_overcommit = allow_overcommit
        self._clock = clock or reconcile.utcnow
        self.reconciler = reconcile.Reconciler(
            client, settings, clock=self._clock)

    def look(self, cluster: model.Cluster) -> Situation:
        """What adopting a cluster would come to.

        :raises PlacementError: when Placement cannot be read
        """
        facts = model.Facts((cluster,))
        laid, observed = self.reconciler.observe(facts)
        one = laid.layouts[0]
        shares = self._shares(one, observed)
        plan = adopt_plan.make(
            one, observed, shares, adopt_plan.targets(one), self._settings,
            self._allow_overcommit)
        refusals = (*self._frozen(cluster), *plan.refusals,
                    *self._misnamed(one, observed))
        return Situation(
            facts, one, observed, shares,
            dataclasses.replace(plan, refusals=refusals))

    def _shares(self, one: Layout, observed: Observed
                ) -> adopt_plan.Shares:
        wanted = [uuid for uuid in (*one.nodes, *one.volumes)
                  if uuid in observed.overview.listed]
        return dict(zip(wanted, in_parallel(
            self._settings.workers, self.disk_shares, wanted), strict=True))

    def disk_shares(self, uuid: str) -> dict[str, int]:
        """DISK_GB by consumer on a provider."""
        return {consumer: resources[names.DISK_GB]
                for consumer, resources
                in self._client.allocations_on(uuid).items()
                if names.DISK_GB in resources}

    def _frozen(self, cluster: model.Cluster) -> list[Notice]:
        limit = self._settings.stale_after
        age = planning.facts_age(cluster, self._clock())
        if not limit or age <= limit:
            return []
        return [Notice(cluster.name, cluster.name, Kind.FROZEN,
                        f'the facts are {int(age)} seconds old: nothing is '
                        f'adopted until they are newer')]

    def _misnamed(self, one: Layout, observed: Observed) -> list[Notice]:
        """Volumes that could never be published need no shares."""
        planned, _kept = plan_volume.plan(
            one, frozenset(), observed, self._settings,
            scope.named_like_ours(one, observed.overview),
            undecided=frozenset())
        ours = {one.volume_name(uuid) for uuid in one.volumes}
        return [finding for finding in planned[1]
                if finding.kind == Kind.REFUSED and finding.subject in ours]

    def unknown(self, situation: Situation) -> tuple[Left, ...]:
        """Consumers that cannot be written now, and why.

        :raises NovaError: when Nova cannot be read
        """
        found: list[Left] = []
        for node in situation.layout.nodes:
            consumers = situation.shares.get(node, {})
            if consumers:
                seen = quiescence.look(self._servers, (node,), consumers)
                found += quiescence.sort(consumers, seen).left
        return self._doubted(found)

    def _doubted(self, found: Sequence[Left]) -> tuple[Left, ...]:
        """While a cell is down, what nobody knows may be its migration's.

        Nova tells of a server in such a cell that it exists; migrations it
        leaves out without a word.
        """
        if not any(left.why == Why.UNEXPLAINED for left in found) or all(
                self._servers.computes().values()):
            return tuple(found)
        return tuple(
            dataclasses.replace(
                left, why=Why.UNKNOWN, message='Nova knows no such server; '
                'it may be a migration of a cell that does not answer')
            if left.why == Why.UNEXPLAINED else left for left in found)
