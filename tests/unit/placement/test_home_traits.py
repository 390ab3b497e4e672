#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.

"""What a volume's traits say of the nodes that use it, in both forms."""

import uuid

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched.conf import publish
from hv_sched.placement import home_traits
from hv_sched.placement import names

NODES = [str(uuid.UUID(int=number << 90)) for number in range(1, 20)]
FIRST, SECOND, THIRD = NODES[:3]
OTHERS = frozenset((names.VOLUME, names.SHARING))

some_nodes = st.sets(st.sampled_from(NODES))
per_trait = st.integers(1, home_traits.MAX_NODES)


@given(some_nodes, per_trait)
def test_what_is_written_is_read(nodes, nodes_per_trait):
    traits = home_traits.traits_of(nodes, nodes_per_trait)
    assert home_traits.nodes_of(traits | OTHERS) == nodes
    assert len(traits) == -(-len(nodes) // nodes_per_trait)


@given(some_nodes, per_trait)
def test_every_name_is_one_placement_accepts(nodes, nodes_per_trait):
    for trait in home_traits.traits_of(nodes, nodes_per_trait):
        assert trait.startswith(names.CUSTOM_PREFIX) and len(trait) <= 255
        assert trait == trait.upper() and trait.replace('_', '').isalnum()


def test_a_name_holds_seven_nodes():
    option, = (option for option in publish.OPTS
               if option.name == 'nodes_per_home_trait')
    assert home_traits.MAX_NODES == 7 == option.type.max
    assert len(home_traits.traits_of(NODES[:16], 7)) == 3


def test_one_node_is_named_as_release_0_1_0_reads_it():
    digits = FIRST.replace('-', '').upper()
    assert home_traits.traits_of([FIRST]) == {'CUSTOM_CSV_HOME_' + digits}
    assert home_traits.traits_of([FIRST], 7) == {'CUSTOM_CSV_HOME_' + digits}


@given(some_nodes, st.sampled_from(NODES), per_trait)
def test_a_node_that_left_is_named_no_longer(nodes, left, nodes_per_trait):
    traits = home_traits.traits_of(nodes, nodes_per_trait) | OTHERS
    remaining = home_traits.without(traits, left)
    assert home_traits.nodes_of(remaining) == nodes - {left}
    assert OTHERS <= remaining
    if left not in nodes:
        assert remaining == traits


@pytest.mark.parametrize('text', ['', 'MINE', '0' * 31, '0' * 33, 'G' * 32,
                                  '0' * 32 + 'MINE'])
@pytest.mark.parametrize('prefix', names.HOME_PREFIXES)
def test_a_name_that_names_no_node_says_nothing(prefix, text):
    foreign = prefix + text
    traits = home_traits.traits_of(NODES[:2]) | {foreign}
    assert home_traits.nodes_of(traits) == set(NODES[:2])
    assert foreign in home_traits.without(traits, FIRST)
