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

"""Adopt and retire on a running Nova, as an operator does."""

from hv_sched.adopt import adopt
from hv_sched.adopt import retire
from hv_sched.placement import ids
from hv_sched.providers.settings import Settings
from tests.nova import agent
from tests.nova import base
from tests.nova import publish

SETTINGS = Settings(workers=1)
PATIENCE_S = 120


class Adopting:
    """What an operator does, for a case of the harness."""

    def connect(self, cluster):
        self.cluster = cluster
        self.own = agent.placement_of(self.placement)
        self.servers = agent.nova_of(self.admin_api)

    def adopt(self):
        one = adopt.Adopter(self.own, self.servers, SETTINGS,
                            adopt.AdoptOptions(batch=4))
        report = one.adopt(one.inspect(self.cluster))
        self.refresh_computes()
        return report

    def retire(self):
        one = retire.Retirer(self.own, self.servers, SETTINGS)
        report = one.retire(one.inspect(self.cluster))
        self.refresh_computes()
        return report


class AdoptCase(Adopting, base.NovaCase):
    STOCK = True
    HOSTS = ('h1', 'h2', 'h3')

    def setUp(self):
        super().setUp()
        # Soft delete instead of delete.
        self.flags(reclaim_instance_interval=3600)
        self.start_hosts()
        self.connect(publish.cluster('c1', {'CSV1': ('h1', 'h2')}))
        self.volumes['CSV1'] = ids.volume_uuid(
            self.cluster.guid, self.cluster.volumes[0].guid)

    def switch(self, host, status):
        service, = self.api.get_services(binary='nova-compute', host=host)
        self.api.put_service(service['id'], {'status': status})

    def resized(self, old_gb, new_gb):
        """A server in VERIFY_RESIZE from h1 to h2."""
        server = self.boot(self.flavor(old_gb), host='h1')
        self.api.post_server_action(server['id'], {'resize': {
            'flavorRef': self.flavor(new_gb)}})
        return self._wait_for_state_change(server, 'VERIFY_RESIZE')
