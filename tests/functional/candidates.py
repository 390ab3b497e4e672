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

"""An agent's leadership in a process of its own, which a test may kill."""

import contextlib
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from oslo_config import cfg

from hv_sched.agent import leadership
from hv_sched.conf import coordination

PATIENCE_SECONDS = 120


def configuration(url, lost_after=3600):
    conf = cfg.ConfigOpts()
    conf.register_opts(coordination.OPTS, group=coordination.GROUP)
    conf([])
    conf.set_override('backend_url', url, group=coordination.GROUP)
    conf.set_override('lost_after', lost_after, group=coordination.GROUP)
    return conf


class Candidate:
    """A process that says on each change whether it leads."""

    def __init__(self, url, lost_after=3600):
        self._process = subprocess.Popen(
            [sys.executable, '-W', 'ignore', '-m', __name__,
             json.dumps([url, lost_after])],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.line()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line.strip())

    def line(self, seconds=PATIENCE_SECONDS):
        return self._lines.get(timeout=seconds)

    @property
    def is_silent(self):
        return self._lines.empty()

    def kill(self):
        self._process.kill()
        self._process.wait()

    def end(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(PATIENCE_SECONDS)


@contextlib.contextmanager
def candidates(number, url, **options):
    """Processes that are ready, in the order in which they started."""
    started = []
    try:
        for _number in range(number):
            started.append(Candidate(url, **options))
        yield started
    finally:
        for candidate in started:
            candidate.kill()


class Redis:
    """A Redis server of the test's own, with a password."""

    def __init__(self, folder):
        self._folder = folder
        with socket.create_server(('127.0.0.1', 0)) as server:
            self._port = server.getsockname()[1]
        self._process = None

    @staticmethod
    def missing():
        """Why there can be none here; empty when there can."""
        return '' if shutil.which('redis-server') else (
            'redis-server not installed')

    @property
    def url(self):
        return (f'redis://:secret@127.0.0.1:{self._port}?lock_timeout=5'
                '&socket_timeout=5')

    def start(self):
        self._process = subprocess.Popen(
            ['redis-server', '--port', str(self._port), '--bind', '127.0.0.1',
             '--requirepass', 'secret', '--save', '', '--dir',
             str(self._folder)], stdout=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(
                    ('127.0.0.1', self._port), 1):
                return
            time.sleep(0.05)
        raise RuntimeError('redis-server did not start')

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _main(url, lost_after):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    agent = None

    def changed():
        print('leads' if agent.leads else 'follows', flush=True)

    agent = leadership.Leadership(
        configuration(url, lost_after),
        lambda: {'overrides': str(os.getpid())}, changed, beat_seconds=0.2)
    print('ready', flush=True)
    agent.start()
    stop.wait()
    agent.stop()


def file_url(folder: pathlib.Path) -> str:
    return f'file://{folder}'


if __name__ == '__main__':
    _main(*json.loads(sys.argv[1]))
