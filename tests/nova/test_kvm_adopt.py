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

"""A running cloud of libvirt nodes is adopted and given back."""

import tests.nova  # noqa: F401  must be first: it patches

# isort: split

import pytest

from tests.nova.kvm import measured
from tests.nova.kvm import offered
from tests.nova.releases import nova_34

pytestmark = pytest.mark.skipif(
    not nova_34.HAS_COUNTED_STORAGE, reason='made for the driver of Nova 34')


class Adopted(offered.OfDirectory):
    """Nova's real libvirt driver; see tests/nova/kvm."""

    def sums(self):
        """GB of each disk that is charged, wherever."""
        return sorted(size_gb for consumer in self.all_shares()
                      for size_gb in self.disk_of(consumer).values())

    def test_equal_sums_before_and_after(self):
        first = self.boot(self.flavor(100), host='n1')
        self.boot(self.flavor(120), host='n2')
        offers = [self.offered_gb()]
        before, sums = self.all_shares(), self.sums()
        self.assertEqual([100, 120], sums)
        inventory = self.own.inventories(self.node('n1'))[1]
        report = self.adopt()
        self.assertEqual(((), ()), (report.findings, report.skipped))
        offers.append(self.offered_gb())
        self.assertEqual(measured.recorded()['offered'][self.DRIVER], offers)
        self.assertEqual(sums, self.sums())
        self.assertEqual({'A': 100}, self.disk_of(first['id']))
        self.assertEqual([100], self.copies_gb(first)['A'])
        self.disturb()
        self.assertEqual(220, self.used_gb('A'))
        self.assertEqual((), self.retire().findings)
        self.assertEqual(before, self.all_shares())
        self.assertEqual(inventory, self.own.inventories(self.node('n1'))[1])
        self.assertEqual(set(), {
            name for name in self.own.all_traits()
            if name.startswith(('CUSTOM_CSV', 'CUSTOM_HYPERV'))})


class AdoptedPool(offered.OfPool, Adopted):
    """It has three replicas, which Nova's nodes count."""
