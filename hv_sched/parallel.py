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

"""Runs calls in parallel."""

from collections.abc import Callable
from collections.abc import Iterable
from concurrent import futures
from typing import TypeVar

_Item = TypeVar('_Item')
_Result = TypeVar('_Result')


def in_parallel(workers: int, function: Callable[[_Item], _Result],
                items: Iterable[_Item]) -> list[_Result]:
    """Call function for each item on up to ``workers`` threads, in order.

    Not with futurist, whose idle threads take a second to notice that they
    are to end (futurist 3.5.0, ``_thread.py``, ``MAX_IDLE_FOR``).
    """
    todo = list(items)
    if workers == 1 or len(todo) < 2:
        return [function(item) for item in todo]
    with futures.ThreadPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(function, todo))
