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

"""What stands in Placement, read from its database at any moment.

And what of it must never be, whatever was answered on the way: less than
all shares, more room than there is, something offered that was not.
"""

import collections
import collections.abc
import dataclasses
import itertools
import typing

from hv_sched.placement import names
from tests import widening
from tests.functional import base

_DISK = (names.DISK_GB, names.HELD_DISK_GB)
_INVENTORIES = '''
    SELECT p.uuid, c.name, i.total, i.reserved, i.min_unit, i.max_unit,
           i.step_size, i.allocation_ratio
    FROM inventories i, resource_providers p, resource_classes c
    WHERE i.resource_provider_id = p.id AND i.resource_class_id = c.id'''
_ALLOCATIONS = '''
    SELECT a.consumer_id, t.name, p.uuid, c.name, a.used
    FROM allocations a JOIN resource_providers p
      ON a.resource_provider_id = p.id
    JOIN resource_classes c ON a.resource_class_id = c.id
    LEFT JOIN consumers u ON u.uuid = a.consumer_id
    LEFT JOIN consumer_types t ON u.consumer_type_id = t.id'''
_TRAITS = '''
    SELECT p.uuid, t.name FROM resource_provider_traits r,
           resource_providers p, traits t
    WHERE r.resource_provider_id = p.id AND r.trait_id = t.id'''
_AGGREGATES = '''
    SELECT p.uuid, a.uuid FROM resource_provider_aggregates r,
           resource_providers p, placement_aggregates a
    WHERE r.resource_provider_id = p.id AND r.aggregate_id = a.id'''


@dataclasses.dataclass(frozen=True)
class Inventory:
    total: int
    reserved: int
    min_unit: int
    max_unit: int
    step_size: int
    allocation_ratio: float

    @property
    def capacity(self) -> int:
        return int((self.total - self.reserved) * self.allocation_ratio)


@dataclasses.dataclass(frozen=True)
class State:
    """All of Placement but generations; names by provider uuid.

    :ivar types: of consumers
    :ivar used: by consumer, provider and resource class
    """

    names: dict[str, str]
    inventories: dict[tuple[str, str], Inventory]
    traits: dict[str, frozenset[str]]
    aggregates: dict[str, frozenset[str]]
    used: dict[tuple[str, str, str], int]
    types: dict[str, str]
    vocabulary: frozenset[str]

    def __sub__(self, other: 'State') -> list[str]:
        """What is different, for messages."""
        found = []
        for field in dataclasses.fields(self):
            mine, theirs = (getattr(s, field.name) for s in (self, other))
            if mine == theirs:
                continue
            if isinstance(mine, frozenset):
                found.append(f'{field.name}: +{sorted(mine - theirs)} '
                             f'-{sorted(theirs - mine)}')
                continue
            found += [f'{field.name} {key}: {mine.get(key)} instead of '
                      f'{theirs.get(key)}' for key in mine.keys() | theirs
                      if mine.get(key) != theirs.get(key)]
        return found


def read() -> State:
    """What stands now."""
    query = base.application().rows
    providers = dict(query('SELECT uuid, name FROM resource_providers'))
    used, types = {}, {}
    for consumer, kind, provider, resource_class, amount in query(
            _ALLOCATIONS):
        used[consumer, provider, resource_class] = amount
        types[consumer] = kind or 'unknown'
    return State(
        providers,
        {(row[0], row[1]): Inventory(*row[2:]) for row in query(_INVENTORIES)},
        _sets(providers, query(_TRAITS)),
        _sets(providers, query(_AGGREGATES)), used, types,
        frozenset(name for (name,) in query(
            "SELECT name FROM traits WHERE name LIKE 'CUSTOM%' UNION "
            "SELECT name FROM resource_classes WHERE name LIKE 'CUSTOM%'")))


def _sets(keys: collections.abc.Iterable[str],
          pairs: collections.abc.Iterable[tuple[typing.Any, ...]]
          ) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {key: set() for key in keys}
    for key, value in pairs:
        found[key].add(value)
    return {key: frozenset(values) for key, values in found.items()}


