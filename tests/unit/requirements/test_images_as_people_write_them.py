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


"""Images and flavors as scripts, issues and documentation have them."""

import pytest

from hv_sched import features
from hv_sched import model
from hv_sched import requirements

GEN2 = {'hw_machine_type': 'hyperv-gen2', 'disk_format': 'vhd'}
NODES = {
    'hv12': model.Node('hv12', build=9600),
    'hv16': model.Node('hv16', build=14393),
    'hv19g': model.Node('hv19g', build=17763, guarded_host=True)}
HYPERV = list(NODES)
IMAGES = {
    'generation 2 for newer releases': (
        {**GEN2, 'hypervisor_version_requires': '>=6.3',
         'hypervisor_type': 'hyperv'}, HYPERV),
    'generation 1': (
        {'hypervisor_type': 'hyperv', 'disk_format': 'vhd'}, HYPERV),
    'generation 2 without a hypervisor': (GEN2, HYPERV),
    'Linux with secure boot and a signature': (
        {**GEN2, 'os_type': 'linux', 'os_secure_boot': 'required',
         'os_secure_boot_signature': 'AAAA',
         'hypervisor_version_requires': '>=10.0',
         'hypervisor_type': 'hyperv', 'disk_format': 'vhdx'},
        ['hv16', 'hv19g']),
    'Windows for KVM': (
        {'disk_format': 'raw', 'hw_qemu_guest_agent': 'True',
         'hw_video_model': 'vga', 'os_type': 'windows',
         'hw_firmware_type': 'uefi', 'hw_machine_type': 'q35',
         'os_secure_boot': 'optional', 'hw_disk_bus': 'virtio'}, ['kvm1']),
    'UEFI for KVM': (
        {'disk_format': 'qcow2', 'hw_machine_type': 'q35',
         'hw_firmware_type': 'uefi', 'os_secure_boot': 'required'},
        ['kvm1']),
    'Windows for KVM without a machine type': (
        {'disk_format': 'qcow2', 'os_type': 'windows',
         'hw_firmware_type': 'uefi', 'os_secure_boot': 'required',
         'os_distro': 'windows'}, ['kvm1']),
    'Windows for Hyper-V marked uefi': (
        {'disk_format': 'vhdx', 'hypervisor_type': 'hyperv',
         'os_type': 'windows', 'hw_firmware_type': 'uefi'}, HYPERV),
    'marked qemu': (
        {'hypervisor_type': 'qemu', 'disk_format': 'qcow2',
         'hw_rng_model': 'virtio', 'architecture': 'x86_64'}, ['kvm1']),
    'Windows with secure boot': (
        {**GEN2, 'os_type': 'windows', 'os_secure_boot': 'required',
         'disk_format': 'vhdx'}, HYPERV)}


def of(image, **specs):
    return requirements.of({'vcpus': 1, 'ram_mb': 512, 'root_gb': 10,
                            'extra_specs': specs}, image)


def hosts(found):
    """Nodes that can run it; kvm1 where no Hyper-V node may."""
    if found.contradictions:
        return []
    if 'CUSTOM_HYPERV' in found.forbidden:
        return ['kvm1']
    return [name for name, node in NODES.items()
            if not found.refuses_build(node.build)
            and found.required - {'CUSTOM_HYPERV'} <= {
                feature.trait for feature in features.CATALOGUE
                if feature.rule(node)}]


@pytest.mark.parametrize('name', IMAGES)
def test_an_image_goes_where_its_author_meant_it_to(name):
    image, expected = IMAGES[name]
    assert hosts(of(image)) == expected


def test_uefi_without_a_machine_type_gets_a_word():
    """It becomes generation 1, which does not start it."""
    image, _expected = IMAGES['Windows for Hyper-V marked uefi']
    word, = of(image).ignored
    assert 'hw_firmware_type=uefi' in word
    assert 'hw_machine_type=hyperv-gen2 starts by UEFI' in word
    for name in set(IMAGES) - {'Windows for Hyper-V marked uefi'}:
        assert of(IMAGES[name][0]).ignored == (), name


def test_remotefx_in_the_words_of_2013_gets_a_word():
    found = of({'hypervisor_type': 'hyperv', 'disk_format': 'vhd'},
               **{'hyperv:remotefx': '1280x1024,2'})
    assert hosts(found) == HYPERV
    assert 'os:resolution and os:monitors ask for RemoteFX' in (
        found.ignored[0])
