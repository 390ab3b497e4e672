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

"""Observe, plan, apply; and again when somebody else was faster.

Level-triggered: every pass starts from what stands now, so a pass that was
interrupted anywhere is finished by the next one.
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
import time

import tenacity

from hv_sched import exception
from hv_sched import model
from hv_sched import printable
from hv_sched.compute import hypervisors
from hv_sched.notices import Kind
from hv_sched.placement.client import Placement
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import Provider
from hv_sched.providers import apply
from hv_sched.providers import changes
from hv_sched.providers import debounce
from hv_sched.providers import drift
from hv_sched.providers import freshness
from hv_sched.providers import node_cpus
from hv_sched.providers import observe
from hv_sched.providers import plan as planning
from hv_sched.providers import plan_frozen
from hv_sched.providers import scope as scoping
from hv_sched.providers.freshness import Moment
from hv_sched.providers.look import ALL
from hv_sched.providers.look import Look
from hv_sched.providers.look import Memory
from hv_sched.providers.scope import Scope
from hv_sched.providers.settings import Settings

LOG = printable.logger(__name__)


@dataclasses.dataclass(frozen=True)
class SyncResult:
    """The result of a sync.

    :param plan: the last plan made, for its findings
    :param done: every change that was written, over all attempts
    :param failures: by cluster ('' for all), why it was not finished
    :param clusters: the cluster's name by the uuid of what was changed
    :param retries: how often it was observed and planned again
    :param conflicts: changes, over all attempts, with which somebody else
        was faster
    """

    plan: planning.Plan
    done: tuple[changes.Change, ...]
    failures: dict[str, exception.HvSchedError]
    clusters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    retries: int = 0
    conflicts: int = 0


class Progress:
    """Told what happens; the default says nothing."""

    def start(self, total: int) -> None:
        """``total`` changes are about to be written."""

    def done(self, change: changes.Change) -> None:
        """One of them stands."""

    def advance(self, count: int) -> None:
        """So many of what is counted are done."""

    def stop(self) -> None:
        """No more of them."""


def utcnow() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


class Reconciler:
    """Brings Placement in line with a source.

    Its clusters may be synced by as many threads at once, each cluster by
    one; what it remembers of a cluster is written by that one alone.

    :param clock: returns the time now, in UTC; by default Placement's own,
        where its answers tell it
    :param nova: asked for the type of a node's hypervisor before its own
        disk is closed; None where Nova is not within reach
    :param cpus: tells what a source leaves open of the nodes' processors
    """

    def __init__(self, client: Placement, settings: Settings,
                 progress: Progress | None = None,
                 clock: Callable[[], datetime.datetime] | None = None,
                 nova: hypervisors.HypervisorTypes | None = None,
                 cpus: node_cpus.NodeCpus | None = None) -> None:
        self._client = client
        self._settings = settings
        self._progress = progress or Progress()
        self._clock = clock or (lambda: client.server_time or utcnow())
        self._nova = nova
        self._cpus = cpus
        self._observer = observe.Observer(client, settings)
        self.memory = Memory(settings.debounce_passes)

    def overview(self, facts: model.Facts) -> tuple[Scope, Overview]:
        """The source laid over what few bulk requests contain."""
        return self._observer.overview(facts, self._moment)

    def observe(self, facts: model.Facts) -> tuple[Scope, Observed]:
        """Read every provider these facts concern in full."""
        return self._read_all(self._look(facts, full=True))

    def _read_all(self, look: Look) -> tuple[Scope, Observed]:
        scope, overview = look.scope, look.overview
        uuids = scoping.providers_to_read(scope, overview)
        return scope, self._observer.read(
            scope, overview, uuids | plan_frozen.to_close(
                scope, overview, self._moment(), self._settings))

    def _moment(self) -> Moment:
        return Moment(self._clock(), self.memory.applied, self.memory.usable)

    def look(self, facts: model.Facts, full: bool = True) -> Look:
        """Lay a new answer of the source over what stands now.

        For one thread.

        :param full: every provider concerned will be read
        :raises PlacementError: when Placement cannot be read
        """
        if self._cpus is not None:
            facts = self._cpus.filled(facts)
        facts = self.memory.silence.judged(facts)
        self.memory.usable = freshness.usable(facts, self._moment())
        return self._look(facts, full)

    def _look(self, facts: model.Facts, full: bool) -> Look:
        begun_at = time.monotonic()
        scope, overview = self._observer.overview(facts, self._moment, full)
        return Look(facts, scope, overview, self._moment(), full, begun_at)

    def cloud_plan(self, look: Look) -> planning.Plan:
        """What is to be said of the whole cloud, and names to delete.

        From the bulk overview alone.
        """
        return planning.of_cloud(look.facts, look.scope, look.overview, [
            change for cluster in look.clusters(self._settings)
            for change in self._sketched(look.of_cluster(cluster)).changes])

    def _sketched(self, look: Look) -> planning.Plan:
        """A cluster's plan from the overview; kept where it is the last."""
        scope, overview = look.scope, look.overview
        sketches = self._observer.sketches(scope, overview, look.moment)
        plan = planning.make(
            look.facts, scope, Observed(overview, sketches.providers),
            self._settings, look.moment)
        if scope.cluster is not None and not (
                plan.changes or sketches.in_doubt
                or self._observer.reads_more(scope, overview)):
            look.unchanging[scope.cluster] = plan
        return plan

    def plan(self, facts: model.Facts, full: bool = True
             ) -> tuple[planning.Plan, Observed]:
        """The plan, and what it was made from.

        :param full: read every provider concerned, not only those about
            which the bulk overview is in doubt
        :raises PlacementError: when Placement cannot be read
        """
        if self._cpus is not None:
            facts = self._cpus.filled(facts)
        self.memory.usable = freshness.usable(facts, self._moment())
        return self._plan(self._look(facts, full))

    def _plan(self, look: Look, also: frozenset[str] = frozenset()
              ) -> tuple[planning.Plan, Observed]:
        """:param also: read these in any case"""
        if look.full:
            scope, observed = self._read_all(look)
            return self._settled(look, observed, {})
        unchanging = look.unchanging.get(look.scope.cluster or '')
        if unchanging is not None and not also:
            return planning.of_clusters(
                unchanging, self._settings.clusters, look.overview
                ), Observed(look.overview, {})
        sketches = self._observer.sketches(
            look.scope, look.overview, look.moment)
        observed = self._observer.read(
            look.scope, look.overview, sketches.in_doubt | also
            | scoping.users_of_new_volumes(look.scope, look.overview))
        return self._settled(look, observed, sketches.providers)

    def _settled(self, look: Look, observed: Observed,
                 sketches: Mapping[str, Provider]
                 ) -> tuple[planning.Plan, Observed]:
        """A plan that writes to nothing but what was read in full."""
        nova = self._nova
        moment = self._moment() if look.full else look.moment
        while True:
            sketches = {uuid: sketch for uuid, sketch in sketches.items()
                        if uuid not in observed.providers}
            plan = planning.of_clusters(planning.make(
                look.facts, look.scope, dataclasses.replace(
                    observed, providers={**sketches, **observed.providers}),
                self._settings, moment), self._settings.clusters,
                observed.overview)
            unread = drift.unread(plan, look.scope, sketches)
            if unread:
                observed = self._observer.read_more(
                    look.scope, observed, unread)
                # One that is gone meanwhile is no sketch any more, either.
                sketches = {uuid: sketch for uuid, sketch in sketches.items()
                            if uuid not in unread}
            elif nova is not None and (nodes := _closed_nodes(plan)):
                observed = observe.with_hypervisors(observed, nodes, nova)
                nova = None  # asked once
            else:
                return plan, observed

    def sync(self, facts: model.Facts, full: bool = True) -> SyncResult:
        """Plan and apply until nothing that can be retried is left.

        :raises PlacementError: when Placement cannot be read
        """
        return self._sync(self.look(facts, full), self.memory.debounce(ALL))

    def sync_cluster(self, look: Look, cluster: str) -> SyncResult:
        """The same for one cluster of a look; it deletes no names.

        :raises PlacementError: when Placement cannot be read
        """
        debouncing = self.memory.debounce(cluster)
        return self._sync(look.of_cluster(cluster), debouncing)

    def clean(self, look: Look, plan: planning.Plan) -> SyncResult:
        """Delete the names that nobody has any more.

        :param plan: the cloud's; no cluster may be synced meanwhile
        """
        cleaning = planning.Plan(cleaning=plan.cleaning)
        outcome = self._apply(cleaning, look, Observed(look.overview, {}))
        return SyncResult(cleaning, outcome.done, dict(outcome.failures))

    def _sync(self, look: Look, debouncing: debounce.Debounce) -> SyncResult:
        done: list[changes.Change] = []
        clusters: dict[str, str] = {}
        cluster = look.scope.cluster
        debouncing.start_pass(look.answer)
        # Only the first attempt reads everything: the longer the reading,
        # the surer a busy volume has moved on before it can be written.
        undone: frozenset[str] | None = None
        attempts: list[apply.ApplyOutcome] = []

        def attempt() -> tuple[planning.Plan, apply.ApplyOutcome]:
            nonlocal undone, look
            if undone is not None:
                look = self._look(look.facts, full=False)
                if cluster is not None:
                    look = look.of_cluster(cluster)
            plan, observed = self._plan(look, undone or frozenset())
            plan = debouncing.steady(plan, look.standing)
            outcome = self._apply(plan, look, observed)
            done.extend(outcome.done)
            clusters.update(planning.cluster_names(plan))
            attempts.append(outcome)
            stands = {id(change) for change in outcome.done}
            undone = frozenset(change.uuid for change in plan.changes
                               if id(change) not in stands)
            return plan, outcome

        plan, outcome = self._retrying()(attempt)
        self._remember(look.scope, plan, outcome)
        return SyncResult(plan, tuple(done), dict(outcome.failures), clusters,
                          len(attempts) - 1, sum(map(_conflicts, attempts)))

    def _remember(self, scope: Scope, plan: planning.Plan,
                  outcome: apply.ApplyOutcome) -> None:
        """Facts that were applied: older ones are not believed again."""
        frozen = {notice.cluster for notice in plan.all_findings
                  if notice.kind is Kind.FROZEN}
        for layout in scope.planned:
            cluster = layout.source
            if cluster.collected_at is not None and cluster.name not in {
                    *frozen, *outcome.failures}:
                self.memory.applied[cluster.guid] = cluster.collected_at

    def _apply(self, plan: planning.Plan, look: Look, observed: Observed
               ) -> apply.ApplyOutcome:
        self._progress.start(len(plan.changes))
        try:
            return apply.apply(
                self._client, plan, observed.providers,
                self._settings.workers, self._progress.done, look.ensured)
        finally:
            self._progress.stop()

    def _retrying(self) -> tenacity.Retrying:
        return tenacity.Retrying(
            retry=tenacity.retry_if_result(
                lambda attempted: attempted[1].retriable),
            stop=tenacity.stop_after_attempt(
                1 + self._settings.conflict_retries),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=5),
            before_sleep=_log_retry,
            retry_error_callback=_last_result)


def _closed_nodes(plan: planning.Plan) -> dict[str, str]:
    """The nodes whose own disk is to be closed: names by uuid."""
    return {change.uuid: change.name for change in plan.changes
            if change.step == changes.Step.CLOSE_NODE}


def _conflicts(outcome: apply.ApplyOutcome) -> int:
    return sum(isinstance(failure, exception.PlacementConflict)
               for failure in outcome.failures.values())


# tenacity 6 (2023.2) insists on the parameter name retry_state.


def _log_retry(retry_state: tenacity.RetryCallState) -> None:
    assert retry_state.outcome is not None
    _plan, outcome = retry_state.outcome.result()
    for cluster, failure in sorted(outcome.failures.items()):
        LOG.warning('Cluster %s: %s; reading and planning again (attempt '
                    '%d)', cluster or '(all)', failure,
                    retry_state.attempt_number + 1)


def _last_result(retry_state: tenacity.RetryCallState
                 ) -> tuple[planning.Plan, apply.ApplyOutcome]:
    assert retry_state.outcome is not None
    plan, outcome = retry_state.outcome.result()
    return plan, outcome
