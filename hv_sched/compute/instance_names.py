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

"""VMs a cluster calls by name, and the servers Nova has for them.

A failover cluster knows a VM by Nova's instance name, which is unique in a
cell only; the node tells the cell. All names are read in one list, and again
only when a name comes up that was not there before.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from typing import Protocol

from hv_sched import exception
from hv_sched import model
from hv_sched import windows_names


@dataclasses.dataclass(frozen=True)
class NamedServer:
    """A server as a cluster and Nova call it.

    :param node: hypervisor host name of the node it is on, None for none
    """

    uuid: str
    instance_name: str
    node: str | None


@dataclasses.dataclass(frozen=True)
class NamedServers:
    """:param is_complete: every cell answered"""

    servers: tuple[NamedServer, ...]
    is_complete: bool


class ServerNames(Protocol):
    """Where servers are listed."""

    def named_servers(self) -> NamedServers:
        """All servers, soft-deleted ones too.

        :raises NovaError: they cannot be listed
        """


class InstanceNames:
    """Puts Nova's uuids on the VMs of a source.

    Remembers what Nova answered, for one thread.
    """

    def __init__(self, nova: ServerNames) -> None:
        self._nova = nova
        self._asked: frozenset[str] = frozenset()
        self._servers: dict[str, list[NamedServer]] = {}

    def resolved(self, facts: model.Facts) -> model.Facts:
        """The facts with a uuid on each VM that is a server of Nova.

        One whose name no server has is not Nova's and left out: its files
        are anybody's. Where Nova cannot tell, VMs stay without a uuid.
        """
        names = frozenset(windows_names.key(vm.instance_name or '')
                          for cluster in facts.clusters
                          for vm in _unnamed(cluster))
        if not names:
            return facts
        if not names <= self._asked:
            try:
                self._read(names)
            except exception.NovaError as exc:
                return dataclasses.replace(facts, problems=(
                    *facts.problems, _problem(exc)))
        return dataclasses.replace(facts, clusters=tuple(
            match(cluster, self._servers, bool(names <= self._asked))
            for cluster in facts.clusters))

    def _read(self, names: frozenset[str]) -> None:
        named = self._nova.named_servers()
        self._servers = {}
        for server in named.servers:
            self._servers.setdefault(
                windows_names.key(server.instance_name), []).append(server)
        self._asked = names if named.is_complete else frozenset()


def match(cluster: model.Cluster, servers: Mapping[str, list[NamedServer]],
          is_complete: bool) -> model.Cluster:
    """A cluster whose VMs have uuids, as far as servers are certain.

    :param servers: by instance name, as Windows compares names
    :param is_complete: there are no other servers
    """
    if cluster.vms is None or not any(_unnamed(cluster)):
        return cluster
    nodes = {windows_names.key(node.name) for node in cluster.nodes}
    taken = {vm.instance_uuid for vm in cluster.vms if vm.instance_uuid}
    return dataclasses.replace(cluster, vms=tuple(_matched(
        cluster.vms, nodes, taken, servers, is_complete)))


def _matched(vms: Iterable[model.Vm], nodes: set[str], taken: set[str],
             servers: Mapping[str, list[NamedServer]], is_complete: bool
             ) -> Iterator[model.Vm]:
    for vm in vms:
        if vm.instance_uuid or not vm.instance_name:
            yield vm
            continue
        namesakes = servers.get(windows_names.key(vm.instance_name), [])
        candidates = {server.uuid for server in namesakes if server.node
                      and windows_names.key(server.node) in nodes} - taken
        if len(candidates) == 1:
            yield dataclasses.replace(vm, instance_uuid=candidates.pop())
        elif namesakes or not is_complete:
            yield vm


def _unnamed(cluster: model.Cluster) -> Iterator[model.Vm]:
    return (vm for vm in cluster.vms or ()
            if not vm.instance_uuid and vm.instance_name)


def _problem(error: exception.NovaError) -> model.Problem:
    return model.Problem(
        None, 'vms', 'the source names servers by their instance_name, and '
        f'Nova does not return their uuids: {error}. Their files count as the '
        'servers\', as far as shares reach', 'instance-names-not-resolved',
        freezes=False, is_note=True)
