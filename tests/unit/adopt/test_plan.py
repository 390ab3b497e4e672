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


"""Rules of moving shares, as properties."""

import hypothesis
from hypothesis import strategies as st
import pytest

from hv_sched import model
from hv_sched.adopt import proof
from hv_sched.adopt.plan import VolumePlan
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import OPEN_STATUSES
from hv_sched.compute.servers import Server
from hv_sched.placement import consumers
from hv_sched.placement import fitting
from hv_sched.placement import former_ratio
from hv_sched.placement import overcommit
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import reserved_space
from hv_sched.providers.settings import Settings
from hv_sched.shares import quiescence
from hv_sched.shares import rewrite
from hv_sched.shares.quiescence import Why

GB = st.integers(1, 65536)


def consumer(held):
    return consumers.Consumer('c', 1, 'p', 'u', held)


@hypothesis.given(GB, GB)
def test_the_smallest_ratio_fits_and_leaves_less_than_a_gb_in_10000(
        room, used):
    ratio = fitting.smallest(room, used)
    assert used <= int(room * ratio) <= used * 1.0001 + 1


@hypothesis.given(GB, GB)
def test_mysql_gives_the_smallest_ratio_back_as_it_was(room, used):
    ratio = fitting.smallest(room, used)
    assert float(f'{ratio:.6g}') == ratio


@hypothesis.given(GB)
def test_nothing_used_closes_the_node(total):
    ratio = fitting.ratio(Inventory(total), 0, 1.0)
    assert Inventory(total, allocation_ratio=ratio).capacity == 0


@hypothesis.given(GB, GB, st.sampled_from([0.5, 1.0, 1.5, 16.0]))
def test_fitting_never_opens_wider_than_before(total, used, most):
    assert fitting.ratio(Inventory(total), used, most) <= most


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


@pytest.mark.parametrize('status', OPEN_STATUSES)
@pytest.mark.parametrize('vm_state', ['active', 'resized'])
def test_only_a_finished_resize_stands_still(status, vm_state):
    look = quiescence.Look(
        {'s': Server('s', vm_state, None)}, {'m': Migration('m', 's', status)})
    found = quiescence.sort(['s', 'm'], look)
    if (status, vm_state) == ('finished', 'resized'):
        assert found.units == (quiescence.Unit('s', 'm'),)
        assert found.left == ()
    else:
        assert found.units == ()
        assert {left.why for left in found.left} == {Why.MOVING}


class Nova:
    """One server and one migration."""

    def __init__(self, server, migration):
        self._server = server
        self._migration = migration

    def on_node(self, node):
        return {}

    def server(self, uuid):
        return self._server if uuid == self._server.uuid else None

    def open_migrations(self):
        return {self._migration.uuid: self._migration}


@hypothesis.given(
    st.sampled_from(OPEN_STATUSES), st.sampled_from(['active', 'resized']),
    st.sampled_from([None, 'migrating']), st.booleans(),
    st.integers(0, 2 * quiescence.DEAD_AFTER_SECONDS))
def test_a_record_a_crash_left_open_is_told_by_age_and_server(
        status, vm_state, task_state, known, idle):
    nova = Nova(Server('s', vm_state, task_state, known), Migration(
        'm', 's', status, idle_seconds=idle))
    look = quiescence.look(nova, (), ['s', 'm'])
    is_dead = (idle > quiescence.DEAD_AFTER_SECONDS and known
               and task_state is None and vm_state == 'active')
    assert (set(look.dead), set(look.migrations)) == (
        ({'m'}, set()) if is_dead else (set(), {'m'}))
    found = quiescence.sort(['s', 'm'], look)
    if is_dead:
        assert found.units == (quiescence.Unit('s'),)
        assert [left.why for left in found.left] == [Why.UNEXPLAINED]


def test_a_task_state_is_a_move_whatever_else():
    look = quiescence.Look({'s': Server('s', 'active', 'spawning')}, {})
    left, = quiescence.sort(['s'], look).left
    assert left.why == Why.MOVING and 'spawning' in left.message


@hypothesis.given(
    st.dictionaries(st.integers(0, 9), GB), st.dictionaries(
        st.integers(0, 9), GB), st.dictionaries(st.integers(10, 19), GB))
def test_the_proof_holds_exactly_when_no_share_changed(plan, now, new):
    volume = VolumePlan('v', 'v', Inventory(1), {}, plan, 0)
    after = {**now, **new}
    found = proof.prove(volume, after, {})
    changed = {c for c in plan.keys() & after.keys() if plan[c] != after[c]}
    assert set(found.differing) == changed
    assert found.holds is (not changed)


@hypothesis.given(st.sampled_from([1.0, 1.5, 0.25, 16.0, 1e-05]))
def test_an_over_booked_volume_remembers_its_ratio(ratio):
    assert overcommit.ratio_before([overcommit.trait(ratio)]) == ratio
    assert former_ratio.ratio_of([former_ratio.trait(ratio)]) == ratio


@hypothesis.given(GB, GB)
def test_an_over_booked_volume_has_room_for_its_shares_only(total, used):
    ratio = overcommit.ratio([overcommit.trait(1.0)], total, used, None)
    capacity = Inventory(total, allocation_ratio=ratio).capacity
    assert capacity >= used
    if used > total:
        assert capacity <= used * 1.0001 + 1
    else:
        assert ratio == 1.0


@hypothesis.given(GB, GB, GB, st.integers(0, 10000), st.sampled_from(
    [None, 0.5, 1.0, 1.5]))
def test_a_sync_never_takes_room_that_shares_have(
        total, used, reserved, foreign, configured):
    """Whatever is reserved: it gives way to shares, then the ratio does."""
    volume = model.Volume(guid='v', name='v', size_bytes=total * model.GIB)
    traits = [overcommit.trait(1.0)]
    found = reserved_space.disk_inventory(
        volume,
        (reserved_space.ReservedPart('foreign files', foreign * model.GIB),),
        Inventory(total, min(reserved, total)), used, Settings(),
        overcommit.ratio(traits, total, used, configured))
    assert found.capacity >= used
    assert 0 <= found.reserved <= total
    if overcommit.short_gb(traits, total, used, configured):
        assert found.reserved == 0
    else:
        assert found.allocation_ratio == (configured or 1.0)


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
