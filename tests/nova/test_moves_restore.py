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


"""After a failed move one pass of the agent makes the table hold again."""

from unittest import mock

from nova import exception as nova_exception
import pytest

from hv_sched.placement import names
from tests.nova import agent
from tests.nova import cold_moves
from tests.nova import moving
from tests.nova import publish

SHARE = {names.DISK_GB: 300}
HELD = {names.HELD_DISK_GB: 300}


class AfterALiveMigration(moving.MovingCase):

    def restore(self):
        return agent.restorer(self.placement, self.api).restore()

    def test_a_rollback_is_restored(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        self.assert_held(server)
        result = self.restore()
        self.assertEqual([300], [one.gb for one in result.done])
        self.assertEqual((), result.findings)
        self.assert_at_rest(server, 'h1')
        self.assertEqual((), self.restore().done)

    def test_failing_pre_checks_are_restored(self):
        server = self.on('h1')
        self.refuse_pre_check(9)
        self.live_migrate(server)
        self.assert_held(server)
        self.restore()
        self.assert_at_rest(server, 'h1')

    def test_the_agent_was_off_for_a_day(self):
        """What failed is held that long; what went on meanwhile is right."""
        flavor = self.flavor(100)
        servers = [self.boot(flavor, host='h1') for _ in range(3)]
        held, moved_on, deleted = servers
        self.during_live_migration('error')
        for server in servers:
            self.live_migrate(server, 'h2')
        self.during_live_migration()
        self.live_migrate(moved_on, 'h3')
        self._delete_server(deleted)
        for server in (held, moved_on):
            self.age(server, hours=25)
        self.forget_snapshot()
        self.boot(self.flavor(301), host='h2', state='ERROR')
        self.assertEqual(0, self.agent_pass())
        self.assertEqual(
            {held['id']: {'h1': moving.COMPUTE,
                          'CSV1': {names.DISK_GB: 100}},
             moved_on['id']: {'h3': moving.COMPUTE,
                              'CSV1': {names.DISK_GB: 100}}},
            self.all_shares())

    def test_no_new_server_gets_the_held_room(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        self.forget_snapshot()
        self.boot(self.flavor(400), host='h2', state='ERROR')
        self.assertEqual({}, self.disk_of(server['id']))

    def test_another_server_took_the_room(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        # The scheduler's knowledge is older than the escrow, and Placement
        # does not answer when the volume is read again.
        self.break_placement('GET', f'{names.HELD_DISK_GB}.*in_tree=')
        other = self.boot(self.flavor(400), host='h2')
        self.mend_placement()
        result = self.restore()
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
        self.assertEqual({'CSV1': 400}, self.disk_of(other['id']))
        finding, = result.findings
        self.assertIn('over-allocated by 200 GB', finding.message)
        self.forget_snapshot()
        self.boot(self.flavor(1), host='h3', state='ERROR')

    def test_a_server_on_its_way_is_not_touched(self):
        server = self.on('h1')
        during = []
        self.during_live_migration()
        original = self.all_shares

        def look():
            before = original()
            during.append((self.restore(), before, original()))
            return before

        with mock.patch.object(self, 'all_shares', look):
            self.live_migrate(server)
        result, before, after = during[0]
        self.assertEqual((), result.done)
        self.assertEqual(before, after)
        self.assert_at_rest(server, self.host_of(server))

    def test_deleted_while_it_migrates_nothing_takes_room(self):
        server = self.on('h1')

        def look():
            self.api.delete_server(server['id'])
            return {}

        self.during_live_migration()
        before = len(self.migrations(server))
        with mock.patch.object(self, 'all_shares', look):
            self.api.post_server_action(server['id'], {'os-migrateLive': {
                'host': 'h2', 'block_migration': 'auto'}})
            self._wait_until_deleted(server)
        self.assertEqual(0, before)
        self.assertEqual(0, self.used_gb('CSV1'))


class AfterAColdMove(cold_moves.ColdMoveCase):

    OPTIONS = {'cold_move_keeps_disk': True}

    def restore(self):
        return agent.restorer(self.placement, self.api).restore()

    def test_a_reverted_resize_is_restored_at_the_old_size(self):
        server = self.on('h1')
        self.resize(server, self.flavor(450))
        self.revert(server)
        self.restore()
        self.assert_at_rest(server, 'h1')

    def test_a_failed_destination_is_restored(self):
        server = self.on('h1')
        self.fail_prep(1)
        self.api.post_server_action(server['id'], {'migrate': None})
        self.until_over(server, 0)
        self.restore()
        self.assert_at_rest(server, 'h1')

    def test_a_server_to_be_confirmed_is_not_touched(self):
        server = self.on('h1')
        self.migrate(server)
        before = self.all_shares()
        self.assertEqual((), self.restore().done)
        self.assertEqual(before, self.all_shares())

    def test_rescheduled_to_a_stored_alternate_it_gets_its_share(self):
        """The second line, were there alternates all the same."""
        server = self.on('h1')
        failed = self.fail_prep(1)
        with mock.patch('hv_sched.filters.hand_over._best',
                        lambda hosts, spec: hosts):
            self.api.post_server_action(server['id'], {'migrate': None})
            migration = self.until_verify(server)
        self.assertEqual(1, len(failed))
        self.assertEqual({}, self.disk_of(server['id']))
        self.assertEqual({'CSV1': 300}, self.held_of(migration))
        self.restore()
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
        self.confirm(server)
        self.assert_at_rest(server, self.host_of(server))

    def test_a_resize_to_a_smaller_flavor_is_brought_to_its_size(self):
        # Nova lets the ephemeral disk shrink, the root disk never.
        server = self.boot(self.flavor(100, ephemeral=200), host='h1')
        migration = self.resize(server, self.flavor(100, ephemeral=100))
        self.agent_pass()
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
        self.assertEqual({'CSV1': 300}, self.held_of(migration))
        self.confirm(server)
        self.assertEqual(0, self.agent_pass())
        self.assert_at_rest(server, self.host_of(server),
                            {names.DISK_GB: 200})

    def test_deleted_in_verify_resize_nothing_is_left(self):
        server = self.on('h1')
        self.migrate(server)
        self._delete_server(server)
        self.assertEqual({}, self.all_shares())


class BetweenHomes(cold_moves.ColdMoveCase):
    """No share stays on a volume that has no files any more."""

    HOSTS = ('h1', 'h2', 'h3', 'h4')
    CLUSTERS = ({'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')},)

    def test_a_failed_evacuation_to_another_home(self):
        server = self.on('h1')
        self.crash('h1')

        def fail(*args, **kwargs):
            raise nova_exception.InstanceDeployFailure(reason='no')

        with mock.patch('nova.virt.fake.FakeDriver.spawn', fail):
            self.assertEqual('failed', self.evacuate(server, 'h3'))
        self.assertEqual({'CSV1': 300, 'CSV2': 300},
                         self.disk_of(server['id']))
        self.assertEqual(0, self.agent_pass())
        self.assert_at_rest(server, 'h1')

    def test_an_evacuation_to_another_home_whose_source_comes_back(self):
        server = self.on('h1')
        self.crash('h1')
        self.assertEqual('done', self.evacuate(server, 'h3'))
        self.assertEqual(0, self.agent_pass())
        self.assertEqual({'CSV1': 300, 'CSV2': 300},
                         self.disk_of(server['id']))
        self.come_back('h1')
        self.assertEqual(0, self.agent_pass())
        self.assert_at_rest(server, 'h3', volume='CSV2')

    @pytest.mark.long
    def test_a_cold_migration_whose_first_two_destinations_failed(self):
        server = self.boot(self.flavor(200), host='h1')
        self.fail_prep(2)
        self.api.post_server_action(server['id'], {'migrate': None})
        self.until_verify(server)
        home = 'CSV1' if self.host_of(server) == 'h2' else 'CSV2'
        self.assertEqual({home: 200}, self.disk_of(server['id']))
        self.confirm(server)
        self.assertEqual(0, self.agent_pass())
        self.assert_at_rest(server, self.host_of(server),
                            {names.DISK_GB: 200}, home)


class NotAdopted(moving.MovingCase):
    """A share on a node's own disk that was closed under it.

    Placement 14 and newer let Nova move it; older ones refuse (bug
    2104040), so nodes are closed only when they hold no share.
    """

    def setUp(self):
        with mock.patch.object(self, 'publish'):
            super().setUp()
        self.server = self.boot(self.big, host='h1')

    def test_it_moves_to_the_volume(self):
        self.publish(publish.cluster('c0', self.CLUSTERS[0]))
        if self.live_migrate(self.server) == 'error':
            self.assertEqual({'h1': 300}, self.disk_of(self.server['id']))
            self.skipTest('this Placement refuses to move such a share')
        self.assert_at_rest(self.server, self.host_of(self.server))
