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

"""A TCP relay, behind which a broker goes away in every way there is."""

import contextlib
import socket
import threading
import typing

_BYTES = 65536


class Relay:
    """Between a client and a port of this machine, until ``close``.

    :param port: of the broker
    :ivar port: its own
    :ivar accepted: how many connections were made
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._moves = threading.Event()
        self._moves.set()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._server: socket.socket | None = None
        self.accepted = 0
        self.port = 0
        self.listen()

    def listen(self) -> None:
        """Take connections, on the same port as before."""
        server = socket.create_server(('127.0.0.1', self.port))
        self.port = server.getsockname()[1]
        self._server = server
        threading.Thread(target=self._serve, args=(server,),
                         daemon=True).start()

    def refuse(self) -> None:
        """Connections are refused, and those there are break."""
        if self._server is not None:
            # A thread in accept() would keep the socket.
            with contextlib.suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Break the connections there are."""
        with self._lock:
            broken, self._sockets = self._sockets, []
        for each in broken:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def fall_silent(self) -> None:
        """Connections stay, and nothing comes out of them any more."""
        self._moves.clear()

    def move(self) -> None:
        self._moves.set()

    def close(self) -> None:
        self.refuse()
        self.move()

    def _serve(self, server: socket.socket) -> None:
        while True:
            try:
                client = server.accept()[0]
            except OSError:
                return
            self.accepted += 1
            try:
                target = socket.create_connection(
                    ('127.0.0.1', self._target))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._sockets += [client, target]
            for pair in ((client, target), (target, client)):
                threading.Thread(target=self._pump, args=pair,
                                 daemon=True).start()

    def _pump(self, source: typing.Any, sink: typing.Any) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_BYTES):
                self._moves.wait()
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
