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

"""A failover cluster that behaves like one, and answers as Windows would.

Only Windows is simulated here: nodes, volumes, virtual machines and their
files, with what happens to them. ``cluster_answer`` and ``node_answer``
print what collect.ps1 prints on a node: the shapes are those of Windows
PowerShell (enumerations as names, numbers as text, an offline volume without
SharedVolumeInfo, a node that is down absent from the states of the volumes).
"""

from collections.abc import Iterator
import dataclasses
import datetime
import json
from typing import Any
import uuid

GIB = 1024 ** 3
_NAMESPACE = uuid.UUID('6f0e3a52-51b5-4d0f-8a61-3c0a5a7f2b10')
_DENIED = {
    'id': 'Get-ClusterSharedVolumeState,Microsoft.FailoverClusters.'
          'PowerShell.GetClusterSharedVolumeStateCommand',
    'category': 'AuthenticationError', 'hresult': '-2147024891',
    'text': 'Zugriff verweigert'}
_FAILED = {
    'id': 'GetClusterNode,Microsoft.FailoverClusters.PowerShell.'
          'GetClusterNodeCommand',
    'category': 'NotSpecified', 'hresult': '-2147023170',
    'text': 'The RPC call failed'}
_NO_COMMAND = {
    'id': 'CommandNotFoundException', 'category': 'ObjectNotFound',
    'hresult': '-2146233087', 'text': 'The term is not recognized'}


def guid(*names: object) -> str:
    """A GUID that is the same in every run."""
    return str(uuid.uuid5(_NAMESPACE, '/'.join(map(str, names))))


@dataclasses.dataclass
class SimulatedNode:
    name: str
    build: int = 17763
    state: str = 'Up'
    drain: str = 'NotInitiated'
    information: str = 'Normal'
    cpu_vendor: str = 'GenuineIntel'
    guarded: bool = False
    attestation: str = 'TpmError'
    roles: frozenset[str] = frozenset()
    fibre_channels: tuple[str, ...] = ()
    gpus: tuple[tuple[str, int, int], ...] | None = None
    instances_path: str | None = None
    enable_remotefx: str | None = None
    clock_ahead: datetime.timedelta = datetime.timedelta()


@dataclasses.dataclass
class SimulatedVolume:
    """:param foreign_bytes: what lies on it beside servers and image cache
    :param unreachable: nodes whose state there is Unavailable
    :param silent: nodes of which no state is reported
    :param redirected: nodes with (state, file reason, block reason)
    :param images: of its image cache: name -> (bytes, written)
    """

    name: str
    guid: str
    resource_id: str
    owner: str
    size_bytes: int
    resource_name: str = ''
    state: str = 'Online'
    maintenance: bool = False
    file_system: str = 'CSVFS'
    foreign_bytes: int = 0
    unreachable: set[str] = dataclasses.field(default_factory=set)
    silent: set[str] = dataclasses.field(default_factory=set)
    redirected: dict[str, tuple[str, str, str]] = dataclasses.field(
        default_factory=dict)
    images: dict[str, tuple[int, str]] = dataclasses.field(
        default_factory=dict)

    @property
    def path(self) -> str:
        return f'C:\\ClusterStorage\\{self.name}'


@dataclasses.dataclass
class Machine:
    """A virtual machine: where it runs, and its bytes by volume name."""

    name: str
    owner: str
    bytes_by_volume: dict[str, int]
    state: str = 'Online'


