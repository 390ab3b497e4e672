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

"""The switch in a real nova-scheduler, among clusters that are published."""

import re

from hv_sched.placement import names
from tests.nova import base
from tests.nova import publish


class SwitchedOff(base.NovaCase):

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.publish(publish.cluster(
            'c1', {'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')}))

    def switch(self, on):
        self.flags(scheduler_enabled=on, group='hv_sched')

    def asked_for(self, **kwargs):
        """What Placement is asked while a server is created."""
        return [url for method, url in self.requests_during(
            lambda: self.boot(self.flavor(1), **kwargs)) if method == 'GET']

    def test_nothing_of_hv_sched_is_asked_of_placement(self):
        ours = re.compile('HYPERV|CSV|HV_SCHED')
        self.assertTrue([*filter(ours.search, self.asked_for(host='h3'))])
        self.switch(on=False)
        self.forget_snapshot()
        self.assertEqual([], [*filter(ours.search, self.asked_for())])

    def test_a_request_that_names_a_host_finds_no_volume_as_in_stock_nova(
            self):
        self.switch(on=False)
        self.boot(self.flavor(10), host='h3', state='ERROR')
        self.switch(on=True)
        server = self.boot(self.flavor(10), host='h3')
        self.assertEqual({'CSV2': 10}, self.disk_of(server['id']))

    def test_closed_volumes_are_used_again(self):
        volume = self.volumes['CSV1']
        self.publisher.add_traits(volume, names.NO_NEW_DISKS)
        self.publisher.add_traits(self.volumes['CSV2'], names.NO_NEW_DISKS)
        self.forget_snapshot()
        self.boot(self.flavor(10), state='ERROR')
        self.switch(on=False)
        self.boot(self.flavor(10))
