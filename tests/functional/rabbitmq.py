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

"""A RabbitMQ of a test's own, as ``make cloud`` has one."""

import collections.abc
import contextlib
import pathlib
import time

import pytest

from tests.cloud import broker
from tests.cloud import folder
from tests.cloud import machine
from tests.cloud import ports
from tests.cloud import processes

_PROGRAMS = ('rabbitmq-server', 'erl', 'epmd')


class RabbitMQ:
    """:ivar url: for oslo.messaging"""

    def __init__(self, root: pathlib.Path) -> None:
        home = folder.Folder(root)
        home.prepare()
        self._ports = ports.choose(('rabbitmq', 'epmd', 'erlang'),
                                   home.run / 'ports')
        self._broker = broker.Broker(home, self._ports)
        self._broker.configure()
        self._processes = processes.Processes(home.run, home.log)
        self.url = self._broker.url

    @staticmethod
    def missing() -> str:
        """Why there can be none here; empty when there can."""
        gone = [name for name in _PROGRAMS if machine.path(name) is None]
        return f'{", ".join(gone)} not installed' if gone else ''

    @property
    def port(self) -> int:
        return self._ports['rabbitmq']

    def start(self) -> None:
        """Start it, with the queues it had, and wait until it answers."""
        for program in self._broker.programs():
            self._processes.ensure(program)
        until = time.monotonic() + broker.START_SECONDS
        while not ports.answers(self.port):
            self._processes.check('rabbitmq')
            if time.monotonic() > until:
                said = self._processes.tail('rabbitmq')
                self.stop()
                raise RuntimeError(said)
            time.sleep(0.1)

    def stop(self) -> None:
        self._processes.stop(['rabbitmq', 'epmd'])


@contextlib.contextmanager
def running(folder_: pathlib.Path) -> collections.abc.Iterator[RabbitMQ]:
    """A broker for the tests of a module, which are skipped without one."""
    if missing := RabbitMQ.missing():
        pytest.skip(missing)
    server = RabbitMQ(folder_ / 'home')
    server.start()
    yield server
    server.stop()
