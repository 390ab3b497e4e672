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

"""The largest flow along paths whose points are limited. Pure.

Edmonds and Karp: the shortest path that still carries something is filled,
until there is none. What separates the two ends then is what bounds the flow.
"""

import collections
from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any

Path = tuple[Hashable, ...]
_SOURCE, _SINK = 'source', 'sink'
_IN, _OUT = 'in', 'out'


@dataclasses.dataclass(frozen=True)
class Flow:
    """:param bounds: the points that bound it, the widest first"""

    amount: int
    bounds: tuple[Hashable, ...] = ()


def of(paths: Iterable[Path], limits: Mapping[Any, int]) -> Flow:
    """The largest flow.

    :param paths: from one end to the other; where paths meet, a flow may
        change over
    :param limits: of points; a point without one is not limited
    """
    return _Network(paths, limits).filled()


class _Network:
    def __init__(self, paths: Iterable[Path], limits: Mapping[Any, int]
                 ) -> None:
        self._limits = limits
        self._unlimited = sum(limits.values()) + 1
        self._left: dict[Any, dict[Any, int]] = collections.defaultdict(dict)
        for path in paths:
            self._add(path)

    def _add(self, path: Path) -> None:
        before: Any = _SOURCE
        for point in path:
            self._arc(before, (_IN, point), self._unlimited)
            self._arc((_IN, point), (_OUT, point),
                      self._limits.get(point, self._unlimited))
            before = (_OUT, point)
        self._arc(before, _SINK, self._unlimited)

    def _arc(self, start: Any, end: Any, limit: int) -> None:
        self._left[start].setdefault(end, limit)
        self._left[end].setdefault(start, 0)

    def filled(self) -> Flow:
        """:raises ValueError: some path has no limit at all"""
        amount = 0
        while _SINK in (reached := self._reached()):
            amount += self._fill(reached)
            if amount >= self._unlimited:
                raise ValueError('a path without a limit')
        bounds = [point for point in self._limits
                  if (_IN, point) in reached and (_OUT, point) not in reached]
        bounds.sort(key=lambda point: -self._limits[point])
        return Flow(amount, tuple(bounds))

    def _reached(self) -> dict[Any, Any]:
        """What still can be reached, and from where, nearest first."""
        reached: dict[Any, Any] = {_SOURCE: None}
        queue = collections.deque((_SOURCE,))
        while queue and _SINK not in reached:
            start = queue.popleft()
            for end, room in self._left[start].items():
                if room > 0 and end not in reached:
                    reached[end] = start
                    queue.append(end)
        return reached

    def _fill(self, reached: Mapping[Any, Any]) -> int:
        """Fill the path to the sink; by how much."""
        arcs = []
        end: Any = _SINK
        while (start := reached[end]) is not None:
            arcs.append((start, end))
            end = start
        amount = min(self._left[start][end] for start, end in arcs)
        for start, end in arcs:
            self._left[start][end] -= amount
            self._left[end][start] += amount
        return amount
