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

"""A deadline for a whole HTTP answer, however slowly it arrives.

The time-out of the requests library is one of silence: a byte now and then,
of the headers or the body, makes it wait on and on. Here the read time-out of
a request is that of its whole answer, and no answer outlives the call that it
was made for.
"""

from collections.abc import Iterator
import contextlib
import http.client
import io
import threading
import time
from typing import Any

import requests
from requests import adapters
import urllib3

_SHORTEST_SECONDS = 0.01
# More than the threads of an agent that ask one service at a time, by
# default; no more are open than there were threads at once.
_KEPT_CONNECTIONS = 64
# Of one answer, its headers included: candidates of 10,000 hosts, each on 64
# volumes, are a quarter of it.
MOST_BYTES = 2 ** 30
# When answers end that are begun now, by time.monotonic().
_end = threading.local()


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """All that is asked in the block, in this thread, ends in time.

    It holds for sessions that ``install`` was called for.

    :param seconds: at most; what surrounds the block may leave less
    """
    before: float | None = getattr(_end, 'at', None)
    end = time.monotonic() + seconds
    _end.at = end if before is None else min(before, end)
    try:
        yield
    finally:
        _end.at = before


def install(session: requests.Session) -> None:
    """Have the answers to a session's requests end in time."""
    for prefix, adapter in list(session.adapters.items()):
        if isinstance(adapter, adapters.HTTPAdapter):
            session.mount(prefix, _Adapter(adapter))


class _Adapter(adapters.BaseAdapter):
    """Sends by another adapter, whose TLS and socket options stay.

    :param inner: an HTTPAdapter; it opens new connections from now on
    """

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self._inner = inner
        _limit(self._inner.poolmanager)
        self._inner.poolmanager.clear()
        find = self._inner.proxy_manager_for
        self._inner.proxy_manager_for = lambda *args, **kwargs: _limit(
            find(*args, **kwargs))

    def send(self, *args: Any, **kwargs: Any) -> Any:
        """See requests; a read time-out is that of the whole answer."""
        timeout = kwargs.get('timeout')
        seconds = timeout[-1] if isinstance(timeout, tuple) else timeout
        with (within(seconds) if isinstance(seconds, (int, float))
              else contextlib.nullcontext()):
            return _limited(self._inner.send(*args, **kwargs))

    def close(self) -> None:
        self._inner.close()


def _limited(response: Any) -> Any:
    """An answer that ends by what becomes of it where it was compressed."""
    decode = getattr(response.raw, '_decode', None)
    if decode is None:
        return response  # not urllib3's
    remaining_bytes = MOST_BYTES

    def decode_some(*args: Any, **kwargs: Any) -> Any:
        nonlocal remaining_bytes
        part = decode(*args, **kwargs)
        remaining_bytes -= len(part)
        if remaining_bytes < 0:
            raise urllib3.exceptions.ProtocolError(_too_large())
        return part
    response.raw._decode = decode_some
    return response


def _too_large() -> str:
    return f'the answer has more than {MOST_BYTES // 2 ** 20} MiB'


def _limit(manager: Any) -> Any:
    """The pool manager, whose new connections' answers end in time.

    It keeps the connections of all threads: urllib3 logs a warning for each
    that it closes because there are more.
    """
    manager.connection_pool_kw['maxsize'] = _KEPT_CONNECTIONS
    manager.pool_classes_by_scheme = {
        'http': _HTTPConnectionPool, 'https': _HTTPSConnectionPool}
    return manager


class _WholeAnswer(urllib3.HTTPResponse):
    """Of urllib3 1.26, which does not mind that an answer breaks off."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs['enforce_content_length'] = True
        super().__init__(*args, **kwargs)


class _LimitedPool:
    """Mixed into a pool of urllib3: answers know when they end."""

    ResponseCls = _WholeAnswer

    def _new_conn(self) -> Any:
        connection: Any = super()._new_conn()  # type: ignore[misc]
        connection.response_class = _Response
        return connection


class _HTTPConnectionPool(_LimitedPool, urllib3.HTTPConnectionPool):
    pass


class _HTTPSConnectionPool(_LimitedPool, urllib3.HTTPSConnectionPool):
    pass


class _Response(http.client.HTTPResponse):
    """One that knows when it ends, for as long as it is read."""

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        end = getattr(_end, 'at', None)
        if end is not None and isinstance(self.fp, io.BufferedReader):
            self.fp = io.BufferedReader(_Reader(sock, self.fp.detach(), end))


class _Reader(io.RawIOBase):
    """Reads from a socket until a point in time.

    :param raw: the socket's bytes
    :param end: by time.monotonic()
    """

    def __init__(self, sock: Any, raw: Any, end: float) -> None:
        super().__init__()
        self._sock = sock
        self._raw = raw
        self._end = end
        self._remaining_bytes = MOST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        """See RawIOBase.

        :raises TimeoutError: nothing more came in time
        :raises OSError: the answer is larger than any may be
        """
        if self._remaining_bytes <= 0:
            raise OSError(_too_large())
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError('timed out: the answer does not end')
        silence: float | None = self._sock.gettimeout()
        self._sock.settimeout(max(_SHORTEST_SECONDS, min(
            seconds, seconds if silence is None else silence)))
        try:
            count = self._raw.readinto(buffer)
            self._remaining_bytes -= count or 0
            return count
        finally:
            with contextlib.suppress(OSError):  # it may be closed by now
                self._sock.settimeout(silence)

    def fileno(self) -> int:
        descriptor: int = self._raw.fileno()
        return descriptor

    def close(self) -> None:
        self._raw.close()
        super().close()
