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


"""Sync and restore meet: a cluster published and kept by the real agent.

Its source tells what is physically free, as a collector always will.
"""

import pathlib
import tempfile

from hv_sched import sources
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import reconcile
from hv_sched.providers.settings import Settings
from tests.nova import agent
from tests.nova import moving

GUID = '11111111-1111-4111-8111-111111111111'
VOLUME_GUID = '22222222-2222-4222-8222-222222222222'
VOLUME = ids.volume_uuid(GUID, VOLUME_GUID)


class AgentKeepsTheCluster(moving.MovingCase):
    """One volume of 500 GB that a source describes, and nobody by hand."""

    CLUSTERS = ()

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.source = pathlib.Path(folder.name) / 'c1.yaml'
        self.tell(free_gb=500)
        self.own = agent.placement_of(self.placement)
        self.assertEqual(0, self.agent_pass())
        self.volumes['CSV1'] = VOLUME
        self.refresh_computes()
        self.forget_snapshot()

    def tell(self, free_gb, size_gb=500):
        self.source.write_text(f'''
version: 1
clusters:
- name: c1
  guid: {GUID}
  nodes:
  - {{name: h1, build: 14393}}
  - {{name: h2, build: 14393}}
  - {{name: h3, build: 14393}}
  volumes:
  - {{name: CSV1, guid: {VOLUME_GUID}, size_gb: {size_gb},
      free_gb: {free_gb}}}
''')

    def agent_pass(self):
        return agent.once(self.placement, self.api, source=str(self.source))

    def sync(self):
        """The agent's first half alone."""
        return reconcile.Reconciler(self.own, Settings(workers=1)).sync(
            sources.load(str(self.source), 'auto'))

    def disk(self) -> Inventory:
        return self.own.inventories(VOLUME)[1][names.DISK_GB]

    def is_open(self):
        return names.NO_NEW_DISKS not in self.own.traits(VOLUME)[1]

    def left_by_a_rollback(self):
        """A server of 300 GB whose share is escrow."""
        server = self.on('h1')
        self.tell(free_gb=200)
        self.during_live_migration('error')
        self.live_migrate(server)
        self.assert_held(server)
        return server

    def test_escrow_of_a_server_is_a_share_for_sync_and_restore(self):
        server = self.left_by_a_rollback()
        self.assertEqual({}, self.sync().failures)
        self.assertEqual(0, self.disk().reserved)
        self.assertTrue(self.is_open())
        self.forget_snapshot()
        other = self.boot(self.flavor(100), host='h2')
        self.tell(free_gb=100)
        self.assertEqual(0, self.agent_pass())
        self.assertEqual((0, 1.0), (self.disk().reserved,
                                    self.disk().allocation_ratio))
        self.assertTrue(self.is_open())
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
        self.assertEqual({}, self.held_of(server['id']))
        self.assertEqual({'CSV1': 100}, self.disk_of(other['id']))
        self.assertEqual([], self.logged('allocated to other servers'))
        self.assertEqual([], self.logged('lacks'))

    def test_a_volume_does_not_shrink_below_what_is_held(self):
        server = self.left_by_a_rollback()
        self.tell(free_gb=0, size_gb=250)
        self.sync()
        self.assertEqual((500, 500), (self.disk().total,
                                      self.disk().max_unit))
        self.agent_pass()
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
        self.assertEqual(500, self.disk().total)
