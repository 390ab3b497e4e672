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

"""Virtual machines and image caches, from groups and files. Pure.

A virtual machine's group is called like it, and so is its folder:
compute-hyperv uses Nova's instance name for both. What Nova does not know is
nobody's server; its files count as data of others.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import re
from typing import Any

from hv_sched import windows_names
from hv_sched.sources.windows import terms
from hv_sched.sources.windows import volumes
from hv_sched.sources.windows.raw import Row

Raw = dict[str, Any]

# compute-hyperv's image cache: <id>.vhd|vhdx|iso and <id>_<gb>.vhd; a file
# without an ending is still being downloaded, a lock ends in -cache.lock.
_IMAGE = re.compile(
    r'([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:_\d+)?\.(?:vhdx?|iso)')


@dataclasses.dataclass(frozen=True)
class Files:
    """Bytes on the volumes whose owners reported their files.

    :param told: GUIDs of these volumes
    :param folders: bytes by name of the folder and GUID of the volume
    :param images: by volume: image id -> when it was last written
    :param cache_bytes: of the image cache, by volume
    """

    told: frozenset[str]
    folders: Mapping[str, Mapping[str, int]]
    images: Mapping[str, Mapping[str, str]]
    cache_bytes: Mapping[str, int]


def files(listings: Iterable[tuple[Row, ...]], guids: frozenset[str]
          ) -> Files:
    """Sum up what the nodes say of their volumes.

    A volume that changed its owner is listed by the former one, too: the
    newest list of it counts, so that no file is counted twice.

    :param listings: one a node, newest first
    :param guids: of the cluster's volumes; a row about another is nobody's
    """
    by_volume: dict[str, list[Row]] = {}
    for rows in listings:
        for guid, listed in _by_volume(rows, guids).items():
            by_volume.setdefault(guid, listed)
    return _files(frozenset(by_volume), [
        (guid, row) for guid, rows in by_volume.items() for row in rows])


def _by_volume(rows: tuple[Row, ...], guids: frozenset[str]
               ) -> dict[str, list[Row]]:
    """Of one node: its rows by volume, where the volume was mounted."""
    by_volume: dict[str, list[Row]] = {}
    for row in rows:
        guid = volumes.guid_of(row.get('volume'))
        if guid in guids:
            by_volume.setdefault(guid or '', []).append(row)
    return {guid: listed for guid, listed in by_volume.items()
            if any(terms.yes_no(row.get('mounted')) for row in listed)}


def _files(told: frozenset[str], listed: Iterable[tuple[str, Row]]) -> Files:
    folders: dict[str, dict[str, int]] = {}
    images: dict[str, dict[str, str]] = {guid: {} for guid in told}
    cache_bytes = dict.fromkeys(told, 0)
    for guid, row in listed:
        size_bytes = terms.number(row.get('bytes')) or 0
        if row.get('image'):
            cache_bytes[guid] += size_bytes
            images[guid].update(_cached(row))
        elif row.get('folder'):
            sizes = folders.setdefault(
                windows_names.key(row['folder'] or ''), {})
            sizes[guid] = sizes.get(guid, 0) + size_bytes
    return Files(told, folders, images, cache_bytes)


def _cached(row: Row) -> Iterator[tuple[str, str]]:
    match = _IMAGE.fullmatch((row.get('image') or '').lower())
    if match:
        yield match.group(1), row.get('written') or ''


def machines(rows: Iterable[Row], listed: Files, guids: frozenset[str]
             ) -> list[Raw]:
    """The virtual machines of the cluster's groups.

    Their disks are known only where the files of every volume are: a
    machine might have more of them on the one that is silent.

    :param guids: of the cluster's volumes
    """
    is_whole = bool(guids) and guids <= listed.told
    return [_machine(row, listed if is_whole else None) for row in rows
            if terms.is_virtual_machine(row.get('type')) and row.get('name')]


def _machine(row: Row, listed: Files | None) -> Raw:
    machine: Raw = {'instance_name': row.get('name')}
    if row.get('owner'):
        machine['owner_node'] = row.get('owner')
    if listed is not None:
        sizes = listed.folders.get(windows_names.key(row['name'] or ''), {})
        machine['disks'] = [{'volume': guid, 'actual_bytes': size_bytes}
                            for guid, size_bytes in sorted(sizes.items())]
    return machine


def image_cache(guid: str, listed: Files) -> Raw:
    """Cached images of a volume, newest first; empty when not known."""
    if guid not in listed.told:
        return {}
    images = listed.images[guid]
    return {'cached_images': sorted(images, key=lambda image: images[image],
                                    reverse=True),
            'image_cache_bytes': listed.cache_bytes[guid]}
