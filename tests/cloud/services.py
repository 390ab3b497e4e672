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

"""The programs of the OpenStack services, and the order they start in."""

import pathlib

from tests.cloud import configuration
from tests.cloud import folder
from tests.cloud import installation
from tests.cloud import processes
from tests.cloud import topology

HERE = pathlib.Path(__file__).parent
# Service: its WSGI module, and how many processes serve it. Several of
# Placement, as in production: writes then meet each other in the database.
WSGI = {
    'keystone': ('keystone.wsgi.api', 1),
    'placement': ('placement.wsgi.api', 2),
    'glance': ('glance.wsgi.api', 1),
    'nova-api': ('nova.wsgi.osapi_compute', 1),
}
COMPUTES = tuple(f'nova-compute-{node}' for node in topology.NODES)
# What depends on others stops before them.
STOP_ORDER = ('hv-sched-agent', *COMPUTES, 'nova-scheduler',
              'nova-conductor', *reversed(WSGI), 'network', 'rabbitmq',
              'epmd', 'mariadb')


class Services:
    """Each service as a program with the files it reads."""

    def __init__(self, cloud: folder.Folder, ports: dict[str, int],
                 files: configuration.Configuration) -> None:
        self._cloud = cloud
        self._ports = ports
        self._files = files

    def environment(self) -> dict[str, str]:
        """Where the WSGI applications find their configuration."""
        etc = self._cloud.etc
        return {
            'HOME': str(self._cloud.state),
            'OS_KEYSTONE_CONFIG_DIR': f'{etc}/keystone',
            'OS_PLACEMENT_CONFIG_DIR': f'{etc}/placement',
            'OS_GLANCE_CONFIG_DIR': f'{etc}/glance',
            'OS_NOVA_CONFIG_DIR': f'{etc}/nova',
            'OS_NOVA_CONFIG_FILES':
                f'{self._cloud.venv}/etc/nova/api-paste.ini;nova.conf'}

    def wsgi(self, name: str) -> processes.Program:
        """An API, served by uWSGI."""
        module, workers = WSGI[name]
        inputs = {'glance': self._cloud.etc / 'glance' / 'glance-api.conf',
                  'nova-api': self._files.path('nova.conf')}
        return processes.Program(name, (
            self._cloud.program('uwsgi'), '--http-socket',
            f'127.0.0.1:{self._ports[name]}', '--module',
            f'{module}:application', '--virtualenv', str(self._cloud.venv),
            '--master', '--processes', str(workers), '--threads', '4',
            '--enable-threads', '--lazy-apps', '--die-on-term', '--need-app',
            '--disable-logging', '--buffer-size', '65535', '--thunder-lock',
            '--listen', '100', '--add-header', 'Connection: close',
            '--hook-master-start',
            'unix_signal:15 gracefully_kill_them_all'),
            self.environment(), self._inputs(
                name, inputs.get(name) or self._files.path(f'{name}.conf')))

    def _inputs(self, name: str, *paths: pathlib.Path
                ) -> tuple[pathlib.Path, ...]:
        """A plug-in of hv_sched is loaded by nova-api and nova-scheduler."""
        wheel = installation.Installation(self._cloud).wheel
        if name in ('nova-api', 'nova-scheduler', 'hv-sched-agent') and (
                wheel.exists()):
            return (*paths, wheel)
        return paths

    def network(self) -> processes.Program:
        """What answers in Neutron's place."""
        return processes.Program('network', (
            self._cloud.program('python'), str(HERE / 'network_service.py'),
            str(self._ports['network'])), inputs=(
                HERE / 'network_service.py',))

    def nova(self, name: str) -> processes.Program:
        """nova-scheduler or nova-conductor."""
        conf = self._files.path('nova.conf')
        folder = conf.parent / 'nova.conf.d'
        more = ('--config-dir', str(folder)) if folder.exists() else ()
        return processes.Program(
            name, (self._cloud.program(name), '--config-file', str(conf),
                   *more), {'HOME': str(self._cloud.state)},
            self._inputs(name, conf, *sorted(folder.glob('*.conf'))))

    def compute(self, node: str) -> processes.Program:
        """The nova-compute of a node."""
        conf = self._files.node_path(node)
        return processes.Program(f'nova-compute-{node}', (
            self._cloud.program('python'), str(HERE / 'compute_node.py'),
            '--config-file', str(conf)), {'HOME': str(self._cloud.state)},
            (conf, HERE / 'compute_node.py',
             HERE / 'virt' / 'hyperv_cluster.py'))

    def agent(self) -> processes.Program:
        """hv-sched-agent, as a user that may do no more than it needs."""
        conf = self._files.path('hv_sched.conf')
        return processes.Program('hv-sched-agent', (
            self._cloud.program('hv-sched-agent'), '--config-file',
            str(conf)), {'HOME': str(self._cloud.state)},
            self._inputs('hv-sched-agent', conf))
