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

"""All changes of one provider as one: how it was, and how it will be. Pure."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools

from hv_sched.placement.inventory import Inventory
from hv_sched.providers import changes


@dataclasses.dataclass
class MergedChange:
    """What happens to a provider.

    :ivar name: the name it has before
    :ivar new_name: the name it has after; empty when that is the same
    :ivar before: inventories, by resource class
    :ivar gained_aggregates: for people, such as users of csv:c1/CSV1
    """

    uuid: str
    name: str
    new_name: str = ''
    is_created: bool = False
    is_deleted: bool = False
    steps: set[changes.Step] = dataclasses.field(default_factory=set)
    before: Mapping[str, Inventory] = dataclasses.field(default_factory=dict)
    after: Mapping[str, Inventory] = dataclasses.field(default_factory=dict)
    traits_before: frozenset[str] = frozenset()
    traits_after: frozenset[str] = frozenset()
    aggregates_before: frozenset[str] = frozenset()
    aggregates_after: frozenset[str] = frozenset()
    _seen: set[type] = dataclasses.field(default_factory=set)

    @property
    def gained_traits(self) -> frozenset[str]:
        return self.traits_after - self.traits_before

    @property
    def lost_traits(self) -> frozenset[str]:
        return self.traits_before - self.traits_after

    @property
    def gained_aggregates(self) -> frozenset[str]:
        return self.aggregates_after - self.aggregates_before

    @property
    def lost_aggregates(self) -> frozenset[str]:
        return self.aggregates_before - self.aggregates_after

    def add(self, change: changes.Change) -> None:
        """The next change of the provider, in the order of application."""
        self.steps.add(change.step)
        _add(change, self)
        self._seen.add(type(change))

    def is_first(self, change: changes.Change) -> bool:
        """Whether it is the first of its kind, which tells what was before."""
        return type(change) not in self._seen


@functools.singledispatch
def _add(change: changes.Change, merged: MergedChange) -> None:
    """Those of names alone change no provider."""


@_add.register
def _(change: changes.CreateProvider, merged: MergedChange) -> None:
    merged.is_created = True


@_add.register
def _(change: changes.DeleteProvider, merged: MergedChange) -> None:
    merged.is_deleted = True


@_add.register
def _(change: changes.RenameProvider, merged: MergedChange) -> None:
    merged.new_name = change.new_name


@_add.register
def _(change: changes.SetInventories, merged: MergedChange) -> None:
    if merged.is_first(change):
        merged.before = change.before
    merged.after = change.after


@_add.register
def _(change: changes.SetTraits, merged: MergedChange) -> None:
    if merged.is_first(change):
        merged.traits_before = change.before
    merged.traits_after = change.after


@_add.register
def _(change: changes.SetAggregates, merged: MergedChange) -> None:
    if merged.is_first(change):
        merged.aggregates_before = change.labelled(change.before)
    merged.aggregates_after = change.labelled(change.after)


def by_provider(planned: Iterable[changes.Change]) -> Iterable[MergedChange]:
    """One of each provider; changes of names alone are left out."""
    merged: dict[str, MergedChange] = {}
    for change in planned:
        if change.uuid:
            merged.setdefault(change.uuid, MergedChange(
                change.uuid, change.name)).add(change)
    return merged.values()


def counted(gained: int, lost: int, noun: str) -> Iterator[str]:
    """``+2 nodes`` and ``-1 node``; nothing for none."""
    for sign, count in (('+', gained), ('-', lost)):
        if count:
            yield f'{sign}{number_of(count, noun)}'


def number_of(count: int, noun: str) -> str:
    """``1 node``, ``2 nodes``."""
    return f'{count:,} {noun}' + ('' if count == 1 else 's')
