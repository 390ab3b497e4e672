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

"""The sizes of a volume, by whichever field gives them."""

from collections.abc import Iterator

from hv_sched import model
from hv_sched.sources.draft import Raw
from hv_sched.sources.fault import Fault
from hv_sched.sources.fault import Path

_BYTES = {'_bytes': 1, '_mb': model.GIB // model.MIB_PER_GIB,
          '_gb': model.GIB}
FIELDS = tuple(name + unit for name in ('size', 'free') for unit in _BYTES)
# ReFS ends at 35 PiB, NTFS at 8 PiB.
_LARGEST_BYTES = 35 * 1024 ** 5


def size_bytes(volume: Raw) -> int | None:
    """The volume's size in bytes; None when it is not given."""
    return _amount(volume, 'size')


def free_bytes(volume: Raw) -> int | None:
    """The volume's free space in bytes; None when it is not given."""
    return _amount(volume, 'free')


def _amount(volume: Raw, name: str) -> int | None:
    field = _field(volume, name)
    if field is None:
        return None
    return int(volume[field]) * _BYTES[field.removeprefix(name)]


def _field(volume: Raw, name: str) -> str | None:
    return next((name + unit for unit in _BYTES if name + unit in volume),
                None)


def check(volume: Raw, path: Path) -> Iterator[Fault]:
    """Sizes that cannot be.

    :param path: of the volume
    """
    size = size_bytes(volume)
    if size is None:
        return
    if size > _LARGEST_BYTES:
        yield _too_large(volume, path)
    else:
        yield from _parts(volume, path, size)


def _too_large(volume: Raw, path: Path) -> Fault:
    field = str(_field(volume, 'size'))
    return Fault(
        (*path, field),
        f'volume {volume["name"]!r} has {field} {volume[field]}, more than '
        f'any file system holds ({_LARGEST_BYTES // model.GIB} GiB): check '
        'the number and its unit', 'size-not-believed')


def _parts(volume: Raw, path: Path, size: int) -> Iterator[Fault]:
    """No part of the volume is larger than the volume."""
    free = free_bytes(volume)
    if free is not None and free > size:
        fields = [str(_field(volume, name)) for name in ('free', 'size')]
        yield _larger(volume, path, fields, fields[0], size)
    if volume.get('image_cache_bytes', 0) > size:
        yield _larger(volume, path, ['image_cache_bytes'],
                      'an image cache of', size)
    if volume.get('reserve_gb', 0) * model.GIB > size:
        yield _larger(volume, path, ['reserve_gb'], 'reserve_gb', size)


def _larger(volume: Raw, path: Path, fields: list[str], label: str,
            size: int) -> Fault:
    """:param fields: what is not believed, the one that is larger first"""
    return Fault(
        (*path, fields[0]),
        f'volume {volume["name"]!r} has {label} {volume[fields[0]]}, more '
        f'than its size, {size} bytes ({size // model.GIB} GiB); check the '
        'unit of both', 'size-not-believed',
        removes=tuple((*path, field) for field in fields))
