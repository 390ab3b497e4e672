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

"""Windows' own words, by name or by number. Pure.

Names and numbers are those of the enumerations of the FailoverClusters
module (assembly 2.0.0.0); Windows PowerShell writes either, WMI writes an
unsigned -1 for Unknown. A word that is not here is not known, and means
nothing.
"""

from collections.abc import Iterable
from collections.abc import Mapping

_UP, _DOWN, _PAUSED, _JOINING = 'Up', 'Down', 'Paused', 'Joining'
_NODE_STATES = {'0': _UP, '1': _DOWN, '2': _PAUSED, '3': _JOINING}
_DRAINING = frozenset(('InProgress', '1'))
_AWAY = {'Isolated': 1, 'Quarantined': 2, 'AvoidPlacement': 32}

ONLINE = 'online'
_RESOURCE_STATES = {
    'Online': ONLINE, '2': ONLINE, 'Offline': 'offline', '3': 'offline',
    'Failed': 'failed', '4': 'failed'}
_PENDING = frozenset((
    'Initializing', '1', 'Pending', '128', 'OnlinePending', '129',
    'OfflinePending', '130'))

_ACCESS = ('Unavailable', 'Paused', 'Direct', 'FileSystemRedirected',
           'BlockRedirected')
UNAVAILABLE = _ACCESS[0]
_REDIRECTED = frozenset(_ACCESS[3:])
_FILE_REASONS = {
    'NotFileSystemRedirected': 0, 'UserRequest': 1,
    'IncompatibleFileSystemFilter': 2, 'IncompatibleVolumeFilter': 4,
    'FileSystemTiering': 8, 'BitLockerInitializing': 16,
    'FileSystemReFs': 32}
_BLOCK_REASONS = {
    'NotBlockRedirected': 0, 'NoDiskConnectivity': 1,
    'StorageSpaceNotAttached': 2, 'VolumeReplicationEnabled': 4}
REFS_REASON = _FILE_REASONS['FileSystemReFs']
# Every I/O of a ReFS or tiered volume goes through its owner, and that of
# Storage Spaces Direct and Storage Replica by blocks: that is how they work.
_BY_DESIGN_FILE = REFS_REASON | _FILE_REASONS['FileSystemTiering']
_BY_DESIGN_BLOCK = (_BLOCK_REASONS['StorageSpaceNotAttached']
                    | _BLOCK_REASONS['VolumeReplicationEnabled'])
# Of a reason that is not in the lists: never by design.
_UNKNOWN_REASON = 1 << 30
_FAULT_MAINTENANCE = {'InMaintenance': 4}
_FAULT_OFFLINE = {'NoAccess': 2, 'Dismounted': 8}

_FILE_SYSTEMS = {'NTFS': 'ntfs', 'CSVFS_NTFS': 'ntfs', '32768': 'ntfs',
                 'REFS': 'refs', 'CSVFS_REFS': 'refs', '32769': 'refs'}
_VENDORS = {'genuineintel': 'intel', 'authenticamd': 'amd'}
_VIRTUAL_MACHINES = frozenset(('VirtualMachine', '111'))
_YES_NO = {'true': True, '1': True, 'false': False, '0': False}


def node_state(state: str | None, drain: str | None,
               information: str | None) -> str | None:
    """``up``, ``paused``, ``draining`` or ``down``; None when not known."""
    state = _NODE_STATES.get(state or '', state)
    if state in (_DOWN, _JOINING):
        return 'down'
    if state == _PAUSED:
        return 'draining' if drain in _DRAINING else 'paused'
    if state != _UP:
        return None
    return 'paused' if _flags(information, _AWAY) else 'up'


def volume_state(state: str | None, fault: str | None = None) -> str | None:
    """``online``, ``offline``, ``failed``, ``pending``; None: not known.

    :param fault: SharedVolumeInfo.FaultState: a volume whose resource is
        online may be dismounted, or without access to its disk
    """
    if state in _PENDING:
        return 'pending'
    known = _RESOURCE_STATES.get(state or '')
    if known in (ONLINE, None) and _flags(fault, _FAULT_OFFLINE):
        return 'offline'
    return known


def access(state: str | None) -> str | None:
    """A node's access to a volume, by the name of its enumeration."""
    value = number(state)
    if value is None:
        return state
    return _ACCESS[value] if value < len(_ACCESS) else None


def is_redirected(state: str | None, file_reason: str | None,
                  block_reason: str | None) -> bool:
    """Whether a node reaches a volume by a way that is not its normal one.

    Redirection without a reason is not normal.
    """
    if access(state) not in _REDIRECTED:
        return False
    file_reasons = file_flags(file_reason)
    block_reasons = _flags(block_reason, _BLOCK_REASONS, _UNKNOWN_REASON)
    if not file_reasons and not block_reasons:
        return True
    return bool(file_reasons & ~_BY_DESIGN_FILE
                or block_reasons & ~_BY_DESIGN_BLOCK)


def file_flags(reason: str | None) -> int:
    """FileSystemRedirectedIOReason as its number."""
    return _flags(reason, _FILE_REASONS, _UNKNOWN_REASON)


def _flags(text: str | None, numbers: Mapping[str, int],
           unknown: int = 0) -> int:
    if text is None:
        return 0
    value = number(text)
    if value is not None:
        return value if unknown else value & sum(numbers.values())
    return _sum_of(numbers.get(word.strip(), unknown)
                   for word in text.split(',') if word.strip())


def _sum_of(numbers: Iterable[int]) -> int:
    total = 0
    for number in numbers:
        total |= number
    return total


def maintenance(mode: str | None, fault: str | None) -> bool | None:
    """Whether a volume is in maintenance; None when not known."""
    if _flags(fault, _FAULT_MAINTENANCE):
        return True
    return yes_no(mode)


def file_system(text: str | None) -> str | None:
    """``ntfs`` or ``refs``; None for CSVFS, which says neither."""
    return _FILE_SYSTEMS.get((text or '').upper())


def cpu_vendor(manufacturer: str | None) -> str | None:
    """``intel`` or ``amd``, None for others."""
    return _VENDORS.get((manufacturer or '').lower())


def is_virtual_machine(group_type: str | None) -> bool:
    """Whether a group of the cluster is one virtual machine."""
    return group_type in _VIRTUAL_MACHINES


def yes_no(text: str | None) -> bool | None:
    """A Boolean of Windows (True), WMI (true) or OMI (TRUE)."""
    return _YES_NO.get((text or '').lower())


def number(text: str | None) -> int | None:
    """A whole number that is not negative; None for anything else."""
    plain = (text or '').isascii() and (text or '').isdigit()
    return int(text) if text and plain and len(text) <= 20 else None
