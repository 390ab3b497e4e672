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

"""The smallest set of constraints that leaves no host. Pure.

Fewer constraints never leave fewer hosts, so a constraint whose removal
alone brings hosts back is part of every set that empties the list.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import TypeVar

_Constraint = TypeVar('_Constraint')


def emptying(constraints: Sequence[_Constraint],
             leaves_any: Callable[[Sequence[_Constraint]], bool]
             ) -> list[_Constraint]:
    """Constraints that leave no host together, but would without any one.

    It is the smallest such set when that has at most one member more than
    the constraints that all such sets share; among longer ones it is one
    from which nothing can be left out. At most three questions a constraint.

    :param leaves_any: whether hosts are left under these; not under all
    """
    shared = [constraint for constraint in constraints
              if leaves_any(_without(constraints, constraint))]
    if not leaves_any(shared):
        return shared
    candidates = [constraint for constraint in constraints
                  if constraint not in shared]
    for constraint in candidates:
        subset = [member for member in constraints
                  if member in shared or member == constraint]
        if not leaves_any(subset):
            return subset
    remaining = list(constraints)
    for constraint in reversed(candidates):
        if not leaves_any(_without(remaining, constraint)):
            remaining.remove(constraint)
    return remaining


def _without(constraints: Sequence[_Constraint], excluded: _Constraint
             ) -> list[_Constraint]:
    return [constraint for constraint in constraints if constraint != excluded]
