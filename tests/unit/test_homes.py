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

"""Homes are told from a few bulk answers."""

from hypothesis import given
from hypothesis import strategies as st

from hv_sched import homes

VOLUMES = st.integers(1, 40).map(
    lambda count: [f'v{number:02}' for number in range(count)])


def ask(memberships, volumes):
    """Read homes, counting the questions."""
    questions = []

    def members_of(some):
        questions.append(some)
        return {node for node, own in memberships.items()
                if own & set(some)}
    return homes.read_homes(volumes, members_of), questions


@given(st.data(), VOLUMES)
def test_a_nodes_only_volume_is_told_exactly(data, volumes):
    memberships = {
        f'n{number}': {data.draw(st.sampled_from(volumes))}
        for number in range(data.draw(st.integers(0, 12)))}
    found, _ = ask(memberships, volumes)
    assert found == memberships


@given(st.data(), VOLUMES)
def test_none_of_a_nodes_volumes_is_ever_missing(data, volumes):
    memberships = {
        f'n{number}': data.draw(st.sets(st.sampled_from(volumes),
                                        min_size=1))
        for number in range(data.draw(st.integers(0, 12)))}
    found, _ = ask(memberships, volumes)
    assert set(found) == set(memberships)
    for node, own in memberships.items():
        assert own <= found[node]


@given(VOLUMES)
def test_questions_grow_with_the_logarithm_of_the_volumes(volumes):
    _, questions = ask({}, volumes)
    assert len(questions) <= 2 * max(1, (len(volumes) - 1).bit_length())
