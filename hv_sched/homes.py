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

"""Which node has which volumes as home, asked in a few bulk questions.

Placement tells the members of aggregates, not the aggregates of members, so
asking by volume costs a request for each. Instead the volumes are numbered,
and for each binary digit of the number Placement is asked twice: who is in
the home of any volume with a 0 there, who with a 1. The answers spell the
number of a node's volume. That is 2 * log2(volumes) requests.

A node with several volumes answers to both, so more volumes than its own may
fit; that errs towards permitting, and Placement offered the volume anyway.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

Homes = Mapping[str, frozenset[str]]


def read_homes(volumes: Sequence[str],
               members_of: Callable[[Sequence[str]], Iterable[str]],
               ) -> Homes:
    """Volumes by node, both as provider uuids.

    :param members_of: the members of the homes of any of these volumes
    :returns: every node that is in a home at all; a superset of its volumes
        when there are several, exactly its volume when there is one
    """
    digits = max(1, (len(volumes) - 1).bit_length())
    fitting: dict[str, set[str]] = {}
    for digit in range(digits):
        found: dict[str, set[str]] = {}
        for half in _halves(volumes, digit):
            for node in members_of(half) if half else ():
                found.setdefault(node, set()).update(half)
        fitting = found if digit == 0 else {
            node: volumes_so_far & found.get(node, set())
            for node, volumes_so_far in fitting.items()}
    return {node: frozenset(some) for node, some in fitting.items() if some}


def _halves(volumes: Sequence[str],
            digit: int) -> tuple[list[str], list[str]]:
    halves: tuple[list[str], list[str]] = ([], [])
    for number, volume in enumerate(volumes):
        halves[number >> digit & 1].append(volume)
    return halves
