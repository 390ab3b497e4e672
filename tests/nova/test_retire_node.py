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


"""One node leaves its cluster while Nova runs, and is a stock node again."""

import dataclasses

from hv_sched.adopt import retire
from hv_sched.adopt import retire_node
from hv_sched.notices import Kind
from tests.nova import adopting


class OneNodeLeaves(adopting.AdoptCase):

    def retire_node(self, name):
        """With a source that no longer lists it."""
        remaining = dataclasses.replace(self.cluster, nodes=tuple(
            node for node in self.cluster.nodes if node.name != name))
        retirer = retire.Retirer(self.own, self.servers, adopting.SETTINGS)
        inputs = retirer.inspect(remaining)
        report = retire_node.NodeRetirer(
            self.own, self.servers, retirer, 1).retire(
                inputs, retire_node.node_named(inputs, name))
        self.refresh_computes()
        return report

    def test_its_own_disk_opens_when_no_server_of_it_is_on_a_volume(self):
        staying = self.boot(self.flavor(10), host='h1')
        server = self.boot(self.flavor(20), host='h2')
        self.adopt()
        report = self.retire_node('h2')
        refusal, = report.findings
        self.assertIs(Kind.REFUSED, refusal.kind)
        self.assertIn(server['id'], refusal.message)
        self.assertNotIn(staying['id'], refusal.message)
        self.assertEqual({'CSV1': 20}, self.disk_of(server['id']))

        self.api.post_server_action(server['id'], {'forceDelete': {}})
        self._wait_until_deleted(server)
        report = self.retire_node('h2')
        self.assertEqual(((), ()), (report.findings, report.failures))
        self.assertEqual({'CSV1': 10}, self.disk_of(staying['id']))
        again = self.boot(self.flavor(20), host='h2')
        self.assertEqual({'h2': 20}, self.disk_of(again['id']))
        self.disturb()
        self.assertEqual({'h2': 20}, self.disk_of(again['id']))
