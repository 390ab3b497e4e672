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


"""Evacuation: the files are on the volume, the dead node is not."""

import pytest

from hv_sched.placement import names
from tests.nova import moving

SHARE = {names.DISK_GB: 300}
HELD = {names.HELD_DISK_GB: 300}


class OneHome(moving.MovingCase):

    def test_to_a_host_nova_picks_and_the_source_comes_back(self):
        server = self.on('h1')
        self.crash('h1')
        self.assertEqual('done', self.evacuate(server))
        host = self.host_of(server)
        self.assertIn(host, ('h2', 'h3'))
        self.assertEqual(
            {'CSV1': SHARE, 'h1': moving.COMPUTE, host: moving.COMPUTE},
            self.shares(server['id']))
        self.come_back('h1')
        self.assert_at_rest(server, host)
        self.disturb()
        self.assert_at_rest(server, host)

    def test_to_a_named_host(self):
        server = self.on('h1')
        self.crash('h1')
        self.assertEqual('done', self.evacuate(server, 'h3'))
        self.come_back('h1')
        self.assert_at_rest(server, 'h3')

    def test_after_a_failed_live_migration_the_held_share_is_one_again(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        self.assert_held(server)
        self.crash('h1')
        self.assertEqual('done', self.evacuate(server))
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
        self.assertEqual({}, self.held_of(server['id']))

    def test_no_node_left_touches_nothing(self):
        server = self.on('h1')
        before = self.all_shares()
        for host in self.HOSTS:
            self.crash(host)
        self.assertEqual('error', self.evacuate(server))
        self.assertEqual(before, self.all_shares())


class TwoHomes(moving.MovingCase):

    HOSTS = ('h1', 'h2', 'h3', 'h4')
    CLUSTERS = ({'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')},)

    def test_a_node_of_the_same_home_is_taken(self):
        server = self.on('h1')
        self.crash('h1')
        self.assertEqual('done', self.evacuate(server))
        self.assertEqual('h2', self.host_of(server))
        self.come_back('h1')
        self.assert_at_rest(server, 'h2')

    def test_with_no_node_of_the_home_up_both_copies_are_charged(self):
        server = self.on('h1')
        self.crash('h1')
        self.crash('h2')
        self.assertEqual('done', self.evacuate(server))
        self.assertIn(self.host_of(server), ('h3', 'h4'))
        self.assertEqual({'CSV1': 300, 'CSV2': 300},
                         self.disk_of(server['id']))

    def test_a_named_node_of_another_home_charges_both_copies(self):
        server = self.on('h1')
        self.crash('h1')
        self.assertEqual('done', self.evacuate(server, 'h4'))
        self.assertEqual({'CSV1': 300, 'CSV2': 300},
                         self.disk_of(server['id']))

    def test_a_live_migration_to_another_home_leaves_the_files(self):
        server = self.on('h1')
        self.assertEqual('completed', self.live_migrate(server, 'h3'))
        self.assert_at_rest(server, 'h3')

    def test_a_live_migration_prefers_the_same_home(self):
        server = self.on('h1')
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_at_rest(server, 'h2')


class PlacementChooses(OneHome):

    HOSTS = ('h1', 'h2', 'h3')
    CLUSTERS = ({'CSV1': ('h1', 'h2', 'h3'), 'CSV2': ()},)
    CHOOSES = True

    def on(self, host):
        server = super().on(host)
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
        return server

    def setUp(self):
        super().setUp()
        # The second volume is there and full, so it cannot be chosen.
        self.placement.put('/allocations/' + '2' * 8 + '-0000-4000-8000-'
                           + '2' * 12, {
            'allocations': {self.volumes['CSV2']: {
                'resources': {names.DISK_GB: 450}}},
            'project_id': 'p', 'user_id': 'u',
            'consumer_generation': None}, version='1.28')

    def all_shares(self):
        found = super().all_shares()
        found.pop('2' * 8 + '-0000-4000-8000-' + '2' * 12, None)
        return found


class OutOfTheCluster(moving.MovingCase):

    CLUSTERS = ({'CSV1': ('h1',)}, {'CSV2': ('h2', 'h3')})

    def test_nova_stays_inside_the_cluster(self):
        server = self.on('h1')
        self.assertEqual('error', self.live_migrate(server))
        self.assert_at_rest(server, 'h1')

    def test_a_named_host_outside_takes_a_share_of_its_own(self):
        server = self.on('h1')
        seen = self.during_live_migration()
        self.assertEqual('completed', self.live_migrate(server, 'h3'))
        migration = self.migrations(server)[0].uuid
        self.assertEqual(SHARE, seen[0][server['id']]['CSV2'])
        self.assertEqual(SHARE, seen[0][migration]['CSV1'])
        self.assert_at_rest(server, 'h3', volume='CSV2')

    def test_a_rollback_from_outside_leaves_the_old_share(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.assertEqual('error', self.live_migrate(server, 'h3'))
        self.assert_at_rest(server, 'h1')


class OutOfTheClusterIfNeeded(moving.MovingCase):

    CLUSTERS = ({'CSV1': ('h1', 'h4')}, {'CSV2': ('h2', 'h3')})
    HOSTS = ('h1', 'h2', 'h3', 'h4')
    OPTIONS = {'live_migration_scope': 'prefer'}

    def test_inside_while_there_is_a_host(self):
        server = self.on('h1')
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_at_rest(server, 'h4')

    def test_outside_when_there_is_none(self):
        server = self.on('h1')
        self.fill('h4')
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_at_rest(server, self.host_of(server), volume='CSV2')

    def test_the_first_destination_outside_refuses(self):
        server = self.on('h1')
        self.fill('h4')
        refused = self.refuse_pre_check(1)
        self.assertEqual('completed', self.live_migrate(server))
        other, = {'h2', 'h3'} - set(refused)
        self.assert_at_rest(server, other, volume='CSV2')

    def test_inside_refuses_then_outside_takes_it(self):
        server = self.on('h1')
        refused = self.refuse_pre_check(1)
        self.assertEqual('completed', self.live_migrate(server))
        self.assertEqual(['h4'], refused)
        self.assert_at_rest(server, self.host_of(server), volume='CSV2')


class NodesNamedOtherwise(moving.MovingCase):
    """A node's name is its full one, its host's in Nova is short."""

    compute_driver = 'hv_fake.NamedNode'
    CLUSTERS = ({'CSV1': ('h1.example.com', 'h4.example.com')},
                {'CSV2': ('h2.example.com', 'h3.example.com')})
    HOSTS = ('h1', 'h2', 'h3', 'h4')
    OPTIONS = {'live_migration_scope': 'prefer'}

    def assert_outside(self, server):
        self.assertIn(self.host_of(server), ('h2', 'h3'))
        self.assertEqual({'CSV2': 300}, self.disk_of(server['id']))

    def test_the_source_is_no_destination_inside(self):
        server = self.on('h1')
        self.fill('h4')
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_outside(server)

    @pytest.mark.long
    def test_a_node_that_is_down_is_none_either(self):
        server = self.on('h1')
        self.crash('h4')
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_outside(server)

    def test_nor_one_that_refused_already(self):
        server = self.on('h1')
        refused = self.refuse_pre_check(1)
        self.assertEqual('completed', self.live_migrate(server))
        self.assertEqual(['h4'], refused)
        self.assert_outside(server)
