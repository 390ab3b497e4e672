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

"""The nodes of simulated clusters, each reached by its name on loopback.

One WinRM endpoint stands for all of them: a request says which node it is
for. Within the block their names lead to loopback, and nowhere else.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses
import pathlib
import socket
from typing import Any

import yaml

from hv_sched.demo.windows import certificates
from hv_sched.demo.windows import winrm_server
from hv_sched.demo.windows.simulated import SimulatedCluster

DOMAIN = 'lab.example'
DEFAULT = 'Microsoft.PowerShell'
JEA = 'hv_sched'
_LOOPBACK = '127.0.0.1'


@dataclasses.dataclass
class Lab:
    """:ivar access_file: how hv_sched reaches the nodes
    :ivar dead: nodes that close each connection, beside those that are down
    """

    clusters: tuple[SimulatedCluster, ...]
    access_file: str
    dead: set[str] = dataclasses.field(default_factory=set)
    server: winrm_server.WinrmServer = dataclasses.field(init=False)

    def answer(self, command: winrm_server.Command) -> list[str]:
        """What the node prints that was asked."""
        cluster, name = self._node(command.host)
        if command.call == 'Get-HvSchedCluster':
            return cluster.cluster_answer(name).splitlines()
        return cluster.node_answer(
            name, 'Guarded' in command.switches,
            'Files' in command.switches).splitlines()

    def refuse(self, handler: Any) -> None:
        """The connection of a node that is away ends."""
        cluster, name = self._node(handler.asked_host)
        if name in self.dead or cluster.nodes[name].state == 'Down':
            handler.connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError(name)

    def _node(self, host: str) -> tuple[SimulatedCluster, str]:
        return next((cluster, node) for cluster in self.clusters
                    for node in cluster.nodes if host_of(node) == host)


def host_of(node: str) -> str:
    """The host name of a node."""
    return f'{node.lower()}.{DOMAIN}'


@contextlib.contextmanager
def running(clusters: Iterable[SimulatedCluster], folder: pathlib.Path,
            configuration: str = DEFAULT) -> Iterator[Lab]:
    """The clusters answer while the block runs.

    :param folder: gets certificates and the access file
    :param configuration: the one of the access file; both are there
    """
    clusters = tuple(clusters)
    authority = certificates.Authority(folder)
    hosts = [host_of(node) for cluster in clusters for node in cluster.nodes]
    client = authority.issue('hv_sched', 'hv_sched')
    lab = Lab(clusters, str(folder / 'winrm.yaml'))
    with winrm_server.serving(
            lab.answer, authority.issue('nodes', *hosts),
            winrm_server.client_certificate, (DEFAULT, JEA), authority.file
            ) as server:
        lab.server = server
        server.weather = lab.refuse
        reached = {'auth': 'certificate', 'port': server.server_port,
                   'certificate': client.certificate,
                   'certificate_key': client.key, 'ca_file': authority.file,
                   'configuration_name': configuration}
        pathlib.Path(lab.access_file).write_text(yaml.safe_dump({
            'clusters': [{**_cluster(each), **reached}
                         for each in clusters]}, sort_keys=False))
        with names_on_loopback():
            yield lab


def _cluster(cluster: SimulatedCluster) -> dict[str, Any]:
    return {'name': cluster.name, 'guid': cluster.guid,
            'nodes': [host_of(node) for node in cluster.nodes]}


@contextlib.contextmanager
def names_on_loopback() -> Iterator[None]:
    """Within the block the nodes' host names lead to loopback."""
    resolve: Callable[..., Any] = socket.getaddrinfo

    def resolved(host: Any, *arguments: Any, **named: Any) -> Any:
        is_ours = isinstance(host, str) and host.endswith(f'.{DOMAIN}')
        return resolve(_LOOPBACK if is_ours else host, *arguments, **named)
    socket.getaddrinfo = resolved
    try:
        yield
    finally:
        socket.getaddrinfo = resolve
