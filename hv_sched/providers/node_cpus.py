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

"""Processors of nodes of which a source states nothing, as Nova knows them.

Windows states the features of a processor to a program only; nova-compute is
one, and Nova passes them on. They are the same until somebody opens the
machine, so they are asked for seldom, in one list whatever the nodes.
"""

from collections.abc import Callable
from collections.abc import Collection
import dataclasses
import time

from hv_sched import exception
from hv_sched import model
from hv_sched import printable
from hv_sched.compute import hypervisors
from hv_sched.compute.hypervisors import HypervisorReport
from hv_sched.providers import node_matching

LOG = printable.logger(__name__)
# A Nova that hangs delays a pass once in this time.
REREAD_SECONDS = 600


class NodeCpus:
    """What Nova reported of the nodes' processors; remembered, for one thread.

    :param clock: seconds that never go back
    """

    def __init__(self, nova: hypervisors.Hypervisors,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._nova = nova
        self._clock = clock
        self._read_at: float | None = None
        self._told: Collection[HypervisorReport] = ()

    def filled(self, facts: model.Facts) -> model.Facts:
        """The facts, with the processors of nodes a source is silent about.

        Nova is not asked while the source states them all.
        """
        if not any(_is_silent(node) for cluster in facts.clusters
                   for node in cluster.nodes):
            return facts
        if self._read_at is None or (
                self._clock() - self._read_at >= REREAD_SECONDS):
            self._told = self._read()
            self._read_at = self._clock()
        return filled(facts, self._told)

    def _read(self) -> Collection[HypervisorReport]:
        """Nothing where Nova is away: what stands in Placement is kept."""
        try:
            return self._nova.hypervisors()
        except exception.HvSchedError as exc:
            LOG.info('Nova does not report the processors of the nodes, their '
                     'traits are not changed: %s', exc)
            return ()


def filled(facts: model.Facts, told: Collection[HypervisorReport]
           ) -> model.Facts:
    """What ``NodeCpus.filled`` does, from what Nova reported. Pure.

    A node whose nova-compute is silent, or that is no Hyper-V host, or could
    be one of two, gets nothing.
    """
    uuids = node_matching.match_nodes(
        facts.clusters, {node.uuid: node.name for node in told}).uuids
    by_uuid = {node.uuid: node for node in told
               if node.is_up and not hypervisors.is_foreign(node.kind)}
    return dataclasses.replace(facts, clusters=tuple(
        dataclasses.replace(cluster, nodes=tuple(
            _node(node, by_uuid.get(uuids.get(node.name, '')))
            for node in cluster.nodes))
        for cluster in facts.clusters))


def _is_silent(node: model.Node) -> bool:
    return node.cpu_features is None or node.cpu_vendor is None


def _node(node: model.Node, told: HypervisorReport | None) -> model.Node:
    """The source's own word counts, field by field."""
    if told is None:
        return node
    return dataclasses.replace(
        node,
        cpu_vendor=node.cpu_vendor or hypervisors.cpu_vendor(told),
        cpu_features=(hypervisors.cpu_features(told)
                      if node.cpu_features is None else node.cpu_features))
