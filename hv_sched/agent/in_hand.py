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


"""Since when something has been in hand, for the watchdog."""

from collections.abc import Iterator
import contextlib
import time

# A pass has thousands of requests at most, each with a deadline.
STUCK_SECONDS = 1800.0


class InHand:
    """What one thread does again and again."""

    def __init__(self) -> None:
        self._begun_at: float | None = None

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """What is done inside is to end."""
        self._begun_at = time.monotonic()
        try:
            yield
        finally:
            self._begun_at = None

    @property
    def is_busy(self) -> bool:
        """Whether something is in hand."""
        return self._begun_at is not None

    def is_stuck(self, now: float) -> bool:
        """Whether what is in hand does not end.

        :param now: of the monotonic clock
        """
        begun_at = self._begun_at  # its thread may end it meanwhile
        return begun_at is not None and now - begun_at > STUCK_SECONDS
