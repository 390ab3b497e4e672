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

"""A server of the test's own: started, waited for, and stopped again."""

import collections.abc
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

START_SECONDS = 60
# Where databases are that are no commands of every user.
_FOLDERS = (':/usr/sbin:/usr/local/sbin:/usr/lib/postgresql/15/bin'
            ':/usr/lib/postgresql/16/bin:/usr/lib/postgresql/17/bin')


def program(name: str) -> str | None:
    """Where it is installed."""
    return shutil.which(name, path=os.environ.get('PATH', '') + _FOLDERS)


def missing(*names: str) -> str:
    """Which of these programs are not installed; empty when all are."""
    gone = [name for name in names if not program(name)]
    return f'{", ".join(gone)} not installed' if gone else ''


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], log: pathlib.Path, **options: object
            ) -> collections.abc.Iterator[subprocess.Popen[bytes]]:
    """The process of a command, which gets a SIGTERM in the end."""
    with log.open('w') as output, subprocess.Popen(
            command, stdout=output, stderr=output,
            **options) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(START_SECONDS)


def wait(ready: collections.abc.Callable[[], bool], log: pathlib.Path,
         process: 'subprocess.Popen[bytes]') -> None:
    """Until it is ready.

    :raises RuntimeError: it has died, or is not within the time
    """
    until = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f'did not start: {log.read_text()[-2000:]}')
        time.sleep(0.1)
