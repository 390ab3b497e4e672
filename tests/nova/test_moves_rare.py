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

"""Moves that are rarer, and those that Nova does not make."""

from nova import objects
from nova.policies import base as base_policies
from nova.policies import servers as servers_policies
from nova.scheduler.client import report
from nova.virt import fake
import pytest

from hv_sched.placement import names
from tests.nova import cold_moves
from tests.nova import failing_over
from tests.nova import moving

pytestmark = pytest.mark.wide

SHARE = {names.DISK_GB: 300}


class Forced(moving.MovingCase):
    """``force`` (to microversion 2.67) goes round the scheduler.

    Nova then copies the server's allocation to the node that was named,
    which it can only while that is on one provider: a server with a share
    of a volume is refused, whatever hv_sched does, and is told why.
    """

    def force(self, server, action, **more):
        self.api.microversion = '2.67'
        try:
            return self.act(server, {action: {
                'host': 'h2', 'force': True, **more}})
        finally:
            self.api.microversion = 'latest'

    def assert_told_why(self, server):
        action = self.api.get_instance_actions(server['id'])[0]
        details = self.api.api_get(
            f'/servers/{server["id"]}/os-instance-actions/'
            f'{action["request_id"]}').body['instanceAction']
        self.assertIn(
            'The instance has complex allocations on the source host so '
            'move cannot be forced', str(details) + self.fault_of(server))

    def test_a_live_migration(self):
        server = self.on('h1')
        self.assertEqual('error', self.force(
            server, 'os-migrateLive', block_migration='auto'))
        self.assert_told_why(server)
        self.assert_at_rest(server, 'h1')
        self.assertEqual('completed', self.live_migrate(server, 'h2'))
        self.assert_at_rest(server, 'h2')

    def test_an_evacuation(self):
        server = self.on('h1')
        self.crash('h1')
        before = self.all_shares()
        self.assertEqual('error', self.force(server, 'evacuate'))
        self.assert_told_why(server)
        self.assertEqual(before, self.all_shares())
        self.assertEqual('done', self.evacuate(server, 'h2'))
        self.come_back('h1')
        self.assert_at_rest(server, 'h2')


class Shelved(moving.MovingCase):

    def test_no_share_while_offloaded_and_one_where_it_comes_back(self):
        self.flags(shelved_offload_time=0)
        server = self.on('h1')
        for host in ('h2', None):
            self._shelve_server(server)
            self.assertEqual({}, self.all_shares())
            self.api.post_server_action(server['id'], {
                'unshelve': {'host': host} if host else None})
            self._wait_for_state_change(server, 'ACTIVE')
            self.assert_at_rest(server, host or self.host_of(server))

    @pytest.mark.long
    def test_a_named_host_gets_it_at_300_of_500_or_says_no(self):
        self.flags(shelved_offload_time=0)
        server = self.on('h1')
        self._shelve_server(server)
        other = self.boot(self.flavor(250), host='h2')
        self.api.post_server_action(
            server['id'], {'unshelve': {'host': 'h3'}})
        self._wait_for_server_parameter(server, {
            'OS-EXT-STS:task_state': None, 'status': 'SHELVED_OFFLOADED'})
        self.assertEqual({other['id']}, set(self.all_shares()))


