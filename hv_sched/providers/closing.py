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

"""Why a volume takes no new disks. Pure.

Each reason stands as a trait of its own and goes when its own fact is told
again; the volume opens when none is left.
"""

import math

from hv_sched import model
from hv_sched.placement import disk_ratio
from hv_sched.placement import names
from hv_sched.placement.names import Closed
from hv_sched.providers.settings import Settings

Reasons = dict[Closed, str]


def closed_reasons(volume: model.Volume, traits: frozenset[str],
                   owed_gb: int, settings: Settings) -> Reasons:
    """Why a volume takes no new disks, in words; empty when it does.

    One closed for lack of space opens a little above the floor, not at it,
    and stays closed while its free space is unknown.

    :param traits: what it has now
    :param owed_gb: what servers have on it
    """
    reasons: Reasons = {}
    standing = names.closed_reasons(traits)
    if volume.maintenance:
        reasons[Closed.MAINTENANCE] = 'in maintenance'
    if Closed.OFFLINE in standing:
        reasons[Closed.OFFLINE] = Closed.OFFLINE.value
    _floor(volume, traits, settings, reasons)
    _operator(volume, standing, reasons)
    excess_gb = disk_ratio.excess_gb(traits, volume.stated_gb, owed_gb,
                                     settings.csv_allocation_ratio)
    if excess_gb:
        reasons[Closed.OVERCOMMITTED] = (
            f'{excess_gb} GB more allocated than it holds')
    if is_bare(traits) and not reasons:
        reasons[Closed.OPERATOR] = (
            'closed before, and nothing says why: tell accepts_new_disks: '
            'true to open it')
    return reasons


def is_bare(traits: frozenset[str]) -> bool:
    """Closed by an older release or by hand, which give no reason."""
    return (names.NO_NEW_DISKS in traits
            and not names.closed_reasons(traits)
            and not disk_ratio.overcommit_traits(traits))


def _operator(volume: model.Volume, standing: tuple[Closed, ...],
              reasons: Reasons) -> None:
    if volume.accepts_new_disks is False:
        reasons[Closed.OPERATOR] = 'closed by the operator'
    elif volume.accepts_new_disks is None and Closed.OPERATOR in standing:
        reasons[Closed.OPERATOR] = (
            'closed by the operator before: tell accepts_new_disks: true to '
            'open it')


def _floor(volume: model.Volume, traits: frozenset[str], settings: Settings,
           reasons: Reasons) -> None:
    closed_before = Closed.FLOOR.trait in traits or is_bare(traits)
    floor = _floor_bytes(volume, closed_before, settings)
    if volume.free_bytes is None:
        if Closed.FLOOR.trait in traits:
            reasons[Closed.FLOOR] = (
                'closed before, and its free space is unknown')
    elif volume.free_bytes < floor:
        reasons[Closed.FLOOR] = (
            f'{volume.free_bytes // model.GIB} GiB physically free, below '
            f'the floor of {math.ceil(floor / model.GIB)} GiB')


def _floor_bytes(volume: model.Volume, closed_before: bool,
                 settings: Settings) -> int:
    percent = settings.floor_percent
    size_bytes = volume.size_bytes or 0
    floor_bytes = max(size_bytes * percent // 100,
                      settings.floor_gb * model.GIB)
    if closed_before and floor_bytes:
        floor_bytes += (size_bytes
                        * settings.floor_hysteresis_percent // 100)
    return floor_bytes


def closed_traits(reasons: Reasons) -> frozenset[str]:
    """The traits that say it; empty when the volume is open."""
    if not reasons:
        return frozenset()
    return frozenset((names.NO_NEW_DISKS,
                      *(reason.trait for reason in reasons)))
