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

"""A running Nova is adopted while it boots, migrates and deletes."""

import threading
import time
from unittest import mock

from nova.virt import fake
from oslo_utils import uuidutils
import pytest

from hv_sched.placement import names
from tests.nova import adopting
from tests.nova import base

NODES = ('h1', 'h2')  # of the cluster; h3 stands beside it
RUNS = 20


class AdoptABusyNova(adopting.AdoptCase):

    def setUp(self):
        super().setUp()
        self.hold = threading.Event()
        self.addCleanup(self.hold.set)
        real, hold = fake.FakeDriver.live_migration, self.hold

        def live_migration(driver, *args, **kwargs):
            hold.wait(120)
            return real(driver, *args, **kwargs)

        patch = mock.patch.object(fake.FakeDriver, 'live_migration',
                                  live_migration)
        patch.start()
        self.addCleanup(patch.stop)

    def many(self, name, count, disk_gb, **kwargs):
        self.boot(self.flavor(disk_gb), count=count, name=name, **kwargs)
        return [self._wait_for_state_change(server, 'ACTIVE')
                for server in self.api.get_servers(detail=False)
                if server['name'].startswith(name)]

    def act(self, servers, action, status=None):
        for server in servers:
            self.api.post_server_action(server['id'], action)
        for server in servers if status else ():
            self._wait_for_state_change(server, status)

    def in_every_state(self, each):
        """So many servers of each kind; returns the deleted and busy ones."""
        self.many('active', each, 1)
        self.act(self.many('stopped', each, 2), {'os-stop': None}, 'SHUTOFF')
        self.act(self.many('resized', each, 3), {
            'resize': {'flavorRef': self.flavor(4)}}, 'VERIFY_RESIZE')
        self.act(self.many('shelved', each, 5), {'shelve': None},
                 'SHELVED_OFFLOADED')
        for _ in range(each):  # Cinder attaches a volume once
            self.many('volume', 1, 0, image_uuid='', more={
                'block_device_mapping_v2': [{
                    'boot_index': 0, 'source_type': 'volume',
                    'destination_type': 'volume',
                    'uuid': uuidutils.generate_uuid()}]})
        deleted = self.many('deleted', each, 6)
        for server in deleted:
            self.api.delete_server(server['id'])
        for server in deleted:
            self._wait_for_state_change(server, 'SOFT_DELETED')
        self.act(self.many('live', each, 7, host='h1'), {'os-migrateLive': {
            'host': None, 'block_migration': 'auto'}}, 'MIGRATING')
        return deleted, self.many('busy', 3 * each, 8)

    def disturb_them(self, servers, deleted, stop, failures):
        """Boot, migrate and delete until told to stop."""
        try:
            while not stop.is_set() and len(servers) > 1:
                victim, moved = servers.pop(), servers.pop()
                self.api.delete_server(victim['id'])
                deleted.append(victim)
                self.act([moved], {'migrate': None})
                body = self._build_server(
                    name='late', flavor_id=self.flavor(9), networks='none',
                    image_uuid=base.IMAGE)
                self.api.post_server({'server': body})
                time.sleep(0.5)
        except Exception as exc:  # told by the test itself
            failures.append(exc)

    def settled(self):
        """Every server, once nothing moves any more."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            servers = self.api.get_servers()
            if all(server['OS-EXT-STS:task_state'] is None
                   and server['status'] != 'BUILD' for server in servers):
                return servers
            time.sleep(0.5)
        raise AssertionError(servers)

    def adopted(self):
        """Adopt again and again, as the operator is told to."""
        for _run in range(RUNS):
            report = self.adopt()
            if not report.skipped and not report.findings:
                return report
            time.sleep(0.5)
        raise AssertionError(report)

    def check(self, server, finished):
        """Each copy is counted once, and where it is."""
        disk_gb = server['flavor']['disk']
        held = self.disk_of(server['id'])
        if server['status'] in ('SHELVED_OFFLOADED', 'ERROR') or not disk_gb:
            self.assertEqual({}, held, server)
            return
        host = server['OS-EXT-SRV-ATTR:host']
        self.assertEqual(
            {'CSV1' if host in NODES else host: disk_gb}, held, server)
        if server['status'] == 'VERIFY_RESIZE':
            old_gb = 3 if server['name'].startswith('resized') else disk_gb
            migration = self.migrations(server)[-1]
            source = migration.source_compute
            self.assertEqual(
                {'CSV1' if source in NODES else source: old_gb},
                self.disk_of(migration.uuid))
            finished.append(migration)

    def story(self, each):
        deleted, busy = self.in_every_state(each)
        stop, failures = threading.Event(), []
        others = threading.Thread(target=self.disturb_them,
                                  args=(busy, deleted, stop, failures))
        others.start()
        try:
            reports = [self.adopt(), self.adopt()]
        finally:
            stop.set()
            others.join()
            self.hold.set()
        self.assertEqual([], failures)
        self.assertTrue(any(report.skipped for report in reports))
        servers = self.settled()
        self.adopted()
        finished = []
        for server in servers:
            self.check(server, finished)
        self.assertGreaterEqual(len(finished), each)
        on_nodes = [(consumer, name) for consumer, held
                    in self.all_shares().items() for name in NODES
                    if names.DISK_GB in held.get(name, {})]
        self.assertEqual([], on_nodes)
        self.give_up(servers, deleted)

    def give_up(self, servers, deleted):
        """Whatever Nova does next, nothing is left behind."""
        self.flags(reclaim_instance_interval=0)  # at once, not softly
        for server in (*servers, *deleted):
            self.api.delete_server(server['id'])
        for server in (*servers, *deleted):
            self._wait_until_deleted(server)
        self.assertEqual({}, self.all_shares())

    def test_a_few_servers_in_every_state_while_others_come_and_go(self):
        self.story(1)

    @pytest.mark.long
    def test_sixty_servers_in_every_state_while_others_come_and_go(self):
        self.story(6)
