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

"""Users with one set of roles each, and what they try.

The policy of nova-api is examples/nova/policy.yaml; Keystone, Placement and
Glance have their own defaults.
"""

from collections.abc import Mapping
import dataclasses
import os
import pathlib
import subprocess

from tests.cloud import client
from tests.cloud import cloud

TIMEOUT_SECONDS = 300
SETS: tuple[tuple[str, ...], ...] = (
    ('admin',), ('service', 'hv_sched', 'reader'), ('service', 'hv_sched'),
    ('service',), ('hv_sched',),
    ('manager',), ('member',), ('reader',))
# Options whose value is a file.
_OF_FILES = ('--source', '--config-file')
WORKS, REFUSED, IN_PART = 'works', 'refused', 'in part'


@dataclasses.dataclass(frozen=True)
class Attempt:
    """What a user tries.

    :param command: as it is typed; {source} and {conf} are files
    :param works: exit codes of one that may
    :param others: what its other exit codes are
    """

    command: tuple[str, ...]
    works: tuple[int, ...] = (0,)
    others: Mapping[int, str] = dataclasses.field(default_factory=dict)

    @property
    def title(self) -> str:
        """What is typed, without the names of files."""
        return ' '.join(word for word in self.command
                        if word[0] != '{' and word not in _OF_FILES)


CSV = ('openstack', 'resource', 'provider', 'csv')


def attempts(server: str) -> tuple[Attempt, ...]:
    """All commands, the agent and the upgrade check.

    :param server: the name of one of another project
    """
    source = ('--source', '{source}')
    return (
        Attempt((*CSV, 'list')),
        Attempt((*CSV, 'show', 'hvcluster01/Volume1')),
        Attempt((*CSV, 'plan', *source), (0, 2)),
        Attempt((*CSV, 'sync', *source)),
        Attempt((*CSV, 'adopt', *source, '--dry-run'), (0, 2)),
        Attempt((*CSV, 'audit', *source), (0, 2)),
        Attempt((*CSV, 'heal', *source, '--code', 'wrong-node')),
        Attempt((*CSV, 'explain', '--server', server), (0, 2)),
        Attempt((*CSV, 'check', 'flavor', 'disk10')),
        Attempt((*CSV, 'doctor'), (0, 2)),
        Attempt(('hv-sched-agent', '--config-file', '{conf}', '--once')),
        Attempt(('hv-sched-status', '--config-file', '{conf}', 'upgrade',
                 'check'), others={1: IN_PART, 2: IN_PART, 255: REFUSED}),
        # Last, for they take the cluster back and give it again.
        Attempt((*CSV, 'retire', *source)),
        Attempt((*CSV, 'adopt', *source)))


class User:
    """One with these roles in the project ``service``."""

    def __init__(self, home: cloud.Cloud, roles: tuple[str, ...]) -> None:
        self._home = home
        self.name = 'with-' + '-'.join(roles)
        self._roles = roles

    def create(self, openstack: client.OpenStack) -> None:
        """Create the user, and what roles are missing."""
        password = self._home.folder.password()
        openstack.do('user', 'create', '--or-show', '--domain', 'default',
                     '--project', 'service', '--password', password,
                     self.name)
        for role in self._roles:
            openstack.do('role', 'create', '--or-show', role)
            openstack.do('role', 'add', '--project', 'service', '--user',
                         self.name, role)

    def environment(self) -> Mapping[str, str]:
        """What its ``openrc`` would export."""
        return {**os.environ, **self._home.client_environment(),
                'OS_USERNAME': self.name, 'OS_PROJECT_NAME': 'service'}

    def configuration(self) -> pathlib.Path:
        """An hv_sched.conf of an agent that is this user."""
        path = self._home.folder.run / f'{self.name}.conf'
        path.write_text(self._home.files.path('hv_sched.conf').read_text()
                        .replace('username = hv_sched',
                                 f'username = {self.name}')
                        .replace('status_port', '#status_port'))
        path.chmod(0o600)
        return path

    def tries(self, attempt: Attempt, source: pathlib.Path
              ) -> 'subprocess.CompletedProcess[str]':
        """Run a command as this user."""
        command = [word.format(source=source, conf=self.configuration())
                   for word in attempt.command]
        return subprocess.run(
            [self._home.folder.program(command[0]), *command[1:]],
            check=False, text=True, capture_output=True,
            timeout=TIMEOUT_SECONDS, env=self.environment(),
            cwd=self._home.folder.run)


def outcome(attempt: Attempt, exit_code: int) -> str:
    """What came of an attempt, in a word or two."""
    if exit_code in attempt.works:
        return WORKS
    names = attempt.others or {1: REFUSED, 4: IN_PART}
    return names.get(exit_code, f'exit {exit_code}')
