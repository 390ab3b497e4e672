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

import collections
from collections.abc import Iterable
from collections.abc import Mapping
import contextlib
import dataclasses

from hv_sched import exception
from hv_sched import model
from hv_sched.adopt import unused_names
from hv_sched.adopt.proof import prove_return
from hv_sched.adopt.proof import ReturnProof
from hv_sched.adopt.retire_inputs import RetireInputs
from hv_sched.compute import proven
from hv_sched.compute.servers import Servers
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import removal
from hv_sched.placement import retry
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.observed import Observed
from hv_sched.providers import apply
from hv_sched.providers import changes
from hv_sched.providers import gate
from hv_sched.providers import identity
from hv_sched.providers import plan as planning
from hv_sched.providers import plan_node
from hv_sched.providers import plan_withdrawal
from hv_sched.providers import reconcile
from hv_sched.providers.settings import Settings
from hv_sched.shares import mover
from hv_sched.shares import nova_denial
from hv_sched.shares import rewrite
from hv_sched.shares.node_disk import NodeDisks
from hv_sched.shares.node_disk import UsesVolume
from hv_sched.shares.quiescence import Skip
from hv_sched.shares.quiescence import SkipReason

# The operator said retire; who still holds something is left alone.
_EVIDENCE = gate.Evidence(is_told=True, is_allowed=True)


@dataclasses.dataclass(frozen=True)
class RetireReport:
    """:param done: the changes that gave the providers back
    :param failures: why others of them were not written
    :param proof: None where nothing was moved
    """

    findings: tuple[Notice, ...]
    skipped: tuple[Skip, ...] = ()
    done: tuple[changes.Change, ...] = ()
    failures: tuple[exception.HvSchedError, ...] = ()
    proof: ReturnProof | None = None


def _require_read(volumes: Iterable[str], observed: Observed) -> None:
    """A volume that is listed may hold shares, whatever its own page says.

    :raises PlacementUnavailable: one was not found when it was read
    """
    for uuid in sorted(volumes):
        if uuid not in observed.providers:
            raise _contradiction(observed.overview.listed[uuid].name, uuid)


def _contradiction(name: str, uuid: str) -> exception.PlacementUnavailable:
    return exception.PlacementUnavailable(
        f'one answer of Placement has {name} ({uuid}) and another has not: '
        'run retire again, and check that every request is led to the same '
        'Placement')


