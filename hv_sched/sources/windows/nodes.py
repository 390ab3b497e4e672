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

"""The nodes of a cluster, from what Windows says of them. Pure."""

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from hv_sched import windows_names
from hv_sched.sources.windows import terms
from hv_sched.sources.windows.raw import Row

Raw = dict[str, Any]

_BYTES_PER_MIB = 1024 ** 2
_INSTALLED = frozenset(('installed', '1'))
_GROUP_OF_OPTION = {'instances_path': 'DEFAULT',
                    'enable_remotefx': 'hyperv'}
_PASSED = frozenset(('Passed', '100'))


def node(row: Row, own: Mapping[str, tuple[Row, ...]]) -> Raw:
    """A node as a source describes it.

    :param row: what its cluster says of it
    :param own: what it says of itself, by section; empty when it was not
        asked, or did not answer
    """
    described = {
        'name': row.get('name'),
        'build': terms.number(row.get('build')),
        'state': terms.node_state(row.get('state'), row.get('drain'),
                                  row.get('information'))}
    if own:
        described.update(_own(own))
    return {field: value for field, value in described.items()
            if value is not None}


def up(rows: Iterable[Row]) -> frozenset[str]:
    """The nodes that are up and neither paused nor isolated.

    :returns: their names as Windows compares them
    """
    return frozenset(
        windows_names.key(row.get('name') or '') for row in rows
        if terms.node_state(row.get('state'), row.get('drain'),
                            row.get('information')) == 'up')


def _own(rows: Mapping[str, tuple[Row, ...]]) -> Raw:
    options = _options(rows.get('conf', ()))
    roles = _roles(rows.get('features'))
    vendor = terms.cpu_vendor(_first(rows, 'host').get('cpu_vendor'))
    return {
        'home': options.get('instances_path'),
        'cpu': None if vendor is None else {'vendor': vendor},
        # Hyper-V runs here, so the processor has what it takes; from which
        # build on it nests is a rule of features/catalogue.py.
        'nested_virtualization': None if vendor is None else True,
        'guarded_host': _guarded(_first(rows, 'guarded')),
        'mpio': roles.get('Multipath-IO'),
        'fibre_channel': (bool(rows['fibre_channel'])
                          if 'fibre_channel' in rows else None),
        'remotefx_enabled': _both(
            terms.yes_no(options.get('enable_remotefx')),
            roles.get('RDS-Virtualization')),
        'gpus': _gpus(rows.get('remotefx')),
    }


def _first(rows: Mapping[str, tuple[Row, ...]], section: str) -> Row:
    return next(iter(rows.get(section, ())), {})


def _options(rows: tuple[Row, ...]) -> dict[str, str]:
    """Of several files and lines, oslo.config takes the last."""
    return {row['name'] or '': _unquoted(row['value'] or '') for row in rows
            if row.get('value') and _GROUP_OF_OPTION.get(
                row.get('name') or '') == row.get('group')}


def _unquoted(value: str) -> str:
    """As oslo.config reads a value: quotes around all of it are none of it.
    """
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in '"\''
    return value[1:-1] if is_quoted else value


def _roles(rows: tuple[Row, ...] | None) -> dict[str, bool]:
    return {row.get('name') or '':
            (row.get('state') or '').lower() in _INSTALLED
            for row in rows or ()}


def _guarded(row: Row) -> bool | None:
    guarded = terms.yes_no(row.get('guarded'))
    if not guarded:
        return guarded
    return row.get('attestation') in _PASSED


def _both(option: bool | None, role: bool | None) -> bool | None:
    """RemoteFX wants both; either missing is enough to say no."""
    if option is False or role is False:
        return False
    return True if option and role else None


def _gpus(rows: tuple[Row, ...] | None) -> list[Raw] | None:
    if rows is None:
        return None
    return [_gpu(row) for row in rows
            if terms.yes_no(row.get('enabled'))
            and terms.number(row.get('total'))]


def _gpu(row: Row) -> Raw:
    gpu = {'name': row.get('name'),
           'total_vram_mb': (terms.number(row.get('total')) or 0)
           // _BYTES_PER_MIB}
    available = terms.number(row.get('available'))
    if available is not None:
        gpu['available_vram_mb'] = available // _BYTES_PER_MIB
    return gpu
