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

"""Audit and heal on a running Nova: each finding from what causes it."""

from unittest import mock

from nova import context as nova_context
from nova import objects
from nova.cmd import manage
from nova.tests import fixtures as nova_fixtures
from nova.tests.functional.api import client
import pytest

from hv_sched import model
from hv_sched.audit import owners
from hv_sched.audit.findings import Code
from hv_sched.compute import instance_names
from hv_sched.placement import names
from tests.nova import auditing
from tests.nova import base
from tests.nova import moving
from tests.nova import publish


class OneVolume(auditing.AuditCase):

    def audit_delete(self, count):
        """nova-manage placement audit --delete, then heal."""
        flavor = self.flavor(5)
        for start in range(0, count, auditing.BATCH):
            self.boot(flavor, count=min(auditing.BATCH, count - start),
                      name='many')
            for server in self.api.get_servers(detail=False):
                self._wait_for_state_change(server, 'ACTIVE')
        servers = [server['id'] for server in
                   self.api.get_servers(detail=False)]
        self.assertEqual(count, len(servers))
        before = self.answers(servers)
        self.assertEqual([], self.findings())
        manage.PlacementCommands().audit(delete=True)
        self.assertEqual(0, self.used_gb('CSV1'))
        self.assertEqual(
            {(Code.MISSING, server) for server in servers},
            set(self.findings()))
        self.assertEqual(count, len(self.heal({Code.MISSING})))
        self.assertEqual(before, self.answers(servers))
        self.assertEqual([], self.findings())

    def test_a_vm_the_cluster_calls_by_name_is_its_server(self):
        """Soft-deleted, its virtual machine is still there."""
        self.flags(reclaim_instance_interval=3600)
        flavor = self.flavor(5)
        servers = [self.boot(flavor, host=host) for host in ('h1', 'h2')]
        self.api.delete_server(servers[1]['id'])
        self._wait_for_state_change(servers[1], 'SOFT_DELETED')
        names_ = [objects.Instance.get_by_uuid(
            nova_context.get_admin_context(), server['id']).name
            for server in servers]
        vms = tuple(model.Vm(None, instance_name=name)
                    for name in (*names_, 'a backup server'))
        cluster = model.Cluster('g', 'c', (
            model.Node('h1'), model.Node('h2')), (), vms=vms)
        resolved = instance_names.InstanceNames(self.nova).resolved(
            model.Facts((cluster,))).clusters[0]
        self.assertEqual([server['id'] for server in servers],
                         [vm.instance_uuid for vm in resolved.vms])

    def test_a_day_of_drift(self):
        self.audit_delete(4)
        # The cluster fails a server over, Placement is not told.
        server = self.on('h1')
        self.fail_over(server, 'h2')
        self.assertEqual([(Code.WRONG_NODE, server['id'])], self.findings())
        self.heal()
        self.assertEqual({'h2': moving.COMPUTE,
                          'CSV1': {names.DISK_GB: 300}},
                         self.shares(server['id']))
        self.live_migrate(server, 'h3')
        self.settle()
        self.assertEqual([], self.findings())
        # Rolled back: its share is held until it is restored.
        self.during_live_migration('error')
        self.live_migrate(server, 'h1')
        self.settle()
        self.assertEqual([(Code.HELD, server['id'])], self.findings())
        self.restore()
        self.assertEqual([], self.findings())
        # A flavor's size that was written wrong, by hand.
        self.placement.put(
            f'/allocations/{server["id"]}', {
                **self.placement.get(f'/allocations/{server["id"]}',
                                     version='1.28').body,
                'allocations': {
                    self.node('h3'): {'resources': moving.COMPUTE},
                    self.volumes['CSV1']: {
                        'resources': {names.DISK_GB: 30}}}},
            version='1.28')
        self.assertEqual([(Code.WRONG_AMOUNT, server['id'])],
                         self.findings())
        self.heal()
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))
        # Shelved and offloaded it holds nothing, and that is right.
        self._shelve_server(server, expected_state='SHELVED_OFFLOADED')
        self.assertEqual([], self.findings())
        # All of it is away: Nova would not let the service be deleted.
        self.assertEqual([], self.heal())

    def test_a_failover_needs_two_witnesses(self):
        server = self.on('h1')
        self.fail_over(server, 'h2')
        before = self.shares(server['id'])
        self.assertEqual([], self.heal(needs_owner=True))
        former = {server['id']: owners.Owner('h1')}
        self.assertEqual(
            {(Code.OWNER_DIFFERS, server['id']),
             (Code.WRONG_NODE, server['id'])},
            set(self.findings(owners=former)))
        self.assertEqual([], self.heal(owners=former))
        self.assertEqual(before, self.shares(server['id']))
        self.assertEqual([Code.WRONG_NODE], [
            finding.code for finding in self.heal(
                owners={server['id']: owners.Owner('H2')}, needs_owner=True)])
        self.assertEqual({'h2': moving.COMPUTE, 'CSV1': {names.DISK_GB: 300}},
                         self.shares(server['id']))

    @pytest.mark.long
    def test_audit_delete_of_fifty_servers(self):
        self.audit_delete(50)

    def test_a_server_that_holds_nothing(self):
        """Nova refuses to delete a compute service with servers on it; its
        guide then has the operator delete their allocations by hand.
        """
        server = self.on('h1')
        before = self.answers([server['id']])
        self.computes['h1'].stop()
        service, = self.api.get_services(host='h1', binary='nova-compute')
        with self.assertRaisesRegex(
                client.OpenStackApiException, 'hosting instances'):
            self.api.api_delete(f'/os-services/{service["id"]}')
        self.assertEqual(before, self.answers([server['id']]))
        self.placement.delete(f'/allocations/{server["id"]}')
        self.assertEqual([(Code.LOST, server['id'])], self.findings())
        self.heal()
        self.assertEqual(before, self.answers([server['id']]))
        self.assertEqual([], self.findings())

    def test_deleted_while_it_migrates(self):
        """nova 34 leaves what the migration held; nova 28 does not."""
        server = self.on('h1')
        other = self.boot(self.flavor(5), host='h2')
        self.during_live_migration()
        with mock.patch.object(
                self, 'all_shares',
                lambda: self.api.delete_server(server['id']) or {}):
            self.api.post_server_action(server['id'], {'os-migrateLive': {
                'host': 'h2', 'block_migration': 'auto'}})
            self._wait_until_deleted(server)
        self.settle()
        leaked = self.all_shares().keys() - {other['id']}
        self.assertEqual([(Code.ORPHANED, uuid) for uuid in leaked],
                         self.findings())
        self.heal()
        self.assertEqual({other['id']}, set(self.all_shares()))
        self.assertEqual({'CSV1': 5}, self.disk_of(other['id']))


