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

"""A private MariaDB.

SQLite lets one request at a time through and keeps floats as they are; a
production database does neither.
"""

import collections.abc
import contextlib
import os
import pathlib
import pwd
import subprocess

from tests.functional import private_server


def missing() -> str:
    """Why there can be no MariaDB here; empty when there can."""
    return private_server.missing('mariadbd', 'mariadb-install-db', 'mariadb')


@contextlib.contextmanager
def database(folder: pathlib.Path) -> collections.abc.Iterator[str]:
    """A MariaDB server with an empty database ``placement``; its URL."""
    install(folder)
    with serving(folder, private_server.free_port()) as (url, _process):
        yield url


def install(folder: pathlib.Path) -> None:
    """An empty data directory below the folder."""
    subprocess.run(
        [private_server.program('mariadb-install-db'), '--no-defaults',
         f'--user={_me()}', f'--datadir={folder / "mysql"}',
         '--auth-root-authentication-method=normal', '--skip-test-db'],
        check=True, capture_output=True)


@contextlib.contextmanager
def serving(folder: pathlib.Path, port: int) -> collections.abc.Iterator[
        tuple[str, 'subprocess.Popen[bytes]']]:
    """The URL of what was installed there, and the server's process.

    It writes its log once a second and not at each commit.
    """
    sock, log = folder / 's.sock', folder / 'mariadb.log'
    with private_server.running([
            private_server.program('mariadbd'), '--no-defaults',
            f'--user={_me()}', f'--datadir={folder / "mysql"}',
            f'--socket={sock}', f'--port={port}',
            '--bind-address=127.0.0.1', '--innodb-flush-log-at-trx-commit=0',
            '--skip-name-resolve'], log) as process:

        def ready() -> bool:
            return not subprocess.run(
                [private_server.program('mariadb'), '--no-defaults',
                 '-uroot', '-S', str(sock), '-e',
                 'CREATE DATABASE IF NOT EXISTS placement'],
                check=False, capture_output=True).returncode

        private_server.wait(ready, log, process)
        yield (f'mysql+pymysql://root@127.0.0.1/placement?unix_socket={sock}'
               f'&charset=utf8mb4', process)


def _me() -> str:
    return pwd.getpwuid(os.getuid()).pw_name
