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

from hv_sched import model
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


# What os-win's is_cpu_feature_present finds on a Windows Server 2019.
TOLD = ('mmx', 'sse', 'rdtsc', 'pae', 'sse2', 'nx', 'sse3', 'xsave', 'slat',
        'vmx')


def hyperv(vendor, features=TOLD):
    return hypervisors.HypervisorReport('u', 'hv01', 'hyperv', True, vendor,
                                  features)


@pytest.mark.parametrize('vendor, suffix', [
    ('GenuineIntel', 'VMX'), ('AuthenticAMD', 'SVM')])
def test_os_wins_word_for_virtualization_is_the_makers_trait(vendor, suffix):
    assert hypervisors.cpu_features(hyperv(vendor)) == (
        'MMX', 'SSE', 'SSE2', 'SSE3', suffix)


def test_of_an_unknown_maker_nobody_says_what_virtualizes():
    assert hypervisors.cpu_vendor(hyperv('HygonGenuine')) is None
    assert hypervisors.cpu_features(hyperv('HygonGenuine', ('sse', 'vmx'))
                                    ) == ('SSE',)


def test_features_that_are_not_told_are_not_none_at_all():
    assert hypervisors.cpu_features(hyperv('GenuineIntel', None)) is None
    assert hypervisors.cpu_features(hyperv('GenuineIntel', ())) == ()
    assert hypervisors.cpu_vendor(hyperv('genuineintel', None)) is (
        model.CpuVendor.INTEL)
