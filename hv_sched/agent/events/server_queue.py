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

"""Servers that are to be looked at: each once, and not without bound.

However many notifications come of a server, it is looked at once. What has
no place is forgotten: the next pass of the agent finds it.
"""

from collections.abc import Callable
from collections.abc import Iterable
import dataclasses
import threading
import time

_FIRST_DELAY_SECONDS = 0.5
# Half a second, doubled seven times: a minute in all. A move that ends later
# sends another notification.
_MAX_LOOKS = 8


@dataclasses.dataclass
class _Entry:
    due: float
    looks: int = 0


class ServerQueue:
    """:param size: how many servers at most
    :param clock: tells seconds
    """

    def __init__(self, size: int,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._changed = threading.Condition()
        self._is_closed = False
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, server: str) -> None:
        """A server is to be looked at, as soon as somebody has time."""
        with self._changed:
            if server not in self._entries and (
                    len(self._entries) >= self._size):
                self._dropped += 1
                return
            # Not later than before: who is told of often would never be the
            # oldest, and others would always be taken first.
            former = self._entries.get(server)
            now = self._clock()
            self._entries[server] = _Entry(
                min(former.due, now) if former else now)
            self._changed.notify()

    def again(self, servers: Iterable[str], looks: dict[str, int]) -> None:
        """Servers that have to be looked at again, a little later.

        Of which none came again meanwhile, and not for ever.

        :param looks: by server, how often they were looked at
        """
        with self._changed:
            for server in servers:
                number = looks.get(server, 0)
                if (server in self._entries or number >= _MAX_LOOKS
                        or len(self._entries) >= self._size):
                    continue
                delay = _FIRST_DELAY_SECONDS * 2 ** (number - 1)
                self._entries[server] = _Entry(self._clock() + delay, number)
            self._changed.notify()

    def take(self, limit: int) -> dict[str, int]:
        """Wait for servers that are due, and take them; empty when closed.

        :param limit: how many at most
        :returns: by server, how often they were looked at, this time included
        """
        with self._changed:
            while not self._is_closed:
                due = self._due(limit)
                if due:
                    return {server: self._entries.pop(server).looks + 1
                            for server in due}
                self._changed.wait(self._wait_seconds())
        return {}

    def take_dropped(self) -> int:
        """How many had no place since this was asked last."""
        with self._changed:
            dropped, self._dropped = self._dropped, 0
            return dropped

    def close(self) -> None:
        """Nobody waits any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _due(self, limit: int) -> list[str]:
        now = self._clock()
        due = [(entry.due, server) for server, entry in self._entries.items()
               if entry.due <= now]
        return [server for _due, server in sorted(due)[:limit]]

    def _wait_seconds(self) -> float | None:
        if not self._entries:
            return None
        return max(0.0, min(entry.due for entry in self._entries.values())
                   - self._clock())
