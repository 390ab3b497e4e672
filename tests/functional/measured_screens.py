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

"""Screens of the commands for a cluster of 16 nodes, on a real Placement.

``python -m tests.functional.measured_screens`` writes doc/screens.json, of
which ``python -m doc.generate screens`` makes the page.
"""

import contextlib
import io
import json
import os
import pathlib
import re
import tempfile
from typing import Any
from unittest import mock
import uuid

from openstackclient import shell

from hv_sched.osc import base as osc_base
from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import nova_api
from tests.functional import other_services
from tests.functional import unadopted_cloud

RECORD = pathlib.Path(__file__).parents[2] / 'doc/screens.json'
WIDTHS = (100, 80)
NODES = tuple(f'hv{number:02}.example.org' for number in range(1, 17))
VOLUMES = 4
TOTAL_GB = 24576
SOURCE = f'''
version: 1
clusters:
- name: hvcluster01
  guid: {clouds.CLUSTER_GUID}
  nodes:
{{nodes}}
  volumes:
{{volumes}}
'''


def source() -> str:
    """The description of the cluster."""
    return SOURCE.format(
        nodes='\n'.join(
            f'  - {{name: {name}, build: 17763, '
            f'home: Volume{number % VOLUMES + 1}}}'
            for number, name in enumerate(NODES)),
        volumes='\n'.join(
            f'  - {{name: Volume{number}, guid: {clouds.guid(number)}, '
            f'size_gb: {TOTAL_GB}, free_gb: {TOTAL_GB - 5000}}}'
            for number in range(1, VOLUMES + 1)))


class _NovaApi(nova_api.AuditedNovaApi):
    """Servers are called by the order in which they were made."""

    def record(self, server: Any) -> dict[str, Any]:
        number = list(self.cloud.nova.servers).index(server.uuid) + 1
        return {**super().record(server), 'name': f'web-{number:02}'}

    @staticmethod
    def flavor(server: Any) -> dict[str, Any]:
        return {**nova_api.AuditedNovaApi.flavor(server), 'ram': 0}


class Screens:
    """A cloud with servers, and what its commands print."""

    def __init__(self, placement: base.Placement, folder: pathlib.Path,
                 nova: other_services.Nova, glance: other_services.Glance
                 ) -> None:
        self._endpoint = placement.service.endpoint
        self._source = folder / 'hvcluster01.yaml'
        self._source.write_text(source())
        self._export = folder / 'export.json'
        self.cloud = unadopted_cloud.UnadoptedCloud(placement, ())
        self.cloud.register(*NODES, disk_gb=TOTAL_GB)
        placement.service.before = _NovaApi(self.cloud)
        nova.flavor('m1.huge', disk=22000, vcpus=4, ram=8192)
        nova.flavor('m1.shielded', disk=80)
        glance.image('windows-2019', hw_machine_type='hyperv-gen2',
                     os_type='windows', img_hv_type='hyperv')
        glance.image('windows-2022', hw_machine_type='hyperv-gen2',
                     os_type='windows', os_secure_boot='required',
                     os_shielded_vm='required', img_hv_type='hyperv')
        for number in range(24):
            node, disk_gb = NODES[number % len(NODES)], 500 + number % 5 * 100
            self.cloud.nova.add(self.cloud.own_disk(node, disk_gb),
                                disk_gb=disk_gb, node=node)

    def all(self) -> dict[str, dict[str, list[str]]]:
        """The lines of each command by its name, then by the width.

        Those that only read are shown at each width; what writes is shown at
        the first.
        """
        source = ('--source', str(self._source))
        volume = clouds.VOLUME
        csv = ('csv',)
        screens = {}
        for title, command in {
                'csv adopt --dry-run': (*csv, 'adopt', '--dry-run', *source),
                'csv adopt': (*csv, 'adopt', '--export', str(self._export),
                              *source),
                'csv list': (*csv, 'list', *source),
                'resource provider inventory list': (
                    'inventory', 'list', volume),
                'resource provider usage show': ('usage', 'show', volume),
                'csv show hvcluster01/Volume1': (
                    *csv, 'show', 'hvcluster01/Volume1', *source),
                'csv explain --flavor m1.huge --image windows-2019': (
                    *csv, 'explain', '--flavor', 'm1.huge', '--image',
                    'windows-2019'),
                'csv capacity --flavor m1.shielded --image windows-2019': (
                    *csv, 'capacity', '--flavor', 'm1.shielded', '--image',
                    'windows-2019'),
                'csv check flavor --all': (*csv, 'check', 'flavor', '--all'),
                'csv check image --all': (*csv, 'check', 'image', '--all'),
                'csv audit': (*csv, 'audit', *source),
                'csv doctor': (*csv, 'doctor', *source),
                'csv status': (*csv, 'status', *source),
                'csv retire --dry-run': (*csv, 'retire', '--dry-run',
                                         *source)}.items():
            widths = WIDTHS[:1] if title == 'csv adopt' else WIDTHS
            screens[title] = {str(width): self._lines(command, width)
                              for width in widths}
        return screens

    def _lines(self, command: tuple[str, ...], width: int) -> list[str]:
        out, err = io.StringIO(), io.StringIO()
        narrow = ('--max-width', '80') if width == 80 else ()
        with mock.patch.dict(os.environ, COLUMNS='100', LINES='40'), (
                contextlib.redirect_stdout(out)), (
                contextlib.redirect_stderr(err)):
            code = shell.OpenStackShell().run([
                '--os-auth-type', 'admin_token', '--os-token', 'admin',
                '--os-endpoint', self._endpoint, 'resource', 'provider',
                *command, *narrow])
        assert code in (0, 2, 3, 4), (command, code, err.getvalue())
        return [line.rstrip() for line in _without_times(
            out.getvalue()).splitlines()]


def _without_times(text: str) -> str:
    return re.sub(r'\b\d+ seconds?\b', '1 seconds', text)


@contextlib.contextmanager
def _same_each_time() -> Any:
    """Names that are made up are those of the last time."""
    numbers = iter(range(10 ** 6))
    with mock.patch('uuid.uuid4', lambda: uuid.uuid5(
            uuid.NAMESPACE_DNS, str(next(numbers)))):
        yield


@contextlib.contextmanager
def _commands_of_one_process(adapters: dict[str, Any],
                             services: dict[str, Any]) -> Any:
    """osc_lib keeps each client for the one command a process runs."""
    with mock.patch('osc_lib.clientmanager.ClientCache.__get__',
                    lambda self, instance, owner: self.factory(instance)), (
            mock.patch.object(
                osc_base.LookingCommand, 'adapter_of',
                lambda self, service_type: adapters[service_type])), (
            mock.patch.object(
                osc_base.CsvCommand, 'connection_of',
                lambda self, service, conf: services[
                    service.name].connection(service))):
        yield


def measured() -> dict[str, dict[str, list[str]]]:
    """All screens."""
    nova, glance = other_services.Nova(), other_services.Glance()
    with _same_each_time(), base.running_placement() as placement, (
            tempfile.TemporaryDirectory()) as folder, (
            other_services.running(nova, glance)), _commands_of_one_process(
                {'compute': nova.adapter('compute'),
                 'image': glance.adapter('image'),
                 'placement': placement.another()},
                {'Nova': nova, 'Glance': glance}):
        return Screens(placement, pathlib.Path(folder), nova, glance).all()


if __name__ == '__main__':
    RECORD.write_text(json.dumps(measured(), indent=1) + '\n')
