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

"""Traits written on an image, so that Nova alone asks for them. Pure.

Nova asks Placement for what an image says as ``trait:NAME=required``. A
property of ours lists the names that were put there by a stamp: nothing else
is ever taken back.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any

STAMPED = 'hv_sched_stamped'
REQUIRED = 'required'
_PREFIX = 'trait:'


@dataclasses.dataclass(frozen=True)
class PropertyChange:
    """One property: what it becomes, None when it goes.

    :param is_new: it was not there before
    """

    key: str
    value: str | None
    is_new: bool = False

    def __str__(self) -> str:
        return f'- {self.key}' if self.value is None else (
            f'+ {self.key}={self.value}')

    @property
    def patch(self) -> dict[str, str]:
        """The JSON patch operation."""
        if self.value is None:
            return {'op': 'remove', 'path': f'/{self.key}'}
        return {'op': 'add' if self.is_new else 'replace',
                'path': f'/{self.key}', 'value': self.value}


def traits_of(image: Mapping[str, Any]) -> frozenset[str]:
    """The traits a stamp put on an image."""
    return frozenset(filter(None, str(image.get(STAMPED) or '').split(',')))


def plan(image: Mapping[str, Any], desired: Iterable[str]
         ) -> list[PropertyChange]:
    """The changes that leave exactly the wanted traits stamped.

    A trait somebody else wrote is no stamp's, whatever it says; one of a
    stamp that somebody changed since is left to them.

    :param desired: none, to take the stamp back
    """
    stamped = traits_of(image)
    desired = frozenset(
        trait for trait in desired
        if trait in stamped or _PREFIX + trait not in image)
    changes = [
        PropertyChange(_PREFIX + trait, REQUIRED, _PREFIX + trait not in image)
        for trait in sorted(desired)
        if image.get(_PREFIX + trait) != REQUIRED]
    changes += [PropertyChange(_PREFIX + trait, None) for trait
                in sorted(stamped - desired)
                if image.get(_PREFIX + trait) == REQUIRED]
    after = ','.join(sorted(desired)) or None
    if after != (image.get(STAMPED) or None):
        changes.append(PropertyChange(STAMPED, after, STAMPED not in image))
    return changes
