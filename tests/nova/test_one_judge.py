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


"""Whoever asks, audit, heal, agent or restore, gets one answer."""

from nova.cmd import manage
from nova.policies import base as base_policies
from nova.policies import servers as servers_policies
import pytest

from hv_sched.audit.findings import Code
from hv_sched.placement import ids
from hv_sched.placement import names
from tests.nova import cold_moves
from tests.nova import judging
from tests.nova import moving

pytestmark = pytest.mark.wide

SHARE = {names.DISK_GB: 300}


def audit_delete():
    """nova-manage placement audit --delete."""
    manage.PlacementCommands().audit(delete=True)


class AnotherCluster(judging.JudgedCase):
    """h1 in one cluster, h2 in another, each with a volume."""

    HOSTS = ('h1', 'h2')
    CLUSTERS = ({'CSV1': ('h1',)}, {'CSV2': ('h2',)})

    def test_an_evacuation_to_it_whose_source_returned(self):
        server = self.on('h1')
        self.crash('h1')
        self.evacuate(server, 'h2')
        self.assertEqual([], self.findings())
        self.come_back('h1')
        self.assertEqual({'CSV1': 300, 'CSV2': 300},
                         self.disk_of(server['id']))
        self.assert_one_verdict(
            [(Code.EVACUATED, server['id'])],
            {server['id']: {'h2': moving.COMPUTE, 'CSV2': SHARE}})

    def test_an_evacuation_to_it_whose_source_is_gone_for_good(self):
        server = self.on('h1')
        self.crash('h1')
        self.evacuate(server, 'h2')
        self.api.microversion = '2.53'
        service, = self.api.get_services(host='h1', binary='nova-compute')
        self.api.api_delete(f'/os-services/{service["id"]}')
        self.api.microversion = 'latest'
        self.assert_one_verdict(
            [(Code.EVACUATED, server['id'])],
            {server['id']: {'h2': moving.COMPUTE, 'CSV2': SHARE}})


class ServiceDeleted(judging.JudgedCase):
    """A compute service is deleted whose servers live elsewhere."""

    def delete_service(self, host):
        self.api.microversion = '2.53'
        service, = self.api.get_services(host=host, binary='nova-compute')
        self.api.api_delete(f'/os-services/{service["id"]}')
        self.api.microversion = 'latest'

    def join_again(self, host):
        """What a sync makes of a node that is not published yet."""
        node = self.node(host)
        self.publisher.close_disk(node)
        self.publisher.add_traits(node, names.HYPERV, names.CLUSTERED)
        self.publisher.add_aggregates(
            node, ids.home_aggregate(self.volumes['CSV1']))
        self.refresh_computes()

    def test_evacuated_servers_keep_their_share(self):
        server = self.on('h1')
        self.crash('h1')
        self.evacuate(server, 'h2')
        self.delete_service('h1')
        self.settle()
        self.assertEqual([], self.findings())
        self.assert_at_rest(server, 'h2')

    def test_a_share_that_went_with_the_node_comes_back(self):
        """Cleaning up after a failed deletion takes more than the node's."""
        server = self.on('h1')
        self.crash('h1')
        self.evacuate(server, 'h2')
        before = {server['id']: {'h2': moving.COMPUTE, 'CSV1': SHARE}}
        self.placement.delete(f'/allocations/{server["id"]}')
        self.delete_service('h1')
        self.assert_one_verdict([(Code.LOST, server['id'])], before)

    def test_on_a_node_that_registers_again_they_come_back(self):
        server = self.on('h1')
        before = {server['id']: {'h1': moving.COMPUTE, 'CSV1': SHARE}}
        # Nova itself refuses this while it knows servers on the node.
        self.placement.delete(f'/allocations/{server["id"]}')
        node = self.node('h1')
        self.placement.delete(f'/resource_providers/{node}')
        self.assert_only_told([])
        self.restart_computes()
        self.join_again('h1')
        self.assert_one_verdict([(Code.LOST, server['id'])], before)


class SoftDeleted(judging.JudgedCase):
    """A deleted server that Nova keeps until it is reclaimed."""

    def setUp(self):
        super().setUp()
        self.flags(reclaim_instance_interval=3600)
        self.server = self.on('h1')
        self.api.delete_server(self.server['id'])
        self._wait_for_state_change(self.server, 'SOFT_DELETED')

    def test_its_share_is_as_right_as_that_of_others(self):
        self.settle()
        self.assertEqual([], self.findings())

    def test_a_share_that_audit_delete_took_comes_back(self):
        before = self.all_shares()
        audit_delete()
        self.assertEqual({}, self.disk_of(self.server['id']))
        self.assert_one_verdict(
            [(Code.MISSING, self.server['id'])], before)
        self.heal()
        self.api.post_server_action(self.server['id'], {'restore': {}})
        self._wait_for_state_change(self.server, 'ACTIVE')
        self.assert_at_rest(self.server, 'h1')


