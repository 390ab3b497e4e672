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


"""Which consumers may be written from outside Nova."""

import hypothesis
from hypothesis import strategies as st
import pytest

from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import OPEN_STATUSES
from hv_sched.compute.servers import Server
from hv_sched.shares import quiescence
from hv_sched.shares.quiescence import SkipReason


@pytest.mark.parametrize('status', OPEN_STATUSES)
@pytest.mark.parametrize('vm_state', ['active', 'resized'])
def test_only_a_finished_resize_stands_still(status, vm_state):
    view = quiescence.NovaView(
        {'s': Server('s', vm_state, None)}, {'m': Migration('m', 's', status)})
    found = quiescence.sort(['s', 'm'], view)
    if (status, vm_state) == ('finished', 'resized'):
        assert found.units == (quiescence.Unit('s', 'm'),)
        assert found.skipped == ()
    else:
        assert found.units == ()
        assert {left.reason for left in found.skipped} == {SkipReason.MOVING}


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
    view = quiescence.read_view(nova, (), ['s', 'm'])
    is_dead = (idle > quiescence.DEAD_AFTER_SECONDS and known
               and task_state is None and vm_state == 'active')
    assert (set(view.dead), set(view.migrations)) == (
        ({'m'}, set()) if is_dead else (set(), {'m'}))
    found = quiescence.sort(['s', 'm'], view)
    if is_dead:
        assert found.units == (quiescence.Unit('s'),)
        assert [skip.reason for skip in found.skipped] == [
            SkipReason.UNEXPLAINED]


@pytest.mark.parametrize('idle_seconds', [3601, 86400])
def test_a_server_to_be_confirmed_has_all_the_time_in_the_world(
        idle_seconds):
    """Its open migration is no record that a crash left behind."""
    migration = Migration('m', 's', 'finished', idle_seconds=idle_seconds)
    assert not quiescence.is_dead(migration, Server('s', 'resized', None))
    assert quiescence.is_dead(migration, Server('s', 'active', None))
    view = quiescence.read_view(
        Nova(Server('s', 'resized', None), migration), (), ['s', 'm'])
    assert quiescence.sort(['s', 'm'], view).units == (
        quiescence.Unit('s', 'm'),)


def test_a_task_state_is_a_move_whatever_else():
    view = quiescence.NovaView({'s': Server('s', 'active', 'spawning')}, {})
    left, = quiescence.sort(['s'], view).skipped
    assert left.reason == SkipReason.MOVING and 'spawning' in left.message
