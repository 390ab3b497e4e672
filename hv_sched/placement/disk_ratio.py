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

"""The allocation_ratio of DISK_GB, which closes nodes and fits volumes. Pure.

A node's own disk is closed by a tiny ratio. Placement before 14 refuses to
rewrite an allocation on a provider that is over its capacity (bug 2104040),
which breaks Nova's moves; so a node that still holds shares is closed by the
smallest ratio that fits them. The ratio it had is kept as a trait: Placement
is the only database, and a trait is the only text it keeps on a provider.

A volume may have more allocated than it holds: it was so when it was
adopted, or shares came back to it whose room others had taken. ``reserved``
gives way first; then its ratio is raised just enough for what servers
already have, and goes down with it until the volume fits again. So long it
takes no new disks: the room that a server leaves is owed. The ratio to come
back to is kept as a trait, too.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import decimal
import math

from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory

# (total - reserved) * ratio must stay below 1 for the largest disk array, as
# the total may grow behind a closed node's ratio: 0.0001 would leave 6 GiB of
# 64 TiB open.
CLOSED_RATIO = 1e-7
# What Placement and Nova use when nobody said otherwise.
DEFAULT_RATIO = 1.0

# MySQL's FLOAT gives back six significant digits.
_CONTEXT = decimal.Context(prec=6, rounding=decimal.ROUND_CEILING)


# -- closing

def is_open(disk: Inventory | None) -> bool:
    """Whether a node's own disk would take a server."""
    return disk is not None and disk.capacity >= 1


def closed_ratio(total_gb: int) -> float:
    """A ratio that leaves no whole GiB of a disk."""
    return min(CLOSED_RATIO, 0.5 / total_gb)


def has_closed_ratio(disk: Inventory) -> bool:
    """Whether a disk has the ratio by which we close one."""
    return math.isclose(disk.allocation_ratio, closed_ratio(disk.total),
                        rel_tol=1e-3)


def fitting_ratio(disk: Inventory, used_gb: int, max_ratio: float) -> float:
    """The smallest ratio that fits what is allocated.

    :param disk: the provider's DISK_GB
    :param used_gb: what has to fit; 0 closes the provider
    :param max_ratio: never a larger one, such as the ratio before closing
    """
    room_gb = disk.total - disk.reserved
    if used_gb <= 0:
        return closed_ratio(disk.total)
    if room_gb <= 0:
        return disk.allocation_ratio
    return min(max_ratio, smallest_ratio(room_gb, used_gb))


def smallest_ratio(room_gb: int, used_gb: int) -> float:
    """The smallest ratio of six digits with room_gb * ratio >= used_gb."""
    ratio = _CONTEXT.divide(decimal.Decimal(used_gb),
                            decimal.Decimal(room_gb))
    while int(room_gb * float(ratio)) < used_gb:
        ratio = _CONTEXT.next_plus(ratio)
    return float(ratio)


# -- the ratio a node had before it was closed

def former_trait(ratio: float) -> str:
    """``CUSTOM_CSV_FORMER_RATIO_1_5`` for 1.5."""
    return names.FORMER_RATIO_PREFIX + _digits(ratio)


def remembers_former(traits: Iterable[str]) -> bool:
    """Whether some trait of a node remembers a ratio."""
    return any(trait.startswith(names.FORMER_RATIO_PREFIX)
               for trait in traits)


def former_ratio(traits: Iterable[str]) -> float:
    """The ratio the traits of a node remember.

    A trait nobody can read counts as none: the default is what an operator
    would set by hand.
    """
    return next(_ratios(traits, names.FORMER_RATIO_PREFIX), DEFAULT_RATIO)


# -- a volume that has more allocated than it holds

def overcommit_trait(ratio: float) -> str:
    """``CUSTOM_CSV_OVERCOMMITTED_FROM_1_0`` for 1.0."""
    return names.OVERCOMMITTED_PREFIX + _digits(ratio)


def ratio_before_overcommit(traits: Iterable[str]) -> float | None:
    """The ratio to come back to, None for a volume that fits.

    That of a trait nobody can read is the default.
    """
    marks = overcommit_traits(traits)
    if not marks:
        return None
    return next(_ratios(marks, names.OVERCOMMITTED_PREFIX), DEFAULT_RATIO)


def overcommit_traits(traits: Iterable[str]) -> frozenset[str]:
    """Those that say a volume has more allocated than it holds."""
    return frozenset(trait for trait in traits
                     if trait.startswith(names.OVERCOMMITTED_PREFIX))


def is_too_small(total_gb: int, used_gb: int, ratio: float) -> bool:
    """Whether a volume is too small for what is allocated at a ratio."""
    return int(total_gb * ratio) < used_gb


def overcommit_ratio(traits: Iterable[str], total_gb: int, used_gb: int,
                     configured: float | None) -> float | None:
    """The ratio an over-allocated volume should have, None for another.

    :param configured: takes precedence over the ratio it had
    """
    before = ratio_before_overcommit(traits)
    if before is None:
        return None
    desired = configured or before
    if is_too_small(total_gb, used_gb, desired):
        return smallest_ratio(total_gb, used_gb)
    return desired


def excess_gb(traits: Iterable[str], total_gb: int, used_gb: int,
              configured: float | None) -> int:
    """How much more is allocated than an over-allocated volume holds.

    0 for one that fits, or fits again.
    """
    before = ratio_before_overcommit(traits)
    if before is None:
        return 0
    return max(0, used_gb - int(total_gb * (configured or before)))


def outlived_traits(traits: Iterable[str], total_gb: int, used_gb: int,
                    configured: float | None) -> frozenset[str]:
    """The traits to drop because the volume fits again."""
    marks = overcommit_traits(traits)
    if excess_gb(marks, total_gb, used_gb, configured):
        return frozenset()
    return marks


# -- a ratio in the letters a trait may have

def _digits(ratio: float) -> str:
    """``1_5`` for 1.5."""
    return format(decimal.Decimal(repr(ratio)), 'f').replace('.', '_')


def _ratios(traits: Iterable[str], prefix: str) -> Iterator[float]:
    """The ratios that traits of a prefix remember, as far as readable."""
    for trait in sorted(traits):
        if trait.startswith(prefix):
            try:
                ratio = float(trait.removeprefix(prefix).replace('_', '.'))
            except ValueError:
                continue
            # float() also reads INF, NAN, and 1 with hundreds of zeros.
            if math.isfinite(ratio):
                yield ratio or DEFAULT_RATIO