def _left_behind(remaining_gb: Mapping[str, int], skipped: Iterable[Skip]
                 ) -> list[Skip]:
    """Who still holds something on the volumes, and was not skipped.

    Its allocations were read as empty, or it claimed while the volumes
    were being hidden: its node must not be opened beside them.

    :param remaining_gb: what is on the volumes, by consumer
    """
    accounted = {skip.consumer for skip in skipped}
    return [Skip(consumer, SkipReason.REFUSED,
                 f'it still holds {gb} GB of the volumes, which was not '
                 'shown when its share was to be moved: run retire again')
            for consumer, gb in sorted(remaining_gb.items())
            if consumer not in accounted]


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

    def inspect(self, cluster: model.Cluster) -> RetireInputs:
        """What there is to give back.

        :raises PlacementError: when Placement cannot be read
        """
        facts = model.Facts((cluster,), is_partial=True)
        scope, observed = self._reconciler.observe(facts)
        layout = scope.layouts[0]
        listed = observed.overview.listed
        members = observed.overview.members.get(layout.cluster_aggregate,
                                                frozenset())
        nodes = {*layout.nodes, *(members & observed.overview.compute_nodes)}
        others = {uuid: listed[volume].name
                  for volume in sorted(scope.identity.strangers)
                  for uuid in nodes & identity.users(
                      volume, observed.overview)}
        departing = scope.identity.of_cluster(cluster.guid)
        volumes = {uuid for uuid in (*layout.volumes, *departing)
                   if uuid in listed}
        self._require_absent(layout.volumes.keys() - listed.keys())
        _require_read(volumes, observed)
        return RetireInputs(
            facts, layout, scope, observed,
            {uuid: listed[uuid].name for uuid in nodes - others.keys()},
            {uuid: listed[uuid].name for uuid in volumes},
            {uuid: self._held(uuid) for uuid in volumes}, others)

    def _require_absent(self, volumes: Iterable[str]) -> None:
        """A volume of the source that no list has is not there, either.

        :raises PlacementUnavailable: one is
        """
        for uuid in sorted(volumes):
            with contextlib.suppress(exception.PlacementNotFound):
                raise _contradiction(self._client.provider(uuid).name, uuid)

    def _held(self, volume: str) -> dict[str, int]:
        return {consumer: resources.get(names.DISK_GB, 0)
                + resources.get(names.HELD_DISK_GB, 0)
                for consumer, resources
                in self._client.allocations_on(volume).items()}

    def check_nova(self, inputs: RetireInputs) -> None:
        """Nothing when Nova may be asked whose the shares are.

        :raises NovaNotProven: it has not shown that it is this cloud's
        :raises NovaError: it cannot be read
        """
        proven.prove(self._servers, inputs.nodes.values()).require()
        nova_denial.read_skipped(
            self._servers, self._by_node(inputs))

    def retire(self, inputs: RetireInputs) -> RetireReport:
        """Give a cluster back.

        :raises Contended: another command publishes it again
        :raises PlacementError: nothing more could be done; run again
        :raises NovaError: the same
        """
        self.check_nova(inputs)
        try:
            return self._retire(inputs)
        except (*exception.Contended.CAUSES, UsesVolume) as exc:
            raise exception.Contended(
                inputs.layout.cluster.name, str(exc)) from exc

    def _retire(self, inputs: RetireInputs) -> RetireReport:
        name = inputs.layout.cluster.name
        for volume in inputs.volumes:
            self._hide(volume)
        for node in inputs.nodes:
            self.leave_homes(inputs, node)
        # Opened only at a generation at which a node is in no home, since an
        # adopt or an agent may publish the cluster again at any moment.
        disks = NodeDisks(self._client, tuple(inputs.nodes),
                          map(ids.home_aggregate, inputs.volumes))
        before = self._disk_gb(inputs.volumes)
        skipped = self._move(inputs, disks)
        skipped += _left_behind(self._held_gb(inputs.volumes), skipped)
        on_nodes = self._disk_gb(inputs.nodes)
        # Read for itself: what one answer omits the other one shows.
        on_volumes = self._disk_gb(inputs.volumes)
        skipped += _left_behind(on_volumes, skipped)
        account = prove_return(before, on_nodes, on_volumes)
        notices = tuple(Notice(name, skip.consumer, Kind.SKIPPED,
                               skip.message, 'share-skipped')
                        for skip in skipped)
        if any(skip.reason != SkipReason.UNEXPLAINED for skip in skipped):
            return RetireReport((*inputs.refusals, *notices, Notice(
                name, name, Kind.SKIPPED, 'not every share is back on its '
                'node: its volumes stay hidden and its nodes closed; run '
                'retire again', 'retire-unfinished')), tuple(skipped),
                proof=account)
        for node in inputs.nodes:
            disks.restore(node, _EVIDENCE, self._ratios.get(node))
        findings = self.drop_children(inputs)
        outcome, refusals = self._release(
            self.inspect(inputs.facts.clusters[0]))
        if not outcome.failures:
            self.clean()
        return RetireReport(
            (*inputs.refusals, *notices, *findings, *refusals),
            tuple(skipped), outcome.done,
            tuple(outcome.failures.values()), account)

    def _disk_gb(self, providers: Iterable[str]) -> dict[str, int]:
        """DISK_GB by consumer on these providers together."""
        held: collections.Counter[str] = collections.Counter()
        for provider in providers:
            for consumer, resources in self._client.allocations_on(
                    provider).items():
                if names.DISK_GB in resources:
                    held[consumer] += resources[names.DISK_GB]
        return dict(held)

    def _hide(self, volume: str) -> None:
        """Out of its home aggregate: no candidate has it from now on."""
        self._leave(volume, (volume,), f'hide volume {volume}')

    def leave_homes(self, inputs: RetireInputs, node: str) -> None:
        """Take a node off the cluster's volumes: nothing new comes there."""
        self._leave(node, inputs.volumes,
                    f'take node {inputs.nodes[node]} off its volumes')

    def _leave(self, provider: str, volumes: Iterable[str], doing: str
               ) -> None:
        """Take a provider out of the homes of volumes."""
        homes = frozenset(map(ids.home_aggregate, volumes))

        def attempt() -> None:
            generation, aggregates = self._client.aggregates(provider)
            if aggregates & homes:
                self._client.set_aggregates(provider, generation,
                                            aggregates - homes)
        retry.on_conflict(doing, mover.ATTEMPTS)(attempt)

    def _move(self, inputs: RetireInputs, disks: NodeDisks) -> list[Skip]:
        """Every share to the own disk of its server's node."""
        share_mover = mover.Mover(
            self._client, self._servers, mover.MoveStrategy(
                lambda consumer: rewrite.to_nodes(
                    consumer, inputs.volumes,
                    self._nodes_of(consumer, inputs.observed)),
                disks.write, lambda migration: (None, None)),
            self._batch, self._settings.workers)
        by_node = self._by_node(inputs)
        self._progress.start(sum(map(len, by_node.values())))
        skipped: list[Skip] = []
        try:
            for node, consumers in by_node.items():
                skipped += share_mover.move(node, consumers,
                                            self._progress.advance)
        finally:
            self._progress.stop()
        return skipped

    def _held_gb(self, volumes: Iterable[str]) -> dict[str, int]:
        """Shares and escrow by consumer on these volumes together."""
        held: collections.Counter[str] = collections.Counter()
        for volume in volumes:
            held.update(self._held(volume))
        return dict(held)

    def _by_node(self, inputs: RetireInputs
                 ) -> dict[str, set[str]]:
        """Who holds something on the volumes, by node; '' for on none."""
        waiting = {consumer for volume in inputs.volumes
                   for consumer in self._held(volume)}
        by_node: dict[str, set[str]] = {}
        for node in inputs.nodes:
            by_node[node] = waiting & self._client.allocations_on(node).keys()
            waiting -= by_node[node]
        return {**by_node, '': waiting}

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

    def drop_children(self, inputs: RetireInputs) -> list[Notice]:
        """Delete the RemoteFX providers below the nodes."""
        notices = []
        for node, name in inputs.nodes.items():
            child = ids.remotefx_uuid(node)
            if child not in inputs.observed.overview.listed:
                continue
            try:
                removal.delete(self._client, child)
            except exception.PlacementNotFound:
                continue
            except exception.PlacementRefused as exc:
                notices.append(Notice(inputs.layout.cluster.name, name,
                                      Kind.REFUSED, str(exc), 'gpu-in-use'))
        return notices

    def _release(self, now: RetireInputs
                 ) -> tuple[apply.ApplyOutcome, list[Notice]]:
        """Take what is ours off the nodes, and delete the volumes."""
        layout, providers = now.layout, now.observed.providers
        releases = [change for node in now.nodes if node in providers
                    for change in plan_node.release(
                     providers[node], now.scope.aggregates, layout)]
        findings = []
        for volume, name in now.volumes.items():
            if now.shares[volume]:
                findings.append(Notice(
                    layout.cluster.name, name, Kind.REFUSED,
                    f'{len(now.shares[volume])} consumers still hold '
                    f'{sum(now.shares[volume].values())} GB of it: it '
                    f'stays, hidden', 'volume-in-use'))
            else:
                releases += plan_withdrawal.withdraw(providers[volume])
        plan = planning.Plan(clusters=(planning.ClusterPlan(
            layout.cluster.name, tuple(gate.admit_all(
                (c for c in releases if c.lines),
                lambda change: _EVIDENCE))),))
        return apply.apply(self._client, plan, providers,
                           self._settings.workers), findings

    def clean(self) -> None:
        """Delete names nobody uses any longer."""
        unused_names.delete(self._client)
