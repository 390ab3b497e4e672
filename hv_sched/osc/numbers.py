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

"""Types of numeric arguments, whose errors end a command with code 1.

argparse's own would end it with 2, which here means "something to do".
"""

from collections.abc import Callable

from osc_lib import exceptions

from hv_sched import printable
from hv_sched.conf import numbers

MAX_BATCH = 10000


def seconds(option: str) -> Callable[[str], float]:
    """The type of an option that is a time to wait.

    :param option: as it is typed, such as ``--wait``
    """
    return _type(option, numbers.Bounded(float, 0, numbers.DAY_SECONDS),
                 f'a number of seconds from 0 to {numbers.DAY_SECONDS}')


def batch(option: str) -> Callable[[str], float]:
    """The type of an option that says how many are written at once."""
    return _type(option, numbers.Bounded(int, 1, MAX_BATCH),
                 f'a whole number from 1 to {MAX_BATCH}')


def _type(option: str, bounded: numbers.Bounded, need: str
          ) -> Callable[[str], float]:
    def number(text: str) -> float:
        try:
            return bounded(text)
        except ValueError as exc:
            value = printable.text(numbers.shown(text))
            raise exceptions.CommandError(
                f'{option} is {value!r}, but has to be {need}') from exc
    return number
