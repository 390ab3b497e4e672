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

"""A private PostgreSQL.

It refuses to run as root: there it runs as the user its package made.
"""

import collections.abc
import contextlib
import importlib.util
import os
import pathlib
import pwd
import subprocess
import tempfile

from tests.functional import private_server

_USER = 'postgres'


def missing() -> str:
    """Why there can be no PostgreSQL here; empty when there can."""
    if importlib.util.find_spec('psycopg2') is None:
        return 'psycopg2 not installed'
    if os.getuid() == 0 and not _has_user():
        return f'PostgreSQL does not run as root, and there is no {_USER}'
    return private_server.missing('initdb', 'postgres', 'psql')


def _has_user() -> bool:
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        return False
    return True


def _identity(data: pathlib.Path) -> dict[str, object]:
    """Who its programs run as, whose folder this is then."""
    if os.getuid():
        return {}
    user = pwd.getpwnam(_USER)
    os.chown(data, user.pw_uid, user.pw_gid)
    return {'user': user.pw_uid, 'group': user.pw_gid, 'extra_groups': (),
            'cwd': '/'}


@contextlib.contextmanager
def database(folder: pathlib.Path) -> collections.abc.Iterator[str]:
    """A PostgreSQL server with an empty database ``placement``; its URL.

    :param folder: of its log; another user does not get as far
    """
    with tempfile.TemporaryDirectory(prefix='postgresql-') as data:
        yield from _serving(pathlib.Path(data), folder / 'postgresql.log')


def _serving(data: pathlib.Path, log: pathlib.Path
             ) -> collections.abc.Iterator[str]:
    identity = _identity(data)
    subprocess.run(
        [private_server.program('initdb'), '-D', str(data), '-U', _USER,
         '--auth=trust', '--no-sync'], check=True, capture_output=True,
        **identity)
    port = private_server.free_port()
    with private_server.running([
            private_server.program('postgres'), '-D', str(data), '-p',
            str(port), '-h', '127.0.0.1', '-k', str(data), '-c',
            'fsync=off', '-c', 'max_connections=200'], log,
            **identity) as process:

        def ready() -> bool:
            return not subprocess.run(
                [private_server.program('psql'), '-h', '127.0.0.1', '-p',
                 str(port), '-U', _USER, '-c', 'CREATE DATABASE placement'],
                check=False, capture_output=True).returncode

        private_server.wait(ready, log, process)
        yield f'postgresql+psycopg2://{_USER}@127.0.0.1:{port}/placement'
