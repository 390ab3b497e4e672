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


"""Owners are asked again of what changed, and are those of now."""

from hypothesis import given
from hypothesis import strategies as st

from hv_sched import exception
from hv_sched.placement import remembered
from hv_sched.placement.observed import Listed

UUIDS = tuple('abcdef')
NAMES = frozenset(('T1', 'T2', 'T3', 'T4'))


class World:
    """Providers with traits; each change raises a generation."""

    def __init__(self):
        self.traits = {uuid: frozenset(('T1',)) for uuid in UUIDS}
        self.generations = dict.fromkeys(UUIDS, 0)
        self.requests = 0

    def write(self, uuid, traits):
        self.traits[uuid] = frozenset(traits)
        self.generations[uuid] = self.generations.get(uuid, 0) + 1

    def listed(self):
        return [Listed(uuid, uuid, self.generations[uuid])
                for uuid in self.traits]

    def owners(self, name):
        self.requests += 1
        return frozenset(uuid for uuid, traits in self.traits.items()
                         if name in traits)

    def of_provider(self, uuid):
        self.requests += 1
        if uuid not in self.traits:
            raise exception.PlacementNotFound('gone')
        return self.traits[uuid]

    def questions(self, names=NAMES):
        return remembered.Questions(
            frozenset(names), lambda names, _generations: {
                name: self.owners(name) for name in names}, self.of_provider)


@given(st.lists(st.one_of(
    st.tuples(st.sampled_from(UUIDS), st.frozensets(
        st.sampled_from(sorted(NAMES)))),
    st.sampled_from(UUIDS), st.frozensets(st.sampled_from(sorted(NAMES)))),
    max_size=30))
def test_they_are_what_stands_whatever_happens(events):
    world, memory = World(), remembered.Remembered()
    for event in events:
        if isinstance(event, tuple):
            world.write(*event)
            names = NAMES
        elif isinstance(event, str):
            world.traits.pop(event, None)
            names = NAMES
        else:
            names = event
        assert memory.read(world.listed(), world.questions(names), 1) == {
            name: world.owners(name) for name in names}


def test_nothing_is_asked_where_nothing_changed():
    world, memory = World(), remembered.Remembered()
    memory.read(world.listed(), world.questions(), 1)
    world.requests = 0
    memory.read(world.listed(), world.questions(), 1)
    assert world.requests == 0


def test_what_changed_costs_a_request_each_and_never_more_than_all():
    world, memory = World(), remembered.Remembered()
    memory.read(world.listed(), world.questions(), 1)
    world.write('a', ('T2',))
    world.requests = 0
    memory.read(world.listed(), world.questions(), 1)
    assert world.requests == 1
    for uuid in UUIDS:
        world.write(uuid, ('T3',))
    world.requests = 0
    memory.read(world.listed(), world.questions(), 1)
    assert world.requests == len(NAMES)


def test_a_write_between_the_list_and_the_question_is_not_lost():
    """The list is older: the next one shows another generation."""
    world, memory = World(), remembered.Remembered()
    listed = world.listed()
    world.write('a', ('T4',))
    memory.read(listed, world.questions(), 1)
    world.write('a', ('T2',))
    assert memory.read(world.listed(), world.questions(), 1)['T2'] == {'a'}


def test_forgotten_it_finds_writes_that_raised_no_generation():
    world, memory = World(), remembered.Remembered()
    memory.read(world.listed(), world.questions(), 1)
    world.traits['b'] = frozenset(('T3',))
    assert memory.read(world.listed(), world.questions(), 1)['T3'] == set()
    memory.forget()
    assert memory.read(world.listed(), world.questions(), 1)['T3'] == {'b'}