class NotAdopted(auditing.AuditCase):
    """A server that was there before its node was closed."""

    def setUp(self):
        with mock.patch.object(self, 'publish'):
            super().setUp()
        self.server = self.boot(self.flavor(5), host='h1')
        self.publish(publish.cluster('c0', self.CLUSTERS[0]))

    def test_its_share_moves_to_the_volume(self):
        uuid = self.server['id']
        self.assertEqual([(Code.CLOSED_NODE, uuid)], self.findings())
        self.heal()
        self.assertEqual({'CSV1': 5}, self.disk_of(uuid))
        self.assertEqual({'h1', 'CSV1'}, set(self.shares(uuid)))


class TwoHomes(auditing.AuditCase):
    """h1 and h2 on one volume, h3 on another, all in one cluster."""

    CLUSTERS = ({'CSV1': ('h1', 'h2'), 'CSV2': ('h3',)},)

    def setUp(self):
        # Never the source's home: the copy there is left behind.
        super().setUp()
        self.server = self.boot(self.flavor(5), host='h1')
        self.uuid = self.server['id']

    def test_an_evacuation_to_another_home(self):
        self.crash('h1')
        self.evacuate(self.server, 'h3')
        both = {'CSV1': 5, 'CSV2': 5}
        self.assertEqual(both, self.disk_of(self.uuid))
        self.assertEqual([], self.findings())
        self.come_back('h1')
        self.settle()
        self.assertEqual(both, self.disk_of(self.uuid))
        self.assertEqual([(Code.EVACUATED, self.uuid)], self.findings())
        self.heal()
        self.assertEqual({'h3': moving.COMPUTE,
                          'CSV2': {names.DISK_GB: 5}},
                         self.shares(self.uuid))
        # Which volume has the files is not certain in such a cluster.
        manage.PlacementCommands().audit(delete=True)
        self.assertEqual([(Code.MISSING, self.uuid)], self.findings())
        self.assertEqual([], self.heal())
        self.assertEqual({}, self.disk_of(self.uuid))
        known = {self.uuid: self.volumes['CSV2']}
        self.heal(known_on=known)
        self.assertEqual({'CSV2': 5}, self.disk_of(self.uuid))
        known = {self.uuid: self.volumes['CSV1']}
        self.assertEqual([(Code.WRONG_VOLUME, self.uuid)],
                         self.findings(known_on=known))
        self.heal(known_on=known)
        self.assertEqual({'CSV1': 5}, self.disk_of(self.uuid))

    def test_the_evacuated_node_never_comes_back(self):
        self.crash('h1')
        self.evacuate(self.server, 'h3')
        self.api.microversion = '2.53'
        service, = self.api.get_services(host='h1', binary='nova-compute')
        self.api.api_delete(f'/os-services/{service["id"]}')
        self.settle()
        self.assertEqual({'CSV1': 5, 'CSV2': 5}, self.disk_of(self.uuid))
        self.assertEqual([(Code.EVACUATED, self.uuid)], self.findings())
        self.heal()
        self.assertEqual({'CSV2': 5}, self.disk_of(self.uuid))


