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

"""Names of traits and classes that were made once are not made again.

The clusters of a look need mostly the same ones, and each plans by itself.
"""

from collections.abc import Callable
import threading


class EnsuredNames:
    """Those that were ensured since a look, by whichever cluster's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._ensured: set[str] = set()

    def once(self, name: str, ensure: Callable[[str], None]) -> None:
        """Ensure a name, or wait for whoever does; others are not waited for.

        :param ensure: what it raises is raised, and the next one tries again
        """
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._ensured:
                ensure(name)
                self._ensured.add(name)
