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


"""Moves whose disk is asked in a group of its own, or of a medium."""

from nova.tests import fixtures as nova_fixtures
import pytest

from hv_sched.placement import names
from tests.nova import cold_moves
from tests.nova import moving

pytestmark = pytest.mark.wide

SSD = 'STORAGE_DISK_SSD'
HDD = 'STORAGE_DISK_HDD'


class DiskInGroups(moving.MovingCase):
    """Room for one copy: a move that asks for a second one is refused."""

    def on_h1(self, **extra_specs):
        """A server of 300 GB that its flavor asks in this way."""
        flavor = self.flavor(0)
        self.api.post_extra_spec(flavor, {'extra_specs': extra_specs})
        server = self.boot(flavor, host='h1')
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
        return server

    def test_a_live_migration_keeps_a_granular_disk(self):
        server = self.on_h1(**{'resources1:DISK_GB': '300'})
        self.assertEqual('completed', self.live_migrate(server, 'h2'))
        self.assert_at_rest(server, 'h2')
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_at_rest(server, self.host_of(server))

    def test_an_evacuation_keeps_a_granular_disk(self):
        server = self.on_h1(**{'resources1:DISK_GB': '300'})
        self.crash('h1')
        self.assertEqual('done', self.evacuate(server))
        self.assertNotEqual('h1', self.host_of(server))
        self.assert_one_share(server)

    def test_two_granular_disks_of_a_volume_are_both_kept(self):
        server = self.on_h1(**{
            'resources1:DISK_GB': '100', 'resources_B:DISK_GB': '200',
            'group_policy': 'none'})
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_at_rest(server, self.host_of(server))

    def test_traits_of_a_granular_disk_go_with_it(self):
        self.publisher.add_traits(self.volumes['CSV1'], SSD)
        server = self.on_h1(**{
            'resources1:DISK_GB': '300', f'trait1:{SSD}': 'required'})
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_at_rest(server, self.host_of(server))

    def test_other_groups_stay_isolated_as_they_were(self):
        server = self.on_h1(**{
            'resources1:DISK_GB': '300', 'resources2:VCPU': '1',
            'group_policy': 'isolate'})
        self.assertEqual('completed', self.live_migrate(server, 'h2'))
        self.assert_at_rest(server, 'h2')

    def test_prefer_keeps_a_granular_disk_in_its_cluster(self):
        self.flags(live_migration_scope='prefer', group='hv_sched')
        server = self.on_h1(**{'resources1:DISK_GB': '300'})
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_at_rest(server, self.host_of(server))

    def test_a_root_in_cinder_leaves_swap_to_be_kept(self):
        server = self.boot(
            self.flavor(5, swap=300 * 1024), host='h1', image_uuid='',
            more={'block_device_mapping_v2': [{
                'boot_index': 0, 'source_type': 'volume',
                'destination_type': 'volume',
                'uuid': nova_fixtures.CinderFixture.IMAGE_BACKED_VOL}]})
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_at_rest(server, self.host_of(server))


