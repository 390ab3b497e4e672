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

"""What everything else of the cloud needs is killed, and started again."""

import os
import signal

from tests.cloud import cloud
from tests.cloud import ports
from tests.cloud import processes

SERVICES = ('placement', 'keystone', 'mariadb', 'rabbitmq')
SECONDS = 120


def program(home: cloud.Cloud, service: str) -> processes.Program:
    """How one of them is started."""
    if service == 'mariadb':
        return home.databases.program()
    if service == 'rabbitmq':
        return home.broker.programs()[-1]
    return home.services.wsgi(service)


def await_start(home: cloud.Cloud, service: str) -> None:
    """Wait until it answers.

    :raises errors.CloudError: it has died, or does not within the time
    """
    processes.wait(service, lambda: ports.answers(home.ports[service]),
                   SECONDS, lambda: home.processes.check(service))


def kill(home: cloud.Cloud, name: str) -> None:
    """SIGKILL for a process and all that it started; it is over then."""
    record = home.processes.running()[name]
    os.kill(record.pid, signal.SIGKILL)
    processes.wait(f'the end of {name}', lambda: not record.is_alive(),
                   SECONDS)
    home.processes.end_orphans()


def kill_and_start(home: cloud.Cloud, service: str) -> None:
    """It dies, and an operator starts it."""
    kill(home, service)
    home.processes.ensure(program(home, service))
    await_start(home, service)
