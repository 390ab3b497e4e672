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
import sys
import types

from keystoneauth1 import session
from keystoneauth1 import token_endpoint

from tests.functional import base
from tests.functional import private_server
from tests.functional import serve_placement

_PROGRAM = serve_placement.__file__


@contextlib.contextmanager
def endpoint(folder: pathlib.Path, server: types.ModuleType,
             workers: int = 1) -> collections.abc.Iterator[tuple[str, str]]:
    """Placement's address, and its database's.

    :param server: the module whose ``database`` it is
    :param workers: processes, with eight threads each
    """
    with server.database(folder) as url, serving(
            folder, url, workers) as address:
        yield address, url


@contextlib.contextmanager
def serving(folder: pathlib.Path, url: str, workers: int = 1,
            python: str = sys.executable, port: int = 0
            ) -> collections.abc.Iterator[str]:
    """The address of one on a database that is there.

    :param python: of an environment with the release in question
    """
    ready_file, log = folder / 'endpoint', folder / 'placement.log'
    ready_file.unlink(missing_ok=True)
    with private_server.running([
            python, '-W', 'ignore', _PROGRAM, url, str(ready_file),
            str(workers), str(port)], log, start_new_session=True) as process:
        private_server.wait(ready_file.exists, log, process)
        try:
            yield ready_file.read_text()
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
