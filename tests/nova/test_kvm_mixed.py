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

"""One cloud: Hyper-V, a Ceph pool, a shared directory, and a local disk."""

import pytest

from tests.nova import features
from tests.nova import publish
from tests.nova.kvm import case
from tests.nova.releases import nova_34

pytestmark = pytest.mark.skipif(
    not nova_34.HAS_COUNTED_STORAGE, reason='made for the driver of Nova 34')

KVM = {'r1': 'vms', 'r2': 'vms', 'f1': 'exp1', 'f2': 'exp1', 'k1': None}
# Of each kind: a node, another one of its home, its volume, and the copies
# during a cold migration.
PAIRS = (('h1', 'h2', 'CSV1', 2), ('r1', 'r2', 'vms', 1),
         ('f1', 'f2', 'exp1', 2))
ON_KVM = ({'img_hv_type': 'kvm'}, {'hw_machine_type': 'q35'})
SIZE_GB = 100


class Mixed(features.AskingCase, case.KvmCase):

    compute_driver = 'hv_fake.HyperVNode'
    HOSTS = ('h1', 'h2')
    POOLS = {'vms': 500}
    SHARES = {'exp1': 500}
    KVM = KVM

    def setUp(self):
        case.KvmCase.setUp(self)
        for host in self.HOSTS:
            self.publisher.add_traits(self.node(host), 'CUSTOM_HYPERV_GEN1')
        self.forget_snapshot()
        self.vhdx = self.image({'img_hv_type': 'hyperv'})

    def published(self):
        self.untouched = self.local_node()
        return [
            publish.cluster('hv', {'CSV1': ('h1', 'h2')}),
            publish.cluster('ceph', {'vms': ('r1', 'r2')},
                            driver='libvirt-rbd'),
            publish.cluster('nfs', {'exp1': ('f1', 'f2')},
                            driver='libvirt-file')]

    def local_node(self):
        """All that Placement has of the node that nobody shares with."""
        path = f'/resource_providers/{self.node("k1")}/'
        bodies = [self.placement.get(path + part, version='1.39').body
                  for part in ('inventories', 'traits', 'aggregates')]
        return [{key: value for key, value in body.items()
                 if key != 'resource_provider_generation'}
                for body in bodies]

    def server_on(self, host):
        return self.boot(self.flavor(SIZE_GB), host=host, **(
            {'image_uuid': self.vhdx} if host[0] == 'h' else {}))

    def used(self):
        return {volume: self.used_gb(volume) for volume in self.volumes}

    def test_every_operation_and_nothing_is_counted_twice(self):
        self.during_live_migration()
        local = self.server_on('k1')
        self.assertEqual({'k1': SIZE_GB}, self.disk_of(local['id']))
        servers = {volume: self.server_on(host)
                   for host, _dest, volume, _copies in PAIRS}
        once = dict.fromkeys(servers, SIZE_GB)
        self.assertEqual(once, self.used())
        for host, dest, volume, copies in PAIRS:
            server = servers[volume]
            self.assertEqual('completed', self.live_migrate(server))
            self.assertEqual(dest, self.host_of(server))
            self.assertEqual(once, self.used())
            # Named: libvirt finishes no cold migration to another kind of
            # storage, which neither Nova nor hv_sched keeps it from.
            self.migrate(server, host)
            self.assertEqual(host, self.host_of(server))
            self.assertEqual({**once, volume: copies * SIZE_GB}, self.used())
            self.confirm(server)
            self.assertEqual(once, self.used())
            self.crash(host)
            self.assertEqual('done', self.evacuate(server))
            self.assertEqual(dest, self.host_of(server))
            self.come_back(host)
            self.assertEqual(once, self.used())
        for volume in ('vms', 'exp1'):
            self.assertEqual({volume: [SIZE_GB]},
                             self.copies_gb(servers[volume]))
        self.disturb()
        self.assertEqual(once, self.used())
        self.assertEqual({'k1': SIZE_GB}, self.disk_of(local['id']))
        self.assertEqual(self.untouched, self.local_node())

    def test_images_go_where_they_run(self):
        for properties in ON_KVM:
            server = self.boot(self.flavor(20), image_uuid=self.image(
                properties, 'raw'))
            self.assertIn(self.host_of(server), KVM)
        server = self.boot(self.flavor(20), image_uuid=self.vhdx)
        self.assertIn(self.host_of(server), self.HOSTS)
        traits = {host: self.own_traits(host) for host in KVM}
        self.assertEqual(set(), {
            trait for of_host in traits.values() for trait in of_host
            if trait.startswith('CUSTOM_HYPERV')})

    def own_traits(self, host):
        return self.placement.get(
            f'/resource_providers/{self.node(host)}/traits',
            version='1.39').body['traits']
