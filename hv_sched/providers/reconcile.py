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
from hv_sched.providers import silence
from hv_sched.providers.freshness import Moment
from hv_sched.providers.scope import Scope
from hv_sched.providers.settings import Settings

LOG = printable.logger(__name__)


@dataclasses.dataclass(frozen=True)
class SyncResult:
    """What a sync came to.

    :param plan: the last plan made, for its findings
    :param done: every change that was written, over all attempts
    :param failures: by cluster ('' for all), why it was not finished
    """

    plan: planning.Plan
    done: tuple[changes.Change, ...]
    failures: dict[str, exception.HvSchedError]


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
        self._silence = silence.Silence()
        self._debounce = debounce.Debounce(settings.debounce_passes)
        self._applied: dict[str, datetime.datetime] = {}
        self._usable: dict[str, datetime.datetime] = {}

    def overview(self, facts: model.Facts) -> tuple[Scope, Overview]:
        """The source laid over what few bulk requests tell."""
        return self._observer.overview(facts, self._moment)

    def observe(self, facts: model.Facts) -> tuple[Scope, Observed]:
        """Read every provider these facts concern in full."""
        scope, overview = self._observer.overview(facts, self._moment)
        uuids = scoping.providers_to_read(scope, overview)
        return scope, self._observer.read(
            scope, overview, uuids | plan_frozen.to_close(
                scope, overview, self._moment(), self._settings))

    def _moment(self) -> Moment:
        return Moment(self._clock(), self._applied, self._usable)

    def plan(self, facts: model.Facts, full: bool = True
             ) -> tuple[planning.Plan, Observed]:
        """The plan, and what it was made from.

        :param full: read every provider concerned, not only those about
            which the bulk overview is in doubt
        :raises PlacementError: when Placement cannot be read
        """
        return self._plan(facts, full)

    def _plan(self, facts: model.Facts, full: bool,
              also: frozenset[str] = frozenset()
              ) -> tuple[planning.Plan, Observed]:
        """:param also: read these in any case"""
        if self._cpus is not None:
            facts = self._cpus.filled(facts)
        self._usable = freshness.usable(facts, self._moment())
        if full:
            scope, observed = self.observe(facts)
            return self._settled(facts, scope, observed, {}, self._moment())
        scope, overview = self._observer.overview(facts, self._moment)
        moment = self._moment()
        sketches = self._observer.sketches(scope, overview, moment)
        observed = self._observer.read(
            scope, overview, sketches.in_doubt | also)
        return self._settled(
            facts, scope, observed, sketches.providers, moment)

    def _settled(self, facts: model.Facts, scope: Scope, observed: Observed,
                 sketches: Mapping[str, Provider], moment: Moment
                 ) -> tuple[planning.Plan, Observed]:
        """A plan that writes to nothing but what was read in full."""
        nova = self._nova
        while True:
            sketches = {uuid: sketch for uuid, sketch in sketches.items()
                        if uuid not in observed.providers}
            plan = planning.make(
                facts, scope, dataclasses.replace(observed, providers={
                    **sketches, **observed.providers}), self._settings,
                moment)
            unread = drift.unread(plan, scope, sketches)
            if unread:
                observed = self._observer.read_more(scope, observed, unread)
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
        done: list[changes.Change] = []
        self._debounce.start_pass()
        facts = self._silence.judged(facts)
        # Only the first attempt reads everything: the longer the reading,
        # the surer a busy volume has moved on before it can be written.
        undone: frozenset[str] | None = None

        def attempt() -> tuple[planning.Plan, apply.ApplyOutcome]:
            nonlocal undone
            plan, observed = self._plan(
                facts, full and undone is None, undone or frozenset())
            plan = self._debounce.steady(plan)
            outcome = self._apply(plan, observed)
            done.extend(outcome.done)
            stands = {id(change) for change in outcome.done}
            undone = frozenset(change.uuid for change in plan.changes
                               if id(change) not in stands)
            return plan, outcome

        plan, outcome = self._retrying()(attempt)
        self._remember(facts, plan, outcome)
        return SyncResult(plan, tuple(done), dict(outcome.failures))

    def _remember(self, facts: model.Facts, plan: planning.Plan,
                  outcome: apply.ApplyOutcome) -> None:
        """Facts that were applied: older ones are not believed again."""
        frozen = {notice.cluster for notice in plan.all_findings
                  if notice.kind is Kind.FROZEN}
        for cluster in facts.clusters:
            if cluster.collected_at is not None and cluster.name not in {
                    *frozen, *outcome.failures}:
                self._applied[cluster.guid] = cluster.collected_at

    def _apply(self, plan: planning.Plan, observed: Observed
               ) -> apply.ApplyOutcome:
        self._progress.start(len(plan.changes))
        try:
            return apply.apply(
                self._client, plan, observed.providers,
                self._settings.workers, self._progress.done)
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


# tenacity 6 (2023.2) insists on the parameter name retry_state.


def _log_retry(retry_state: tenacity.RetryCallState) -> None:
    assert retry_state.outcome is not None
    _plan, outcome = retry_state.outcome.result()
    for cluster, failure in sorted(outcome.failures.items()):
        LOG.warning('Cluster %s: %s; observing and planning anew (attempt '
                    '%d)', cluster or '(all)', failure,
                    retry_state.attempt_number + 1)


def _last_result(retry_state: tenacity.RetryCallState
                 ) -> tuple[planning.Plan, apply.ApplyOutcome]:
    assert retry_state.outcome is not None
    plan, outcome = retry_state.outcome.result()
    return plan, outcome
