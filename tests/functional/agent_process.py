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


"""hv-sched-agent as a process, with the socket systemd would give it."""

from collections.abc import Sequence
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import uuid

ENOUGH_SECONDS = 300
_PROGRAM = ('import sys\nfrom hv_sched.agent import cmd\n'
            'sys.exit(cmd.main())\n')


class AgentProcess:
    """:param conf: path of its configuration file
    :param folder: short enough for the name of a socket in it
    :param program: what Python runs, and the arguments before the options
    """

    def __init__(self, conf: str, folder: pathlib.Path, *options: str,
                 watchdog_seconds: float = 1,
                 program: Sequence[str] = (_PROGRAM,)) -> None:
        self.log = folder / 'agent.log'
        # Of each its own: what is said of a former one is not this one's.
        path = folder / uuid.uuid4().hex[:8]
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(ENOUGH_SECONDS)
        with self.log.open('ab') as log:
            self.process = subprocess.Popen(
                [sys.executable, '-c', *program, '--config-file', conf,
                 *options], stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, 'NOTIFY_SOCKET': str(path),
                     'WATCHDOG_USEC': str(int(watchdog_seconds * 1e6))})
        # A process that ends before it says what is awaited says so itself.
        threading.Thread(target=self._watch, args=(str(path),),
                         daemon=True).start()

    def _watch(self, path: str) -> None:
        self.process.wait()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            try:
                to.sendto(b'ENDED=1', path)
            except OSError:
                pass

    def until(self, line: str) -> list[str]:
        """What it tells systemd until it tells a line, that one included."""
        lines: list[str] = []
        while not lines or line not in lines:
            assert 'ENDED=1' not in lines, (line, self.text())
            lines += self._socket.recv(65536).decode().split('\n')
        return lines

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """SIGTERM, and its exit code."""
        self.process.terminate()
        return self.process.wait(ENOUGH_SECONDS)

    def kill(self) -> None:
        """If it is still there."""
        self.process.kill()
        self.process.wait(ENOUGH_SECONDS)
        self._socket.close()

    def text(self) -> str:
        return self.log.read_text()
