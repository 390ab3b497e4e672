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


"""Give a cluster back: shares to the nodes, ratios as before, no trace.

The volumes are hidden first, so nothing new comes while shares move to the
own disks of the nodes; then the nodes are opened and forgotten, and the
volumes deleted. A run that was killed is finished by the next one.
"""

from collections.abc import Callable
from collections.abc import Mapping
import contextlib
import dataclasses

from hv_sched import exception
from hv_sched import model
from hv_sched.compute.servers import Servers
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import overcommit
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.observed import Observed
from hv_sched.providers import apply
from hv_sched.providers import changes
from hv_sched.providers import plan as planning
from hv_sched.providers import plan_node
from hv_sched.providers import plan_withdrawal
from hv_sched.providers import reconcile
from hv_sched.providers import scope as scoping
from hv_sched.providers.layout import Layout
from hv_sched.providers.scope import Scope
from hv_sched.providers.settings import Settings
from hv_sched.shares import mover
from hv_sched.shares import rewrite
from hv_sched.shares.node_disk import NodeDisks
from hv_sched.shares.quiescence import Left
from hv_sched.shares.quiescence import Why

# Names that belong to one cluster's past, and those of hv_sched as a whole.
_PAST = (names.FORMER_RATIO_PREFIX, names.IMAGE_PREFIX, names.HOME_PREFIX,
         overcommit.PREFIX)
_OURS = ('CUSTOM_CSV_', names.HYPERV)
_OUR_CLASSES = ('CUSTOM_CSV_', 'CUSTOM_REMOTEFX_')


@dataclasses.dataclass(frozen=True)
class Situation:
    """A cluster that is to be given back.

    :param nodes: by uuid, the names of its compute nodes
    :param volumes: by uuid, the names of its volumes in Placement
    :param shares: by volume, what each consumer holds there, in GiB
    """

    facts: model.Facts
    layout: Layout
    scope: Scope
    observed: Observed
    nodes: Mapping[str, str]
    volumes: Mapping[str, str]
    shares: Mapping[str, Mapping[str, int]]


@dataclasses.dataclass(frozen=True)
class Report:
    """:param done: the changes that gave the providers back"""

    findings: tuple[Notice, ...]
    left: tuple[Left, ...] = ()
    done: tuple[changes.Change, ...] = ()


