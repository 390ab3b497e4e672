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

"""The changes a plan is made of: values, applied elsewhere.

``STEP`` is the place of a change in the order that keeps every moment safe:
hide first, then take away, then make, then close the nodes, and publish last.
A node only joins a volume once its own disk is closed, and only opens its
own disk once it has left.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import enum

from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Provider


class Step(enum.IntEnum):
    """The order of a cluster's changes; equal steps may run in parallel."""

    VOCABULARY = 0
    HIDE = 10
    STRIP = 20
    DELETE = 30
    RENAME_AWAY = 40
    RENAME = 41
    CREATE = 50
    REMEMBER = 55
    FILL = 60
    MARK_NODE = 70
    CLOSE_NODE = 80
    MARK = 90
    JOIN = 100
    PUBLISH = 110
    OPEN_NODE = 120
    FORGET_NODE = 130
    LEAVE_CLUSTER = 135
    CLEAN = 140


class Widening(enum.Enum):
    """In which way more can be placed after a write; see gate.py."""

    PUBLISH = 'publish'
    JOIN = 'join'
    GROW = 'grow'
    RESERVED_DOWN = 'reserve less'
    REOPEN = 'reopen'
    FEATURE = 'gain a feature'
    OPEN_NODE = "open a node's own disk"
    WITHDRAW = 'withdraw'
    RATIO_UP = 'raise the allocation_ratio'


@dataclasses.dataclass(frozen=True)
class Change:
    """:param name: the provider's, trait's or class's name, for people
    :param granted: the ways in which it may widen, as the gate said
    """

    step: Step
    uuid: str
    name: str
    granted: frozenset[Widening] = dataclasses.field(
        default=frozenset(), kw_only=True, compare=False, repr=False)

    @property
    def lines(self) -> tuple[tuple[str, str, str, str], ...]:
        """(sign, what, from, to), a tuple for each thing that changes."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class EnsureTrait(Change):
    @property
    def lines(self) -> tuple[tuple[str, str, str, str], ...]:
        return (('+', 'trait', '', self.name),)


@dataclasses.dataclass(frozen=True)
class DeleteTrait(Change):
    """A trait name; one that somebody uses again meanwhile stays."""

    @property
    def lines(self) -> tuple[tuple[str, str, str, str], ...]:
        return (('-', 'trait', self.name, ''),)


@dataclasses.dataclass(frozen=True)
class EnsureResourceClass(Change):
    @property
    def lines(self) -> tuple[tuple[str, str, str, str], ...]:
        return (('+', 'resource class', '', self.name),)


@dataclasses.dataclass(frozen=True)
class CreateProvider(Change):
    parent_uuid: str | None = None

    @property
    def lines(self) -> tuple[tuple[str, str, str, str], ...]:
        return (('+', 'resource provider', '', self.uuid),)


@dataclasses.dataclass(frozen=True)
class DeleteProvider(Change):
    @property
    def lines(self) -> tuple[tuple[str, str, str, str], ...]:
        return (('-', 'resource provider', self.uuid, ''),)


@dataclasses.dataclass(frozen=True)
class RenameProvider(Change):
    new_name: str = ''

    @property
    def lines(self) -> tuple[tuple[str, str, str, str], ...]:
        return (('~', 'name', self.name, self.new_name),)


@dataclasses.dataclass(frozen=True)
class SetInventories(Change):
    """The whole set, others' classes included as they were observed."""

    before: Mapping[str, Inventory] = dataclasses.field(default_factory=dict)
    after: Mapping[str, Inventory] = dataclasses.field(default_factory=dict)

    @property
    def lines(self) -> tuple[tuple[str, str, str, str], ...]:
        lines: list[tuple[str, str, str, str]] = []
        for rc in sorted({*self.before, *self.after}):
            lines += _inventory_lines(
                rc, self.before.get(rc), self.after.get(rc))
        return tuple(lines)


def _inventory_lines(rc: str, before: Inventory | None,
                     after: Inventory | None
                     ) -> list[tuple[str, str, str, str]]:
    if before is None and after is not None:
        amounts = ' '.join(f'{key}={value}' for key, value in
                           after.body.items() if key in ('total', 'reserved'))
        return [('+', rc, '', amounts)]
    if after is None and before is not None:
        return [('-', rc, f'total={before.total}', '')]
    assert before is not None and after is not None
    old = before.body
    return [('~', f'{rc} {key}', str(old[key]), str(value))
            for key, value in after.body.items() if value != old[key]]


@dataclasses.dataclass(frozen=True)
class SetTraits(Change):
    """The whole set, others' traits included as they were observed."""

    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()

    @property
    def lines(self) -> tuple[tuple[str, str, str, str], ...]:
        return _set_lines('trait', self.before, self.after)


@dataclasses.dataclass(frozen=True)
class SetAggregates(Change):
    """The whole set, others' aggregates included as they were observed.

    :param labels: what each of our aggregates is, for people
    """

    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def lines(self) -> tuple[tuple[str, str, str, str], ...]:
        return _set_lines('aggregate', self.labelled(self.before),
                          self.labelled(self.after))

    def labelled(self, aggregates: frozenset[str]) -> frozenset[str]:
        """Aggregates as people call them; others' by their uuid."""
        return frozenset(self.labels.get(a, a) for a in aggregates)


def _set_lines(kind: str, before: frozenset[str], after: frozenset[str]
               ) -> tuple[tuple[str, str, str, str], ...]:
    return (*(('-', kind, old, '') for old in sorted(before - after)),
            *(('+', kind, '', new) for new in sorted(after - before)))


def set_traits(step: Step, provider: Provider,
               after: frozenset[str]) -> Iterable[Change]:
    """A change of traits, if there is one."""
    if after != provider.traits:
        yield SetTraits(step, provider.uuid, provider.name,
                        before=provider.traits, after=after)