class ToBeConfirmed(judging.JudgedCase, cold_moves.ColdMoveCase):
    """Two copies on one volume until the resize is confirmed."""

    def setUp(self):
        super().setUp()
        self.server = self.boot(self.flavor(50), host='h1')

    def test_both_shares_of_a_migration_come_back_together(self):
        migration = self.migrate(self.server, 'h2')
        before = self.all_shares()
        self.assertEqual({'CSV1': 50}, self.disk_of(migration))
        self.assert_one_verdict([], before)
        audit_delete()
        self.assertEqual({}, self.disk_of(migration))
        self.assert_one_verdict(
            [(Code.MISSING, self.server['id']),
             (Code.MISSING_SOURCE, migration)], before)

    def test_the_source_of_a_resize_is_told_and_not_guessed(self):
        migration = self.resize(self.server, self.flavor(70))
        before = self.disk_of(self.server['id'])
        audit_delete()
        self.settle()
        self.assertEqual([(Code.MISSING, self.server['id']),
                          (Code.MISSING_SOURCE, migration)], self.findings())
        self.heal()
        self.assertEqual(before, self.disk_of(self.server['id']))
        self.assert_only_told([(Code.MISSING_SOURCE, migration)])
        self.revert(self.server)
        self.heal()
        self.assert_at_rest(self.server, 'h1', {names.DISK_GB: 50})

    def test_evacuated_before_it_was_confirmed_it_leaves_a_share(self):
        migration = self.resize(self.server, self.flavor(70))
        host = self.host_of(self.server)
        self.crash(host)
        # Nova evacuates nothing in VERIFY_RESIZE; operators make it.
        self.api.post_server_action(
            self.server['id'], {'os-resetState': {'state': 'error'}})
        self.evacuate(self.server, 'h2' if host == 'h3' else 'h3')
        self.come_back(host)
        self.age(self.server, hours=2)
        self.assertEqual({'CSV1': 50}, self.disk_of(migration))
        self.settle()
        self.assertEqual([(Code.STRANDED, migration)], self.findings())
        self.agent_heals()
        self.assertEqual({'CSV1': 50}, self.disk_of(migration))
        self.assertEqual([(Code.STRANDED, migration)], [
            (finding.code, finding.consumer) for finding in self.heal()])
        self.assertEqual({}, self.shares(migration))
        self.assertEqual({'CSV1': 70}, self.disk_of(self.server['id']))
        self.assertEqual([], self.findings())


class TwoCellsOnOneVolume(judging.JudgedCase, cold_moves.ColdMoveCase):
    """Administrators may resize to another cell, on a driver that renames."""

    NUMBER_OF_CELLS = 2
    CELLS = {'h1': 'cell1', 'h2': 'cell2'}
    OPTIONS = {'cold_move_keeps_disk': True}
    KEEPS_DISK = True

    def setUp(self):
        super().setUp()
        self.policy.set_rules({
            servers_policies.CROSS_CELL_RESIZE:
                base_policies.RULE_ADMIN_API}, overwrite=False)
        self.flags(rpc_response_timeout=10, long_rpc_timeout=60)
        self.server = self.boot(self.flavor(200), host='h1')

    def start_hosts(self, *hosts):
        for host, cell in self.CELLS.items():
            self._start_compute(host, cell_name=cell)


class ToAnotherCellOnOneVolume(TwoCellsOnOneVolume):
    """A resize to another cell goes by way of an image, whatever the driver.

    Nova makes the server anew from it, so two copies exist.
    """

    HOSTS = ('h1', 'h2')
    CLUSTERS = ({'CSV1': ('h1', 'h2')},)

    def test_it_is_charged_twice_until_it_is_confirmed(self):
        migration = self.resize(self.server, self.flavor(250))
        self.assertEqual('h2', self.host_of(self.server))
        self.assertEqual({'CSV1': 250}, self.disk_of(self.server['id']))
        self.assertEqual({'CSV1': 200}, self.disk_of(migration))
        self.agent_pass()
        self.assertEqual(450, self.used_gb('CSV1'))
        self.confirm(self.server)
        self.assert_at_rest(self.server, 'h2', {names.DISK_GB: 250})

    def test_where_both_copies_have_no_room_it_is_refused(self):
        self.boot(self.flavor(100), host='h2')
        self.api.post_server_action(
            self.server['id'], {'resize': {'flavorRef': self.flavor(250)}})
        self.until_over(self.server, 0)
        self.assertEqual('h1', self.host_of(self.server))
        self.assertEqual({'CSV1': 200}, self.disk_of(self.server['id']))


class InItsOwnCell(TwoCellsOnOneVolume):
    """A resize that may leave its cell stays where it can keep its disk."""

    CELLS = {'h1': 'cell1', 'h2': 'cell2', 'h3': 'cell1'}

    def test_a_node_of_its_cell_takes_it_with_one_copy(self):
        migration = self.resize(self.server, self.flavor(400))
        self.assertEqual('h3', self.host_of(self.server))
        self.assertEqual({'CSV1': 400}, self.disk_of(self.server['id']))
        self.assertEqual({'CSV1': 200}, self.held_of(migration))
        self.assertEqual(400, self.used_gb('CSV1'))
        self.confirm(self.server)
        self.assert_at_rest(self.server, 'h3', {names.DISK_GB: 400})
