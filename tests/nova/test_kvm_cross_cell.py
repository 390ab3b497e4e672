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

"""A resize to another cell on one Ceph pool, with Nova's libvirt driver."""

from nova.policies import base as base_policies
from nova.policies import servers as servers_policies
import pytest

from tests.nova import publish
from tests.nova.kvm import case
from tests.nova.releases import nova_34

pytestmark = pytest.mark.skipif(
    not nova_34.HAS_COUNTED_STORAGE, reason='made for the driver of Nova 34')


class OnePool(case.KvmCase):

    NUMBER_OF_CELLS = 2
    POOLS = {'vms': 500}
    KVM = {'n1': 'vms', 'n2': 'vms'}
    CELLS = {'n2': 'cell2'}

    def setUp(self):
        super().setUp()
        self.policy.set_rules({
            servers_policies.CROSS_CELL_RESIZE:
                base_policies.RULE_ADMIN_API}, overwrite=False)
        self.flags(rpc_response_timeout=60, long_rpc_timeout=120)
        self.server = self.boot(self.flavor(100), host='n1')

    def published(self):
        return [publish.cluster('ceph', {'vms': ('n1', 'n2')},
                                driver='libvirt-rbd')]


class HvSched(OnePool):

    def test_it_is_refused_and_the_disk_stays(self):
        before = self.shares(self.server['id'])
        self.act(self.server, {'resize': {'flavorRef': self.flavor(150)}})
        self.assertEqual('n1', self.host_of(self.server))
        self.assertEqual(before, self.shares(self.server['id']))
        self.assertEqual({'vms': [100]}, self.copies_gb(self.server))
        self.assertTrue(self.logged('No valid host|is refused'))


class StockNova(OnePool):
    """What it is refused for."""

    STOCK = True

    def published(self):
        return []

    def test_confirming_deletes_the_disk_in_use(self):
        self.resize(self.server, self.flavor(150))
        self.assertEqual('n2', self.host_of(self.server))
        self.assertEqual({'vms': [150]}, self.copies_gb(self.server))
        self.confirm(self.server)
        self.assertEqual({}, self.copies_gb(self.server))
