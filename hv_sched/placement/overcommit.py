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


"""A volume that has more allocated than it holds. Pure.

It was so when it was adopted, or shares came back to it whose room others
had taken. ``reserved`` gives way first; then its allocation_ratio is raised
just enough for what servers already have, and goes down with it until the
volume fits again. So long it takes no new disks: the room that a server
leaves is owed. The ratio to come back to is kept as a trait on the volume:
Placement is the only database.
"""

from collections.abc import Iterable

from hv_sched.placement import fitting
from hv_sched.placement import former_ratio

PREFIX = 'CUSTOM_CSV_OVERCOMMITTED_FROM_'


def trait(ratio: float) -> str:
    """``CUSTOM_CSV_OVERCOMMITTED_FROM_1_0`` for 1.0."""
    return PREFIX + former_ratio.digits(ratio)


def ratio_before(traits: Iterable[str]) -> float | None:
    """The ratio to come back to, None for a volume that fits."""
    for name in sorted(traits):
        if name.startswith(PREFIX):
            return former_ratio.number(name.removeprefix(PREFIX))
    return None


def still_needed(total_gb: int, used_gb: int, ratio: float) -> bool:
    """Whether a volume is too small for what is allocated at a ratio."""
    return int(total_gb * ratio) < used_gb


def ratio(traits: Iterable[str], total_gb: int, used_gb: int,
          configured: float | None) -> float | None:
    """The ratio an over-booked volume should have, None for another.

    :param configured: goes before the ratio it had
    """
    before = ratio_before(traits)
    if before is None:
        return None
    wanted = configured or before
    if still_needed(total_gb, used_gb, wanted):
        return fitting.smallest(total_gb, used_gb)
    return wanted


def short_gb(traits: Iterable[str], total_gb: int, used_gb: int,
             configured: float | None) -> int:
    """How much more is allocated than an over-booked volume holds.

    0 for one that fits, or fits again.
    """
    before = ratio_before(traits)
    if before is None:
        return 0
    return max(0, used_gb - int(total_gb * (configured or before)))


def outlived(traits: Iterable[str], total_gb: int, used_gb: int,
             configured: float | None) -> frozenset[str]:
    """The traits to drop because the volume fits again."""
    every = frozenset(traits)
    if short_gb(every, total_gb, used_gb, configured):
        return frozenset()
    return frozenset(name for name in every if name.startswith(PREFIX))