class Retirer:
    """Retires one cluster after the other.

    :param ratios: of nodes, from an export; go before those remembered
    """

    def __init__(self, client: Placement, servers: Servers,
                 settings: Settings, batch: int = 50,
                 ratios: Mapping[str, float] | None = None,
                 progress: reconcile.Progress | None = None) -> None:
        self._client = client
        self._servers = servers
        self._settings = settings
        self._batch = batch
        self._ratios = ratios or {}
        self._progress = progress or reconcile.Progress()
        self._reconciler = reconcile.Reconciler(client, settings)

    def look(self, cluster: model.Cluster) -> Situation:
        """What there is to give back.

        :raises PlacementError: when Placement cannot be read
        """
        facts = model.Facts((cluster,))
        scope, observed = self._reconciler.observe(facts)
        one = scope.layouts[0]
        listed = observed.overview.listed
        members = observed.overview.members.get(one.cluster_aggregate,
                                                frozenset())
        nodes = {*one.nodes, *(members & observed.overview.compute_nodes)}
        volumes = {uuid for uuid in (*one.volumes, *scoping.named_like_ours(
            one, observed.overview)) if uuid in observed.providers}
        return Situation(
            facts, one, scope, observed,
            {uuid: listed[uuid].name for uuid in nodes},
            {uuid: listed[uuid].name for uuid in volumes},
            {uuid: self._held(uuid) for uuid in volumes})

    def _held(self, volume: str) -> dict[str, int]:
        return {consumer: resources.get(names.DISK_GB, 0)
                + resources.get(names.HELD_DISK_GB, 0)
                for consumer, resources
                in self._client.allocations_on(volume).items()}

    def retire(self, situation: Situation) -> Report:
        """Give a cluster back.

        :raises PlacementError: nothing more could be done; run again
        :raises NovaError: the same
        """
        name = situation.layout.cluster.name
        for volume in situation.volumes:
            self._hide(volume)
        disks = NodeDisks(self._client, tuple(situation.nodes))
        left = self._move(situation, disks)
        told = tuple(Notice(name, one.consumer, Kind.SKIPPED, one.message)
                     for one in left)
        if any(one.why != Why.UNEXPLAINED for one in left):
            return Report((*told, Notice(
                name, name, Kind.SKIPPED, 'not every share is back on its '
                'node: its volumes stay hidden and its nodes closed; run '
                'retire again')), tuple(left))
        for node in situation.nodes:
            disks.restore(node, self._ratios.get(node))
        findings = self._drop_children(situation)
        done, more = self._release(self.look(situation.facts.clusters[0]))
        self._clean()
        return Report((*told, *findings, *more), tuple(left), done)

    def _hide(self, volume: str) -> None:
        """Out of its home aggregate: no candidate has it from now on."""
        home = frozenset((ids.home_aggregate(volume),))
        for attempt in range(mover.ATTEMPTS):
            generation, aggregates = self._client.aggregates(volume)
            if not aggregates & home:
                return
            try:
                self._client.set_aggregates(volume, generation,
                                            aggregates - home)
                return
            except exception.PlacementConflict:
                if attempt + 1 == mover.ATTEMPTS:
                    raise

    def _move(self, situation: Situation, disks: NodeDisks) -> list[Left]:
        """Every share to the own disk of its server's node."""
        one = mover.Mover(
            self._client, self._servers, mover.Direction(
                lambda consumer: rewrite.to_nodes(
                    consumer, situation.volumes,
                    self._nodes_of(consumer, situation.observed)),
                disks.write, lambda migration: (None, None)),
            self._batch, self._settings.workers)
        waiting = {consumer for volume in situation.volumes
                   for consumer in self._held(volume)}
        self._progress.start(len(waiting))
        left: list[Left] = []
        try:
            for node in situation.nodes:
                here = waiting & self._client.allocations_on(node).keys()
                left += one.move(node, here, self._progress.advance)
                waiting -= here
            left += one.move('', waiting, self._progress.advance)
        finally:
            self._progress.stop()
        return left

    def _nodes_of(self, consumer: Consumer, observed: Observed
                  ) -> frozenset[str]:
        """The compute nodes whose own disk may get a consumer's share.

        An evacuated server holds something on its old node too until that
        comes back: its files are where Nova says it is.
        """
        overview = observed.overview
        on = overview.compute_nodes & consumer.held.keys()
        server = self._servers.server(consumer.uuid) if len(on) > 1 else None
        if server is None:
            return on
        return frozenset(uuid for uuid in on
                         if overview.listed[uuid].name == server.node)

    def _drop_children(self, situation: Situation) -> list[Notice]:
        """Delete the RemoteFX providers below the nodes."""
        found = []
        for node, name in situation.nodes.items():
            child = ids.remotefx_uuid(node)
            if child not in situation.observed.overview.listed:
                continue
            try:
                self._client.delete_provider(child)
            except exception.PlacementNotFound:
                continue
            except exception.PlacementRefused as exc:
                found.append(Notice(situation.layout.cluster.name, name,
                                     Kind.REFUSED, str(exc)))
        return found

    def _release(self, now: Situation
                 ) -> tuple[tuple[changes.Change, ...], list[Notice]]:
        """Take what is ours off the nodes, and delete the volumes."""
        one, providers = now.layout, now.observed.providers
        found = [change for node in now.nodes if node in providers
                 for change in plan_node.release(
                     providers[node], now.scope.aggregates, one)]
        findings = []
        for volume, name in now.volumes.items():
            if now.shares[volume]:
                findings.append(Notice(
                    one.cluster.name, name, Kind.REFUSED,
                    f'{len(now.shares[volume])} consumers still hold '
                    f'{sum(now.shares[volume].values())} GB of it: it '
                    f'stays, hidden'))
            else:
                found += plan_withdrawal.withdraw(providers[volume])
        wanted = planning.Plan(clusters=(planning.ClusterPlan(
            one.cluster.name, tuple(c for c in found if c.lines)),))
        outcome = apply.apply(self._client, wanted, providers,
                              self._settings.workers)
        for failure in outcome.failures.values():
            raise failure
        return outcome.done, findings

    def _clean(self) -> None:
        """Delete names nobody uses; all of ours with the last cluster.

        While a cluster is left the scheduler's queries name some of them.
        """
        in_use = self._client.all_traits(associated=True)
        last = not in_use & {names.VOLUME, names.CLUSTERED}
        for trait in sorted(self._client.all_traits() - in_use):
            if trait.startswith(_PAST) or last and trait.startswith(_OURS):
                self._forget(self._client.delete_trait, trait)
        if last:
            for rc in sorted(self._client.resource_classes()):
                if rc.startswith(_OUR_CLASSES):
                    self._forget(self._client.delete_resource_class, rc)

    @staticmethod
    def _forget(delete: Callable[[str], None], name: str) -> None:
        # Used again, or already gone: both are fine.
        with contextlib.suppress(exception.PlacementRefused):
            delete(name)
