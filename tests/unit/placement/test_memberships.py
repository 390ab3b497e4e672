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


"""A grid of questions tells what asking for each aggregate would tell."""

import collections
import itertools

from hypothesis import given
from hypothesis import strategies as st

from hv_sched import exception
from hv_sched.placement import memberships

PROVIDERS = tuple('abcdefgh')
CLUSTERS, VOLUMES = 30, 4
KINDS = ([(f'c{n}',) for n in range(CLUSTERS)],
         [tuple(f'h{n}.{v}' for v in range(VOLUMES))
          for n in range(CLUSTERS)])
EVERY = [name for bundles in KINDS for bundle in bundles for name in bundle]


class Cloud:
    """Providers in aggregates.

    :ivar before: called with each question's number before it is answered
    """

    def __init__(self, aggregates=None):
        self.aggregates = dict(aggregates or {})
        self.generations = dict.fromkeys(self.aggregates, 1)
        self.questions, self.read_alone = [], []
        self.before = lambda number: None

    def join(self, uuid, *names):
        self.aggregates[uuid] = frozenset(names)
        self.generations[uuid] = self.generations.get(uuid, 0) + 1

    def members(self, names):
        self.before(len(self.questions))
        self.questions.append(tuple(names))
        return {uuid: self.generations[uuid]
                for uuid, own in self.aggregates.items() if own & set(names)}

    def of_provider(self, uuid):
        self.read_alone.append(uuid)
        if uuid not in self.aggregates:
            raise exception.PlacementNotFound('gone')
        return self.aggregates[uuid]

    def owners(self, names):
        return {name: frozenset(uuid for uuid, own in self.aggregates.items()
                                if name in own) for name in names}


def read(cloud, kinds=KINDS, listed=None):
    return memberships.read(
        memberships.AggregateReads(cloud.members, cloud.of_provider), kinds,
        dict(cloud.generations) if listed is None else listed, 1)


@given(st.dictionaries(
    st.sampled_from(PROVIDERS), st.frozensets(st.sampled_from(
        [*EVERY[:6], *EVERY[-9:], 'foreign']))))
def test_each_aggregate_has_the_members_it_has(aggregates):
    cloud = Cloud(aggregates)
    assert read(cloud) == cloud.owners(EVERY)


@given(st.lists(st.integers(1, 9), max_size=120))
def test_each_aggregate_is_in_the_questions_of_its_row_and_column(sizes):
    bundles = [tuple(f'{number}.{n}' for n in range(size))
               for number, size in enumerate(sizes)]
    rows, columns = collections.Counter(), collections.Counter()
    for grid in memberships.grids(bundles):
        rows.update(itertools.chain(*grid.rows))
        columns.update(itertools.chain(*grid.columns))
        assert max(map(len, grid.questions)) <= memberships.WIDTH
        assert not grid.columns or set(itertools.chain(
            *grid.rows)) == set(itertools.chain(*grid.columns))
    every = set(itertools.chain(*bundles))
    assert set(rows) == every and set(columns) <= every
    assert {*rows.values(), *columns.values()} <= {1}


def test_the_requests_grow_with_the_root_of_the_aggregates():
    def requests(count):
        return memberships.requests_for([[(str(n),) for n in range(count)]])
    assert [requests(count) for count in (1, 4, 100, 2500, 25000)] == [
        1, 4, 20, 100, 1000]


def test_a_node_of_all_volumes_of_its_cluster_is_told_apart():
    cloud = Cloud({uuid: frozenset((f'c{n}', *KINDS[1][n]))
                   for n, uuid in enumerate(PROVIDERS)})
    assert read(cloud) == cloud.owners(EVERY)
    assert cloud.read_alone == []


def test_one_that_is_in_several_rows_and_columns_is_asked_by_itself():
    cloud = Cloud({'a': frozenset(('h0.0', 'h29.3')),
                   'b': frozenset(('h0.0',))})
    assert read(cloud) == cloud.owners(EVERY)
    assert cloud.read_alone == ['a']


@given(st.integers(0, 60))
def test_one_that_moves_between_two_questions_is_where_it_is(number):
    cloud = Cloud({'a': frozenset(('c0', 'h0.0')),
                   'b': frozenset(('c1', 'h1.0'))})
    listed = dict(cloud.generations)

    def move(at):
        if at == number:
            cloud.join('a', 'c29', 'h29.3')
    cloud.before = move
    owners = read(cloud, listed=listed)
    assert {name for name in EVERY if 'a' in owners[name]} in (
        {'c0', 'h0.0'}, {'c29', 'h29.3'})
    assert owners['h1.0'] == {'b'}


def test_one_that_is_deleted_meanwhile_is_in_nothing():
    cloud = Cloud({'a': frozenset(('h0.0', 'h29.3'))})
    cloud.of_provider = Cloud().of_provider
    assert not any(read(cloud).values())


def test_one_that_came_after_the_list_is_left_to_the_next():
    cloud = Cloud({'a': frozenset(('h0.0',))})
    assert not any(read(cloud, listed={}).values())
