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

"""What the schema cannot say about one volume: sizes, units, its nodes."""

from collections.abc import Iterator

from hv_sched import model
from hv_sched.sources import naming
from hv_sched.sources import references

Raw = references.Raw
Faults = Iterator[naming.Fault]

# ReFS ends at 35 PiB, NTFS at 8 PiB: nothing larger is a size in GiB.
_LARGEST_GB = 35 * 1024 ** 2


def check(cluster: Raw, refs: references.References) -> Faults:
    """Everything wrong with the volumes of a cluster."""
    for i, volume in enumerate(cluster['volumes']):
        path: naming.Path = ('volumes', i)
        units = [*_size_in_gb(volume, path), *_size_in_bytes(volume, path)]
        yield from units or _parts(volume, path)
        yield from _nodes(volume, path, refs)


def size_bytes(volume: Raw) -> int:
    """The volume's size in bytes, whichever field gives it."""
    if 'size_bytes' in volume:
        return int(volume['size_bytes'])
    return int(volume['size_gb']) * model.GIB


def free_bytes(volume: Raw) -> int | None:
    """The volume's free space in bytes; None when it is not given."""
    if 'free_bytes' in volume:
        return int(volume['free_bytes'])
    if 'free_gb' in volume:
        return int(volume['free_gb']) * model.GIB
    return None


def _size_in_gb(volume: Raw, path: naming.Path) -> Faults:
    size = volume.get('size_gb', 0)
    if size > _LARGEST_GB:
        yield naming.Fault(
            (*path, 'size_gb'),
            f'volume {volume["name"]!r} has size_gb {size}, more GiB than '
            'any file system holds; it looks like bytes: write it as '
            'size_bytes')


def _size_in_bytes(volume: Raw, path: naming.Path) -> Faults:
    size = volume.get('size_bytes', model.GIB)
    if size < model.GIB:
        yield naming.Fault(
            (*path, 'size_bytes'),
            f'volume {volume["name"]!r} has size_bytes {size}, less than '
            '1 GiB; it looks like GiB: write it as size_gb')
    elif size > _LARGEST_GB * model.GIB:
        yield naming.Fault(
            (*path, 'size_bytes'),
            f'volume {volume["name"]!r} has size_bytes {size}, more than any '
            'file system holds; write the size in bytes')


def _parts(volume: Raw, path: naming.Path) -> Faults:
    """No part of the volume is larger than the volume."""
    size = size_bytes(volume)
    parts = (
        ('free_bytes', 'free_bytes', 1),
        ('free_gb', 'free_gb', model.GIB),
        ('image_cache_bytes', 'an image cache of', 1),
        ('reserve_gb', 'reserve_gb', model.GIB),
    )
    for field, label, unit in parts:
        value = volume.get(field, 0)
        if value * unit > size:
            yield naming.Fault(
                (*path, field),
                f'volume {volume["name"]!r} has {label} {value}, more than '
                f'its size, {size} bytes ({size // model.GIB} GiB); check '
                'the unit of both')


def _nodes(volume: Raw, path: naming.Path,
           refs: references.References) -> Faults:
    for field in ('cut_off_nodes', 'redirected_nodes'):
        for i, name in enumerate(volume.get(field, ())):
            yield from _node(volume, (*path, field, i), name, refs)
    if 'owner_node' in volume:
        yield from _node(volume, (*path, 'owner_node'),
                         volume['owner_node'], refs)


def _node(volume: Raw, path: naming.Path, name: str,
          refs: references.References) -> Faults:
    if refs.node(name) is None:
        yield naming.Fault(
            path, f'volume {volume["name"]!r} has {name!r} in {path[2]}, '
            'which is no node of the cluster; '
            + naming.suggestion(name, refs.nodes, 'nodes'))