@dataclasses.dataclass
class SimulatedCluster:
    """A cluster. What an operator or the weather does to it is a method."""

    name: str
    guid: str
    nodes: dict[str, SimulatedNode]
    volumes: dict[str, SimulatedVolume]
    machines: dict[str, Machine] = dataclasses.field(default_factory=dict)
    functional_level: int = 10
    now: datetime.datetime = datetime.datetime(
        2026, 11, 26, 11, tzinfo=datetime.timezone.utc)
    denied: set[str] = dataclasses.field(default_factory=set)
    failing: set[str] = dataclasses.field(default_factory=set)

    # What happens to servers.

    def create(self, name: str, node: str, volume: str,
               size_bytes: int) -> Machine:
        """A server whose files are on a volume."""
        machine = Machine(name, node, {volume: size_bytes})
        self.machines[name] = machine
        return machine

    def fail_over(self, machine: str, node: str) -> None:
        """The cluster restarts it elsewhere; its files stay."""
        self.machines[machine].owner = node

    def move_storage(self, machine: str, volume: str) -> None:
        """Its files go to another volume; it stays where it runs."""
        moved = self.machines[machine]
        moved.bytes_by_volume = {volume: sum(moved.bytes_by_volume.values())}

    def delete(self, machine: str) -> None:
        del self.machines[machine]

    # What happens to nodes.

    def drain(self, node: str) -> None:
        """It is being emptied: paused, with the drain in progress."""
        self._set(node, 'Paused', 'InProgress', 'DrainInProgress')

    def pause(self, node: str) -> None:
        self._set(node, 'Paused', 'Completed', 'DrainCompleted')

    def resume(self, node: str) -> None:
        self._set(node, 'Up', 'NotInitiated', 'Normal')

    def isolate(self, node: str) -> None:
        """It lost the others, and its virtual machines go on for now."""
        self._set(node, 'Up', 'NotInitiated', 'Isolated')

    def fail(self, node: str) -> None:
        """It is down: its servers and volumes go to the others."""
        self._set(node, 'Down', 'NotInitiated', 'Normal')
        heirs = self.up_nodes()
        for number, machine in enumerate(self._machines_of(node)):
            machine.owner = heirs[number % len(heirs)]
        for volume in self.volumes.values():
            if volume.owner == node:
                volume.owner = heirs[0]

    def evict(self, node: str) -> None:
        self.fail(node)
        del self.nodes[node]

    def lapse(self, node: str) -> None:
        """Its attestation is not valid any more."""
        self.nodes[node].guarded = False
        self.nodes[node].attestation = 'Expired'

    def _set(self, node: str, state: str, drain: str,
             information: str) -> None:
        self.nodes[node].state = state
        self.nodes[node].drain = drain
        self.nodes[node].information = information

    def up_nodes(self) -> list[str]:
        return [node.name for node in self.nodes.values()
                if node.state != 'Down']

    def _machines_of(self, node: str) -> list[Machine]:
        return [machine for machine in self.machines.values()
                if machine.owner == node]

    # What happens to volumes.

    def fill(self, volume: str, free_bytes: int) -> None:
        """Data of others leaves so much free."""
        filled = self.volumes[volume]
        filled.foreign_bytes = 0
        filled.foreign_bytes = self.free_bytes(volume) - free_bytes

    def grow(self, volume: str, size_bytes: int) -> None:
        self.volumes[volume].size_bytes = size_bytes

    def take_offline(self, volume: str, state: str = 'Offline') -> None:
        self.volumes[volume].state = state

    def bring_online(self, volume: str) -> None:
        self.volumes[volume].state = 'Online'

    def rename(self, volume: str, name: str) -> None:
        renamed = self.volumes.pop(volume)
        renamed.name = name
        self.volumes[name] = renamed
        for machine in self.machines.values():
            if volume in machine.bytes_by_volume:
                machine.bytes_by_volume[name] = (
                    machine.bytes_by_volume.pop(volume))

    def free_bytes(self, volume: str) -> int:
        """What Partition.FreeSpace tells."""
        full = self.volumes[volume]
        used = sum(machine.bytes_by_volume.get(volume, 0)
                   for machine in self.machines.values())
        cached = sum(size for size, _ in full.images.values())
        return max(0, full.size_bytes - used - cached - full.foreign_bytes)

    # What Windows answers.

    def cluster_answer(self, node: str) -> str:
        """What Get-HvSchedCluster prints on a node."""
        return self._answer(node, 'cluster', (
            ('cluster', self._cluster_rows), ('nodes', self._node_rows),
            ('volumes', self._volume_rows),
            ('volume_states', self._state_rows),
            ('groups', self._group_rows)))

    def node_answer(self, name: str, guarded: bool = True,
                    files: bool = True) -> str:
        """What Get-HvSchedNode prints on a node."""
        node = self.nodes[name]
        sections = [('host', lambda: _host_rows(node)),
                    ('features', lambda: _feature_rows(node)),
                    ('fibre_channel', lambda: [
                        {'name': san} for san in node.fibre_channels]),
                    ('remotefx', lambda: _gpu_rows(node)),
                    ('conf', lambda: _conf_rows(node))]
        if guarded:
            sections.append(('guarded', lambda: _guarded_rows(node)))
        if files:
            sections.append(('files', lambda: list(self._file_rows(node))))
        return self._answer(name, 'node', sections)

    def document(self) -> str:
        """What a scheduled task on each node that is up wrote, together."""
        return ''.join(self.cluster_answer(node) + self.node_answer(node)
                       for node in self.up_nodes())

    def _answer(self, node: str, part: str, sections: Any) -> str:
        begin = {'format': '1', 'part': part, 'node': node,
                 'ps': '5.1.17763.5122',
                 'utc': (self.now + self.nodes[node].clock_ahead).strftime(
                     '%Y-%m-%dT%H:%M:%S.%f0Z')}
        lines = [{'section': 'begin', 'rows': [begin], 'ms': '1'},
                 *(self._section(name, rows) for name, rows in sections),
                 {'section': 'end', 'part': part}]
        return ''.join(json.dumps(line) + '\r\n' for line in lines)

    def _section(self, name: str, rows: Any) -> dict[str, Any]:
        content = (_DENIED if name in self.denied
                   else _FAILED if name in self.failing else rows())
        # A dictionary is an error, as PowerShell's ErrorRecord would be.
        field = 'error' if isinstance(content, dict) else 'rows'
        return {'section': name, field: content, 'ms': '12'}

    def _cluster_rows(self) -> list[dict[str, Any]]:
        return [{'id': self.guid, 'name': self.name,
                 'functional_level': str(self.functional_level),
                 'root': 'C:\\ClusterStorage'}]

    def _node_rows(self) -> list[dict[str, Any]]:
        return [{'name': node.name, 'build': str(node.build),
                 'state': node.state, 'drain': node.drain,
                 'information': node.information}
                for node in self.nodes.values()]

    def _volume_rows(self) -> list[dict[str, Any]]:
        return [self._volume_row(volume) for volume in self.volumes.values()]

    def _volume_row(self, volume: SimulatedVolume) -> dict[str, Any]:
        row = {'resource': volume.resource_id, 'name': volume.resource_name,
               'state': volume.state, 'owner': volume.owner}
        if volume.state != 'Online':
            return row
        return {**row, 'path': volume.path,
                'fault': 'InMaintenance' if volume.maintenance
                else 'NoFaults',
                'maintenance': str(volume.maintenance),
                'redirected': 'False', 'volume': partition_name(volume),
                'size': str(volume.size_bytes),
                'free': str(self.free_bytes(volume.name)),
                'file_system': volume.file_system}

    def _state_rows(self) -> list[dict[str, Any]]:
        return [_state_row(volume, node)
                for volume in self.volumes.values()
                if volume.state == 'Online' for node in self.up_nodes()
                if node not in volume.silent]

    def _group_rows(self) -> list[dict[str, Any]]:
        core = [{'name': 'Cluster Group', 'type': 'Cluster',
                 'owner': self.up_nodes()[0], 'state': 'Online'}]
        return core + [{'name': machine.name, 'type': 'VirtualMachine',
                        'owner': machine.owner, 'state': machine.state}
                       for machine in self.machines.values()]

    def _file_rows(self, node: SimulatedNode) -> Iterator[dict[str, Any]]:
        for volume in self.volumes.values():
            if volume.owner == node.name and volume.state == 'Online':
                yield {'volume': partition_name(volume),
                       'mounted': str(not volume.maintenance)}
                if not volume.maintenance:
                    yield from self._files_on(volume)

    def _files_on(self, volume: SimulatedVolume) -> Iterator[dict[str, Any]]:
        below = {'volume': partition_name(volume), 'parent': 'instances'}
        yield {**below, 'bytes': '0'}
        for name, (size, written) in volume.images.items():
            yield {**below, 'image': name, 'written': written,
                   'bytes': str(size)}
        for machine in self.machines.values():
            if volume.name in machine.bytes_by_volume:
                yield {**below, 'folder': machine.name, 'bytes': str(
                    machine.bytes_by_volume[volume.name])}


