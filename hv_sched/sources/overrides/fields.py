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

"""What an operator may decide of a cluster, a node and a volume."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import enum
from typing import Any

from hv_sched import model
from hv_sched.placement import names
from hv_sched.sources import naming

_LARGEST_GB = 35 * 1024 ** 2  # ReFS ends at 35 PiB
# As [hv_sched]floor_percent.
_LARGEST_PERCENT = 99
# The longest path Windows takes.
_LONGEST_PATH = 32767


class OverrideKind(enum.Enum):
    """What an entry is about; the value is the name of its list."""

    CLUSTER = 'clusters'
    NODE = 'nodes'
    VOLUME = 'volumes'

    @property
    def noun(self) -> str:
        return self.value[:-1]


@dataclasses.dataclass(frozen=True)
class OverrideField:
    """A row of the generated reference, and how its value is read.

    :param type: for people
    :param read: raises ValueError with what the value has to be
    :param default: what holds when the line is taken out
    """

    name: str
    type: str
    read: Callable[[Any], Any]
    description: str
    default: str


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError('true or false')
    return value


def _size_gb(value: Any) -> int:
    if (not isinstance(value, int) or isinstance(value, bool)
            or not 0 <= value <= _LARGEST_GB):
        raise ValueError(f'a whole number of GiB, 0 to {_LARGEST_GB}')
    return value


def _percent(value: Any) -> int:
    if (not isinstance(value, int) or isinstance(value, bool)
            or not 0 <= value <= _LARGEST_PERCENT):
        raise ValueError(f'a whole number of per cent, 0 to '
                         f'{_LARGEST_PERCENT}')
    return value


def _guid(value: Any) -> str:
    guid = naming.normal_guid(value) if isinstance(value, str) else None
    if guid is None:
        raise ValueError('a GUID')
    return guid


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_PATH:
        raise ValueError('text')
    return value


def _choice(choices: Mapping[str, Any]) -> Callable[[Any], Any]:
    def read_choice(value: Any) -> Any:
        if not isinstance(value, str) or value.lower() not in choices:
            raise ValueError('one of ' + ', '.join(choices))
        return choices[value.lower()]
    return read_choice


_STATES = {state.value: state for state in model.NodeState}
_IDENTITY = 'The former GUID of a {}, which identifies it in Placement. {}'
FIELDS: Mapping[OverrideKind, tuple[OverrideField, ...]] = {
    OverrideKind.CLUSTER: (
        OverrideField(
            'identity', 'GUID', _guid, _IDENTITY.format(
                'cluster that was built again',
                'Its nodes, volumes and shares are kept.'),
            'the GUID of the source'),
        OverrideField(
            'placement_chooses_volume', 'true | false', _boolean,
            'The nodes\' driver writes each server to the volume Placement '
            'allocated. compute-hyperv does not.', 'false')),
    OverrideKind.NODE: (
        OverrideField(
            'home', 'text', _text,
            'The volume its ``instances_path`` is on: that path, the '
            'volume\'s path, its name or its GUID. A path on no volume of '
            'the cluster means that the node is not on clustered storage: '
            'it joins nothing.', 'the only volume, else the home it has'),
        OverrideField(
            'remotefx_enabled', 'true | false', _boolean,
            '``enable_remotefx`` in the node\'s nova.conf.', 'false'),
        OverrideField(
            'state', ' | '.join(_STATES), _choice(_STATES),
            'Excludes the node from new servers. It can only narrow: ``up`` '
            'is refused if Windows reports anything else.',
            'what Windows reports')),
    OverrideKind.VOLUME: (
        OverrideField(
            'identity', 'GUID', _guid, _IDENTITY.format(
                'volume whose disk was replaced',
                'Its provider and shares are kept.'),
            'the GUID of the source'),
        OverrideField(
            'reserve_gb', 'whole number', _size_gb,
            'Space kept free of servers, in GiB.', '0'),
        OverrideField(
            'floor_percent', 'whole number', _percent,
            'Part of the size, in per cent, that has to be physically free '
            'for new disks of this volume. 0: none.',
            '``[hv_sched]floor_percent``'),
        OverrideField(
            'floor_gb', 'whole number', _size_gb,
            'The same in GiB; the higher of the two applies. 0: none.',
            '``[hv_sched]floor_gb``'),
        OverrideField(
            'medium', 'ssd | hdd', _choice(dict(zip(
                names.MEDIUM, names.MEDIUM, strict=True))),
            'The kind of disks of the volume.', 'none'),
        OverrideField(
            'accepts_new_disks', 'true | false', _boolean,
            'False closes the volume to new disks; existing ones stay.',
            'true'),
        OverrideField(
            'maintenance', 'true | false', _boolean,
            'True closes the volume. It can only narrow: ``false`` is '
            'refused if Windows reports anything else.',
            'what Windows reports'))}
