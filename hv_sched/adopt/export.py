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


"""All shares, and every inventory field we may touch, in a file.

Sorted and indented, so that two exports can be compared line by line.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import json
import os
from typing import Any
from typing import IO

from hv_sched import exception
from hv_sched import new_file
from hv_sched import regular_file
from hv_sched.conf import numbers
from hv_sched.parallel import in_parallel
from hv_sched.placement import disk_ratio
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.sources import json as json_source
from hv_sched.sources import naming

VERSION = 1


@dataclasses.dataclass(frozen=True)
class Exported:
    """What retire takes from an export.

    :param ratios: by the provider's uuid, the DISK_GB allocation_ratio it
        has or, closed, had
    """

    ratios: Mapping[str, float]


def read(client: Placement, providers: Iterable[str], workers: int
         ) -> dict[str, Any]:
    """The document for providers: nodes and volumes.

    :param providers: their uuids
    """
    uuids = sorted(set(providers))
    documents = in_parallel(workers, lambda uuid: _provider(client, uuid),
                            uuids)
    return {'hv_sched_export': VERSION,
            'providers': dict(zip(uuids, documents, strict=True))}


def _provider(client: Placement, uuid: str) -> dict[str, Any]:
    _generation, inventories = client.inventories(uuid)
    return {
        'name': client.provider(uuid).name,
        'inventories': {rc: inventory.body
                        for rc, inventory in inventories.items()
                        if rc in (names.DISK_GB, names.HELD_DISK_GB)},
        'traits': sorted(client.traits(uuid)[1]),
        'aggregates': sorted(client.aggregates(uuid)[1]),
        'allocations': client.allocations_on(uuid)}


def write(document: Mapping[str, Any], path: str) -> None:
    """Write a file that is either whole or not there.

    :raises InvalidConfig: it exists, or cannot be written
    """
    def fill(file: IO[str]) -> None:
        json.dump(document, file, indent=1, sort_keys=True)
        file.write('\n')

    if os.path.exists(path):
        raise exception.InvalidConfig(
            f'{path} exists: an export is never overwritten')
    try:
        new_file.write(path, fill)
    except OSError as exc:
        raise exception.InvalidConfig(
            f'cannot write the export {path}: {exc.strerror}') from exc


def load(path: str) -> Exported:
    """An export as it was written.

    :raises InvalidConfig: it is no export, or not of this version
    """
    try:
        document = json_source.loads(
            regular_file.read(path).decode('utf-8'), parse_constant=float)
    except (exception.InvalidFile, exception.InvalidFacts,
            UnicodeDecodeError) as exc:
        raise exception.InvalidConfig(f'{path} {exc}') from exc
    try:
        _check_version(document)
        return Exported(dict(_ratios(document)))
    except _NoExport as exc:
        raise exception.InvalidConfig(
            f'{path} is not an export of hv_sched: {exc}') from exc


class _NoExport(Exception):
    """A field that no export has so."""


def _check_version(document: Any) -> None:
    version = _mapping(document, ()).get('hv_sched_export')
    if isinstance(version, bool) or version != VERSION:
        raise _NoExport(f'it is an export of version '
                        f'{naming.shown(version)}, not {VERSION}')


def _ratios(document: Any) -> Iterator[tuple[str, float]]:
    """The DISK_GB allocation_ratio of each provider that has one.

    Of a node that is closed in the export the one it had before, or it would
    stay closed without anything that says so.
    """
    for uuid in _mapping(document, ('providers',)):
        place = ('providers', uuid, 'inventories')
        if names.DISK_GB in _mapping(document, place):
            ratio = _ratio(document, (*place, names.DISK_GB))
            traits = _traits(document, uuid)
            if disk_ratio.remembers_former(traits):
                ratio = min(disk_ratio.former_ratio(traits), numbers.MAX_RATIO)
            yield uuid, ratio


def _traits(document: Any, uuid: str) -> list[str]:
    place = ('providers', uuid)
    traits = _mapping(document, place).get('traits', [])
    if not isinstance(traits, list) or not all(
            isinstance(trait, str) for trait in traits):
        raise _NoExport(f'{".".join(place)}.traits is {naming.shown(traits)}, '
                        'but has to be a list of names')
    return traits


def _ratio(document: Any, place: tuple[str, ...]) -> float:
    ratio = _mapping(document, place).get('allocation_ratio')
    if (isinstance(ratio, bool) or not isinstance(ratio, int | float)
            or not 0 < ratio <= numbers.MAX_RATIO):
        raise _NoExport(
            f'{".".join(place)}.allocation_ratio is {naming.shown(ratio)}, '
            'but has to be a number above 0 and at most '
            f'{numbers.MAX_RATIO}')
    return float(ratio)


def _mapping(document: Any, place: tuple[str, ...]) -> dict[str, Any]:
    """What stands at a place of the document."""
    value = document
    for i in range(len(place) + 1):
        if not isinstance(value, dict):
            raise _NoExport(f'{".".join(place[:i]) or "it"} is '
                            f'{naming.shown(value)}, but has to be a mapping')
        if i < len(place):
            value = value.get(place[i])
    mapping: dict[str, Any] = value
    return mapping
