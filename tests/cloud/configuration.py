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

"""The configuration files of all services, in ``etc`` of the cloud."""

from collections.abc import Mapping
import pathlib

from tests import repository
from tests.cloud import broker
from tests.cloud import databases
from tests.cloud import folder
from tests.cloud import templates
from tests.cloud import topology

# Each listens on a port of its own.
PORTS = ('mariadb', 'rabbitmq', 'erlang', 'epmd', 'keystone', 'placement',
         'glance', 'nova-api', 'network', 'hv-sched-agent')
SERVICE_USERS = ('placement', 'glance', 'nova')


class Configuration:
    """What stands in the files.

    :param additions: template: what follows it
    """

    def __init__(self, cloud: folder.Folder, ports: dict[str, int],
                 additions: Mapping[str, str] | None = None) -> None:
        self._cloud = cloud
        self._ports = ports
        self._additions = additions or {}
        self._database = databases.Databases(cloud, ports['mariadb'])
        self._broker = broker.Broker(cloud, ports)

    @property
    def auth_url(self) -> str:
        return f'http://127.0.0.1:{self._ports["keystone"]}/v3'

    @property
    def status_url(self) -> str:
        """Where hv-sched-agent shows its status."""
        return f'http://127.0.0.1:{self._ports["hv-sched-agent"]}/'

    def path(self, name: str) -> pathlib.Path:
        """A service's file."""
        return self._cloud.etc / name.partition('.')[0] / name

    def node_path(self, node: str) -> pathlib.Path:
        """The ``nova.conf`` of a compute node."""
        return self._cloud.etc / node / 'nova.conf'

    def write(self, *, stock: bool) -> None:
        """Write all files.

        :param stock: Nova without the plug-ins of hv_sched
        """
        values = self.values()
        for name in ('keystone.conf', 'placement.conf', 'hv_sched.conf'):
            self._write(self.path(name), name, values)
        templates.write(self._cloud.etc / 'glance' / 'glance-api.conf',
                        'glance-api.conf', values)
        templates.write(self._cloud.etc / 'nova' / 'policy.yaml',
                        str(repository.EXAMPLES / 'nova' / 'policy.yaml'), {})
        self._write(self.path('nova.conf'), 'nova.conf', {
            **values, 'role': f'state_path = {self._cloud.state}/nova',
            'sections': self._controller(stock)})
        for node, cluster in topology.NODES.items():
            self._write_node(node, cluster, values)
        source = self._cloud.etc / 'hv_sched' / 'clusters.yaml'
        if not source.exists():
            source.write_text(topology.source())
        templates.write(self._cloud.openrc, 'openrc', values)
        for store in ('images', 'staging', 'tasks'):
            (self._cloud.state / 'glance' / store).mkdir(
                parents=True, exist_ok=True)

    def _write(self, path: pathlib.Path, name: str, values: dict[str, str]
               ) -> None:
        templates.write(path, name, values, self._additions.get(name, ''))

    def values(self) -> dict[str, str]:
        """What the templates ask for."""
        cloud = self._cloud
        return {
            'auth_url': self.auth_url, 'password': cloud.password(),
            'etc': str(cloud.etc), 'state': str(cloud.state),
            'run': str(cloud.run), 'venv': str(cloud.venv),
            'transport_url': self._broker.url,
            'port_glance': str(self._ports['glance']),
            'port_status': str(self._ports['hv-sched-agent']),
            **{f'database_{name}': self._database.url(name)
               for name in databases.NAMES},
            **{f'auth_{user}': self._auth(user) for user in SERVICE_USERS}}

    def _auth(self, user: str) -> str:
        return '\n'.join([
            'auth_type = password', f'auth_url = {self.auth_url}',
            f'username = {user}', f'password = {self._cloud.password()}',
            'project_name = service', 'user_domain_id = default',
            'project_domain_id = default', 'region_name = RegionOne'])

    def _controller(self, stock: bool) -> str:
        plugins = 'stock-scheduler.conf' if stock else 'scheduler.conf'
        return '\n'.join([
            '[api_database]',
            f'connection = {self._database.url("nova_api")}',
            '[database]', f'connection = {self._database.url("nova")}',
            (templates.FILES / plugins).read_text()])

    def _write_node(self, node: str, cluster: topology.Cluster,
                    values: dict[str, str]) -> None:
        state = self._cloud.state / 'nodes' / node
        volume = self._cloud.state / 'csv' / cluster.name / 'Volume1'
        for path in (state / 'fail', volume):
            path.mkdir(parents=True, exist_ok=True)
        (state / 'compute_id').write_text(topology.node_uuid(node))
        self._write(self.node_path(node), 'nova.conf', {
            **values, 'role': '\n'.join([
                f'host = {node}', f'state_path = {state}',
                f'instances_path = {volume}',
                'compute_driver = hyperv_cluster.ClusterNode']),
            'sections': f'[hyperv_cluster]\nvolume_gb = {cluster.size_gb}\n'})
