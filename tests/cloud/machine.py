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

"""What the machine has to bring along, and where it lies."""

import os
import shutil
import sys

from tests.cloud import errors

# Program: package of Debian that has it.
PACKAGES = {
    'mariadbd': 'mariadb-server',
    'mariadb-install-db': 'mariadb-server',
    'mariadb': 'mariadb-client',
    'rabbitmq-server': 'rabbitmq-server',
    'erl': 'erlang-base',
    'epmd': 'erlang-base',
}
# Debian starts the broker by a script in /usr/sbin that changes to the user
# rabbitmq; the scripts it calls run as anybody.
FOLDERS = ('/usr/lib/rabbitmq/bin', '/usr/sbin', '/usr/local/sbin')


def path(program: str) -> str | None:
    """Where a program lies; None when it is not installed."""
    return shutil.which(program, path=os.pathsep.join(
        [*FOLDERS, os.environ.get('PATH', os.defpath)]))


def program(name: str) -> str:
    """The path of a program.

    :raises errors.CloudError: not installed
    """
    where = path(name)
    if where is None:
        raise errors.CloudError(_message([name]))
    return where


def check() -> None:
    """Raise when something is missing, all of it in one message.

    :raises errors.CloudError: with the names of the packages
    """
    if not sys.platform.startswith('linux'):
        raise errors.CloudError(
            f'the cloud needs Linux (/proc), this is {sys.platform}')
    missing = [name for name in PACKAGES if path(name) is None]
    if missing:
        raise errors.CloudError(_message(missing))


def _message(missing: list[str]) -> str:
    packages = ' '.join(sorted({PACKAGES[name] for name in missing}))
    return (f'{", ".join(missing)}: not installed. On Debian or Ubuntu, as '
            f'root: apt-get install --no-install-recommends {packages}')
