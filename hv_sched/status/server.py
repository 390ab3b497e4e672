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

"""Serves the status over HTTP, in one thread and few workers.

waitress reads requests and writes answers without a thread for each, so a
client that is slow, or silent, keeps no worker.
"""

import ipaddress
import socket
import threading
import time
from typing import Any

from waitress import channel
from waitress import server as waitress_server

from hv_sched import exception
from hv_sched import printable

LOG = printable.logger(__name__)
WORKERS = 2
MAX_CONNECTIONS = 64
# A connection ends then, and in twice the time whatever it is doing.
CONNECTION_SECONDS = 30
_MAX_HEADER_BYTES = 8192
_END_SECONDS = 5


class _Channel(channel.HTTPChannel):  # type: ignore[misc]
    """A connection with an end, also where a byte comes now and then.

    waitress itself ends those only on which nothing happens at all.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._opened = time.monotonic()
        super().__init__(*args, **kwargs)

    def readable(self) -> bool:
        """Asked at each turn of the loop, which takes a second at most."""
        age = time.monotonic() - self._opened
        is_idle = not self.requests and not self.total_outbufs_len
        if age > 2 * CONNECTION_SECONDS or (
                is_idle and age > CONNECTION_SECONDS):
            self.will_close = True
        return bool(super().readable())


class StatusServer:
    """Listens from the start; answers between ``start`` and ``stop``.

    :param app: a WSGI application
    :param address: an IP address of this machine
    :param port: 0 for any that is free
    :raises InvalidConfig: nobody may listen there
    """

    def __init__(self, app: Any, address: str, port: int) -> None:
        self._server = waitress_server.create_server(
            app, sockets=[_listening(address, port)], threads=WORKERS,
            connection_limit=MAX_CONNECTIONS, cleanup_interval=5,
            channel_timeout=CONNECTION_SECONDS, ident=None,
            max_request_header_size=_MAX_HEADER_BYTES,
            max_request_body_size=_MAX_HEADER_BYTES,
            asyncore_use_poll=True, clear_untrusted_proxy_headers=True)
        self._server.channel_class = _Channel
        self.app = app
        self.address = address
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(
            target=self._run, name='status', daemon=True)

    def start(self) -> None:
        self._thread.start()

    def replace(self, app: Any) -> None:
        """Have another application answer from the next request on."""
        self.app = self._server.application = app

    def stop(self) -> None:
        """Nobody is answered any more."""
        if self._thread.is_alive():
            self._server.trigger.pull_trigger(self._end)
            self._thread.join(_END_SECONDS)
        else:
            self._end()

    def _end(self) -> None:
        """In the thread that owns the sockets, or while there is none."""
        self._server.close()
        self._server.task_dispatcher.shutdown()
        for connection in list(self._server.active_channels.values()):
            connection.handle_close()

    def _run(self) -> None:
        try:
            self._server.run()
        except Exception as exc:
            LOG.error('Status: the server ended: %s: %s; the agent goes on '
                      'without', type(exc).__name__, exc)


def _listening(address: str, port: int) -> socket.socket:
    family = (socket.AF_INET6 if ipaddress.ip_address(address).version == 6
              else socket.AF_INET)
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A port whose last connections are ending is free again.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(MAX_CONNECTIONS)
    except OSError as exc:
        listener.close()
        raise exception.InvalidConfig(
            f'cannot listen on {address} port {port}: {exc.strerror}; set '
            '[hv_sched]status_port and status_address to what is free on '
            'this machine, or status_port to 0') from exc
    return listener
