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

"""Starting and stopping the demo's Placement as a process of its own."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import types
import typing

from keystoneauth1 import adapter
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import session
from keystoneauth1 import token_endpoint

START_SECONDS = 60
STOP_SECONDS = 10
STATE = pathlib.Path('.demo')


class CannotStart(Exception):
    """Placement did not come up; the message says why."""


def client(endpoint: str) -> adapter.Adapter:
    """An Adapter to a Placement without keystone."""
    return adapter.Adapter(
        session.Session(auth=token_endpoint.Token(endpoint, 'admin')),
        service_type='placement', connect_retries=0)


def start(folder: pathlib.Path, port: int
          ) -> tuple[subprocess.Popen[bytes], str]:
    """Start Placement on a new database in folder; returns its endpoint.

    :raises CannotStart: the port is taken, a package is missing, …
    """
    ready, log = folder / 'endpoint', folder / 'placement.log'
    for leftover in (ready, folder / 'placement.sqlite'):
        leftover.unlink(missing_ok=True)
    with log.open('wb') as output:
        process = subprocess.Popen(
            [sys.executable, '-m', 'hv_sched.demo.placement_server',
             '--database', str(folder / 'placement.sqlite'),
             '--port', str(port), '--ready-file', str(ready)],
            stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the caller, who then stops it in order.
            start_new_session=True)
    try:
        return process, _await_endpoint(process, ready, log)
    except BaseException:
        stop(process)
        raise


def _await_endpoint(process: subprocess.Popen[bytes], ready: pathlib.Path,
                    log: pathlib.Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotStart('Placement did not start:\n'
                              + log.read_text().strip())
        if ready.exists() and (endpoint := ready.read_text()):
            return endpoint
        time.sleep(0.1)
    raise CannotStart(f'Placement did not answer within {START_SECONDS} s; '
                      f'see {log}')


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a Placement this process started."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _interrupt(signum: int, frame: types.FrameType | None) -> typing.NoReturn:
    raise KeyboardInterrupt


@contextlib.contextmanager
def temporary() -> typing.Iterator[str]:
    """A Placement for the time of the block; yields its endpoint."""
    former = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix='hv_sched-demo-') as folder:
            process, endpoint = start(pathlib.Path(folder), port=0)
            try:
                yield endpoint
            finally:
                stop(process)
    finally:
        signal.signal(signal.SIGTERM, former)


def answers(endpoint: str) -> bool:
    """Whether a Placement answers there."""
    try:
        body = client(endpoint).get('/', timeout=5).json()
    except (ksa_exceptions.ClientException, ValueError):
        return False
    return bool(isinstance(body, dict) and body.get('versions'))


def running(state: pathlib.Path = STATE) -> tuple[int, str] | None:
    """Process id and endpoint of what ``up`` left running."""
    try:
        content = json.loads((state / 'placement.json').read_text())
        pid, endpoint = int(content['pid']), str(content['endpoint'])
    except (FileNotFoundError, ValueError, KeyError):
        return None
    # A process id alone may be somebody else's by now.
    return (pid, endpoint) if answers(endpoint) else None


def up(port: int, state: pathlib.Path = STATE) -> str:
    """Leave a Placement running; returns its endpoint.

    One that runs already is left as it is.

    :raises CannotStart: see start
    """
    running_already = running(state)
    if running_already is not None:
        return running_already[1]
    state.mkdir(exist_ok=True)
    process, endpoint = start(state, port)
    (state / 'placement.json').write_text(
        json.dumps({'pid': process.pid, 'endpoint': endpoint}))
    return endpoint


def down(state: pathlib.Path = STATE) -> bool:
    """Stop what ``up`` left running; False when there was nothing."""
    process = running(state)
    if process is not None:
        os.kill(process[0], signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while (state / 'endpoint').exists() and time.monotonic() < deadline:
            time.sleep(0.1)
    for name in ('placement.json', 'placement.sqlite', 'placement.log',
                 'endpoint'):
        (state / name).unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError, OSError):
        state.rmdir()
    return process is not None
