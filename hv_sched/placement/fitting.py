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


"""The smallest allocation_ratio that still fits what is allocated. Pure.

Placement before 14 refuses to rewrite an allocation on a provider that is
over its capacity (bug 2104040), which breaks Nova's moves. So a node that
still holds shares is closed by the smallest ratio that fits them.
"""

import decimal

from hv_sched.placement import former_ratio
from hv_sched.placement.inventory import Inventory

# MySQL's FLOAT gives back six significant digits.
_CONTEXT = decimal.Context(prec=6, rounding=decimal.ROUND_CEILING)


def ratio(inventory: Inventory, used_gb: int, most: float) -> float:
    """The smallest ratio that fits, at most ``most``.

    :param inventory: the provider's DISK_GB
    :param used_gb: what has to fit; 0 closes the provider
    :param most: never a larger one, such as the ratio before closing
    """
    room = inventory.total - inventory.reserved
    if used_gb <= 0:
        return min(former_ratio.CLOSED_RATIO, 0.5 / inventory.total)
    if room <= 0:
        return inventory.allocation_ratio
    return min(most, smallest(room, used_gb))


def smallest(room_gb: int, used_gb: int) -> float:
    """The smallest ratio of six digits with room_gb * ratio >= used_gb."""
    found = _CONTEXT.divide(decimal.Decimal(used_gb),
                            decimal.Decimal(room_gb))
    while int(room_gb * float(found)) < used_gb:
        found = _CONTEXT.next_plus(found)
    return float(found)
