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

"""The volumes of a cluster, from what Windows says of them. Pure."""

from collections.abc import Iterable
from collections.abc import Mapping
import ntpath
from typing import Any

from hv_sched import windows_names
from hv_sched.sources import naming
from hv_sched.sources.windows import terms
from hv_sched.sources.windows.raw import Row

Raw = dict[str, Any]


def volumes(rows: Iterable[Row], states: Iterable[Row] | None,
            up_nodes: frozenset[str] = frozenset()) -> list[Raw]:
    """Each volume as a source describes it.

    :param states: access of the nodes to the volumes; None when not known
    :param up_nodes: the nodes that are up, as Windows compares names
    """
    by_guid = {} if states is None else _by_guid(states)
    described = [_volume(row, by_guid) for row in rows]
    for volume in described:
        silent = up_nodes - by_guid.get(volume.get('guid', ''), {}).keys()
        if silent and volume.get('guid') in by_guid:
            volume['silent_nodes'] = sorted(silent)
    return described


def guid_of(partition_name: str | None) -> str | None:
    """The GUID in Partition.Name, in its one form."""
    return naming.normal_guid(partition_name or '')


def _by_guid(rows: Iterable[Row]) -> dict[str, dict[str, Row]]:
    by_guid: dict[str, dict[str, Row]] = {}
    for row in rows:
        guid = guid_of(row.get('volume'))
        if guid and row.get('node'):
            states = by_guid.setdefault(guid, {})
            states[windows_names.key(row['node'] or '')] = row
    return by_guid


def _volume(row: Row, by_guid: Mapping[str, Mapping[str, Row]]) -> Raw:
    guid = guid_of(row.get('volume'))
    file_system = terms.file_system(row.get('file_system'))
    volume: Raw = {
        'guid': guid, 'name': _name(row),
        'resource_id': row.get('resource'),
        'state': terms.volume_state(row.get('state'), row.get('fault')),
        'path': row.get('path'), 'owner_node': row.get('owner'),
        'size_bytes': terms.number(row.get('size')),
        'free_bytes': terms.number(row.get('free')),
        'maintenance': terms.maintenance(row.get('maintenance'),
                                         row.get('fault')),
        'file_system': file_system,
    }
    if guid is not None and guid in by_guid:
        volume.update(_access(by_guid[guid], file_system))
    return {field: value for field, value in volume.items()
            if value is not None}


def _name(row: Row) -> str | None:
    """What the folder under C:\\ClusterStorage is called.

    The resource's own name is translated and says nothing of the folder;
    it serves where there is no path.
    """
    path = row.get('path') or ''
    return ntpath.basename(path.rstrip('\\/')) or row.get('name')


def _access(states: Mapping[str, Row], file_system: str | None) -> Raw:
    access: Raw = {
        'cut_off_nodes': [row.get('node') for row in states.values()
                          if terms.access(row.get('state'))
                          == terms.UNAVAILABLE],
        'redirected_nodes': [row.get('node') for row in states.values()
                             if _is_redirected(row)]}
    if file_system is None and any(
            terms.file_flags(row.get('file_reason')) & terms.REFS_REASON
            for row in states.values()):
        access['file_system'] = 'refs'
    return access


def _is_redirected(row: Row) -> bool:
    return terms.is_redirected(row.get('state'), row.get('file_reason'),
                               row.get('block_reason'))
