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

"""A cloud as stock Nova leaves it: shares on the nodes' own disks."""

import dataclasses

from hv_sched.adopt import adopt
from hv_sched.adopt import retire
from hv_sched.placement import client
from tests.functional import cloud as clouds
from tests.functional import nova_answers
from tests.functional import nova_api


def asked_by_commands(placement):
    """Two nodes, of which one has a ratio of its own, and Nova's API."""
    made = UnadoptedCloud(placement, ())
    made.register('hv01')
    made.register('hv02', ratio=1.5)
    made.nova_api = nova_api.NovaApi(made)
    placement.service.before = made.nova_api
    return made


class UnadoptedCloud(clouds.Cloud):
    """A stock cloud with servers on its nodes' own disks."""

    def __init__(self, placement, nodes=('hv01', 'hv02'), disk_gb=500):
        super().__init__(placement)
        self.nova = nova_answers.Answers(self.nodes)
        self.register(*nodes, disk_gb=disk_gb)

    def server(self, node, disk_gb, **state):
        return self.nova.add(self.own_disk(node, disk_gb), **state)

    def allocate_more(self, consumer, node):
        """What a server holds on its volume, and a processor on a node."""
        held = self.api.consumer(consumer)
        self.api.write_consumers([dataclasses.replace(held, held={
            **{provider: resources for provider, resources
               in held.held.items() if provider not in self.nodes.values()},
            self.nodes[node]: {'VCPU': 1}})])

    def resized(self, source, dest, old_gb, new_gb):
        """A server in VERIFY_RESIZE."""
        server = self.server(dest, new_gb, vm_state='resized')
        migration = self.own_disk(source, old_gb)
        self.nova.add_migration(migration, server)
        return server, migration

    def adopter(self, settings=clouds.SETTINGS, nova=None, **options):
        return adopt.Adopter(
            client.from_adapter(self.placement), nova or self.nova,
            settings, adopt.AdoptOptions(**options))

    def adopt(self, cluster=None, **options):
        one = self.adopter(**options)
        return one.adopt(one.inspect(cluster or clouds.cluster()))

    def retire(self, cluster):
        one = retire.Retirer(client.from_adapter(self.placement), self.nova,
                             clouds.SETTINGS)
        return one.retire(one.inspect(cluster))

    def disk(self):
        """DISK_GB by provider name and consumer."""
        found = {}
        for listed in self.api.list_providers():
            for consumer, held in self.api.allocations_on(
                    listed.uuid).items():
                if 'DISK_GB' in held:
                    found[listed.name, consumer] = held['DISK_GB']
        return found


def writes_shares(environ):
    return environ['REQUEST_METHOD'] == 'POST' and environ[
        'PATH_INFO'].endswith(('/allocations', '/reshaper'))
