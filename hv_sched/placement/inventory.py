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


"""One resource class's inventory, as a value to compare and to write."""

from collections.abc import Mapping
import dataclasses
import math
from typing import Any

# Placement's largest integer, what it fills in for a max_unit left out.
MAX_INT = 2147483647


@dataclasses.dataclass(frozen=True)
class Inventory:
    """An inventory with the fields and defaults Placement has.

    The unit is that of the resource class the inventory stands under.
    """

    total: int
    reserved: int = 0
    min_unit: int = 1
    max_unit: int = MAX_INT
    step_size: int = 1
    allocation_ratio: float = 1.0

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> 'Inventory':
        """An inventory as Placement returns it, without fields it adds."""
        return cls(**{field.name: body[field.name]
                      for field in dataclasses.fields(cls)})

    @property
    def capacity(self) -> int:
        """What all allocations together may come to."""
        return int((self.total - self.reserved) * self.allocation_ratio)

    def is_same(self, other: 'Inventory') -> bool:
        """Equal, but for digits of the ratio that MySQL's FLOAT drops."""
        return self.has_ratio_of(other) and self == dataclasses.replace(
            other, allocation_ratio=self.allocation_ratio)

    def has_ratio_of(self, other: 'Inventory') -> bool:
        """Whether the ratios are the same as far as MySQL's FLOAT tells."""
        return math.isclose(self.allocation_ratio, other.allocation_ratio,
                            rel_tol=1e-5)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object Placement takes, without a generation."""
        return dataclasses.asdict(self)
