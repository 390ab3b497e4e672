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


"""Give one node of a cluster back: its own disk as before, no trace of ours.

For a node the source no longer lists. A source that says nothing of a node
may be mistaken, so a sync leaves such a node closed; that it has left for
good only an operator says. While servers on it hold shares on the cluster's
volumes its own disk would be offered twice, so it is refused.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched import exception
from hv_sched import windows_names
from hv_sched.adopt.retire import Retirer
from hv_sched.adopt.retire import RetireReport
from hv_sched.adopt.retire_inputs import RetireInputs
from hv_sched.compute import proven
from hv_sched.compute.servers import Servers
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import home_traits
from hv_sched.placement import names
from hv_sched.placement import ownership
from hv_sched.placement.client import Placement
from hv_sched.providers import apply
from hv_sched.providers import changes
from hv_sched.providers import gate
from hv_sched.providers import plan as planning
from hv_sched.providers import plan_node

_SHOWN = 5  # servers that a refusal names


class NodeRetirer:
    """:param retirer: of the cluster
    :param ratios: of nodes, from an export; go before those remembered
    """

    def __init__(self, client: Placement, servers: Servers, retirer: Retirer,
                 workers: int, ratios: Mapping[str, float] | None = None
                 ) -> None:
        self._client = client
        self._servers = servers
        self._retirer = retirer
        self._workers = workers
        self._ratios = ratios or {}

    def plan(self, inputs: RetireInputs, node: str
             ) -> tuple[list[changes.Change], list[Notice]]:
        """What giving a node back would change, or why it may not be.

        :param node: uuid of its provider
        :raises NovaNotProven: Nova is not proven to be this cloud's
        :raises PlacementError, NovaError: they cannot be read
        """
        refusal = self._refusal(inputs, node)
        if refusal:
            return [], [Notice(inputs.layout.cluster.name, inputs.nodes[node],
                               Kind.REFUSED, refusal, 'node-in-use')]
        return list(self._changes(inputs, node)), []

    def retire(self, inputs: RetireInputs, node: str) -> RetireReport:
        """Give a node back; see ``plan``.

        :raises PlacementError, NovaError: nothing more could be done; run
            again
        """
        planned, refusals = self.plan(inputs, node)
        if refusals:
            return RetireReport(tuple(refusals))
        # Nothing new comes any more; a server that came meanwhile is seen.
        self._retirer.leave_homes(inputs, node)
        inputs = self._retirer.inspect(inputs.facts.clusters[0])
        planned, refusals = self.plan(inputs, node)
        if refusals:
            return RetireReport(tuple(refusals))
        findings = self._retirer.drop_children(dataclasses.replace(
            inputs, nodes={node: inputs.nodes[node]}))
        outcome = apply.apply(
            self._client, planning.Plan(
                vocabulary=planning.vocabulary(
                    planned, inputs.observed.overview),
                clusters=(planning.ClusterPlan(
                    inputs.layout.cluster.name, tuple(planned)),)),
            inputs.observed.providers, self._workers)
        if not outcome.failures:
            self._retirer.clean()
        return RetireReport(tuple(findings), (), outcome.done,
                            tuple(outcome.failures.values()))

    def _refusal(self, inputs: RetireInputs, node: str) -> str:
        """Why a node is not given back; empty when it may be."""
        if node in inputs.layout.nodes:
            return ('the source still lists it: take it out there first, or '
                    'the next sync closes it again')
        proven.prove(self._servers, [inputs.nodes[node]]).require()
        held_gb = self._held_by_servers_on(inputs, node)
        if not held_gb:
            return ''
        shown = ', '.join(sorted(held_gb)[:_SHOWN])
        more = len(held_gb) - _SHOWN
        return (f'servers on it hold {sum(held_gb.values())} GB on volumes '
                f'of its cluster: {shown}'
                + (f' and {more} more' if more > 0 else '')
                + '; move or delete them first')

    def _held_by_servers_on(self, inputs: RetireInputs, node: str
                            ) -> dict[str, int]:
        """By consumer, of those Placement or Nova has on the node."""
        present = {*self._client.allocations_on(node),
                   *self._servers.on_node(node)}
        held_gb: dict[str, int] = {}
        for shares in inputs.shares.values():
            for consumer in present & shares.keys():
                held_gb[consumer] = held_gb.get(consumer, 0) + shares[consumer]
        return held_gb

    def _changes(self, inputs: RetireInputs, node: str
                 ) -> Iterable[changes.Change]:
        provider = inputs.observed.providers.get(node)
        if provider is None:
            return
        planned = [*self._forget_home(inputs, node), *(
            self._with_ratio(change) for change in plan_node.release(
                provider, inputs.scope.aggregates, inputs.layout)
            if change.lines)]
        yield from gate.admit_all(planned, lambda change: gate.Evidence(
            is_told=True, is_allowed=True))

    @staticmethod
    def _forget_home(inputs: RetireInputs, node: str
                     ) -> Iterable[changes.Change]:
        """Volumes no longer name the node as one that uses them."""
        for volume in inputs.volumes:
            provider = inputs.observed.providers[volume]
            yield from changes.set_traits(
                changes.Step.HIDE, provider,
                home_traits.without(provider.traits, node))

    def _with_ratio(self, change: changes.Change) -> changes.Change:
        """The ratio of an export instead of the remembered one."""
        ratio = self._ratios.get(change.uuid)
        if ratio is None or not isinstance(change, changes.SetInventories):
            return change
        return dataclasses.replace(change, after={
            **change.after, names.DISK_GB: dataclasses.replace(
                change.after[names.DISK_GB], allocation_ratio=ratio)})


def node_named(inputs: RetireInputs, name: str) -> str | None:
    """The provider of a node by its name; Windows compares without case."""
    return next((uuid for uuid, node in sorted(inputs.nodes.items())
                 if windows_names.key(node) == windows_names.key(name)), None)


def require_given_back(client: Placement, name: str) -> None:
    """A node of none of the clusters must be one that nothing of ours is on.

    Such as one whose former run ended with its last request.

    :raises InvalidConfig: there is no such node, or it is of another cluster
    :raises PlacementError: it cannot be read
    """
    nodes = [provider for provider in client.list_providers()
             if provider.name.casefold() == name.casefold()]
    if not nodes or any(
            ownership.node_traits(client.traits(node.uuid)[1])
            for node in nodes):
        raise exception.InvalidConfig(
            f'no cluster of the source has a node {name} in Placement')
