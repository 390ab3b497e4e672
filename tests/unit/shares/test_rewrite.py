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


"""What a consumer holds once its share is moved, as properties."""

import hypothesis
from hypothesis import strategies as st
import pytest

from hv_sched.placement import consumers
from hv_sched.shares import rewrite

GB = st.integers(1, 65536)


def consumer(held):
    return consumers.Consumer('c', 1, 'p', 'u', held)


@hypothesis.given(st.dictionaries(st.sampled_from(['n1', 'n2', 'other']),
                                  GB, min_size=1))
def test_moving_and_moving_back_keeps_the_sum(disks):
    before = consumer({node: {'VCPU': 2, 'DISK_GB': gb}
                       for node, gb in disks.items()})
    move = rewrite.to_volumes(before, {'n1': 'v1', 'n2': 'v2'})
    assert move.after.disk_gb == before.disk_gb
    if len(disks) == 1:
        back = rewrite.to_nodes(move.after, {'v1', 'v2'}, {'n1', 'n2',
                                                           'other'})
        assert back.after == before


@hypothesis.given(GB, GB)
def test_two_nodes_of_one_volume_are_one_copy(one, other):
    move = rewrite.to_volumes(consumer({
        'n1': {'DISK_GB': one}, 'n2': {'DISK_GB': other}}),
        {'n1': 'v', 'n2': 'v'})
    assert move.after.held == {'v': {'DISK_GB': max(one, other)}}


def test_a_share_without_a_known_volume_is_not_moved():
    with pytest.raises(rewrite.Unmovable, match='home'):
        rewrite.to_volumes(consumer({'n1': {'DISK_GB': 1}}), {'n1': None})


@pytest.mark.parametrize('held', [
    {'v': {'DISK_GB': 5}},
    {'v': {'DISK_GB': 5}, 'n1': {'VCPU': 1}, 'n2': {'VCPU': 1}},
    {'v': {'DISK_GB': 5, 'CUSTOM_CSV_HELD_DISK_GB': 5}, 'n1': {'VCPU': 1}}])
def test_what_cannot_be_given_back_says_why(held):
    with pytest.raises(rewrite.Unmovable):
        rewrite.to_nodes(consumer(held), {'v'}, {'n1', 'n2'})


def stale(now, migration, dest='n2', volume='v'):
    written = consumer({'n1': {'VCPU': 1}, 'v': {'DISK_GB': 9}})
    return rewrite.repaired(written, now or written, migration, dest, volume)


def test_a_stale_write_is_put_right_on_the_destination():
    migration = consumer({'n1': {'VCPU': 1, 'DISK_GB': 9}})
    assert stale(None, migration).held == {
        'n2': {'VCPU': 1}, 'v': {'DISK_GB': 9}}


def test_a_write_before_the_move_needs_no_repair():
    moved = consumer({'n2': {'VCPU': 1, 'DISK_GB': 9}})
    assert stale(moved, consumer({'n1': {'VCPU': 1}})) is None
    assert stale(None, None) is None


def test_an_unknown_destination_is_said():
    with pytest.raises(rewrite.Unmovable, match='audit'):
        stale(None, consumer({'n1': {'VCPU': 1}}), dest=None)
