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

"""Numeric options: finite, within bounds, and errors that name all of it.

oslo.config's own types take nan, which no comparison refuses, an empty value
and numbers too large for what is done with them.
"""

from typing import Any

from oslo_config import cfg
from oslo_config import types

# No wait of hv_sched is longer.
DAY_SECONDS = 24 * 60 * 60
# Larger than any ratio that is in use; 9999 stands for "do not count disk".
MAX_RATIO = 10000
# The largest total of a resource in Placement.
MAX_TOTAL = 2 ** 31 - 1
_SHOWN_LENGTH = 60


def shown(text: str) -> str:
    """A value as an error shows it, cut short when it is long."""
    return f'{text[:_SHOWN_LENGTH]}…' if len(text) > _SHOWN_LENGTH else text


class Bounded(types.Number):
    """A number from low to high, both included.

    :param num_type: int or float
    """

    def __init__(self, num_type: type[int] | type[float], low: float,
                 high: float) -> None:
        super().__init__(num_type, 'integer value' if num_type is int
                         else 'floating point value', low, high)
        self._low = low
        self._high = high

    def __call__(self, value: Any) -> int | float:
        """:raises ValueError: it is no such number"""
        number = self._number(value)
        # Nothing is less than nan, nor greater.
        if number is None or not self._low <= number <= self._high:
            raise ValueError(
                f'{shown(str(value))!r} is not a '
                f'{"whole " if self.num_type is int else ""}number from '
                f'{self._low:g} to {self._high:g}')
        return number

    def _number(self, value: Any) -> int | float | None:
        # Python alone reads 1_0 as ten, and digits of other scripts.
        if not str(value).isascii() or '_' in str(value):
            return None
        try:
            number: int | float = self.num_type(value)
        except ValueError:
            return None
        return number


def whole(name: str, low: int, high: int, **options: Any) -> cfg.IntOpt:
    """An option that is a whole number from low to high."""
    opt = cfg.IntOpt(name, min=low, max=high, **options)
    opt.type = Bounded(int, low, high)
    return opt


def real(name: str, low: float, high: float, **options: Any) -> cfg.FloatOpt:
    """An option that is a finite number from low to high."""
    opt = cfg.FloatOpt(name, min=low, max=high, **options)
    opt.type = Bounded(float, low, high)
    return opt
