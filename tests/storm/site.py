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


"""The cloud of a storm: Nova tells what it does, and tokens end soon."""

import collections.abc
import dataclasses
import os
import pathlib
import signal
import threading

from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1.identity import v3

from tests.cloud import cloud
from tests.cloud import folder
from tests.cloud import processes
from tests.cloud import topology
from tests.storm import versions

CLUSTER = topology.CLUSTERS[0]
AGENTS = ('hv-sched-agent', 'hv-sched-agent-2')
# keystoneauth replaces a token two minutes before its end: each half minute.
TOKEN_SECONDS = 150
ADDITIONS = {
    'nova.conf': '''
[notifications]
notification_format = versioned
notify_on_state_change = vm_and_task_state
[oslo_messaging_notifications]
driver = messagingv2
[DEFAULT]
# What is deleted is gone at once.
reclaim_instance_interval = 0
''',
    'keystone.conf': f'''
[token]
expiration = {TOKEN_SECONDS}
'''}
SECONDS = 30


class Site(cloud.Cloud):
    """A cloud whose agents are started by the storm.

    :param earlier: a release of hv_sched that a second scheduler is of
    :ivar lock: starts and stops of processes take turns: who stops one looks
        for what a dead one has left, and would take one that was just
        started for that
    """

    def __init__(self, home: folder.Folder,
                 say: collections.abc.Callable[[str], None],
                 earlier: versions.Earlier | None = None) -> None:
        super().__init__(home, say, ADDITIONS)
        self.say = say
        self.earlier = earlier
        self.lock = threading.RLock()

    def _start_agent(self, stock: bool) -> None:
        """None."""

    def _start_nova(self) -> None:
        super()._start_nova()
        if self.earlier is not None:
            self.processes.ensure(self._earlier_scheduler(self.earlier))

    def _earlier_scheduler(self, earlier: versions.Earlier
                           ) -> processes.Program:
        """It takes requests in turn with that of the checkout."""
        conf = self.folder.etc / 'nova' / 'earlier.conf'
        conf.write_text('[DEFAULT]\nhost = earlier\n')
        program = self.services.nova('nova-scheduler')
        return dataclasses.replace(
            program, name='nova-scheduler-earlier',
            command=(*program.command, '--config-file', str(conf)),
            environment={**program.environment,
                         'PYTHONPATH': str(earlier.packages)})

    @property
    def volume(self) -> pathlib.Path:
        """The folder that stands for the volume."""
        return self.folder.state / 'csv' / CLUSTER.name / 'Volume1'

    def node(self, name: str) -> pathlib.Path:
        """The folder of a node."""
        return self.folder.state / 'nodes' / name

    def session(self) -> session.Session:
        """The admin's; a token that expires is replaced."""
        named = self.client_environment()
        return session.Session(auth=v3.Password(
            named['OS_AUTH_URL'], username=named['OS_USERNAME'],
            password=named['OS_PASSWORD'], user_domain_id='default',
            project_name=named['OS_PROJECT_NAME'],
            project_domain_id='default'), timeout=SECONDS)

    def placement(self) -> adapter.Adapter:
        return adapter.Adapter(
            self.session(), service_type='placement', raise_exc=False,
            default_microversion='1.39')

    def start(self, program: processes.Program) -> None:
        with self.lock:
            self.processes.ensure(program)

    def stop(self, *names: str) -> None:
        with self.lock:
            self.processes.stop(names)

    def kill(self, name: str) -> None:
        """SIGKILL, and it is over."""
        with self.lock:
            record = self.processes.running()[name]
        os.kill(record.pid, signal.SIGKILL)
        processes.wait(f'the end of {name}', lambda: not record.is_alive(),
                       SECONDS)
