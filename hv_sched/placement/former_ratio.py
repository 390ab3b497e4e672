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

"""A node's allocation_ratio before it was closed, kept as a trait.

Placement is the only database, and a trait is the only text it keeps on a
provider. The ratio is written before the node is closed and read when the
node leaves its cluster.
"""

from collections.abc import Iterable
import decimal

from hv_sched.placement import names

# (total - reserved) * ratio must stay below 1 for the largest disk array;
# 0.0001 would leave 6 GiB of a 64 TiB volume open.
CLOSED_RATIO = 1e-7
# What Placement and Nova use when nobody said otherwise.
DEFAULT_RATIO = 1.0


def trait(ratio: float) -> str:
    """``CUSTOM_CSV_FORMER_RATIO_1_5`` for 1.5."""
    return names.FORMER_RATIO_PREFIX + digits(ratio)


def digits(ratio: float) -> str:
    """A ratio in the letters a trait may have, ``1_5`` for 1.5."""
    return format(decimal.Decimal(repr(ratio)), 'f').replace('.', '_')


def number(text: str) -> float:
    """What ``digits`` wrote; the default when nobody can read it."""
    try:
        return float(text.replace('_', '.')) or DEFAULT_RATIO
    except ValueError:
        return DEFAULT_RATIO


def remembered(traits: Iterable[str]) -> bool:
    """Whether some trait remembers a ratio."""
    return any(name.startswith(names.FORMER_RATIO_PREFIX)
               for name in traits)


def ratio_of(traits: Iterable[str]) -> float:
    """The ratio the traits of a node remember.

    A trait nobody can read counts as none: the default is what an operator
    would set by hand.
    """
    for name in sorted(traits):
        if name.startswith(names.FORMER_RATIO_PREFIX):
            digits = name.removeprefix(names.FORMER_RATIO_PREFIX)
            try:
                return float(digits.replace('_', '.')) or DEFAULT_RATIO
            except ValueError:
                continue
    return DEFAULT_RATIO
