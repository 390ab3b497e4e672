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

"""Volumes of three drivers in one cloud: each move goes by its volume."""

from hv_sched.placement import names
from tests.nova import cold_moves
from tests.nova import publish

CLUSTERS = (
    publish.cluster('hv', {'CSV1': ('h1', 'h2')}),
    publish.cluster('nfs', {'exp1': ('n1', 'n2'), 'exp2': ('n3',)},
                    driver='libvirt-file'),
    publish.cluster('ceph', {'vms': ('r1', 'r2'), 'ssd': ('r3',)},
                    driver='libvirt-rbd'))


class SideBySide(cold_moves.ColdMoveCase):

    HOSTS = ('h1', 'h2', 'n1', 'n2', 'n3', 'r1', 'r2', 'r3')

    def published(self):
        return CLUSTERS

    def refused(self, server, body, *words):
        """The move is not begun, for a reason that is logged."""
        before = self.shares(server['id'])
        self.api.api_post(f'/servers/{server["id"]}/action', body,
                          check_response_status=[202, 400])
        self.until_over(server, 0)
        self.assertEqual(before, self.shares(server['id']))
        for word in words:
            self.assertTrue(self.logged(word), word)


class ColdMoves(SideBySide):
    """The option is off: Hyper-V and NFS have two copies, Ceph has one."""

    def test_two_copies_on_a_csv(self):
        self.assert_two_copies('h1', 'CSV1', 'h2')

    def test_two_copies_in_a_shared_directory(self):
        self.assert_two_copies('n1', 'exp1', 'n2')

    def test_one_copy_in_a_pool(self):
        self.assert_one_copy('r1', 'vms', 'r2')

    def test_a_reverted_move_in_a_pool_leaves_the_share_held(self):
        server = self.on('r1')
        self.migrate(server)
        self.revert(server)
        self.assert_held(server, 'r1', 'vms')
        self.assertEqual(0, self.agent_pass())
        self.assert_at_rest(server, 'r1', volume='vms')

    def test_a_resize_in_a_pool_is_written_at_the_new_size(self):
        server = self.on('r1')
        migration = self.resize(server, self.flavor(450))
        self.assertEqual({'vms': 450}, self.disk_of(server['id']))
        self.assertEqual({'vms': 300}, self.held_of(migration))
        self.confirm(server)
        self.assert_at_rest(server, self.host_of(server),
                            {names.DISK_GB: 450}, 'vms')

    def test_a_pool_is_left_by_no_cold_migration(self):
        """The disk would not be where the destination looks for it."""
        server = self.on('r1')
        self.refused(server, {'migrate': {'host': 'r3'}},
                     'its disk stays on csv:ceph/vms, which is not the home '
                     'of r3')

    def assert_two_copies(self, host, volume, dest):
        """To a named host: such a move may leave its cluster."""
        server = self.boot(self.flavor(200), host=host)
        migration = self.migrate(server, dest)
        self.assertEqual({volume: 200}, self.disk_of(server['id']))
        self.assertEqual({volume: 200}, self.disk_of(migration))
        self.confirm(server)
        self.assert_at_rest(server, dest, {names.DISK_GB: 200}, volume)

    def assert_one_copy(self, host, volume, dest):
        server = self.on(host)
        migration = self.migrate(server)
        self.assertEqual({volume: 300}, self.disk_of(server['id']))
        self.assertEqual({volume: 300}, self.held_of(migration))
        self.confirm(server)
        self.assert_at_rest(server, dest, volume=volume)


class ColdMovesThatRename(ColdMoves):
    """The option is on, for drivers on CSVs: NFS still has two copies."""

    OPTIONS = {'cold_move_keeps_disk': True}

    def test_two_copies_on_a_csv(self):
        self.assert_one_copy('h1', 'CSV1', 'h2')


class LiveMoves(SideBySide):

    def test_each_stays_on_its_volume_as_one_copy(self):
        for host, dest, volume in (('h1', 'h2', 'CSV1'), (
                'n1', 'n2', 'exp1'), ('r1', 'r2', 'vms')):
            server = self.on(host)
            seen = self.during_live_migration()
            self.assertEqual('completed', self.live_migrate(server))
            during, = seen
            self.assertEqual({names.DISK_GB: 300},
                             during[server['id']][volume])
            self.assert_at_rest(server, dest, volume=volume)
            self.api.delete_server(server['id'])
            self._wait_until_deleted(server)

    def test_to_another_directory_the_disk_is_copied_along(self):
        server = self.on('n1')
        seen = self.during_live_migration()
        self.assertEqual('completed', self.live_migrate(server, 'n3'))
        during, = seen
        self.assertEqual(
            {'exp1': 300, 'exp2': 300},
            {volume: held[names.DISK_GB] for shares in during.values()
             for volume, held in shares.items() if names.DISK_GB in held})
        self.assert_at_rest(server, 'n3', volume='exp2')

    def test_to_another_home_a_disk_stays_in_its_pool(self):
        server = self.on('r1')
        self.during_live_migration()
        self.assertEqual('completed', self.live_migrate(server, 'r3'))
        self.assert_at_rest(server, 'r3', volume='vms')
