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

"""A private MariaDB, and a Placement of its own process and threads on it.

SQLite lets one request at a time through and keeps floats as they are; a
production database does neither.
"""

import collections.abc
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

from keystoneauth1 import session
from keystoneauth1 import token_endpoint
from placement import db_api
from placement import deploy
from placement.db.sqlalchemy import migration
import waitress

from tests.functional import base

START_SECONDS = 60


def missing() -> str:
    """Why there can be no MariaDB here; empty when there can."""
    gone = [name for name in ('mariadbd', 'mariadb-install-db', 'mariadb')
            if not _program(name)]
    return f'{", ".join(gone)} not installed' if gone else ''


def _program(name: str) -> str | None:
    path = os.environ.get('PATH', '') + ':/usr/sbin:/usr/local/sbin'
    return shutil.which(name, path=path)


def _free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def _running(command: list[str], log: pathlib.Path
             ) -> collections.abc.Iterator[subprocess.Popen]:
    with log.open('w') as output, subprocess.Popen(
            command, stdout=output, stderr=output) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(START_SECONDS)


def _wait(ready: collections.abc.Callable[[], bool], log: pathlib.Path,
          process: subprocess.Popen) -> None:
    until = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f'did not start: {log.read_text()[-2000:]}')
        time.sleep(0.1)


@contextlib.contextmanager
def database(folder: pathlib.Path) -> collections.abc.Iterator[str]:
    """A MariaDB server with an empty database ``placement``; its URL."""
    data, sock = folder / 'mysql', folder / 's.sock'
    me = pwd.getpwuid(os.getuid()).pw_name
    subprocess.run(  # noqa: S603
        [_program('mariadb-install-db'), '--no-defaults', f'--user={me}',
         f'--datadir={data}', '--auth-root-authentication-method=normal',
         '--skip-test-db'], check=True, capture_output=True)
    port, log = _free_port(), folder / 'mariadb.log'
    with _running([
            _program('mariadbd'), '--no-defaults', f'--user={me}',
            f'--datadir={data}', f'--socket={sock}', f'--port={port}',
            '--bind-address=127.0.0.1', '--innodb-flush-log-at-trx-commit=0',
            '--skip-name-resolve'], log) as process:

        def ready() -> bool:
            return not subprocess.run(  # noqa: S603
                [_program('mariadb'), '--no-defaults', '-uroot', '-S',
                 str(sock), '-e', 'CREATE DATABASE IF NOT EXISTS placement'],
                check=False, capture_output=True).returncode

        _wait(ready, log, process)
        yield (f'mysql+pymysql://root@127.0.0.1/placement?unix_socket={sock}'
               f'&charset=utf8mb4')


@contextlib.contextmanager
def placement(folder: pathlib.Path
              ) -> collections.abc.Iterator[base.Adapter]:
    """A client of a Placement with eight threads on a private MariaDB."""
    ready_file, log = folder / 'endpoint', folder / 'placement.log'
    with database(folder) as url, _running([
            sys.executable, '-W', 'ignore', '-m', __name__, url,
            str(ready_file)], log) as process:
        _wait(ready_file.exists, log, process)
        yield base.Adapter(session.Session(auth=token_endpoint.Token(
            ready_file.read_text(), 'admin')), service_type='placement')


def serve(url: str, ready_file: pathlib.Path) -> None:
    """Placement on a database, until it is told to stop."""
    conf = base.configuration(url)
    db_api.configure(conf)
    migration.upgrade('head')
    server = waitress.create_server(deploy.loadapp(conf), host='127.0.0.1',
                                    port=0, threads=8)
    partial = ready_file.with_suffix('.partial')
    partial.write_text(f'http://127.0.0.1:{server.effective_port}')
    partial.rename(ready_file)
    server.run()


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(0))
    serve(sys.argv[1], pathlib.Path(sys.argv[2]))
