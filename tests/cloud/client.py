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

"""The real command line client, as a process, and what it shows."""

from collections.abc import Iterable
from concurrent import futures
import json
import subprocess
import time
from typing import Any

from tests.cloud import cloud
from tests.cloud import errors
from tests.cloud import nova_api

# Of a server's operation, on a machine with other work.
DEADLINE_SECONDS = 300
COMMAND_SECONDS = 600
# Clients side by side: most of a command's time is the start of Python.
CLIENTS = 4


def creation(name: str, flavor: str, *where: str) -> tuple[str, ...]:
    """The command that asks for a server."""
    return ('server', 'create', '--image', 'tiny', '--flavor', flavor,
            '--nic', 'none', *where, name)


class OpenStack:
    """``openstack`` with the environment of the cloud's ``openrc``."""

    def __init__(self, home: cloud.Cloud) -> None:
        self._home = home
        self._program = home.folder.program('openstack')
        self._nova = nova_api.NovaAPI(home.client_environment(),
                                      home.ports['nova-api'])

    def run(self, *arguments: str
            ) -> 'subprocess.CompletedProcess[str]':
        """Run a command; what it prints and its exit code."""
        return subprocess.run(
            [self._program, *arguments], check=False, text=True,
            capture_output=True, timeout=COMMAND_SECONDS,
            env=self._home.client_environment(),
            cwd=self._home.folder.run)

    def popen(self, *arguments: str) -> 'subprocess.Popen[str]':
        """Start a command."""
        return subprocess.Popen(
            [self._program, *arguments], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=self._home.client_environment(),
            cwd=self._home.folder.run)

    def do(self, *arguments: str) -> str:
        """Run a command that must succeed; what it prints.

        :raises errors.CloudError: with its message
        """
        result = self.run(*arguments)
        if result.returncode:
            raise errors.CloudError(
                f'openstack {" ".join(arguments)}: exit code '
                f'{result.returncode}: {result.stderr.strip()}')
        return result.stdout

    def do_all(self, commands: Iterable[tuple[str, ...]]) -> None:
        """Run commands that must succeed, several at a time, in any order.

        :raises errors.CloudError: with the message of one that failed
        """
        with futures.ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(lambda command: self.do(*command), commands))

    def json(self, *arguments: str) -> Any:
        """The answer of a command that must succeed."""
        return json.loads(self.do(*arguments, '-f', 'json') or 'null')

    def servers(self) -> dict[str, nova_api.Server]:
        """All servers by name."""
        return self._nova.servers()

    def wait(self, statuses: dict[str, str]) -> None:
        """Ask until these servers, by name, have these statuses.

        A server that ends in ERROR and should not ends the waiting.

        :raises errors.CloudError: not within the deadline
        """
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            servers = self.servers()
            now = {name: str(servers.get(name, 'gone')) for name in statuses}
            if now == statuses:
                return
            failed = [name for name, status in now.items()
                      if status == 'ERROR' != statuses[name]]
            if failed or time.monotonic() > deadline:
                raise errors.CloudError(
                    f'servers are {now}, expected {statuses}')
            time.sleep(0.5)

    def settled(self, name: str, *, moved_from: str | None = None
                ) -> nova_api.Server:
        """A server once it has no task.

        :param moved_from: it has left this node, too, or is in ERROR
        :raises errors.CloudError: not within the deadline
        """
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            server = self.servers()[name]
            if not server.task and server.status != 'BUILD' and (
                    server.host != moved_from or server.status == 'ERROR'):
                return server
            if time.monotonic() > deadline:
                raise errors.CloudError(f'{name} stays {server}')
            time.sleep(0.5)

    def node_state(self, node: str) -> str:
        """Whether Nova takes a node for up or down."""
        return self._nova.node_state(node)

    def create(self, name: str, flavor: str, *where: str) -> None:
        """Ask for a server; ``where`` is options of ``server create``."""
        self.do(*creation(name, flavor, *where))

    def delete(self, *names: str) -> None:
        """Delete servers for good and wait until they are gone."""
        ids = [server.uuid for name, server in self.servers().items()
               if name in names]
        self.do('server', 'delete', '--all-projects', '--force', *ids)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while left := set(names) & self.servers().keys():
            if time.monotonic() > deadline:
                raise errors.CloudError(f'not deleted: {sorted(left)}')
            time.sleep(0.5)