def partition_name(volume: SimulatedVolume) -> str:
    """Partition.Name."""
    return f'\\\\?\\Volume{{{volume.guid}}}\\'


def _state_row(volume: SimulatedVolume, node: str) -> dict[str, Any]:
    state, file_reason, block_reason = volume.redirected.get(
        node, ('Direct', 'NotFileSystemRedirected', 'NotBlockRedirected'))
    if node in volume.unreachable:
        state = 'Unavailable'
    return {'node': node, 'volume': partition_name(volume), 'state': state,
            'file_reason': file_reason, 'block_reason': block_reason}


def _host_rows(node: SimulatedNode) -> list[dict[str, Any]]:
    return [{'build': str(node.build), 'cpu_vendor': node.cpu_vendor}]


def _feature_rows(node: SimulatedNode) -> list[dict[str, Any]]:
    return [{'name': name, 'state': 'Installed' if name in node.roles
             else 'Available'}
            for name in ('RDS-Virtualization', 'Multipath-IO')]


def _gpu_rows(node: SimulatedNode) -> Any:
    if node.gpus is None:
        return _NO_COMMAND
    return [{'name': name, 'enabled': 'True', 'total': str(total_bytes),
             'available': str(available_bytes)}
            for name, total_bytes, available_bytes in node.gpus]


def _conf_rows(node: SimulatedNode) -> list[dict[str, Any]]:
    rows = []
    if node.instances_path is not None:
        rows.append({'group': 'DEFAULT', 'name': 'instances_path',
                     'value': node.instances_path})
    if node.enable_remotefx is not None:
        rows.append({'group': 'hyperv', 'name': 'enable_remotefx',
                     'value': node.enable_remotefx})
    return rows


def _guarded_rows(node: SimulatedNode) -> list[dict[str, Any]]:
    return [{'guarded': str(node.guarded), 'attestation':
             'Passed' if node.guarded else node.attestation}]


def cluster(name: str = 'HVLAB', nodes: int = 3, volumes: int = 2,
            size_gb: int = 500) -> SimulatedCluster:
    """A cluster of healthy nodes, each with the home of its turn."""
    node_names = [f'{name}-N{number:02}' for number in range(1, nodes + 1)]
    volume_names = [f'Volume{number}' for number in range(1, volumes + 1)]
    made = {
        volume: SimulatedVolume(
            volume, guid(name, 'volume', volume),
            guid(name, 'resource', volume), node_names[i % nodes],
            size_gb * GIB, f'Cluster Disk {i + 1}')
        for i, volume in enumerate(volume_names)}
    return SimulatedCluster(
        name, guid(name), {
            node: SimulatedNode(node, instances_path='C:\\ClusterStorage\\'
                       f'{volume_names[i % volumes]}\\instances')
            for i, node in enumerate(node_names)}, made)
