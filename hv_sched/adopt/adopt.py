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
from hv_sched.adopt.inspection import Situation
from hv_sched.adopt.plan import AdoptPlan
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import Servers
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement.client import Placement
from hv_sched.providers import apply
from hv_sched.providers import plan as planning
from hv_sched.providers import reconcile
from hv_sched.providers.layout import Layout
from hv_sched.providers.settings import Settings
from hv_sched.shares import mover
from hv_sched.shares import rewrite
from hv_sched.shares.node_disk import NodeDisks
from hv_sched.shares.quiescence import Left
from hv_sched.shares.quiescence import Why


@dataclasses.dataclass(frozen=True)
class Options:
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
class Report:
    """What became of one cluster.

    :param left: consumers that were not moved, and why
    :param published: what the reconcile at the end came to, None when it
        was not reached
    """

    plan: AdoptPlan
    left: tuple[Left, ...] = ()
    proofs: tuple[proof.Proof, ...] = ()
    findings: tuple[Notice, ...] = ()
    published: reconcile.SyncResult | None = None


class Adopter:
    """Adopts one cluster after the other.

    :param progress: told how many shares there are and of each one done
    """

    def __init__(self, client: Placement, servers: Servers,
                 settings: Settings, options: Options,
                 progress: reconcile.Progress | None = None,
                 clock: Callable[[], datetime.datetime] | None = None
                 ) -> None:
        self._client = client
        self._servers = servers
        self._settings = settings
        self._options = options
        self._progress = progress or reconcile.Progress()
        self._survey = inspection.Surveyor(
            client, servers, settings, options.allow_overcommit, clock)
        self._reconciler = self._survey.reconciler

    def look(self, cluster: model.Cluster) -> Situation:
        """What adopting a cluster would come to.

        :raises PlacementError: when Placement cannot be read
        """
        return self._survey.look(cluster)

    def unknown(self, situation: Situation) -> tuple[Left, ...]:
        """Consumers that cannot be written now, and why.

        :raises NovaError: when Nova cannot be read
        """
        return self._survey.unknown(situation)

    def adopt(self, situation: Situation) -> Report:
        """Adopt a cluster, unless its plan is refused.

        :raises PlacementError: nothing more could be done; run again
        :raises NovaError: the same
        """
        plan = situation.plan
        waiting = self.unknown(situation)
        refusals = (*plan.refusals, *_down(plan, waiting))
        if refusals:
            return Report(plan, waiting, findings=refusals)
        failure = self._make_volumes(situation)
        if failure:
            raise failure
        disks = NodeDisks(self._client, tuple(situation.layout.nodes))
        for node in situation.layout.nodes:
            disks.remember(node)
            disks.fit(node)
        left = self._sweep(situation, disks)
        self._finish(situation, disks, left)
        proofs = self._prove(situation)
        result = self._reconciler.sync(situation.facts)
        return Report(plan, tuple(left.values()), proofs, (
            *_told(plan.cluster, left), *_disproved(plan.cluster, proofs),
            *result.plan.all_findings), result)

    def _make_volumes(self, situation: Situation
                      ) -> exception.HvSchedError | None:
        wanted = planning.Plan(
            vocabulary=planning.vocabulary(
                situation.plan.changes, situation.observed.overview),
            clusters=(planning.ClusterPlan(
                situation.plan.cluster, situation.plan.changes),))
        outcome = apply.apply(self._client, wanted,
                              situation.observed.providers,
                              self._settings.workers)
        return next(iter(outcome.failures.values()), None)

    def _sweep(self, situation: Situation, disks: NodeDisks
               ) -> dict[str, Left]:
        """Move all there is, and what comes to stand still in time."""
        direction = mover.Direction(
            self._rewrite(situation.plan.targets), disks.write,
            self._destination(situation))
        one = mover.Mover(self._client, self._servers, direction,
                          self._options.batch, self._settings.workers)
        deadline = time.monotonic() + self._options.wait_seconds
        self._progress.start(sum(
            len(situation.shares.get(node, {}))
            for node in situation.layout.nodes))
        try:
            while True:
                left = self._pass(situation.layout, one, disks)
                if not self._again(left, deadline):
                    return left
                time.sleep(self._options.poll_seconds)
        finally:
            self._progress.stop()

    def _again(self, left: Mapping[str, Left], deadline: float) -> bool:
        moving = any(one.why == Why.MOVING for one in left.values())
        return moving and time.monotonic() < deadline

    def _pass(self, layout: Layout, one: mover.Mover, disks: NodeDisks
              ) -> dict[str, Left]:
        """Every node once, and again while new servers arrive."""
        left: dict[str, Left] = {}
        for node in layout.nodes:
            tried: set[str] = set()
            while consumers := self._survey.disk_shares(node).keys() - tried:
                tried |= consumers
                left.update({found.consumer: found for found in one.move(
                    node, consumers, self._progress.advance)})
            disks.fit(node)
        return left

    @staticmethod
    def _rewrite(goes: adopt_plan.Targets) -> mover.Rewrite:
        return lambda consumer: rewrite.to_volumes(
            consumer, goes.homes, goes.known.get(consumer.uuid))

    @staticmethod
    def _destination(situation: Situation) -> mover.Destination:
        by_name = {situation.observed.overview.listed[uuid].name: uuid
                   for uuid in situation.observed.overview.compute_nodes}

        def find(migration: Migration) -> tuple[str | None, str | None]:
            node = by_name.get(migration.dest_node or '')
            return node, situation.plan.targets.homes.get(node or '')
        return find

    def _finish(self, situation: Situation, disks: NodeDisks,
                left: Mapping[str, Left]) -> None:
        """Nodes without shares that still can move are done."""
        for node in situation.layout.nodes:
            still = self._survey.disk_shares(node)
            if all(consumer in left
                   and left[consumer].why == Why.UNEXPLAINED
                   for consumer in still):
                disks.close(node)
                disks.mark_adopted(node)

    def _prove(self, situation: Situation) -> tuple[proof.Proof, ...]:
        on_nodes: dict[str, int] = {}
        for node in situation.layout.nodes:
            on_nodes.update(self._survey.disk_shares(node))
        return tuple(
            proof.prove(volume, self._survey.disk_shares(volume.uuid),
                        on_nodes, self._needed)
            for volume in situation.plan.volumes)

    def _needed(self, consumer: str) -> int | None:
        """What Nova says a server's disk takes, of its flavor of now."""
        server = self._servers.server(consumer)
        return server.needs.disk_gb if server else None


def _down(plan: AdoptPlan, left: tuple[Left, ...]) -> list[Notice]:
    count = sum(1 for one in left if one.why == Why.UNKNOWN)
    if not count:
        return []
    return [Notice(
        plan.cluster, plan.cluster, Kind.FROZEN,
        f'{count} of its shares are of a cell that does not answer: '
        f'nothing is touched until it does')]


def _told(cluster: str, left: Mapping[str, Left]) -> list[Notice]:
    return [Notice(cluster, one.consumer, Kind.SKIPPED, one.message)
            for one in left.values()]


def _disproved(cluster: str, proofs: tuple[proof.Proof, ...]
               ) -> list[Notice]:
    return [Notice(
        cluster, one.volume, Kind.REFUSED,
        f'the sums do not agree; shares of another size: '
        f'{", ".join(one.differing) or "none"}')
        for one in proofs if not one.holds]
