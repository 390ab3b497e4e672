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

"""Servers created on volumes, by everything that says where they shall go."""

from nova.tests import fixtures as nova_fixtures

from hv_sched.placement import names
from tests.nova import base
from tests.nova import publish


class CreateOnVolumes(base.NovaCase):
    """Two clusters (h1 and h2, h3) and a host outside (h4)."""

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.publish(
            publish.cluster('c1', {'CSV1': ('h1', 'h2')}, sizes_gb=300),
            publish.cluster('c2', {'CSV2': ('h3',)}, sizes_gb=200))

    def assert_undisturbed(self):
        before = self.all_shares()
        self.disturb()
        self.assertEqual(before, self.all_shares())

    def test_a_named_host_puts_the_disk_on_its_volume(self):
        server = self.boot(self.flavor(50), host='h2')
        self.assertEqual('h2', self.host_of(server))
        self.assertEqual({'CSV1': 50}, self.disk_of(server['id']))
        self.assert_undisturbed()

    def test_az_with_host_puts_the_disk_on_its_volume(self):
        self.aggregate('az1', ('h1', 'h2'), az='az1')
        server = self.boot(self.flavor(50), az='az1:h1')
        self.assertEqual('h1', self.host_of(server))
        self.assertEqual({'CSV1': 50}, self.disk_of(server['id']))
        self.assert_undisturbed()

    def test_a_named_host_outside_keeps_its_own_disk(self):
        server = self.boot(self.flavor(50), host='h4')
        self.assertEqual({'h4': 50}, self.disk_of(server['id']))
        self.assert_undisturbed()

    def test_an_az_across_clusters_uses_each_hosts_own_volume(self):
        self.aggregate('az1', ('h1', 'h3', 'h4'), az='az1')
        own = {'h1': 'CSV1', 'h3': 'CSV2', 'h4': 'h4'}
        flavor = self.flavor(10, memory_mb=204800)
        for _ in range(9):
            server = self.boot(flavor, az='az1')
            self.assertEqual({own[self.host_of(server)]: 10},
                             self.disk_of(server['id']))
        hosts = {self.host_of(server) for server in self.api.get_servers()}
        self.assertEqual({'h1', 'h3', 'h4'}, hosts)
        self.assert_undisturbed()

    def test_a_full_volume_refuses_named_host_and_az(self):
        self.aggregate('az1', ('h1', 'h2'), az='az1')
        self.boot(self.flavor(300), host='h1')
        self.boot(self.flavor(1), host='h2', state='ERROR')
        self.boot(self.flavor(1), az='az1', state='ERROR')
        self.assertEqual(300, self.used_gb('CSV1'))

    def test_a_near_full_volume_takes_what_fits_to_the_last_gb(self):
        self.boot(self.flavor(299), host='h1')
        self.boot(self.flavor(2), host='h2', state='ERROR')
        self.boot(self.flavor(1), host='h2')
        self.assertEqual(300, self.used_gb('CSV1'))

    def test_a_closed_volume_takes_no_new_disk_in_any_form(self):
        self.aggregate('az1', ('h1', 'h2'), az='az1')
        server = self.boot(self.flavor(10), host='h1')
        self.publisher.add_traits(self.volumes['CSV1'], names.NO_NEW_DISKS)
        self.boot(self.flavor(10), host='h1', state='ERROR')
        self.boot(self.flavor(10), az='az1', state='ERROR')
        for _ in range(4):
            other = self.boot(self.flavor(10))
            self.assertIn(self.host_of(other), ('h3', 'h4'))
        self.assertEqual({'CSV1': 10}, self.disk_of(server['id']))

    def test_a_paused_node_gets_nothing_new(self):
        self.publisher.add_traits(self.node('h1'), names.PAUSED)
        self.boot(self.flavor(10), host='h1', state='ERROR')
        for _ in range(4):
            self.assertNotEqual('h1', self.host_of(self.boot(
                self.flavor(10))))

    def test_a_flavor_without_a_disk_starts_on_a_named_host(self):
        server = self.boot(self.flavor(0), host='h1')
        self.assertEqual({}, self.disk_of(server['id']))

    def test_an_override_of_the_disk_is_what_is_asked(self):
        flavor = self.flavor(50)
        self.api.post_extra_spec(
            flavor, {'extra_specs': {'resources:DISK_GB': '7'}})
        server = self.boot(flavor, host='h1')
        self.assertEqual({'CSV1': 7}, self.disk_of(server['id']))

    def test_swap_counts_in_whole_gb(self):
        server = self.boot(self.flavor(5, swap=1025, ephemeral=3), host='h1')
        self.assertEqual({'CSV1': 10}, self.disk_of(server['id']))

    def test_booted_from_a_volume_only_swap_is_on_the_shared_one(self):
        server = self.boot(
            self.flavor(5, swap=1025), host='h1', image_uuid='',
            more={'block_device_mapping_v2': [{
                'boot_index': 0, 'source_type': 'volume',
                'destination_type': 'volume',
                'uuid': nova_fixtures.CinderFixture.IMAGE_BACKED_VOL}]})
        self.assertEqual({'CSV1': 2}, self.disk_of(server['id']))

    def test_a_group_of_the_flavor_goes_together_with_the_disks(self):
        flavor = self.flavor(5)
        self.api.post_extra_spec(flavor, {'extra_specs': {
            'resources1:MEMORY_MB': '512'}})
        server = self.boot(flavor, host='h1')
        self.assertEqual({'CSV1': 5}, self.disk_of(server['id']))

    def test_a_granular_disk_group_stays_as_the_flavor_has_it(self):
        flavor = self.flavor(50)
        self.api.post_extra_spec(
            flavor, {'extra_specs': {'resources1:DISK_GB': '7'}})
        server = self.boot(flavor, host='h1')
        self.assertEqual({'CSV1': 7}, self.disk_of(server['id']))
        self.publisher.add_traits(self.volumes['CSV1'], names.NO_NEW_DISKS)
        self.boot(flavor, host='h1', state='ERROR')

    def test_isolated_groups_start_on_a_volume_and_on_an_own_disk(self):
        self.aggregate('volumes', ('h2', 'h3'), az='volumes')
        self.aggregate('none', ('h4',), az='none')
        flavor = self.flavor(50)
        self.api.post_extra_spec(flavor, {'extra_specs': {
            'resources1:VCPU': '1', 'group_policy': 'isolate'}})
        self.assertEqual({'CSV1': 50}, self.disk_of(
            self.boot(flavor, host='h1')['id']))
        self.assertEqual({'h4': 50}, self.disk_of(
            self.boot(flavor, host='h4')['id']))
        self.assertLessEqual(
            set(self.disk_of(self.boot(flavor, az='volumes')['id'])),
            {'CSV1', 'CSV2'})
        self.assertEqual({'h4': 50}, self.disk_of(
            self.boot(flavor, az='none')['id']))

    def test_a_tenant_isolated_aggregate_finds_its_volume(self):
        self.flags(limit_tenants_to_placement_aggregate=True,
                   group='scheduler')
        self.aggregate('tenant', ('h2',), metadata={
            'filter_tenant_id': self.api.project_id})
        server = self.boot(self.flavor(20))
        self.assertEqual('h2', self.host_of(server))
        self.assertEqual({'CSV1': 20}, self.disk_of(server['id']))

    def test_shelved_servers_return_to_a_named_host_and_an_az(self):
        self.aggregate('az1', ('h1', 'h2'), az='az1')
        server = self.boot(self.flavor(200), host='h1')
        self._shelve_server(server)
        self.assertEqual({}, self.shares(server['id']))
        self.api.post_server_action(server['id'], {'unshelve': {
            'host': 'h2'}})
        self._wait_for_state_change(server, 'ACTIVE')
        self.assertEqual('h2', self.host_of(server))
        self.assertEqual({'CSV1': 200}, self.disk_of(server['id']))
        self._shelve_server(server)
        self.api.post_server_action(server['id'], {'unshelve': {
            'availability_zone': 'az1'}})
        self._wait_for_state_change(server, 'ACTIVE')
        self.assertEqual({'CSV1': 200}, self.disk_of(server['id']))
        self.assert_undisturbed()

    def test_rebuild_and_delete(self):
        server = self.boot(self.flavor(50), host='h1')
        self.api.post_server_action(server['id'], {'rebuild': {
            'imageRef': 'a2459075-d96c-40d5-893e-577ff92e721c'}})
        self._wait_for_state_change(server, 'ACTIVE')
        self.assertEqual({'CSV1': 50}, self.disk_of(server['id']))
        self._delete_server(server)
        self.assertEqual(0, self.used_gb('CSV1'))
        self.assertEqual({}, self.shares(server['id']))
