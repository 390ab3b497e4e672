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


"""Notifications of systemd about the service: sd_notify(3).

A datagram to the socket that NOTIFY_SOCKET names. systemd's manual describes
the protocol as stable and asks programs to speak it themselves rather than
load a library for it; the one on PyPI has had no release since 2017.
"""

from collections.abc import Mapping
import os
import socket
import time

from hv_sched import printable

LOG = printable.logger(__name__)


class Notifier:
    """Silent where no service manager listens.

    :param environ: of the process
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get('NOTIFY_SOCKET', '')
        # A name of the abstract namespace is written with a leading @.
        self._address = ('\0' + address[1:] if address.startswith('@')
                         else address)
        self.watchdog_seconds = _watchdog_seconds(environ)

    def ready(self, status: str) -> None:
        """It works, for the first time or again after a reload."""
        self._send('READY=1', f'STATUS={status}')

    def reloading(self) -> None:
        """It reads its configuration again; ``ready`` ends that."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send('RELOADING=1', f'MONOTONIC_USEC={microseconds}')

    def stopping(self) -> None:
        """It ends."""
        self._send('STOPPING=1', 'STATUS=finishes what it writes')

    def alive(self, status: str) -> None:
        """Its loops progress.

        :param status: one line for ``systemctl status``
        """
        self._send('WATCHDOG=1', f'STATUS={status}')

    def stuck(self, status: str) -> None:
        """They do not: the watchdog is not notified, the cause is logged."""
        self._send(f'STATUS={status}')

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
                to.settimeout(1)
                to.sendto('\n'.join(map(printable.text, lines)).encode(),
                          self._address)
        except OSError as exc:
            LOG.debug('systemd cannot be notified of %s: %s', lines[0], exc)


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """Within which it wants to be told; None where it wants nothing."""
    microseconds = environ.get('WATCHDOG_USEC', '')
    pid = environ.get('WATCHDOG_PID', '')
    if not microseconds.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return int(microseconds) / 1e6
