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

"""A server's life on each layout of volumes: one copy, one share.

The server has 300 GB of a volume of 500: there is no room for it twice.
"""

import time

from nova import context as nova_context
from nova.tests import fixtures as nova_fixtures
import pytest

from hv_sched.placement import names
from tests.nova import moving

pytestmark = pytest.mark.wide

_FILLER = '3' * 8 + '-0000-4000-8000-' + '3' * 12


class OneVolume(moving.MovingCase):

    HOSTS = ('h1', 'h2', 'h3', 'h4')
    CLUSTERS = ({'CSV1': ('h1', 'h2', 'h3', 'h4')},)

    def test_a_life_near_full(self):
        server = self.on('h1')
        self.assert_one_share(server)
        self.check_what_stays(server)
        self.check_shelving(server)
        self.check_soft_delete(server)
        self.check_local_delete(server)
        self.check_delete_of_two_copies()
        self.check_booted_from_volume()

    def check_what_stays(self, server):
        """Rebuild, rescue, and a live migration to a named host."""
        volume = self.assert_one_share(server)
        self._rebuild_server(server, moving.base.IMAGE)
        self.act_and_wait(server, {'rescue': {}}, 'RESCUE')
        self.assertEqual(volume, self.assert_one_share(server))
        self.act_and_wait(server, {'unrescue': None}, 'ACTIVE')
        self.assertEqual(volume, self.assert_one_share(server))
        self.assertEqual('completed', self.live_migrate(server, 'h2'))
        self.assertEqual(volume, self.assert_one_share(server))

    def check_shelving(self, server):
        """No copy while it is offloaded; then one where it is told to go."""
        self._shelve_server(server)
        self.assert_nothing()
        self.act_and_wait(server, {'unshelve': {'host': 'h4'}}, 'ACTIVE')
        self.assertEqual('h4', self.host_of(server))
        self.assertIn(self.assert_one_share(server), self.homes_of('h4'))

    def check_soft_delete(self, server):
        """Its files are there until it is reclaimed."""
        self.flags(reclaim_instance_interval=3600)
        self.api.delete_server(server['id'])
        self._wait_for_state_change(server, 'SOFT_DELETED')
        self.assert_one_share(server)
        self.act_and_wait(server, {'restore': {}}, 'ACTIVE')
        self.assert_one_share(server)
        other = self.boot(self.flavor(150), host='h4')
        self.api.delete_server(other['id'])
        self._wait_for_state_change(other, 'SOFT_DELETED')
        self.assertEqual(150, sum(self.disk_of(other['id']).values()))
        self.flags(reclaim_instance_interval=1)
        time.sleep(1.1)
        self.computes['h4'].manager._reclaim_queued_deletes(
            nova_context.get_admin_context())
        self._wait_until_deleted(other)
        self.assert_one_share(server)
        self.flags(reclaim_instance_interval=0)

    def check_local_delete(self, server):
        """The node is down: Nova forgets the server, so does Placement.

        Its files are nobody's share until the node returns: reserved.
        """
        self.crash('h4')
        self.api.delete_server(server['id'])
        self._wait_until_deleted(server)
        self.assert_nothing()
        self.come_back('h4')
        self.disturb()
        self.assert_nothing()

    def check_delete_of_two_copies(self):
        """While it waits to be confirmed."""
        server = self.boot(self.flavor(150), host='h1')
        self.act_and_wait(server, {'migrate': None}, 'VERIFY_RESIZE')
        self.assertEqual(300, self.disk_sum())
        self._delete_server(server)
        self.assert_nothing()

    def check_booted_from_volume(self):
        """Only its ephemeral disk is on the volume."""
        server = self.boot(
            self.flavor(400, ephemeral=100), image_uuid='',
            more={'block_device_mapping_v2': [{
                'boot_index': 0, 'source_type': 'volume',
                'destination_type': 'volume', 'uuid':
                nova_fixtures.CinderFixture.IMAGE_BACKED_VOL}]})
        volume = self.assert_one_share(server, 100)
        self.assertEqual('completed', self.live_migrate(server))
        self.assertEqual(volume, self.assert_one_share(server, 100))
        self._delete_server(server)
        self.assert_nothing()

    def test_five_at_once_with_room_for_none_twice(self):
        self.be_full()
        flavor = self.flavor(100)
        servers = [self.boot(flavor, host='h1') for _ in range(5)]
        before = {server['id']: self.disk_of(server['id'])
                  for server in servers}
        for server in servers:
            self.api.post_server_action(server['id'], {'os-migrateLive': {
                'host': None, 'block_migration': 'auto'}})
        for server in servers:
            self.assertEqual('completed', self.until_over(server, 0))
            self.assertNotEqual('h1', self.host_of(server))
        self.soon(set(before), lambda: set(self.all_shares()))
        for server in servers:
            self.assertEqual(before[server['id']],
                             self.disk_of(server['id']))
            self.assertEqual({}, self.held_of(server['id']))

    def be_full(self):
        """Leave 500 GB in all."""

    # -- what must be so

    def assert_one_share(self, server, gb=300):
        """Of this size, on one volume; returns which."""
        self.soon({server['id']}, lambda: set(self.all_shares()))
        (volume, found), = self.disk_of(server['id']).items()
        self.assertEqual(gb, found)
        self.assertEqual({}, self.held_of(server['id']))
        self.assertIn(volume, self.volumes)
        return volume

    def assert_nothing(self):
        self.soon({}, self.all_shares)

    def disk_sum(self):
        return sum(amounts.get(names.DISK_GB, 0)
                   for held in self.all_shares().values()
                   for amounts in held.values())

    def homes_of(self, host):
        cluster, = self.CLUSTERS
        return [volume for volume, nodes in cluster.items()
                if self.CHOOSES or host in nodes]

    def act_and_wait(self, server, body, state):
        self.api.post_server_action(server['id'], body)
        self._wait_for_state_change(server, state)

    def all_shares(self):
        found = super().all_shares()
        found.pop(_FILLER, None)
        return found


class TwoHomes(OneVolume):

    CLUSTERS = ({'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')},)


class PlacementChooses(OneVolume):

    CLUSTERS = ({'CSV1': ('h1', 'h2', 'h3', 'h4'), 'CSV2': ()},)
    CHOOSES = True

    def be_full(self):
        self.placement.put(f'/allocations/{_FILLER}', {
            'allocations': {self.volumes['CSV2']: {
                'resources': {names.DISK_GB: 500}}},
            'project_id': 'p', 'user_id': 'u',
            'consumer_generation': None}, version='1.28')
