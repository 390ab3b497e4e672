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


"""Cold migration and resize, with two copies of the files or with one."""


from hv_sched.placement import names
from tests.nova import cold_moves

SHARE = {names.DISK_GB: 300}
HELD = {names.HELD_DISK_GB: 300}


class TwoCopies(cold_moves.ColdMoveCase):
    """compute-hyperv keeps the old files until the move is confirmed."""

    def setUp(self):
        super().setUp()
        self.small = self.flavor(200)

    def test_both_are_charged_until_confirm(self):
        server = self.boot(self.small, host='h1')
        migration = self.migrate(server)
        self.assertEqual({'CSV1': 200}, self.disk_of(server['id']))
        self.assertEqual({'CSV1': 200}, self.disk_of(migration))
        self.confirm(server)
        self.assert_at_rest(server, self.host_of(server),
                            {names.DISK_GB: 200})

    def test_both_are_charged_until_revert(self):
        server = self.boot(self.small, host='h1')
        self.migrate(server, 'h2')
        self.revert(server)
        self.assert_at_rest(server, 'h1', {names.DISK_GB: 200})

    def test_a_resize_charges_old_and_new(self):
        server = self.boot(self.small, host='h1')
        migration = self.resize(server, self.flavor(250))
        self.assertEqual({'CSV1': 250}, self.disk_of(server['id']))
        self.assertEqual({'CSV1': 200}, self.disk_of(migration))
        self.confirm(server)
        self.assert_at_rest(server, self.host_of(server),
                            {names.DISK_GB: 250})

    def test_a_held_share_is_one_again_and_both_are_charged(self):
        server = self.boot(self.small, host='h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        self.assertEqual({'CSV1': 200}, self.held_of(server['id']))
        migration = self.migrate(server)
        self.assertEqual({'CSV1': 200}, self.disk_of(server['id']))
        self.assertEqual({'CSV1': 200}, self.disk_of(migration))
        self.revert(server)
        self.assert_at_rest(server, 'h1', {names.DISK_GB: 200})

    def test_a_held_share_leaves_no_room_for_a_second_one(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        self.assert_held(server)
        self.api.api_post(
            f'/servers/{server["id"]}/action', {'migrate': None},
            check_response_status=[202, 400])
        self.until_over(server, 1)
        self.assert_at_rest(server, 'h1')

    def test_no_room_for_two_is_refused_and_nothing_changes(self):
        server = self.on('h1')
        self.api.api_post(
            f'/servers/{server["id"]}/action', {'migrate': None},
            check_response_status=[202, 400])
        self.until_over(server, 0)
        self.assert_at_rest(server, 'h1')


class OneCopy(cold_moves.ColdMoveCase):

    OPTIONS = {'cold_move_keeps_disk': True}

    def test_a_migration_at_300_of_500_is_charged_once(self):
        server = self.on('h1')
        migration = self.migrate(server)
        self.assertEqual(SHARE, self.shares(server['id'])['CSV1'])
        self.assertEqual(HELD, self.shares(migration)['CSV1'])
        self.confirm(server)
        self.assert_at_rest(server, self.host_of(server))

    def test_to_a_named_host(self):
        server = self.on('h1')
        self.migrate(server, 'h3')
        self.confirm(server)
        self.assert_at_rest(server, 'h3')

    def test_a_revert_leaves_the_share_held(self):
        server = self.on('h1')
        self.migrate(server)
        self.revert(server)
        self.assert_held(server)

    def test_a_resize_is_written_at_the_new_size(self):
        server = self.on('h1')
        migration = self.resize(server, self.flavor(450))
        self.assertEqual({'CSV1': 450}, self.disk_of(server['id']))
        self.assertEqual({'CSV1': 300}, self.held_of(migration))
        self.confirm(server)
        self.assert_at_rest(server, self.host_of(server),
                            {names.DISK_GB: 450})

    def test_a_reverted_resize_holds_the_old_size(self):
        server = self.on('h1')
        self.resize(server, self.flavor(450))
        self.revert(server)
        self.assert_held(server)

    def test_a_resize_that_does_not_fit_is_refused(self):
        server = self.on('h1')
        self.api.api_post(
            f'/servers/{server["id"]}/action',
            {'resize': {'flavorRef': self.flavor(600)}},
            check_response_status=[202, 400])
        self.until_over(server, 0)
        self.assert_at_rest(server, 'h1')

    def test_a_resize_takes_no_room_that_is_held_for_another(self):
        other = self.boot(self.flavor(200), host='h1')
        self.during_live_migration('error')
        self.live_migrate(other)
        self.assertEqual({'CSV1': 200}, self.held_of(other['id']))
        server = self.boot(self.flavor(200), host='h1')
        self.forget_snapshot()
        self.api.api_post(
            f'/servers/{server["id"]}/action',
            {'resize': {'flavorRef': self.flavor(350)}},
            check_response_status=[202, 400])
        self.until_over(server, 0)
        self.assertEqual({'CSV1': 200}, self.disk_of(server['id']))
        self.assertTrue(self.logged(
            '350 GB on volume csv:c0/CSV1.* 200 .*kept for servers whose '
            'move failed'))
        self.resize(server, self.flavor(300))
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))

    def test_a_failed_destination_has_no_alternate_and_the_share_is_held(
            self):
        server = self.on('h1')
        failed = self.fail_prep(1)
        self.api.post_server_action(server['id'], {'migrate': None})
        self.until_over(server, 0)
        self.assertEqual(1, len(failed))
        self.assertEqual('h1', self.host_of(server))
        self.assert_held(server)