class TwoCells(auditing.AuditCase):
    """One cell with h1, another with h2; both on one volume."""

    NUMBER_OF_CELLS = 2
    HOSTS = ('h1', 'h2')
    CLUSTERS = ({'CSV1': ('h1', 'h2')},)

    def start_hosts(self, *hosts):
        for host, cell in zip(self.HOSTS, ('cell1', 'cell2'), strict=True):
            self._start_compute(host, cell_name=cell)

    def test_nothing_of_a_cell_that_is_down_is_touched(self):
        here = self.boot(self.flavor(5), host='h1')
        there = self.boot(self.flavor(7), host='h2')
        deleted = self.boot(self.flavor(9), host='h1')
        manage.PlacementCommands().audit(delete=True)
        before = self.shares(there['id'])
        self.placement.put(
            f'/allocations/{base.IMAGE}', {'allocations': {
                self.volumes['CSV1']: {'resources': {names.DISK_GB: 3}}},
                'project_id': 'p', 'user_id': 'u',
                'consumer_generation': None}, version='1.28')
        cells = objects.CellMappingList.get_all(
            nova_context.get_admin_context())
        down = [cell for cell in cells if cell.name == 'cell2']
        with nova_fixtures.DownCellFixture(down):
            report, = self.audit()
            self.assertEqual(
                {here['id'], deleted['id']},
                {finding.consumer for finding in report.findings})
            self.assertEqual(1, report.unknown)
            self.heal()
        self.assertEqual({'CSV1': 5}, self.disk_of(here['id']))
        self.assertEqual(before, self.shares(there['id']))
        self.assertEqual({(Code.MISSING, there['id']),
                          (Code.UNEXPLAINED, base.IMAGE)},
                         set(self.findings()))
        self.heal()
        self.assertEqual({'CSV1': 7}, self.disk_of(there['id']))
        self.assertEqual({'CSV1': 3}, self.disk_of(base.IMAGE))
