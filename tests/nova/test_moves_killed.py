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

"""Processes die in the middle of a move; then one pass of the agent.

A death is an exception that nothing in Nova catches (moving.Killed), raised
at exactly that point: no reply, no roll-back, what stands in the databases
stands. Then comes what a cloud does: nova-compute is started again, or the
operator resets the server's state.
"""

import contextlib
import pkgutil
import threading
from unittest import mock

import pytest

from hv_sched import exit_codes
from tests.nova import moving

pytestmark = pytest.mark.wide

LIVE = {'os-migrateLive': {'host': None, 'block_migration': 'auto'}}
COLD = {'migrate': None}
# In nova-scheduler, between the hand-over and the claim.
HANDED_OVER = 'hv_sched.filters.hand_over.complete'
# In nova-conductor, when nova-scheduler has claimed.
CLAIMED = 'nova.scheduler.client.query.SchedulerQueryClient.' \
    'select_destinations'
# In the source's nova-compute.
PRE_LIVE_MIGRATION = 'nova.virt.fake.FakeDriver.live_migration'
POST = 'nova.compute.rpcapi.ComputeAPI.post_live_migration_at_destination'
DELETE_ALLOCATION = 'nova.compute.manager.ComputeManager.' \
    '_delete_allocation_after_move'


class _Deaths(moving.MovingCase):

    @contextlib.contextmanager
    def death(self, where, after=False):
        """The process that calls ``where`` dies there, or after it."""
        original = pkgutil.resolve_name(where)
        died = threading.Event()

        def dies(*args, **kwargs):
            if after:
                with contextlib.suppress(Exception):
                    original(*args, **kwargs)
            died.set()
            raise moving.Killed

        with mock.patch(where, dies):
            yield
            self.wait_for(died)

    def start_again(self, host):
        """A nova-compute that died is started by its service manager."""
        self.computes[host] = self.restart_compute_service(
            self.computes[host])

    def reset(self, server):
        """The operator looks at the server and says it is well."""
        self.api.post_server_action(
            server['id'], {'os-resetState': {'state': 'active'}})

    def assert_the_table_holds(self, server):
        self.assertNotEqual(exit_codes.ERROR, self.agent_pass())
        self.assert_one_share(server)


class LiveMigration(_Deaths):

    def test_nova_scheduler_dies_after_the_hand_over(self):
        """The conductor waits for an answer in vain, then rolls back."""
        self.flags(long_rpc_timeout=20)
        server = self.on('h1')
        with self.death(HANDED_OVER, after=True):
            self.assertEqual('error', self.live_migrate(server))
        self.assert_held(server)
        self.reset(server)
        self.agent_pass()
        self.assert_at_rest(server, 'h1')

    @pytest.mark.long
    def test_nova_conductor_dies_too(self):
        self.flags(long_rpc_timeout=20)
        server = self.on('h1')
        with self.death(CLAIMED, after=True), self.death(
                HANDED_OVER, after=True):
            self.start(server, LIVE)
        self.reset(server)
        self.assert_the_table_holds(server)
        self.assertEqual('completed', self.live_migrate(server, 'h3'))
        self.assert_the_table_holds(server)

    def test_nova_conductor_dies_after_the_claim(self):
        server = self.on('h1')
        with self.death(CLAIMED, after=True):
            self.start(server, LIVE)
        self.reset(server)
        self.assert_the_table_holds(server)
        self.during_live_migration('error')
        self.assertEqual('error', self.live_migrate(server, 'h3'))
        self.assert_the_table_holds(server)
        # Nova never closes that record. Hours later it is taken for dead.
        self.age(server, hours=2)
        self.assert_the_table_holds(server)
        self.assertEqual({server['id']}, {
            consumer for consumer, held in self.all_shares().items()
            if 'CSV1' in held})

    def test_the_source_dies_after_pre_live_migration(self):
        server = self.on('h1')
        with self.death(PRE_LIVE_MIGRATION):
            self.start(server, LIVE)
        self.start_again('h1')
        self.assertEqual('error', self.migrations(server)[-1].status)
        self.assert_the_table_holds(server)

    def test_the_source_dies_in_post(self):
        self.dies_in_post((DELETE_ALLOCATION, False))

    @pytest.mark.long
    def test_the_source_dies_elsewhere_in_post(self):
        self.dies_in_post((POST, False), (POST, True))

    def dies_in_post(self, *places):
        for where, after in places:
            server = self.on('h1')
            with self.death(where, after):
                self.start(server, LIVE)
            self.start_again('h1')
            self.assert_the_table_holds(server)
            self.reset(server)
            self._delete_server(server)
            self.age(server, hours=2)
            self.agent_pass()
            self.assertEqual(0, self.used_gb('CSV1'))


class Evacuation(_Deaths):

    def test_the_destination_dies_as_it_builds_the_server(self):
        server = self.on('h1')
        self.crash('h1')
        with self.death('nova.virt.fake.FakeDriver.spawn'):
            self.start(server, {'evacuate': {'host': 'h2'}})
        self.start_again('h2')
        self.reset(server)
        self.assert_the_table_holds(server)
        self.assertEqual('done', self.evacuate(server, 'h3'))
        self.assert_the_table_holds(server)
        self.come_back('h1')
        self.assert_the_table_holds(server)


class ColdMigration(_Deaths):

    OPTIONS = {'cold_move_keeps_disk': True}

    def test_nova_conductor_dies_after_the_claim(self):
        server = self.on('h1')
        with self.death(CLAIMED, after=True):
            self.start(server, COLD)
        self.start_again('h1')
        self.reset(server)
        self.assert_the_table_holds(server)

    def test_the_destination_dies_as_it_finishes(self):
        server = self.on('h1')
        with self.death('nova.virt.fake.FakeDriver.finish_migration'):
            self.start(server, COLD)
        self.start_again(self.host_of(server))
        self.reset(server)
        self.assert_the_table_holds(server)
        self.age(server, hours=2)
        self.assert_the_table_holds(server)