class KeptResize(cold_moves.ColdMoveCase):

    OPTIONS = {'cold_move_keeps_disk': True}

    def flavor_of(self, disk=0, sizes=(), **extra_specs):
        flavor = self.flavor(disk, **dict(sizes))
        self.api.post_extra_spec(flavor, {'extra_specs': extra_specs})
        return flavor

    def on_h1(self, flavor):
        server = self.boot(flavor, host='h1')
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
        return server

    def resized_to_400(self, server, flavor):
        migration = self.resize(server, flavor)
        self.assertEqual({'CSV1': 400}, self.disk_of(server['id']))
        self.assertEqual({'CSV1': 300}, self.held_of(migration))
        self.confirm(server)
        self.assert_at_rest(server, self.host_of(server),
                            {names.DISK_GB: 400})

    def refused(self, server, flavor, reason):
        """The resize leaves everything as it was."""
        self.api.api_post(
            f'/servers/{server["id"]}/action',
            {'resize': {'flavorRef': flavor}},
            check_response_status=[202, 400])
        self.until_over(server, 0)
        self.assert_at_rest(server, 'h1')
        self.assertTrue(self.logged(reason))

    def test_a_granular_disk_grows(self):
        server = self.on_h1(self.flavor_of(**{'resources1:DISK_GB': '300'}))
        self.resized_to_400(server, self.flavor_of(
            **{'resources1:DISK_GB': '400'}))

    def test_granular_disks_grow_by_their_sum(self):
        # Nova's API lets no server with a root disk become one without.
        server = self.on_h1(self.flavor_of(**{'resources:DISK_GB': '300'}))
        self.resized_to_400(server, self.flavor_of(**{
            'resources1:DISK_GB': '150', 'resources2:DISK_GB': '250',
            'group_policy': 'none'}))

    def test_a_disk_grows_by_the_flavors_override(self):
        server = self.on_h1(self.big)
        self.resized_to_400(server, self.flavor_of(
            900, **{'resources:DISK_GB': '400'}))

    def test_a_disk_grows_by_ephemeral_space_and_swap(self):
        server = self.on_h1(self.big)
        self.resized_to_400(server, self.flavor_of(
            370, {'ephemeral': 28, 'swap': 1025}))

    def test_a_granular_disk_that_does_not_fit_is_refused(self):
        server = self.on_h1(self.flavor_of(**{'resources1:DISK_GB': '300'}))
        self.api.api_post(
            f'/servers/{server["id"]}/action',
            {'resize': {'flavorRef': self.flavor_of(
                **{'resources1:DISK_GB': '600'})}},
            check_response_status=[202, 400])
        self.until_over(server, 0)
        self.assert_at_rest(server, 'h1')

    def test_a_medium_the_volume_is_not_of_is_refused(self):
        self.publisher.add_traits(self.volumes['CSV1'], HDD)
        self.forget_snapshot()
        server = self.on_h1(self.big)
        reason = f'csv:c0/CSV1.*{SSD}'
        self.refused(server, self.flavor_of(
            300, **{f'trait:{SSD}': 'required'}), reason)

    def test_a_granular_medium_the_volume_is_not_of_is_refused(self):
        server = self.on_h1(self.flavor_of(**{'resources1:DISK_GB': '300'}))
        self.refused(server, self.flavor_of(**{
            'resources1:DISK_GB': '350', f'trait1:{SSD}': 'required'}),
            f'csv:c0/CSV1.*{SSD}')

    def test_a_medium_the_flavor_forbids_is_refused(self):
        self.publisher.add_traits(self.volumes['CSV1'], HDD)
        self.forget_snapshot()
        server = self.on_h1(self.big)
        self.refused(server, self.flavor_of(
            300, **{f'trait:{HDD}': 'forbidden'}), f'csv:c0/CSV1.*{HDD}')

    def test_the_volumes_own_medium_may_be_asked(self):
        server = self.on_h1(self.big)
        # Later than the scheduler's snapshot, which a refusal reads again.
        self.publisher.add_traits(self.volumes['CSV1'], SSD)
        self.resized_to_400(server, self.flavor_of(
            400, **{f'trait:{SSD}': 'required'}))

    def test_a_migration_asks_nothing_new_of_the_medium(self):
        self.publisher.add_traits(self.volumes['CSV1'], SSD)
        server = self.on_h1(self.flavor_of(
            300, **{f'trait:{SSD}': 'required'}))
        self.publisher.remove_traits(self.volumes['CSV1'], SSD)
        self.forget_snapshot()
        self.migrate(server)
        self.confirm(server)
        self.assert_at_rest(server, self.host_of(server))


class KeptOnTwoVolumes(cold_moves.ColdMoveCase):
    """Disks that Placement put on volumes of their own."""

    OPTIONS = {'cold_move_keeps_disk': True}
    CLUSTERS = ({'CSV1': ('h1', 'h2', 'h3'), 'CSV2': ()},)
    CHOOSES = True

    def setUp(self):
        super().setUp()
        flavor = self.in_groups(300, 250)
        self.server = self.boot(flavor, host='h1')
        self.before = self.disk_of(self.server['id'])
        self.assertEqual([250, 300], sorted(self.before.values()))

    def in_groups(self, *sizes_gb):
        flavor = self.flavor(0)
        self.api.post_extra_spec(flavor, {'extra_specs': {
            'group_policy': 'isolate',
            **{f'resources{number}:DISK_GB': str(size_gb)
               for number, size_gb in enumerate(sizes_gb)}}})
        return flavor

    def test_a_migration_keeps_every_disk_as_it_is(self):
        migration = self.migrate(self.server)
        self.assertEqual(self.before, self.disk_of(self.server['id']))
        self.assertEqual(self.before, self.held_of(migration))
        self.confirm(self.server)
        self.assertEqual(self.before, self.disk_of(self.server['id']))

    def test_growth_that_may_be_of_either_is_refused(self):
        self.api.api_post(
            f'/servers/{self.server["id"]}/action',
            {'resize': {'flavorRef': self.in_groups(300, 251)}},
            check_response_status=[202, 400])
        self.until_over(self.server, 0)
        self.assertEqual(self.before, self.disk_of(self.server['id']))
        self.assertEqual({self.server['id']}, set(self.all_shares()))
        self.assertTrue(self.logged(
            'disk of 550 GB is on csv:c0/CSV1, csv:c0/CSV2: .*has 551 GB'))


class MediumOfTwoCopies(cold_moves.ColdMoveCase):
    """The new copy goes to the medium the new flavor asks for."""

    HOSTS = ('h1', 'h2', 'h3', 'h4')
    CLUSTERS = ({'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')},)

    def test_a_resize_moves_the_disk_to_a_volume_of_the_medium(self):
        self.publisher.add_traits(self.volumes['CSV1'], HDD)
        self.publisher.add_traits(self.volumes['CSV2'], SSD)
        self.forget_snapshot()
        server = self.on('h1')
        flavor = self.flavor(300)
        self.api.post_extra_spec(
            flavor, {'extra_specs': {f'trait:{SSD}': 'required'}})
        migration = self.resize(server, flavor)
        self.assertEqual({'CSV2': 300}, self.disk_of(server['id']))
        self.assertEqual({'CSV1': 300}, self.disk_of(migration))
        self.confirm(server)
        self.assert_at_rest(server, self.host_of(server), volume='CSV2')
