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


"""What the agent's user sees of Nova, with the policy of the examples.

Its project has no servers: whatever it sees is another project's.
"""

import dataclasses
import uuid

from hv_sched.compute import servers
from tests.nova import agent
from tests.nova import auditing

BOOTED_FROM_VOLUME = servers.Needs(disk_gb=0)


class AnotherProject(auditing.AuditCase):
    def setUp(self):
        super().setUp()
        self.policy.set_rules(agent.documented_policy(), overwrite=False)
        self.servers = agent.nova_of(self.api, 'service,hv_sched', 'another')

    def test_a_server_is_known_by_its_uuid(self):
        server = self.boot(self.flavor(10), host='h1')
        known = self.servers.server(server['id'])
        self.assertEqual('active', known.vm_state)
        self.assertEqual({server['id']: known}, self.servers.on_host('h1'))
        self.assertIsNone(self.servers.server(str(uuid.uuid4())))

    def test_one_that_can_be_restored_is_known_too(self):
        self.flags(reclaim_instance_interval=3600)
        server = self.boot(self.flavor(10), host='h1')
        self.api.delete_server(server['id'])
        self._wait_for_state_change(server, 'SOFT_DELETED')
        self.assertEqual('soft-delete',
                         self.servers.server(server['id']).vm_state)

    def test_one_that_is_deleted_is_known_to_have_been(self):
        server = self.boot(self.flavor(10), host='h1')
        self.assertTrue(self.servers.was_server(server['id']))
        self._delete_server(server)
        self.assertIsNone(self.servers.server(server['id']))
        self.assertTrue(self.servers.was_server(server['id']))
        self.assertFalse(self.servers.was_server(str(uuid.uuid4())))

    def test_explain_and_doctor_look_at_it_too(self):
        server = self.boot(self.flavor(10), host='h1')
        looked_up = agent.lookup_of(self.api, 'service,hv_sched', 'another')
        for name in (server['id'], server['name']):
            self.assertEqual(server['id'], looked_up.server(name)['id'])
        self.assertIsNone(looked_up.server(str(uuid.uuid4())))
        self.assertEqual([], looked_up.aggregates())
        self.assertTrue(looked_up.scheduler_hosts())

    def test_what_its_root_disk_is_stays_unknown_beside_volumes(self):
        """Nova tells the devices of its volumes to its own project alone."""
        server = dataclasses.replace(
            self.servers.server(self.boot(self.flavor(10), host='h1')['id']),
            root_device='/dev/sda', needs_from_volume=BOOTED_FROM_VOLUME)
        self.assertEqual(10, server.needs.disk_gb)
        self.assertEqual(
            servers.Needs(),
            self.servers.resolved(server).needs)
        administrator = agent.nova_of(self.api)
        self.assertEqual(10, administrator.resolved(server).needs.disk_gb)

    def test_it_changes_nothing_of_anybodys(self):
        """Whoever steals its token cannot, either, in Nova."""
        server = self.boot(self.flavor(10), host='h1')
        uuid = server['id']
        service = self.api.get_services(binary='nova-compute')[0]['id']
        attempts = [
            ('DELETE', f'/servers/{uuid}', None),
            ('PUT', f'/servers/{uuid}', {'server': {'name': 'mine'}}),
            ('POST', '/os-aggregates', {'aggregate': {'name': 'mine'}}),
            ('POST', '/flavors', {'flavor': {
                'name': 'mine', 'ram': 1, 'vcpus': 1, 'disk': 1}}),
            ('PUT', f'/os-services/{service}', {'status': 'disabled'}),
            ('DELETE', f'/os-services/{service}', None),
            *(('POST', f'/servers/{uuid}/action', action) for action in (
                {'os-migrateLive': {'host': None,
                                    'block_migration': 'auto'}},
                {'migrate': None}, {'os-stop': None},
                {'os-getConsoleOutput': {}},
                {'os-resetState': {'state': 'error'}},
                {'rebuild': {'imageRef': uuid}},
                {'createImage': {'name': 'mine'}}))]
        for method, path, body in attempts:
            status = agent.status_of(self.api, method, path, body,
                                     'service,hv_sched', 'another')
            # Of a server it would not be told that it is there.
            self.assertIn(status, (403, 404), (method, path, body))
        self.assertEqual('ACTIVE', self.api.get_server(uuid)['status'])
