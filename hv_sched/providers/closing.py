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

Each reason stands as a trait of its own and goes when its own fact is stated
again; the volume opens when none is left.
"""

from collections.abc import Iterable
import math

from hv_sched import model
from hv_sched.placement import disk_ratio
from hv_sched.placement import names
from hv_sched.placement.names import Closed
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers import free_space
from hv_sched.providers.settings import Settings

Reasons = dict[Closed, str]


def closed_reasons(volume: model.Volume, traits: frozenset[str],
                   owed_gb: int, settings: Settings,
                   is_stale: bool | None = False) -> Reasons:
    """Why a volume takes no new disks, in words; empty when it does.

    A reason that stands goes when its own fact is stated: a source that is
    silent says nothing against it. One closed for lack of space opens a
    little above the floor, not at it, and stays closed while its free space
    is unknown.

    :param traits: what it has now
    :param owed_gb: what servers have on it
    :param is_stale: whether its facts are too old, None when nobody says
        how old they are
    """
    reasons: Reasons = {}
    closed_by = names.closed_reasons(traits)
    _health(volume, closed_by, reasons)
    _floor(volume, traits, settings, reasons)
    _operator(volume, traits, reasons)
    if is_stale or is_stale is None and Closed.STALE in closed_by:
        reasons[Closed.STALE] = Closed.STALE.value
    _overcommitted(volume, traits, owed_gb, settings, reasons)
    if is_bare(traits) and not reasons:
        reasons[Closed.OPERATOR] = (
            'closed before for an unknown reason: state accepts_new_disks: '
            'true to open it')
    return reasons


def _health(volume: model.Volume, closed_by: tuple[Closed, ...],
            reasons: Reasons) -> None:
    """What Windows says of the volume."""
    if volume.maintenance:
        reasons[Closed.MAINTENANCE] = 'in maintenance'
    elif volume.maintenance is None and Closed.MAINTENANCE in closed_by:
        reasons[Closed.MAINTENANCE] = (
            'in maintenance before: state maintenance: false to open it')
    if volume.state is None:
        if Closed.OFFLINE in closed_by:
            reasons[Closed.OFFLINE] = (
                'not online before: tell state: online to open it')
    elif volume.state is not model.CsvState.ONLINE:
        reasons[Closed.OFFLINE] = volume.state.value
    if volume.size_bytes is None and Closed.OFFLINE not in reasons:
        reasons[Closed.REFUSED] = 'the source states no size that can be used'


def _overcommitted(volume: model.Volume, traits: frozenset[str],
                   owed_gb: int, settings: Settings,
                   reasons: Reasons) -> None:
    if volume.total_gb is None:
        if Closed.OVERCOMMITTED.trait in traits:
            reasons[Closed.OVERCOMMITTED] = Closed.OVERCOMMITTED.value
        return
    excess_gb = disk_ratio.excess_gb(traits, volume.total_gb, owed_gb,
                                     settings.csv_allocation_ratio)
    if excess_gb:
        reasons[Closed.OVERCOMMITTED] = (
            f'{excess_gb} GB more allocated than it holds')


def narrowing_reasons(item: model.SetAside | None, is_stale: bool | None
                      ) -> tuple[Closed, ...]:
    """Why a volume of which nothing usable is stated takes no new disks.

    :param item: what can be read of it, None when nothing can
    """
    reasons = [Closed.STALE] if is_stale else []
    if item is not None:
        reasons += [reason for reason, closes in (
            (Closed.MAINTENANCE, item.maintenance),
            (Closed.OFFLINE, item.volume_state),
            (Closed.OPERATOR, item.accepts_new_disks is False)) if closes]
    return tuple(reasons)


def close(provider: Provider, reasons: Iterable[Closed]
          ) -> Iterable[changes.Change]:
    """Close a volume, whatever else it is closed for."""
    reasons = frozenset(reasons)
    if is_bare(provider.traits) and reasons <= {
            Closed.STALE, Closed.REFUSED, Closed.LEFT_OUT}:
        reasons |= {Closed.OPERATOR}
    yield from changes.set_traits(
        changes.Step.MARK, provider, provider.traits | {
            names.NO_NEW_DISKS, *(reason.trait for reason in reasons)})


def is_bare(traits: frozenset[str]) -> bool:
    """Closed by an older release or by hand, which give no reason."""
    return (names.NO_NEW_DISKS in traits
            and not names.closed_reasons(traits)
            and not disk_ratio.overcommit_traits(traits))


def _operator(volume: model.Volume, traits: frozenset[str],
              reasons: Reasons) -> None:
    if volume.accepts_new_disks is False:
        reasons[Closed.OPERATOR] = 'closed by the operator'
    elif volume.accepts_new_disks is None:
        if unknown := names.unknown_closed_traits(traits):
            # Nobody here knows the fact that would end it.
            reasons[Closed.OPERATOR] = (
                f'closed by another release of hv_sched, {", ".join(unknown)}'
                ': state accepts_new_disks: true to open it')
        elif Closed.OPERATOR.trait in traits:
            reasons[Closed.OPERATOR] = (
                'closed by the operator before: state accepts_new_disks: true '
                'to open it')
        elif volume.is_closing_unknown and names.VOLUME not in traits:
            reasons[Closed.OPERATOR] = (
                'new, and the overrides, which may close it, cannot be read')


def _floor(volume: model.Volume, traits: frozenset[str], settings: Settings,
           reasons: Reasons) -> None:
    closed_before = Closed.FLOOR.trait in traits or is_bare(traits)
    floor = free_space.floor_bytes(volume, traits, settings, closed_before)
    if volume.free_bytes is None or volume.size_bytes is None:
        if Closed.FLOOR.trait in traits:
            reasons[Closed.FLOOR] = (
                'closed before, and its free space is unknown')
    elif volume.free_bytes < floor:
        reasons[Closed.FLOOR] = (
            f'{volume.free_bytes // model.GIB} GiB physically free, below '
            f'the floor of {math.ceil(floor / model.GIB)} GiB')


def closed_traits(reasons: Reasons) -> frozenset[str]:
    """The traits that say it; empty when the volume is open."""
    if not reasons:
        return frozenset()
    return frozenset((names.NO_NEW_DISKS,
                      *(reason.trait for reason in reasons)))