def shares(state: State) -> dict[str, int]:
    """GB each consumer holds, DISK_GB and escrow."""
    found: collections.Counter[str] = collections.Counter()
    for (consumer, _provider, resource_class), amount in state.used.items():
        if resource_class == names.DISK_GB or (
                resource_class == names.HELD_DISK_GB
                and state.types[consumer] != 'MIGRATION'):
            found[consumer] += amount
    return dict(found)


def offered(state: State) -> dict[str, int]:
    """GB of new disks each provider takes, by Placement alone."""
    found = {}
    for (provider, resource_class), inventory in state.inventories.items():
        traits = state.traits[provider]
        if resource_class != names.DISK_GB or names.NO_NEW_DISKS in traits or (
                names.VOLUME in traits and (
                    names.SHARING not in traits
                    or not state.aggregates[provider])):
            continue
        found[provider] = max(0, inventory.capacity - sum(
            amount for (_consumer, where, what), amount in state.used.items()
            if where == provider and what in _DISK))
    return found


def offered_twice(state: State) -> int:
    """GB of the own disks of nodes that have an open volume."""
    open_gb = offered(state)
    homes = frozenset(itertools.chain.from_iterable(
        state.aggregates[uuid] for uuid in open_gb
        if names.VOLUME in state.traits[uuid]))
    return sum(gb for uuid, gb in open_gb.items()
               if names.VOLUME not in state.traits[uuid]
               and state.aggregates[uuid] & homes)


class Bounds:
    """Between what all states of an undisturbed command lie.

    :param states: the first is that before it
    """

    def __init__(self, states: collections.abc.Sequence[State]) -> None:
        self._states = states
        self._shares = [shares(state) for state in states]
        self._offered = [offered(state) for state in states]
        self._twice_gb = max(map(offered_twice, states))

    def faults(self, state: State) -> list[str]:
        """What of a state is beyond them."""
        return [*self._of_shares(state), *self._of_offers(state),
                *self._of_providers(state), *self._of_traits(state)]

    def _of_shares(self, state: State) -> collections.abc.Iterator[str]:
        now = shares(state)
        for consumer in {*now}.union(*self._shares):
            held = [before.get(consumer, 0) for before in self._shares]
            if not min(held) <= now.get(consumer, 0) <= max(held):
                yield (f'{consumer} holds {now.get(consumer, 0)} GB, not '
                       f'{min(held)} to {max(held)}')

    def _of_offers(self, state: State) -> collections.abc.Iterator[str]:
        for uuid, gb in offered(state).items():
            most = max(before.get(uuid, 0) for before in self._offered)
            if gb > most:
                yield (f'{state.names[uuid]} offers {gb} GB, never more '
                       f'than {most}')
        if offered_twice(state) > self._twice_gb:
            yield f'{offered_twice(state)} GB are offered twice'

    def _of_providers(self, state: State) -> collections.abc.Iterator[str]:
        for uuid in {*state.names}.union(*(s.names for s in self._states)):
            if uuid not in state.names:
                if all(uuid in before.names for before in self._states):
                    yield f'provider {uuid} is gone'
            elif all(uuid not in before.names for before in self._states):
                yield f'provider {state.names[uuid]} is new'
        for key, inventory in state.inventories.items():
            totals = [before.inventories[key].total
                      for before in self._states if key in before.inventories]
            if totals and not min(totals) <= inventory.total <= max(totals):
                yield f'total of {key} is {inventory.total}'

    def _of_traits(self, state: State) -> collections.abc.Iterator[str]:
        """What closes may come and stay, what offers may go."""
        for uuid, traits in state.traits.items():
            seen = [before.traits[uuid] for before in self._states
                    if uuid in before.traits]
            if not seen:
                continue
            lost = frozenset.intersection(*seen) - traits
            gained = traits - frozenset.union(*seen)
            if lost & {*widening.CLOSERS, names.CLUSTERED}:
                yield f'{state.names[uuid]} lost {sorted(lost)}'
            if gained & {*widening.OFFERS}:
                yield f'{state.names[uuid]} gained {sorted(gained)}'
