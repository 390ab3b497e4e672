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

"""Two nova-scheduler workers, and quota counted from Placement."""

from nova import context as nova_context
from nova import exception
from nova.scheduler import manager
from nova.tests.functional.api import client
from oslo_limit import fixture as limit_fixture
import oslo_messaging as messaging
from oslo_utils import uuidutils
import pytest

from tests.nova import base
from tests.nova import publish

pytestmark = pytest.mark.wide


class TwoWorkers(base.NovaCase):
    """Another worker takes the room between our query and our claim."""

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.other = manager.SchedulerManager()

    def select(self, worker, size_gb):
        server = uuidutils.generate_uuid()
        worker.select_destinations(
            nova_context.get_admin_context(),
            spec_obj=self.request_spec(server, self.flavor(size_gb)),
            instance_uuids=[server], return_objects=True,
            return_alternates=True)
        return server

    def between_query_and_claim(self, size_gb):
        """Run the other worker there; a list for what it got."""
        got = []
        self.add_fault(
            'PUT', '^/allocations/', times=1,
            hook=lambda: got.append(self.select(self.other, size_gb)))
        return got

    def test_the_slower_one_takes_another_volume_with_room(self):
        self.publish(publish.cluster(
            'c1', {'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')},
            sizes_gb={'CSV1': 100, 'CSV2': 90}))
        got = self.between_query_and_claim(90)
        mine = self.select(self.scheduler_service.manager, 90)
        self.assertEqual({'CSV1': 90}, self.disk_of(got[0]))
        self.assertEqual({'CSV2': 90}, self.disk_of(mine))

    def test_the_slower_one_is_refused_where_nothing_is_left(self):
        self.publish(publish.cluster('c1', {'CSV1': self.HOSTS},
                                     sizes_gb=100))
        got = self.between_query_and_claim(90)
        refused = self.assertRaises(
            messaging.ExpectedException, self.select,
            self.scheduler_service.manager, 90)
        self.assertIs(exception.NoValidHost, refused.exc_info[0])
        self.assertEqual({got[0]}, set(self.all_shares()))


class Quota(base.NovaCase):

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.publish(publish.cluster(
            'c1', {'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')}))

    def assert_third_is_refused(self, flavor):
        servers = [self.boot(flavor, host=host) for host in ('h1', 'h3')]
        refused = self.assertRaises(client.OpenStackApiException, self.boot,
                                    flavor)
        self.assertEqual(403, refused.response.status_code)
        self._delete_server(servers[0])
        self.boot(flavor, host='h2')

    def test_usage_counted_from_placement_is_stock_novas(self):
        self.flags(count_usage_from_placement=True, cores=4, group='quota')
        self.assert_third_is_refused(self.flavor(10, vcpu=2))

    def test_unified_limits_count_disks_on_volumes(self):
        self.flags(driver='nova.quota.UnifiedLimitsDriver', group='quota')
        self.useFixture(limit_fixture.LimitFixture({
            'servers': 10, 'class:VCPU': 100, 'class:MEMORY_MB': 10 ** 6,
            'class:DISK_GB': 100, 'server_metadata_items': 128,
            'server_injected_files': 5,
            'server_injected_file_content_bytes': 10 * 1024,
            'server_injected_file_path_bytes': 255, 'server_key_pairs': 100,
            'server_groups': 10, 'server_group_members': 10}, {}))
        self.assert_third_is_refused(self.flavor(50))
