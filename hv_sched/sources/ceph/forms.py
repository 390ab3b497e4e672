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

"""What a volume has to say of where its numbers are. Pure."""

from collections.abc import Iterator
from typing import Any
from typing import TypeAlias

import jsonschema

from hv_sched import drivers
from hv_sched import exception
from hv_sched.sources import naming

Raw: TypeAlias = dict[str, Any]

_TEXT = {'type': 'string', 'minLength': 1, 'maxLength': 1024}
_GUID = {'type': 'string', 'pattern': r'^\{?[0-9A-Fa-f-]{36}\}?\Z'}
_NONE: Raw = {'not': {}}
# Where the numbers of a pool, or of a shared directory, are.
_POOL = {'pool': _TEXT, 'fsid': _GUID, 'df': _TEXT, 'du': _TEXT,
         'quota': _TEXT, 'formerly': _TEXT}
_EXPORT = {'statvfs': _TEXT}
# What these files say must not be stated beside them.
_NUMBERS = frozenset(f'{kind}_{unit}' for kind in ('size', 'free')
                     for unit in ('gb', 'mb', 'bytes'))
_FORMS = {
    'pool': {'type': 'object', 'required': ['pool', 'fsid', 'df'],
             'properties': {**_POOL, **dict.fromkeys(
                 (*_EXPORT, *_NUMBERS), _NONE)}},
    'statvfs': {'type': 'object', 'required': ['guid', 'name', 'statvfs'],
                'properties': {'guid': _GUID, 'name': _TEXT, **_EXPORT,
                               **dict.fromkeys((*_POOL, *_NUMBERS), _NONE)}}}
FIELDS = frozenset((*_POOL, *_EXPORT))


def is_ours(volume: Any) -> bool:
    """Whether a volume says where its numbers are."""
    return isinstance(volume, dict) and not FIELDS.isdisjoint(volume)


def volumes(cluster: Any) -> list[Any]:
    """Those of a cluster; none where it is no cluster at all."""
    listed = cluster.get('volumes') if isinstance(cluster, dict) else None
    return listed if isinstance(listed, list) else []


def is_pool(volume: Any) -> bool:
    """Whether it says in full where the numbers of a pool are."""
    return isinstance(volume, dict) and 'pool' in volume and next(
        _faults('pool', volume), None) is None


def _faults(kind: str, volume: Raw) -> Iterator[jsonschema.ValidationError]:
    errors: Iterator[jsonschema.ValidationError] = (
        jsonschema.Draft202012Validator(_FORMS[kind]).iter_errors(volume))
    return errors


def check(volume: Raw, cluster: Raw, place: str) -> None:
    """:raises InvalidFacts: it says so wrongly, or for another driver"""
    kind = ('pool' if 'pool' in volume or 'statvfs' not in volume
            else 'statvfs')
    faults = [f'{_where(place, error)}: {_words(error)}' for error in
              _faults(kind, volume)] or [
        f'{place}: {reason}' for reason in _wrong_driver(kind, cluster)]
    if faults:
        raise exception.InvalidFacts('; '.join(sorted(faults)))


def _where(place: str, error: jsonschema.ValidationError) -> str:
    return place + ''.join(f'.{step}' for step in error.absolute_path)


def _words(error: jsonschema.ValidationError) -> str:
    if error.validator == 'required':
        return str(error.message)
    if error.validator != 'not':
        return f'{naming.shown(error.instance)} is not what this field takes'
    if error.absolute_path[-1] in _NUMBERS:
        return 'the files have this number: state it here, or name them'
    return 'a pool has no statvfs, and a shared directory no pool'


def _wrong_driver(kind: str, cluster: Raw) -> Iterator[str]:
    """One that keeps disks elsewhere; the default, where none is stated."""
    name = cluster.get('driver')
    driver = drivers.stated(name)
    numbers = drivers.Numbers(kind)
    if driver is not None and driver.numbers is not numbers:
        stated = 'has no driver' if name is None else f'has driver {name}'
        what = 'a Ceph pool' if kind == 'pool' else 'a shared directory'
        yield (f'cluster {naming.shown(cluster.get("name"))} {stated}, and '
               f'this is {what}: state driver: '
               f'{" or ".join(drivers.with_numbers(numbers))}')
