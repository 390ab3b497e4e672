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

"""Compute nodes that are no Hyper-V hosts are known by what Nova tells."""

import pytest

from hv_sched.compute import hypervisors


class Nova:
    def __init__(self, **types):
        self.types = types

    def hypervisor_types(self):
        return self.types


def test_nodes_with_another_hypervisor_are_named_with_it():
    nova = Nova(u1='hyperv', u2='QEMU', u3='VMware vCenter Server', u4='KVM')
    assert hypervisors.not_hyperv(
        nova, {'u1': 'hv01', 'u2': 'kvm1', 'u3': 'esx1'}) == {
            'kvm1': 'QEMU', 'esx1': 'VMware vCenter Server'}


def test_a_node_is_known_by_its_provider_not_by_its_name():
    nova = Nova(u1='QEMU')
    assert hypervisors.not_hyperv(nova, {'u2': 'hv01'}) == {}


@pytest.mark.parametrize('told', ['hyperv', 'HyperV', 'Hyper-V', 'fake', ''])
def test_hyperv_nobody_and_novas_test_driver_are_no_other_hypervisor(told):
    assert not hypervisors.is_foreign(told)
