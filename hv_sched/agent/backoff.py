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


"""How long a part of the agent waits before its next pass. Pure."""

import random

# The first pause after a failure; each further one doubles it.
FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0


class Backoff:
    """Pauses between passes: the interval, and others after failures.

    :param interval_seconds: between two passes that succeed
    :param chance: a number in [0, 1), so that several that failed of one
        cause do not come back at the same moment
    """

    def __init__(self, interval_seconds: float,
                 chance: random.Random | None = None) -> None:
        self._interval_seconds = interval_seconds
        # Not for secrets.
        self._chance = chance or random.Random()  # noqa: S311
        self._failures = 0

    def succeeded(self) -> float:
        """Seconds until the next pass."""
        self._failures = 0
        return self._interval_seconds

    def failed(self) -> float:
        """Seconds until the next attempt: between a half and all of a pause
        that doubles, up to the interval or LONGEST_SECONDS.
        """
        longest = max(self._interval_seconds, LONGEST_SECONDS)
        # Beyond 2 ** 16 it is the longest anyway.
        pause = min(longest, FIRST_SECONDS * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return float(pause * (0.5 + 0.5 * self._chance.random()))
