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

"""What the changes of a volume come to, in numbers and phrases. Pure."""

from collections.abc import Iterator

from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.providers.merged_changes import counted
from hv_sched.providers.merged_changes import MergedChange
from hv_sched.providers.merged_changes import number_of

_Pair = tuple[int | None, int | None]
# Told by their own phrase, or by a column.
_TOLD = (names.CLOSED_PREFIX, names.IMAGE_PREFIX, names.NO_NEW_DISKS)


def sizes_gb(merged: MergedChange) -> tuple[_Pair, _Pair]:
    """DISK_GB's total and reserved, before and after."""
    disks = [inventories.get(names.DISK_GB)
             for inventories in (merged.before, merged.after)]
    before, after = ((None, None) if disk is None
                     else (disk.total, disk.reserved) for disk in disks)
    return (before[0], after[0]), (before[1], after[1])


def user_details(users: tuple[int, int]) -> tuple[str, ...]:
    """:param users: nodes that come to have it as home, and that leave it"""
    joining, leaving = users
    return tuple(counted(joining, leaving, 'node'))


def details(merged: MergedChange, users: tuple[int, int]) -> tuple[str, ...]:
    """What else changes, a phrase each."""
    if merged.is_created:
        return (f'home of {number_of(users[0], "node")}', *_closing(merged))
    return (*_renaming(merged), *_closing(merged), *user_details(users),
            *_inventory(merged), *_other_traits(merged))


def _renaming(merged: MergedChange) -> Iterator[str]:
    if merged.new_name:
        yield f'renamed to {names.plain_volume_name(merged.new_name)}'


def _closing(merged: MergedChange) -> Iterator[str]:
    gained = names.closed_reasons(merged.gained_traits)
    lost = names.closed_reasons(merged.lost_traits)
    if names.NO_NEW_DISKS in merged.lost_traits:
        yield 'takes new disks again'
    elif gained:
        yield 'no new disks: ' + ', '.join(reason.value for reason in gained)
    elif names.NO_NEW_DISKS in merged.gained_traits:
        yield 'no new disks'
    elif lost:
        yield 'no longer ' + ', '.join(reason.value for reason in lost)


def _inventory(merged: MergedChange) -> Iterator[str]:
    before = merged.before.get(names.DISK_GB)
    after = merged.after.get(names.DISK_GB)
    if before is not None and after is not None:
        yield from _fields(before, after)


def _fields(before: Inventory, after: Inventory) -> Iterator[str]:
    former = before.body
    for field, value in after.body.items():
        if field not in ('total', 'reserved') and value != former[field]:
            yield f'{field} {former[field]} -> {value}'


def _other_traits(merged: MergedChange) -> Iterator[str]:
    gained, lost = merged.gained_traits, merged.lost_traits
    yield from counted(
        len(_images(gained)), len(_images(lost)), 'cached image')
    yield from counted(len(_rest(gained)), len(_rest(lost)), 'trait')


def _images(traits: frozenset[str]) -> list[str]:
    return [trait for trait in traits if trait.startswith(names.IMAGE_PREFIX)]


def _rest(traits: frozenset[str]) -> list[str]:
    return [trait for trait in traits if not trait.startswith(_TOLD)]
