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

"""Placement in processes of its own, on a database of its own."""

import collections.abc
import contextlib
import os
import pathlib
import signal
import socket
import sys
import types

from keystoneauth1 import session
from keystoneauth1 import token_endpoint
from placement import db_api
from placement import deploy
from placement.db.sqlalchemy import migration
import waitress

from tests.functional import base
from tests.functional import private_server

THREADS = 8


@contextlib.contextmanager
def endpoint(folder: pathlib.Path, server: types.ModuleType,
             workers: int = 1) -> collections.abc.Iterator[tuple[str, str]]:
    """Placement's address, and its database's.

    :param server: the module whose ``database`` it is
    :param workers: processes, with eight threads each
    """
    ready_file, log = folder / 'endpoint', folder / 'placement.log'
    with server.database(folder) as url, private_server.running([
            sys.executable, '-W', 'ignore', '-m', __name__, url,
            str(ready_file), str(workers)], log,
            start_new_session=True) as process:
        private_server.wait(ready_file.exists, log, process)
        try:
            yield ready_file.read_text(), url
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def adapter(address: str) -> base.Adapter:
    """A client of it."""
    return base.Adapter(session.Session(auth=token_endpoint.Token(
        address, 'admin')), service_type='placement')


@contextlib.contextmanager
def placement(folder: pathlib.Path, server: types.ModuleType,
              workers: int = 1) -> collections.abc.Iterator[base.Adapter]:
    """A client of one that runs as long."""
    with endpoint(folder, server, workers) as (address, _url):
        yield adapter(address)


def serve(url: str, ready_file: pathlib.Path, workers: int) -> None:
    """Placement on a database, until it is told to stop."""
    conf = base.configuration(url)
    db_api.configure(conf)
    migration.upgrade('head')
    app = deploy.loadapp(conf)  # writes the standard traits and classes
    db_api.placement_context_manager.writer.get_engine().dispose()
    listener = socket.create_server(('127.0.0.1', 0))
    partial = ready_file.with_suffix('.partial')
    partial.write_text(f'http://127.0.0.1:{listener.getsockname()[1]}')
    partial.rename(ready_file)
    for _ in range(workers - 1):
        if os.fork() == 0:
            break
    waitress.create_server(app, sockets=[listener], threads=THREADS).run()


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(0))
    serve(sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]))
