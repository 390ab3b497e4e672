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


"""nova-compute reshapes at its start, as a driver's new release may ask it.

The reshape writes an empty inventory to every provider associated with the
node: a volume without shares is wiped, one with shares stops nova-compute.
Seen with nova 34; nova 28 leaves other trees alone.
"""

from unittest import mock

from nova import exception as nova_exception
from nova.virt import fake

from hv_sched import model
from hv_sched.placement import names
from hv_sched.providers import reconcile
from hv_sched.providers.settings import Settings
from hv_sched.snapshot import placement_state
from tests.nova import agent
from tests.nova import base
from tests.nova import publish
from tests.nova.releases import nova_34

LIMIT = 1000


class Reshape(base.NovaCase):

    HOSTS = ('h1', 'h2')

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.own = agent.placement_of(self.placement)
        self.cluster = publish.cluster('c1', {'CSV1': self.HOSTS})
        self.sync()
        self.volume, = (listed.uuid for listed in self.own.list_providers(
            required=names.VOLUME))
        self.volumes['CSV1'] = self.volume

    def sync(self):
        result = reconcile.Reconciler(self.own, Settings(workers=1)).sync(
            model.Facts((self.cluster,)))
        self.assertEqual((), tuple(result.failures))
        self.refresh_computes()
        self.forget_snapshot()

    def reshape(self, host):
        """Restart a nova-compute whose driver wants to move inventory."""
        original = fake.FakeDriver.update_provider_tree

        def update(driver, tree, node, allocations=None):
            if allocations is None:
                raise nova_exception.ReshapeNeeded()
            original(driver, tree, node, allocations)

        with mock.patch.object(fake.FakeDriver, 'update_provider_tree',
                               update):
            self.computes[host] = self.restart_compute_service(
                self.computes[host])

    def wiped(self):
        return placement_state.read(self.own, LIMIT, 1).wiped

    def test_an_idle_volume_is_wiped_told_and_restored(self):
        before = self.own.inventories(self.volume)[1]
        self.assertEqual((), self.wiped())
        self.reshape('h1')
        if not nova_34.RESHAPE_WIPES:
            self.assertEqual(before, self.own.inventories(self.volume)[1])
            return
        self.assertEqual({}, self.own.inventories(self.volume)[1])
        self.assertEqual((self.volume,), self.wiped())
        self.forget_snapshot()
        self.boot(self.flavor(1), state='ERROR')
        self.sync()
        self.assertEqual((), self.wiped())
        self.assertEqual(before, self.own.inventories(self.volume)[1])
        server = self.boot(self.flavor(300))
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))

    def test_a_used_volume_stays_and_stops_nova_compute(self):
        server = self.boot(self.flavor(300))
        before = self.own.inventories(self.volume)[1]
        if nova_34.RESHAPE_WIPES:
            self.assertRaises(nova_exception.ReshapeFailed, self.reshape,
                              'h1')
        else:
            self.reshape('h1')
        self.assertEqual((), self.wiped())
        self.assertEqual(before, self.own.inventories(self.volume)[1])
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
