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

"""The harness itself: what stands in Placement is what stock Nova uses."""

from tests.nova import base
from tests.nova import publish


class StockNova(base.NovaCase):
    """Why hv_sched is needed: stock Nova with a published volume."""

    STOCK = True

    def test_a_server_takes_its_disk_from_the_volume_and_keeps_it(self):
        self.start_hosts()
        self.publish(publish.cluster('c1', {'CSV1': self.HOSTS}))
        server = self.boot(self.flavor(50))
        self.assertEqual({'CSV1': 50}, self.disk_of(server['id']))
        before = self.all_shares()
        self.disturb()
        self.assertEqual(before, self.all_shares())

    def test_naming_a_host_finds_no_volume(self):
        self.start_hosts()
        self.publish(publish.cluster('c1', {'CSV1': self.HOSTS}))
        self.boot(self.flavor(50), state='ERROR', host='h1')
