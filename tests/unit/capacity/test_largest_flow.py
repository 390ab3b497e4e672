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

import itertools

import hypothesis
from hypothesis import strategies as st
import pytest

from hv_sched.capacity import largest_flow


def test_no_path_carries_nothing():
    assert largest_flow.of([], {}) == largest_flow.Flow(0)


def test_the_narrowest_point_bounds_a_path():
    assert largest_flow.of([('node', 'volume')], {
        'node': 3, 'volume': 2}) == largest_flow.Flow(2, ('volume',))


def test_a_node_with_a_choice_leaves_the_other_its_only_volume():
    """Filled in the order given, one would be left over."""
    flow = largest_flow.of(
        [('a', 'v1'), ('a', 'v2'), ('b', 'v1')],
        {'a': 1, 'b': 1, 'v1': 1, 'v2': 1})
    assert flow.amount == 2


def test_the_widest_bound_comes_first():
    flow = largest_flow.of([('a', 'v1'), ('b', 'v2')], {
        'a': 1, 'b': 9, 'v1': 5, 'v2': 7})
    assert flow == largest_flow.Flow(8, ('v2', 'a'))


def test_a_path_without_a_limit_is_an_error():
    with pytest.raises(ValueError, match='without a limit'):
        largest_flow.of([('a',)], {})


_LIMITS = st.lists(st.integers(0, 3), min_size=3, max_size=3)


@hypothesis.given(_LIMITS, _LIMITS, st.sets(st.tuples(
    st.integers(0, 2), st.integers(0, 2)), max_size=6))
def test_no_other_way_to_fill_the_paths_carries_more(nodes, volumes, pairs):
    paths = sorted(pairs)
    limits = {('node', number): limit for number, limit in enumerate(nodes)}
    limits |= {('volume', number): limit
               for number, limit in enumerate(volumes)}
    flow = largest_flow.of([(('node', node), ('volume', volume))
                            for node, volume in paths], limits)

    def is_within(amounts):
        return all(
            sum(amount for amount, path in zip(amounts, paths, strict=True)
                if path[side] == number) <= limit
            for side, sizes in ((0, nodes), (1, volumes))
            for number, limit in enumerate(sizes))

    best = max(sum(amounts) for amounts in itertools.product(
        *(range(min(nodes[node], volumes[volume]) + 1)
          for node, volume in paths)) if is_within(amounts))
    assert flow.amount == best
