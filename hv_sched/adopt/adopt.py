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


"""Move a running cluster's disk shares from its nodes to its volumes.

The order keeps every moment safe: volumes get inventory only, nodes are
closed, shares move, late and moving servers are swept, the sums are proved,
and only then does the ordinary reconcile publish. Every step looks at what
stands now, so a run that was killed is finished by the next one.
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
import time

from hv_sched import exception
from hv_sched import model
from hv_sched.adopt import inspection
from hv_sched.adopt import plan as adopt_plan
from hv_sched.adopt import proof
from hv_sched.adopt.inspection import AdoptInputs
from hv_sched.adopt.plan import AdoptPlan
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import Servers
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import names
from hv_sched.placement import retry
from hv_sched.placement.client import Placement
from hv_sched.providers import apply
from hv_sched.providers import changes
from hv_sched.providers import node_traits
from hv_sched.providers import plan as planning
from hv_sched.providers import reconcile
from hv_sched.providers.layout import Layout
from hv_sched.providers.settings import Settings
from hv_sched.shares import mover
from hv_sched.shares import rewrite
from hv_sched.shares.node_disk import NodeDisks
from hv_sched.shares.quiescence import Skip
from hv_sched.shares.quiescence import SkipReason

ATTEMPTS = 4  # beside another command that takes back what is written
_LONGEST_PAUSE_SECONDS = 4.0


@dataclasses.dataclass(frozen=True)
class AdoptOptions:
    """How to go about it.

    :param batch: servers written in one request
    :param wait_seconds: how long to wait for moving servers to stand still
    :param poll_seconds: between two looks at them
    """

    batch: int = 50
    allow_overcommit: bool = False
    wait_seconds: float = 0
    poll_seconds: float = 5


@dataclasses.dataclass(frozen=True)
class AdoptReport:
    """What became of one cluster.

    :param skipped: consumers that were not moved, and why
    :param published: what the reconcile at the end came to, None when it
        was not reached
    """

    plan: AdoptPlan
    skipped: tuple[Skip, ...] = ()
    proofs: tuple[proof.Proof, ...] = ()
    findings: tuple[Notice, ...] = ()
    published: reconcile.SyncResult | None = None

    @property
    def done(self) -> tuple[changes.Change, ...]:
        """What publishing it wrote."""
        return self.published.done if self.published else ()

    @property
    def failures(self) -> tuple[exception.HvSchedError, ...]:
        """Why it was not published; its shares are on the volumes."""
        return (tuple(self.published.failures.values())
                if self.published else ())


class Adopter:
    """Adopts one cluster after the other.

    :param progress: told how many shares there are and of each one done
    """

    def __init__(self, client: Placement, servers: Servers,
                 settings: Settings, options: AdoptOptions,
                 progress: reconcile.Progress | None = None,
                 clock: Callable[[], datetime.datetime] | None = None
                 ) -> None:
        self._client = client
        self._servers = servers
        self._settings = settings
        self._options = options
        self._progress = progress or reconcile.Progress()
        self._inspector = inspection.Inspector(
            client, servers, settings, options.allow_overcommit, clock)
        self._reconciler = self._inspector.reconciler

    def inspect(self, cluster: model.Cluster) -> AdoptInputs:
        """What adopting a cluster would come to.

        :raises PlacementError: when Placement cannot be read
        """
        return self._inspector.inspect(cluster)

    def unknown(self, inputs: AdoptInputs) -> tuple[Skip, ...]:
        """Consumers that cannot be written now, and why.

        :raises NovaError: when Nova cannot be read
        """
        return self._inspector.unknown(inputs)

    def adopt(self, inputs: AdoptInputs) -> AdoptReport:
        """Adopt a cluster, unless its plan is refused.

        It begins again when another command took away what it wrote.

        :raises Contended: that command was faster each time
        :raises PlacementError: nothing more could be done; run again
        :raises NovaError: the same
        """
        attempts = retry.on_conflict(
            f'adopt cluster {inputs.plan.cluster}', ATTEMPTS,
            exception.Contended.CAUSES, _LONGEST_PAUSE_SECONDS)
        try:
            for attempt in attempts:
                with attempt:
                    if attempt.retry_state.attempt_number > 1:
                        inputs = self.inspect(inputs.facts.clusters[0])
                    report = self._adopt(inputs)
            return report
        except exception.Contended.CAUSES as exc:
            raise exception.Contended(
                inputs.plan.cluster, str(exc)) from exc

    def _adopt(self, inputs: AdoptInputs) -> AdoptReport:
        """One attempt."""
        plan = inputs.plan
        waiting = self.unknown(inputs)
        refusals = (*plan.refusals, *_down(plan, waiting))
        if refusals:
            return AdoptReport(plan, waiting, findings=refusals)
        failure = self._make_volumes(inputs)
        if failure:
            raise failure
        disks = NodeDisks(self._client, tuple(inputs.layout.nodes))
        for node in inputs.layout.nodes:
            disks.remember(node)
            disks.fit(node)
        skipped = self._sweep(inputs, disks)
        self._finish(inputs, disks, skipped)
        proofs = self._prove(inputs)
        result = self._reconciler.sync(inputs.facts)
        return AdoptReport(plan, tuple(skipped.values()), proofs, (
            *_notices(plan.cluster, skipped),
            *_disproved(plan.cluster, proofs),
            *result.plan.all_findings), result)

    def _make_volumes(self, inputs: AdoptInputs
                      ) -> exception.HvSchedError | None:
        plan = planning.Plan(
            vocabulary=planning.vocabulary(
                inputs.plan.changes, inputs.observed.overview),
            clusters=(planning.ClusterPlan(
                inputs.plan.cluster, inputs.plan.changes),))
        outcome = apply.apply(self._client, plan,
                              inputs.observed.providers,
                              self._settings.workers)
        return next(iter(outcome.failures.values()), None)

    def _sweep(self, inputs: AdoptInputs, disks: NodeDisks
               ) -> dict[str, Skip]:
        """Move all there is, and what comes to stand still in time."""
        strategy = mover.MoveStrategy(
            self._rewrite(inputs.plan.targets), disks.write,
            self._destination(inputs))
        share_mover = mover.Mover(self._client, self._servers, strategy,
                                  self._options.batch, self._settings.workers)
        deadline = time.monotonic() + self._options.wait_seconds
        self._progress.start(sum(
            len(inputs.shares.get(node, {}))
            for node in inputs.layout.nodes))
        try:
            while True:
                skipped = self._pass(inputs.layout, share_mover, disks)
                if not self._again(skipped, deadline):
                    return skipped
                time.sleep(self._options.poll_seconds)
        finally:
            self._progress.stop()

    def _again(self, skipped: Mapping[str, Skip], deadline: float) -> bool:
        moving = any(skip.reason == SkipReason.MOVING
                     for skip in skipped.values())
        return moving and time.monotonic() < deadline

    def _pass(self, layout: Layout, mover_: mover.Mover, disks: NodeDisks
              ) -> dict[str, Skip]:
        """Every node once, and again while new servers arrive."""
        skipped: dict[str, Skip] = {}
        for node in layout.nodes:
            attempted: set[str] = set()
            while consumers := (self._inspector.disk_shares(node).keys()
                                - attempted):
                attempted |= consumers
                skipped.update({skip.consumer: skip for skip in mover_.move(
                    node, consumers, self._progress.advance)})
            disks.fit(node)
        return skipped

    @staticmethod
    def _rewrite(targets: adopt_plan.Targets) -> mover.Rewrite:
        return lambda consumer: rewrite.to_volumes(
            consumer, targets.homes, targets.by_server.get(consumer.uuid))

    @staticmethod
    def _destination(inputs: AdoptInputs) -> mover.Destination:
        by_name = {inputs.observed.overview.listed[uuid].name: uuid
                   for uuid in inputs.observed.overview.compute_nodes}

        def find(migration: Migration) -> tuple[str | None, str | None]:
            node = by_name.get(migration.dest_node or '')
            return node, inputs.plan.targets.homes.get(node or '')
        return find

    def _finish(self, inputs: AdoptInputs, disks: NodeDisks,
                skipped: Mapping[str, Skip]) -> None:
        """Nodes without shares that still can move are done."""
        marks = node_traits.marks(inputs.layout.cluster).intersection(
            names.CLUSTERED_MARKS)
        for node in inputs.layout.nodes:
            remaining = self._inspector.disk_shares(node)
            if all(consumer in skipped
                   and skipped[consumer].reason == SkipReason.UNEXPLAINED
                   for consumer in remaining):
                disks.close(node)
                disks.mark_adopted(node, marks)

    def _prove(self, inputs: AdoptInputs) -> tuple[proof.Proof, ...]:
        on_nodes: dict[str, int] = {}
        for node in inputs.layout.nodes:
            on_nodes.update(self._inspector.disk_shares(node))
        return tuple(
            proof.prove(volume, self._inspector.disk_shares(volume.uuid),
                        on_nodes, self._needed)
            for volume in inputs.plan.volumes)

    def _needed(self, consumer: str) -> int | None:
        """What Nova says a server's disk takes, of its flavor of now."""
        server = self._servers.server(consumer)
        return server.needs.disk_gb if server else None


def _down(plan: AdoptPlan, skipped: tuple[Skip, ...]) -> list[Notice]:
    count = sum(1 for skip in skipped if skip.reason == SkipReason.UNKNOWN)
    if not count:
        return []
    return [Notice(
        plan.cluster, plan.cluster, Kind.FROZEN,
        f'{count} of its shares are of a cell that does not answer: '
        f'nothing is touched until it does', 'cell-down')]


def _notices(cluster: str, skipped: Mapping[str, Skip]) -> list[Notice]:
    return [Notice(cluster, skip.consumer, Kind.SKIPPED, skip.message,
                   'share-skipped')
            for skip in skipped.values()]


def _disproved(cluster: str, proofs: tuple[proof.Proof, ...]
               ) -> list[Notice]:
    return [Notice(
        cluster, account.volume, Kind.REFUSED,
        f'the sums do not agree; shares of another size: '
        f'{", ".join(account.differing) or "none"}', 'sums-differ')
        for account in proofs if not account.holds]
