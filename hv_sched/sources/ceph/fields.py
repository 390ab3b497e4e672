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

"""Checked reading of what ceph, rbd and the nodes print. Pure."""

from collections.abc import Mapping
from typing import Any

from hv_sched import exception
from hv_sched.sources import naming

_LARGEST = 2 ** 63 - 1
_LABELS: Mapping[type, str] = {
    dict: 'a mapping', list: 'a list', str: 'text'}


def of(holder: Any, field: str, kind: type, place: str) -> Any:
    """A field that has to be there.

    :param kind: ``dict``, ``list`` or ``str``
    :param place: the place of the holder, for the message
    :raises InvalidFacts: it is missing, or another kind of value
    """
    value = holder.get(field) if isinstance(holder, dict) else None
    if not isinstance(value, kind):
        shown_as = 'missing' if value is None else naming.shown(value)
        raise exception.InvalidFacts(
            f'{_place(place, field)} is {shown_as}, but has to be '
            f'{_LABELS[kind]}: the '
            'output is not whole, or of another command')
    return value


def size_bytes(holder: Any, field: str, place: str) -> int:
    """A number of bytes, or of blocks.

    :raises InvalidFacts: it is missing, or no such number
    """
    value = holder.get(field) if isinstance(holder, dict) else None
    if (isinstance(value, bool) or not isinstance(value, int)
            or not 0 <= value <= _LARGEST):
        shown_as = 'missing' if value is None else naming.shown(value)
        raise exception.InvalidFacts(
            f'{_place(place, field)} is {shown_as}, but has to be a whole '
            'number of bytes: the output is not whole, or of another command')
    return value


def _place(place: str, field: str) -> str:
    return f'{place}.{field}' if place else field