class Failover(failing_over.FailoverCase):
    """The cluster starts a server elsewhere; Nova hears of it afterwards."""

    def fail_over(self, server, to, placement_too=True):
        """What compute-hyperv does on the node that got the server.

        cluster/clusterops.py: _nova_failover_server(), then
        utils/placement.py: move_allocations(merge_existing=False), whose
        failure is only logged.
        """
        context = self.cell_context()
        instance = objects.Instance.get_by_uuid(context, server['id'])
        old = instance.node
        instance.host = instance.node = to
        # Nova 28 and newer insist on it; compute-hyperv does not know it.
        instance.compute_id = objects.ComputeNode.get_by_host_and_nodename(
            context, to, to).id
        instance.save(expected_task_state=[None])
        self.computes[to].driver.instances[server['id']] = (
            fake.FakeInstance(instance.name, 1, server['id']))
        if placement_too:
            self.charge(server, old, to)

    def charge(self, server, old, new):
        """The part of a server that is on one node is on another."""
        client = report.SchedulerReportClient()
        path = f'/allocations/{server["id"]}'
        body = client.get(path, version='1.28').json()
        body['allocations'][self.node(new)] = (
            body['allocations'].pop(self.node(old)))
        answer = client.put(path, body, version='1.28')
        self.assertEqual(204, answer.status_code, answer.text)

    def test_the_share_stays_and_the_nodes_part_follows(self):
        server = self.on('h1')
        self.crash('h1')
        self.fail_over(server, 'h2')
        self.assert_at_rest(server, 'h2')
        # On a node whose home is another volume the files do not move.
        self.crash('h2')
        self.fail_over(server, 'h3')
        self.assert_at_rest(server, 'h3')
        for host in ('h1', 'h2'):
            self.come_back(host)
        self.disturb()
        self.agent_pass()
        self.assert_at_rest(server, 'h3')
        self.assertEqual('completed', self.live_migrate(server, 'h1'))
        self.assert_at_rest(server, 'h1')

    def test_placement_was_away_and_still_there_is_one_share(self):
        """The node's part is wrong then; "csv audit" tells and heals."""
        server = self.on('h1')
        self.crash('h1')
        self.fail_over(server, 'h2', placement_too=False)
        self.come_back('h1')
        self.agent_pass()
        self.assert_one_share(server)
        self.assertEqual('completed', self.live_migrate(server, 'h4'))
        self.assert_one_share(server)

    def charged_elsewhere(self):
        """A server that failed over while Placement was away."""
        server = self.boot(self.flavor(100), host='h1')
        self.crash('h1')
        self.fail_over(server, 'h2', placement_too=False)
        self.come_back('h1')
        return server

    def assert_refused_until_charged(self, server, body):
        before = self.shares(server['id'])
        self.assertEqual('error', self.act(server, body))
        self.assertTrue(self.logged('not charged on the node it leaves'))
        self.assertEqual(before, self.shares(server['id']))
        self.assertEqual([server['id']], list(self.all_shares()))
        self.charge(server, 'h1', 'h2')
        self.api.post_server_action(server['id'], body)
        migration = self.until_verify(server)
        self.assertEqual({'CSV1': 100}, self.disk_of(migration))
        self.assertEqual(1, len(self.disk_of(server['id'])))
        self.revert(server)
        self.assert_at_rest(server, 'h2', {names.DISK_GB: 100})

    def test_a_resize_would_leave_the_old_files_without_a_share(self):
        """Nova finds nothing on the source and gives the migration nothing.

        What it then claims replaces all that the server had
        (conductor/tasks/migrate.py: replace_allocation_with_migration()).
        """
        self.assert_refused_until_charged(self.charged_elsewhere(), {
            'resize': {'flavorRef': self.flavor(150)}})

    def test_a_cold_migration_would_do_so_too(self):
        self.assert_refused_until_charged(
            self.charged_elsewhere(), {'migrate': {'host': 'h3'}})

    def test_a_server_that_is_charged_nowhere_waits_for_the_audit(self):
        server = self.boot(self.flavor(100), host='h1')
        path = f'/allocations/{server["id"]}'
        body = self.placement.get(path, version='1.28').body
        self.placement.delete(path)
        self.assertEqual('error', self.act(server, {'migrate': None}))
        self.assertTrue(self.logged('not charged on the node it leaves'))
        self.assertEqual({}, self.all_shares())
        self.placement.put(path, {**body, 'consumer_generation': None},
                           version='1.28')
        migration = self.migrate(server)
        self.assertEqual({'CSV1': 100}, self.disk_of(migration))


class ToAnotherCell(cold_moves.ColdMoveCase):
    """Two copies until the resize is confirmed, on two clusters' volumes."""

    NUMBER_OF_CELLS = 2
    HOSTS = ('h1', 'h2')
    CLUSTERS = ({'CSV1': ('h1',)}, {'CSV2': ('h2',)})

    def setUp(self):
        super().setUp()
        self.policy.set_rules({
            servers_policies.CROSS_CELL_RESIZE:
                base_policies.RULE_ADMIN_API}, overwrite=False)
        self.flags(rpc_response_timeout=10, long_rpc_timeout=60)

    def start_hosts(self, *hosts):
        for number, host in enumerate(hosts or self.HOSTS, 1):
            self._start_compute(host, cell_name=f'cell{number}')

    def test_a_resize_is_charged_on_both_until_it_is_confirmed(self):
        server = self.on('h1')
        migration = self.resize(server, self.flavor(400))
        self.assertEqual('h2', self.host_of(server))
        self.assertEqual({'CSV2': 400}, self.disk_of(server['id']))
        self.assertEqual({'CSV1': 300}, self.disk_of(migration))
        self.agent_pass()
        self.assertEqual({'CSV1': 300}, self.disk_of(migration))
        self.confirm(server)
        self.assert_at_rest(server, 'h2', {names.DISK_GB: 400}, 'CSV2')

    @pytest.mark.long
    def test_a_reverted_one_has_its_old_share(self):
        server = self.on('h1')
        self.resize(server, self.flavor(400))
        self.revert(server)
        self.assert_at_rest(server, 'h1')
