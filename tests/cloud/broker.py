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

"""A RabbitMQ of the cloud's own, with an Erlang port mapper of its own."""

import os
import pwd
import shutil

from tests.cloud import folder
from tests.cloud import machine
from tests.cloud import processes
from tests.cloud import templates

START_SECONDS = 180


class Broker:
    """The broker, the port mapper it needs, and where Nova finds it."""

    def __init__(self, cloud: folder.Folder, ports: dict[str, int]) -> None:
        self._cloud = cloud
        self._ports = ports
        self._home = cloud.state / 'rabbitmq'

    @property
    def url(self) -> str:
        return (f'rabbit://cloud:{self._cloud.password()}@127.0.0.1:'
                f'{self._ports["rabbitmq"]}/')

    def configure(self) -> None:
        """Write its files."""
        self._home.mkdir(exist_ok=True)
        for name in ('rabbitmq.conf', 'advanced.config'):
            templates.write(self._cloud.etc / name, name, {
                'port': str(self._ports['rabbitmq']),
                'password': self._cloud.password()})

    def forget(self) -> None:
        """Drop what the broker kept: messages of an earlier start."""
        shutil.rmtree(self._home, ignore_errors=True)

    def programs(self) -> list[processes.Program]:
        """In the order in which they start.

        The broker would start a port mapper itself, as a daemon that nobody
        stops.
        """
        environment = self.environment()
        return [
            processes.Program('epmd', (
                machine.program('epmd'), '-port',
                str(self._ports['epmd']), '-address', '127.0.0.1'),
                {key: environment[key] for key in ('HOME',)}),
            processes.Program(
                'rabbitmq', (machine.program('rabbitmq-server'),),
                environment, (self._cloud.etc / 'rabbitmq.conf',
                              self._cloud.etc / 'advanced.config'))]

    def environment(self) -> dict[str, str]:
        """Of the broker, and of ``rabbitmqctl`` that talks to it."""
        home = str(self._home)
        return {
            'HOME': home,
            'USER': pwd.getpwuid(os.getuid()).pw_name,
            'RABBITMQ_NODENAME': f'cloud{self._ports["rabbitmq"]}@localhost',
            'RABBITMQ_MNESIA_BASE': f'{home}/mnesia',
            'RABBITMQ_LOG_BASE': f'{home}/log',
            'RABBITMQ_PID_FILE': f'{home}/pid',
            'RABBITMQ_ENABLED_PLUGINS_FILE': f'{home}/plugins',
            'RABBITMQ_CONFIG_FILE': str(self._cloud.etc / 'rabbitmq.conf'),
            'RABBITMQ_ADVANCED_CONFIG_FILE': str(
                self._cloud.etc / 'advanced.config'),
            'RABBITMQ_CONF_ENV_FILE': f'{home}/no-such-file',
            'RABBITMQ_DIST_PORT': str(self._ports['erlang']),
            # Two schedulers that do not spin: others work here, too.
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': '+sbwt none +S 2:2',
            'ERL_EPMD_ADDRESS': '127.0.0.1',
            'ERL_EPMD_PORT': str(self._ports['epmd']),
        }
