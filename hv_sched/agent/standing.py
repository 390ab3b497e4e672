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

"""Which of several agents writes. Pure: told what the backend answered.

Two agents that write at a time are harmless, for each write names the
generation it was planned on: leadership saves requests and conflicts. So
whoever wrote goes on when the backend is away, and when it stays away all
write, as they do without one. An agent that knows another with other settings
never does: their writes would undo each other.
"""

from collections.abc import Callable
from collections.abc import Mapping
import time

_DIFFERS_SECONDS = 120


class Standing:
    """This agent's part, by what the backend answered last.

    :param lost_after: see ``[coordination]lost_after``
    :param clock: tells seconds
    """

    def __init__(self, lost_after: float,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._lost_after = lost_after
        self._clock = clock
        self._answered_at = clock()
        self._holds = False
        self._differing_since: dict[str, float] = {}
        self.differing: Mapping[str, str] = {}

    def answered(self, holds: bool) -> None:
        """:param holds: whether the lock is this agent's"""
        self._answered_at = self._clock()
        self._holds = holds

    def compare(self, mine: Mapping[str, str],
                others: Mapping[str, Mapping[str, str]]) -> None:
        """:param mine: digest by what it is of
        :param others: the same of the other agents that live, by their name
        """
        now = self._clock()
        differing = {
            name: ' and '.join(sorted(
                key for key in mine if theirs.get(key, mine[key]) != mine[key]
            )) for name, theirs in others.items()}
        differing = {name: what for name, what in differing.items() if what}
        self._differing_since = {
            name: self._differing_since.get(name, now) for name in differing}
        # Files are not changed everywhere in one moment.
        self.differing = {
            name: what for name, what in differing.items()
            if now - self._differing_since[name] >= _DIFFERS_SECONDS}

    @property
    def is_lost(self) -> bool:
        """Whether the backend has been away for too long."""
        return self._clock() - self._answered_at >= self._lost_after

    @property
    def leads(self) -> bool:
        """Whether this agent writes."""
        return self._holds or self.is_lost and not self.differing
