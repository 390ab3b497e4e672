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


"""Log a lasting problem when it begins, once an hour, and when it ends.

A problem logged on every pass would hide the others.
"""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Mapping
import dataclasses
import logging
import re
import time

REMINDER_SECONDS = 3600.0
# Ages, sizes and counts change from pass to pass, as do the ids of requests
# and the addresses of objects in texts of libraries; the cause does not.
_NUMBER = re.compile(r'0x[0-9a-f]+|\breq-[0-9a-f-]{36}|\d+(\.\d+)?')


def without_numbers(text: str) -> str:
    """The text without what changes from pass to pass."""
    return _NUMBER.sub('#', text)


@dataclasses.dataclass(frozen=True)
class _Standing:
    """A problem that lasts; times in seconds of a monotonic clock.

    :param since: when it began
    :param said_at: when it was logged last
    """

    text: str
    since: float
    said_at: float


class Causes:
    """The problems of one part of a process; for one thread.

    :param log: the logger they are written to
    :param clock: a monotonic clock, in seconds
    """

    def __init__(self, log: logging.Logger,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._standing: dict[Hashable, _Standing] = {}

    @property
    def standing(self) -> tuple[str, ...]:
        """The present problems, as they were logged."""
        return tuple(cause.text for cause in self._standing.values())

    def update(self, texts: Mapping[Hashable, str],
               level: int = logging.WARNING) -> None:
        """Log what began, lasts and ended.

        :param texts: all present problems, by a key that stays the same from
            pass to pass
        """
        now = self._clock()
        for key in [key for key in self._standing if key not in texts]:
            ended = self._standing.pop(key)
            self._log.info('No longer (after %d seconds): %s',
                           now - ended.since, ended.text)
        for key, text in texts.items():
            former = self._standing.get(key)
            if former is None:
                self._log.log(level, '%s', text)
                self._standing[key] = _Standing(text, now, now)
            elif now - former.said_at >= REMINDER_SECONDS:
                self._log.log(level, 'For %d seconds: %s', now - former.since,
                              text)
                self._standing[key] = dataclasses.replace(
                    former, text=text, said_at=now)
