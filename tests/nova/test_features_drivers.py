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

"""Images on KVM nodes of published clusters, beside Hyper-V's."""

from tests.nova import features
from tests.nova import publish

KVM_HOSTS = {'r1', 'r2'}
Q35 = {'hw_machine_type': 'q35'}
KVM = {'img_hv_type': 'kvm'}
HYPERV = {'img_hv_type': 'hyperv'}


class KvmBesideHyperV(features.AskingCase):

    def setUp(self):
        super().setUp()
        self.flags(compute_driver='hv_fake.HyperVNode')
        self.start_hosts('h1', 'h2')
        self.flags(compute_driver='hv_fake.KvmNode')
        self.start_hosts('r1', 'r2')
        self.publish(
            publish.cluster('hv', {'CSV1': ('h1', 'h2')}),
            publish.cluster('ceph', {'vms': ('r1', 'r2')},
                            driver='libvirt-rbd'))
        for host in ('h1', 'h2'):
            self.publisher.add_traits(self.node(host), 'CUSTOM_HYPERV_GEN1')
        self.forget_snapshot()
        self.small = self.flavor(20)

    def on(self, host=None, properties=(), disk_format='raw', **kwargs):
        return self.boot(self.small, host=host, image_uuid=self.image(
            dict(properties), disk_format), **kwargs)

    def test_an_unmarked_raw_image_moves_between_its_nodes(self):
        """It was taken for one of Hyper-V, which boots from no raw image."""
        server = self.on('r1')
        self.during_live_migration()
        self.assertEqual('completed', self.live_migrate(server))
        self.assertEqual('r2', self.host_of(server))
        self.assertEqual({'vms': 20}, self.disk_of(server['id']))

    def test_an_unmarked_raw_image_moves_to_no_hyper_v_node(self):
        server = self.on('r1')
        self.fill('r2')
        self.during_live_migration()
        self.assertEqual('error', self.live_migrate(server))
        self.assertEqual('r1', self.host_of(server))

    def test_images_for_kvm_find_its_nodes(self):
        for properties in (Q35, KVM):
            server = self.on(properties=properties)
            self.assertIn(self.host_of(server), KVM_HOSTS)
            self.assertEqual({'vms': 20}, self.disk_of(server['id']))

    def test_images_for_kvm_move_between_its_nodes(self):
        server = self.on('r1', Q35)
        self.during_live_migration()
        self.assertEqual('completed', self.live_migrate(server))
        self.assertEqual('r2', self.host_of(server))

    def test_images_for_hyper_v_find_its_nodes(self):
        server = self.on(properties=HYPERV, disk_format='vhdx')
        self.assertIn(self.host_of(server), {'h1', 'h2'})

    def test_an_unmarked_image_on_a_hyper_v_node_stays_with_hyper_v(self):
        server = self.on('h1', disk_format='vhdx')
        self.during_live_migration()
        self.assertEqual('completed', self.live_migrate(server))
        self.assertEqual('h2', self.host_of(server))

    def test_the_own_disk_of_a_kvm_node_is_not_used(self):
        """The mark of these nodes is a trait without Hyper-V in its name."""
        self.publisher.change_inventory(self.node('r1'), allocation_ratio=1.0)
        self.forget_snapshot()
        server = self.on('r1')
        self.assertEqual({'vms': 20}, self.disk_of(server['id']))
