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

"""Brings the cloud up, step by step, and takes it down again."""

import collections.abc
import json
import os
import pathlib
import shutil
import subprocess

from tests.cloud import broker
from tests.cloud import configuration
from tests.cloud import databases
from tests.cloud import errors
from tests.cloud import folder
from tests.cloud import installation
from tests.cloud import machine
from tests.cloud import ports
from tests.cloud import processes
from tests.cloud import schemas
from tests.cloud import services
from tests.cloud import topology

# A machine that has other work to do is slow.
START_SECONDS = 300
# A port of these is one of HTTP.
HTTP = (*services.WSGI, 'network', 'hv-sched-agent')
# Disk that servers hold of a node; volumes that nodes have joined.
NODE_DISK = """
SELECT a.id FROM allocations a
JOIN resource_providers p ON p.id = a.resource_provider_id
JOIN resource_classes c ON c.id = a.resource_class_id
WHERE c.name = 'DISK_GB' AND p.name NOT LIKE 'csv:%'
"""
PUBLISHED = """
SELECT DISTINCT p.id FROM resource_providers p
JOIN resource_provider_aggregates a ON a.resource_provider_id = p.id
WHERE p.name LIKE 'csv:%'
"""


class Cloud:
    """One cloud, in one folder.

    :param say: told each step when it is done
    :param additions: template of a configuration file: what follows it
    """

    def __init__(self, home: folder.Folder,
                 say: collections.abc.Callable[[str], None] = print,
                 additions: collections.abc.Mapping[str, str] | None = None
                 ) -> None:
        self.folder = home
        self._say = say
        self._additions = additions
        self.processes = processes.Processes(home.run, home.log)
        self.installation = installation.Installation(home)

    @property
    def _ports_path(self) -> pathlib.Path:
        return self.folder.run / 'ports.json'

    def addresses(self) -> dict[str, tuple[int, str]]:
        """What runs: the id of each process, and where it answers, if it does.
        """
        kept = ports.kept(self._ports_path)
        return {name: (record.pid, f'http://127.0.0.1:{kept[name]}/'
                       if name in HTTP else f'127.0.0.1:{kept[name]}'
                       if name in kept else '')
                for name, record in self.processes.running().items()}

    def up(self, *, stock: bool = False) -> None:
        """Start what does not run; safe to repeat.

        :param stock: Nova without hv_sched, which is then not installed
        :raises errors.CloudError: what is missing, taken or dead
        """
        machine.check()
        self.folder.prepare()
        with self.folder.alone():
            self._install(stock)
            self._configure(stock)
            self._start_stores()
            self._start_apis()
            self._start_nova()
            self._catalogue('resources')
            self._start_agent(stock)

    def _install(self, stock: bool) -> None:
        if not self.installation.has_services() and (
                self.processes.running()):
            # Not below the feet of what runs from there.
            self._stop()
        self.installation.services()
        self._say('OpenStack is installed')
        if not stock:
            self.installation.hv_sched()
            self._say('hv_sched is installed from its wheel')
        elif self.installation.wheel.exists():
            self.installation.uninstall_hv_sched()
            self._say('hv_sched is uninstalled')

    def _configure(self, stock: bool) -> None:
        if orphans := self.processes.end_orphans():
            self._say(f'killed: {len(orphans)} processes that an earlier '
                      f'run left')
        running = set(self.processes.running())
        if 'rabbitmq' in running:
            running.add('erlang')
        self.ports = ports.choose(configuration.PORTS, self._ports_path,
                                  running)
        self.files = configuration.Configuration(self.folder, self.ports,
                                                 self._additions)
        self.files.write(stock=stock)
        self.databases = databases.Databases(self.folder,
                                             self.ports['mariadb'])
        self.broker = broker.Broker(self.folder, self.ports)
        self.services = services.Services(self.folder, self.ports,
                                          self.files)

    def _start_stores(self) -> None:
        self.databases.install()
        self.processes.ensure(self.databases.program())
        self.broker.configure()
        for program in self.broker.programs():
            self.processes.ensure(program)
        self._wait('mariadb', self.databases.answers)
        self._say('MariaDB answers')
        schemas.Schemas(self.folder, self.databases,
                        self.files).prepare(self.files.auth_url)
        self._say('the databases have their tables')

    def _wait(self, name: str,
              ready: collections.abc.Callable[[], object]) -> None:
        processes.wait(name, ready, START_SECONDS,
                       lambda: self.processes.check(name))

    def _start_apis(self) -> None:
        for name in services.WSGI:
            self.processes.ensure(self.services.wsgi(name))
        self.processes.ensure(self.services.network())
        for name in ('keystone', 'placement'):
            self._wait(name, lambda name=name: ports.answers(
                self.ports[name]))
        self._catalogue('identity')
        self._say('Keystone has users and endpoints')

    def _catalogue(self, stage: str) -> None:
        result = subprocess.run(
            [self.folder.program('python'),
             str(services.HERE / 'catalogue.py'), stage],
            check=False, capture_output=True, text=True, env={
                **self.client_environment(), 'CLOUD': json.dumps({
                    'password': self.folder.password(), 'ports': self.ports,
                    'zones': {cluster.zone: cluster.nodes
                              for cluster in topology.CLUSTERS}})})
        if result.returncode:
            raise errors.CloudError(
                f'catalogue, {stage}: {result.stderr.strip()[-1500:]}')

    def client_environment(self) -> dict[str, str]:
        """What ``openrc`` exports."""
        exports = [line.removeprefix('export ').partition('=')
                   for line in self.folder.openrc.read_text().splitlines()]
        return {**os.environ, **{name: value for name, _, value in exports},
                'PATH': f'{self.folder.venv}/bin:{os.environ["PATH"]}'}

    def _start_nova(self) -> None:
        # Conductor and scheduler stop when the broker does not answer, or
        # when Placement does not take their credentials.
        self._wait('rabbitmq', lambda: ports.answers(self.ports['rabbitmq']))
        self._say('RabbitMQ answers')
        since = self.databases.sql('SELECT utc_timestamp()')[0][0]
        for name in ('nova-conductor', 'nova-scheduler'):
            self.processes.ensure(self.services.nova(name))
        # A nova-compute that finds no conductor waits 10 s to ask again.
        self._wait('nova-conductor', lambda: self._reporting(
            'nova-conductor', since))
        for node in topology.NODES:
            self.processes.ensure(self.services.compute(node))
        for node in topology.NODES:
            self._wait(f'nova-compute-{node}',
                       lambda node=node: node in self._ready_nodes(since))
        for name in ('glance', 'nova-api'):
            self._wait(name, lambda name=name: ports.answers(
                self.ports[name]))
        self._say(f'{len(topology.NODES)} nova-computes are up')

    def _reporting(self, binary: str, since: str) -> set[str]:
        return {row[0] for row in self.databases.sql(
            f"SELECT host FROM services WHERE `binary` = '{binary}' AND "
            f"deleted = 0 AND updated_at >= '{since}'", 'nova')}

    def _ready_nodes(self, since: str) -> set[str]:
        mapped = {row[0] for row in self.databases.sql(
            'SELECT host FROM host_mappings', 'nova_api')}
        return mapped & self._reporting('nova-compute', since)

    def _start_agent(self, stock: bool) -> None:
        if stock:
            self.processes.stop(['hv-sched-agent'])
            return
        self.processes.ensure(self.services.agent())
        self._say(f'hv-sched-agent shows its status on '
                  f'{self.files.status_url}')
        if self.databases.sql(NODE_DISK, 'placement'):
            self._say('hv-sched-agent is started; servers are on the '
                      'nodes\' own disk: csv adopt is next')
            return
        self._wait('hv-sched-agent', lambda: len(self.databases.sql(
            PUBLISHED, 'placement')) == len(topology.CLUSTERS))
        self._say(f'hv-sched-agent has published {len(topology.CLUSTERS)} '
                  f'volumes')

    def down(self, *, purge: bool = False) -> None:
        """Stop what ``up`` started, and nothing else.

        :param purge: forget databases, guests and files, too; the
            installation stays
        """
        if not (self.folder.root / folder.MARKER).exists():
            self._say(f'no cloud in {self.folder.root}: nothing to stop')
            return
        with self.folder.alone():
            self._stop()
            if purge:
                self._forget()

    def _stop(self) -> None:
        running = self.processes.running()
        others = tuple(running.keys() - set(services.STOP_ORDER))
        for names in (others + services.STOP_ORDER[:-3],
                      services.STOP_ORDER[-3:]):
            for name in self.processes.stop(names):
                self._say(f'{name} did not stop and was killed')
        self._say(f'stopped: {len(running)} processes')

    def _forget(self) -> None:
        for path in (self.folder.etc, self.folder.log, self.folder.run,
                     self.folder.state):
            shutil.rmtree(path, ignore_errors=True)
        self._say('databases, guests and files are removed')
