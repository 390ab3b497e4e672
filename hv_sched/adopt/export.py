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
from collections.abc import Mapping
import dataclasses
import json
import os
import tempfile
from typing import Any

from hv_sched import exception
from hv_sched.parallel import in_parallel
from hv_sched.placement import names
from hv_sched.placement.client import Placement

VERSION = 1


@dataclasses.dataclass(frozen=True)
class Exported:
    """What retire takes from an export.

    :param ratios: DISK_GB allocation_ratio by the provider's uuid
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
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.exists(path):
        raise exception.InvalidConfig(
            f'{path} exists: an export is never overwritten')
    try:
        with tempfile.NamedTemporaryFile(
                'w', dir=folder, delete=False, encoding='utf-8') as file:
            json.dump(document, file, indent=1, sort_keys=True)
            file.write('\n')
        os.link(file.name, path)
        os.unlink(file.name)
    except OSError as exc:
        raise exception.InvalidConfig(
            f'cannot write the export {path}: {exc}') from exc


def load(path: str) -> Exported:
    """:raises InvalidConfig: it is no export"""
    try:
        with open(path, encoding='utf-8') as file:
            document = json.load(file)
        if document['hv_sched_export'] != VERSION:
            raise exception.InvalidConfig(
                f'{path}: an export of version '
                f'{document["hv_sched_export"]}, not {VERSION}')
        return Exported({
            uuid: float(provider['inventories'][names.DISK_GB][
                'allocation_ratio'])
            for uuid, provider in document['providers'].items()
            if names.DISK_GB in provider['inventories']})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise exception.InvalidConfig(
            f'{path} is not an export of hv_sched: {exc}') from exc
