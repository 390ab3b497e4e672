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



"""A running stock Nova is adopted, goes on, and is given back."""

import time
from unittest import mock

from nova import context as nova_context
from nova import objects
from nova.tests import fixtures as nova_fixtures
from nova.tests.functional.api import client as client_api
from nova.virt import fake

from hv_sched.adopt import adopt
from hv_sched.notices import Kind
from hv_sched.shares.quiescence import SkipReason
from tests.nova import adopting
from tests.nova import agent


class AdoptARunningNova(adopting.AdoptCase):

    def test_servers_in_every_standing_state_keep_their_share(self):
        gone = self.flavor(10)
        active = self.boot(gone, host='h1')
        self.api.delete_flavor(gone)
        stopped = self._stop_server(self.boot(self.flavor(20), host='h2'))
        deleted = self.boot(self.flavor(30), host='h2')
        self.api.delete_server(deleted['id'])
        self._wait_for_state_change(deleted, 'SOFT_DELETED')
        shelved = self.boot(self.flavor(40), host='h1')
        self._shelve_server(shelved)
        elsewhere = self.boot(self.flavor(50), host='h3')
        self.switch('h3', 'disabled')
        resized = self.resized(5, 7)
        self.switch('h3', 'enabled')
        migration, = self.migrations(resized)
        report = self.adopt()
        self.assertEqual((), report.skipped)
        self.assertEqual((), report.findings)
        for consumer, disk_gb in (
                (active['id'], 10), (stopped['id'], 20),
                (deleted['id'], 30), (resized['id'], 7),
                (migration.uuid, 5)):
            self.assertEqual({'CSV1': disk_gb}, self.disk_of(consumer))
        self.assertEqual({}, self.disk_of(shelved['id']))
        self.assertEqual({'h3': 50}, self.disk_of(elsewhere['id']))
        before = self.all_shares()
        self.disturb()
        self.assertEqual(before, self.all_shares())
        self._revert_resize(resized)
        self.assertEqual({'CSV1': 5}, self.disk_of(resized['id']))
        self.assertEqual({}, self.shares(migration.uuid))
        self.api.post_server_action(active['id'], {'forceDelete': {}})
        self._wait_until_deleted(active)
        self.assertEqual({}, self.shares(active['id']))
        self.api.post_server_action(deleted['id'], {'restore': None})
        self._wait_for_state_change(deleted, 'ACTIVE')
        self.assertEqual({'CSV1': 30}, self.disk_of(deleted['id']))

    def _wait_until_completed(self, server):
        until = time.monotonic() + adopting.PATIENCE_S
        statuses = []
        while statuses != ['completed'] and time.monotonic() < until:
            time.sleep(0.2)
            statuses = [each.status for each in self.migrations(server)]
        self.assertEqual(['completed'], statuses)

    def test_a_server_in_the_middle_of_a_live_migration_is_swept_later(self):
        server = self.boot(self.flavor(10), host='h1')
        calm = self.boot(self.flavor(20), host='h1')
        seen = []
        real = fake.FakeDriver.live_migration

        def during(driver, *args, **kwargs):
            seen.append((self.all_shares(), self.adopt(), self.all_shares()))
            return real(driver, *args, **kwargs)

        # Nova's own waiting ends after seconds, an adopt inside the
        # migration may take longer.
        with mock.patch.object(fake.FakeDriver, 'live_migration', during):
            self.api.post_server_action(server['id'], {'os-migrateLive': {
                'host': None, 'block_migration': 'auto'}})
            self._wait_until_completed(server)
        (before, report, after), = seen
        migration, = self.migrations(server)
        self.assertEqual({SkipReason.MOVING},
                         {skip.reason for skip in report.skipped})
        for consumer in (server['id'], migration.uuid):
            self.assertEqual(before[consumer], after[consumer])
        self.assertEqual({'CSV1': 20}, self.disk_of(calm['id']))
        host = self.host_of(server)
        self.assertEqual({host: 10}, self.disk_of(server['id']))
        self.assertEqual((), self.adopt().findings)
        expected = {'h3': 10} if host == 'h3' else {'CSV1': 10}
        self.assertEqual(expected, self.disk_of(server['id']))
        self.assertEqual({}, self.shares(migration.uuid))

    def test_stock_nova_goes_on_after_retire(self):
        server = self.boot(self.flavor(10), host='h1')
        before = self.all_shares()
        inventory = self.own.inventories(self.node('h1'))[1]
        self.adopt()
        self.assertEqual((), self.retire().findings)
        self.assertEqual(before, self.all_shares())
        self.assertEqual(inventory, self.own.inventories(self.node('h1'))[1])
        self.disturb()
        self.assertEqual(before, self.all_shares())
        self.assertEqual(set(), {
            name for name in self.own.all_traits()
            if name.startswith(('CUSTOM_CSV', 'CUSTOM_HYPERV'))})
        self._migrate_server(server)
        self._confirm_resize(self.api.get_server(server['id']))
        self.assertEqual({self.host_of(server): 10},
                         self.disk_of(server['id']))
        other = self.boot(self.flavor(400), host='h2')
        self.assertEqual({'h2': 400}, self.disk_of(other['id']))
        self.api.post_server_action(other['id'], {'os-migrateLive': {
            'host': 'h3', 'block_migration': 'auto'}})
        self._wait_until_completed(other)
        self.assertEqual({'h3': 400}, self.disk_of(other['id']))
        self.api.post_server_action(server['id'], {'resize': {
            'flavorRef': self.flavor(20)}})
        self._wait_for_state_change(server, 'VERIFY_RESIZE')
        self._revert_resize(server)
        self.assertEqual({self.host_of(server): 10},
                         self.disk_of(server['id']))
        for each in (server, other):
            self.api.post_server_action(each['id'], {'forceDelete': {}})
            self._wait_until_deleted(each)
        self.assertEqual({}, self.all_shares())

    def test_a_cell_that_is_down_is_touched_nowhere(self):
        server = self.boot(self.flavor(10), host='h1')
        before = self.all_shares(), self.own.list_providers()
        one = adopt.Adopter(self.own, self.servers, adopting.SETTINGS,
                            adopt.AdoptOptions())
        # Not cell0: without it Nova lists no services at all.
        down = [cell for cell in objects.CellMappingList.get_all(
            nova_context.get_admin_context()) if not cell.is_cell0()]
        with nova_fixtures.DownCellFixture(down):
            report = one.adopt(one.inspect(self.cluster))
        self.assertEqual([Kind.FROZEN],
                         [finding.kind for finding in report.findings])
        self.assertEqual([(server['id'], SkipReason.UNKNOWN)],
                         [(skip.consumer, skip.reason)
                          for skip in report.skipped])
        self.assertEqual(before,
                         (self.all_shares(), self.own.list_providers()))
        self.assertEqual((), self.adopt().findings)
        self.assertEqual({'CSV1': 10}, self.disk_of(server['id']))

    def test_a_nodes_service_is_deleted_only_when_its_servers_are_away(self):
        server = self.boot(self.flavor(10), host='h1')
        self.adopt()
        before = self.all_shares()
        service, = self.api.get_services(binary='nova-compute', host='h1')
        refused = self.assertRaises(
            client_api.OpenStackApiException,
            self.api.api_delete, f'/os-services/{service["id"]}')
        self.assertEqual(409, refused.response.status_code)
        self.assertEqual(before, self.all_shares())
        self.switch('h1', 'disabled')
        self.switch('h3', 'disabled')
        self.api.post_server_action(server['id'], {'os-migrateLive': {
            'host': None, 'block_migration': 'auto'}})
        self._wait_until_completed(server)
        self.computes['h1'].stop()
        self.api.api_delete(f'/os-services/{service["id"]}')
        self.assertEqual({'CSV1': 10}, self.disk_of(server['id']))
        self.assertNotIn('h1', {p.name for p in self.own.list_providers()})
        self.assertEqual({'CSV1': 10}, self.disk_of(server['id']))

    def test_without_the_admin_role_nothing_is_touched(self):
        self.boot(self.flavor(10), host='h1')
        before = self.all_shares(), self.own.list_providers()
        self.servers = agent.nova_of(self.admin_api, 'member')
        with self.assertRaisesRegex(adopt.exception.NovaDenied,
                                    'admin role'):
            self.adopt()
        self.assertEqual(before,
                         (self.all_shares(), self.own.list_providers()))
