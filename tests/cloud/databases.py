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

"""A MariaDB of the cloud's own: own data, own port, no socket of others."""

import os
import pwd
import subprocess

from tests.cloud import errors
from tests.cloud import folder
from tests.cloud import machine
from tests.cloud import processes

NAMES = ('keystone', 'placement', 'glance', 'nova', 'nova_api', 'nova_cell0')
START_SECONDS = 120


class Databases:
    """The server and its databases."""

    def __init__(self, cloud: folder.Folder, port: int) -> None:
        self._cloud = cloud
        self._port = port
        self._data = cloud.state / 'mysql'

    def install(self) -> None:
        """Make the data folder, unless it is whole."""
        complete = self._data.with_name('mysql.complete')
        if complete.exists():
            return
        log = self._cloud.log / 'mariadb-install.out'
        with log.open('wb') as output:
            result = subprocess.run(
                [machine.program('mariadb-install-db'), '--no-defaults',
                 f'--user={_me()}', f'--datadir={self._data}',
                 '--auth-root-authentication-method=normal',
                 '--skip-test-db'], check=False, stdout=output,
                stderr=output)
        if result.returncode:
            raise errors.CloudError(f'mariadb-install-db failed, see {log}')
        complete.touch()

    def program(self) -> processes.Program:
        """The server: of this user, on loopback alone.

        The socket's path is short, because it is one in the data folder: a
        socket's path has at most 107 bytes, a checkout's may have more.
        """
        password = self._cloud.etc / 'mariadb.sql'
        password.touch(mode=0o600)
        password.write_text(''.join(
            f"ALTER USER 'root'@'{host}' IDENTIFIED BY "
            f"'{self._cloud.password()}';\n"
            for host in ('localhost', '127.0.0.1')))
        return processes.Program('mariadb', (
            machine.program('mariadbd'), '--no-defaults', f'--user={_me()}',
            f'--datadir={self._data}', '--socket=sock', '--pid-file=pid',
            f'--port={self._port}', '--bind-address=127.0.0.1',
            f'--init-file={password}', '--skip-name-resolve',
            # Nothing of it has to outlive the machine's power.
            '--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0',
            '--innodb-flush-method=nosync', '--max-connections=500',
            '--character-set-server=utf8mb4',
            '--collation-server=utf8mb4_unicode_ci'))

    def answers(self) -> bool:
        """Whether the server takes the cloud's password."""
        return self._client('mariadb', '-e', 'SELECT 1').returncode == 0

    def create(self) -> None:
        """Empty databases; those of a start that was interrupted go."""
        self.sql(''.join(f'DROP DATABASE IF EXISTS {name}; '
                         f'CREATE DATABASE {name};' for name in NAMES))

    def sql(self, statement: str, database: str = '') -> list[list[str]]:
        """The rows of a statement, as text.

        :raises errors.CloudError: MariaDB refused it
        """
        result = self._client('mariadb', '--batch', '--skip-column-names',
                              '-e', statement, *([database] * bool(database)))
        if result.returncode:
            raise errors.CloudError(
                f'MariaDB: {result.stderr.decode(errors="replace").strip()}')
        return [line.split('\t') for line in
                result.stdout.decode().splitlines()]

    def url(self, database: str) -> str:
        """As SQLAlchemy wants it."""
        return (f'mysql+pymysql://root:{self._cloud.password()}@127.0.0.1:'
                f'{self._port}/{database}?charset=utf8mb4')

    def _client(self, name: str, *arguments: str
                ) -> 'subprocess.CompletedProcess[bytes]':
        return subprocess.run(
            [machine.program(name), '--no-defaults', '--user=root',
             '--host=127.0.0.1', f'--port={self._port}', *arguments],
            check=False, capture_output=True,
            env={**os.environ, 'MYSQL_PWD': self._cloud.password()})


def _me() -> str:
    return pwd.getpwuid(os.getuid()).pw_name
