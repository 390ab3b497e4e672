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


"""What flavor and image need, in a real Nova with six Windows nodes.

See tests.nova.features for what each node can do.
"""

from typing import Any

from tests.nova import features
from tests.nova.features import GEN1
from tests.nova.features import GEN2
from tests.nova.features import hv_fake
from tests.nova.features import HYPERV
from tests.nova.features import KVM
from tests.nova.features import NESTED
from tests.nova.features import SECURE
from tests.nova.features import SHIELDED
from tests.nova.features import VTPM

GUARDED = {'w2016', 'w2022', 'w2025'}

# What is asked, and who can: flavor fields and extra specs, image, nodes.
CASES: dict[str, tuple[dict[str, Any], dict[str, str], dict[str, str],
                       set[str]]] = {
    'Linux image': ({}, {}, {'img_hv_type': 'kvm'}, {KVM}),
    'other machine type': ({}, {}, {'hw_machine_type': 'q35'}, {KVM}),
    'Windows image': ({}, {}, {'img_hv_type': 'hyperv'}, HYPERV),
    'generation 2': ({}, {}, GEN2, HYPERV),
    'secure boot': ({}, {}, SECURE, HYPERV),
    'secure boot by flavor': ({}, {'os:secure_boot': 'required'},
                              {**GEN2, 'os_type': 'windows'}, HYPERV),
    'secure boot, Linux': ({}, {}, {**SECURE, 'os_type': 'linux'},
                           HYPERV - {'w2012'}),
    'vTPM': ({}, {}, VTPM, GUARDED),
    'shielded': ({}, {}, SHIELDED, GUARDED),
    'nested': ({}, NESTED, {}, {'w2016', 'w2019', 'w2022'}),
    'nested by image': ({}, {}, {'hw_cpu_features': 'vmx'},
                        {'w2016', 'w2019', 'w2022'}),
    'nested and shielded': ({}, NESTED, SHIELDED, {'w2016', 'w2022'}),
    'RemoteFX': ({}, {'os:resolution': '1024x768', 'os:monitors': '4'}, {},
                 {'w2012', 'w2016fx'}),
    'RemoteFX, more monitors': (
        {}, {'os:resolution': '1024x768', 'os:monitors': '5'}, {},
        {'w2016fx'}),
    'RemoteFX, 3 at 1920x1200': (
        {}, {'os:resolution': '1920x1200', 'os:monitors': '3'}, {},
        {'w2016fx'}),
    'RemoteFX, generation 2': ({}, {'os:resolution': '1024x768'}, GEN2,
                               {'w2016fx'}),
    'size': ({'vcpu': 65}, {}, GEN2, HYPERV - {'w2012'}),
}
# What is asked, and words of the refusal.
IMPOSSIBLE = {
    'no room for it in generation 1': (
        {'vcpu': 65}, {}, GEN1, ('vcpus=65', 'hyperv-gen1')),
    'secure boot in generation 1': (
        {}, {}, {**SECURE, **GEN1},
        ('os_secure_boot=required', 'hw_machine_type=hyperv-gen1')),
    'shielded Linux': (
        {}, {}, {**SHIELDED, 'os_type': 'linux'},
        ('os_shielded_vm=required', 'os_type=linux')),
    'vTPM without secure boot': (
        {}, {}, {**GEN2, 'os_type': 'windows', 'os_vtpm': 'required'},
        ('os_vtpm=required', 'os_secure_boot=not set')),
    'monitors that are no number': (
        {}, {'os:resolution': '1024x768', 'os:monitors': 'two'}, {},
        ('os:monitors=two',)),
    'too many monitors': (
        {}, {'os:resolution': '2560x1600', 'os:monitors': '3'}, {},
        ('os:resolution=2560x1600', 'os:monitors=3')),
    'RemoteFX on a Linux image': (
        {}, {'os:resolution': '1024x768'}, {'img_hv_type': 'kvm'},
        ('os:resolution=1024x768', 'img_hv_type=kvm')),
    'mixed case': ({}, {}, {**VTPM, 'os_vtpm': 'Required'},
                   ('os_vtpm=Required',)),
    'Windows with a capital': (
        {}, {}, {**VTPM, 'os_type': 'Windows'}, ('os_type=Windows',)),
    'flavor and image disagree': (
        {}, {'os:secure_boot': 'disabled'}, SECURE,
        ('os:secure_boot=disabled', 'os_secure_boot=required')),
    'a generation nobody knows': (
        {}, {}, {'hw_machine_type': 'hyperv-gen3'}, ('hyperv-gen3',)),
    '64 KB of properties': ({}, {}, {**GEN2, 'os_vtpm': 'x' * 65536},
                            ('os_vtpm=xxx',)),
}


class FeaturesTest(features.FeatureCase):

    def test_every_server_lands_on_a_node_that_can_run_it(self) -> None:
        """Also when Placement gives one result and one node only is able."""
        tried = hv_fake.HyperVNode.spawned
        for name, case in CASES.items():
            assert self.host_of(self.ask(case)) in case[3], name
        assert hv_fake.HyperVNode.spawned == tried + len(CASES)
        self.flags(max_placement_results=1, group='scheduler')
        for name in ('Linux image', 'shielded', 'nested', 'RemoteFX', 'size'):
            case = CASES[name]
            assert self.host_of(self.ask(case)) in case[3], name

    def test_what_no_host_can_run_is_refused_before_any_build(self) -> None:
        for name, case in IMPOSSIBLE.items():
            fault = self.refused(case)
            for word in case[3]:
                assert word in fault, (name, fault)

    def test_a_named_host_is_tried_only_when_it_can(self) -> None:
        for name in ('shielded', 'nested', 'RemoteFX', 'size',
                     'secure boot, Linux'):
            case = CASES[name]
            able = sorted(case[3])[0]
            unable = sorted((HYPERV | {KVM}) - case[3])[0]
            assert self.host_of(self.ask(case, host=able)) == able, name
            self.refused(case, host=unable)
        self._an_adapter_is_held_until_the_server_is_gone()

    def _an_adapter_is_held_until_the_server_is_gone(self) -> None:
        server = self.ask(({}, {'os:resolution': '1024x768',
                                'os:vram': '256'}, GEN1))
        assert self.host_of(server) == 'w2016fx'
        held = self.shares(server['id'])
        assert held['w2016fx:remotefx'] == {
            'CUSTOM_REMOTEFX_ADAPTER': 1, 'CUSTOM_REMOTEFX_VRAM_MB': 256}
        assert held['CSV1'] == {'DISK_GB': 1}
        self._delete_server(server)
        assert self.shares(server['id']) == {}

    def test_windows_and_linux_hosts_share_a_zone(self) -> None:
        """img_hv_type both ways; then image formats; then what runs."""
        self.aggregate('zone', (*sorted(HYPERV), KVM), az='az1')
        for name in ('Linux image', 'Windows image', 'shielded', 'nested'):
            for _ in range(2):
                host = self.host_of(self.ask(CASES[name], az='az1'))
                assert host in CASES[name][3], (name, host)
        linux = self.boot(self.flavor(1), az='az1',
                          image_uuid=self.image({}, 'qcow2'))
        assert self.host_of(linux) == KVM
        marked = self.boot(self.flavor(1), az='az1', state='ERROR',
                           image_uuid=self.image(
                               {'img_hv_type': 'hyperv'}, 'qcow2'))
        assert ('image disk_format=qcow2: Hyper-V boots from vhd, vhdx, iso'
                in self.fault_of(marked))
        # Nothing says where these belong, but where they are.
        anywhere = self.ask(({}, {}, {}), host='w2022')
        assert self.live_migrate(anywhere) == 'completed'
        assert self.host_of(anywhere) == 'w2025'
        stays = self.ask(({}, {}, {}), host=KVM)
        assert self.live_migrate(stays) == 'error'
        assert self.host_of(stays) == KVM


class FeatureFilterAloneTest(features.FeatureCase):
    """The safety net without the request filter.

    Nova itself asks for secure boot then, so the driver must report it.
    """

    DRIVER = 'InTreeNode'
    OPTIONS = {'request_filter_features': False}

    def test_the_filter_drops_hosts_that_cannot(self) -> None:
        for name in ('shielded', 'nested', 'size', 'Linux image'):
            assert self.host_of(self.ask(CASES[name])) in CASES[name][3]
        self.refused(IMPOSSIBLE['shielded Linux'])


class OperatorsChoiceTest(features.FeatureCase):
    OPTIONS = {'survivable_features': True, 'unmarked_images': 'hyperv'}

    def test_only_what_every_failover_owner_has_is_enough(self) -> None:
        """From w2022 a server may meet w2025; from w2016 also w2019, which
        is not guarded.
        """
        for _ in range(3):
            assert self.host_of(self.ask(CASES['shielded'])) in {
                'w2022', 'w2025'}
        self.refused(CASES['shielded'], host='w2016')
        # Images that name no hypervisor go to Windows nodes by option.
        for _ in range(3):
            assert self.host_of(self.ask(({}, {}, {}))) in HYPERV


class RunningServersTest(features.FeatureCase):
    """Servers that were there before the rules were."""

    FILTERS = ('SharedVolumeFilter',)
    OPTIONS = {'request_filter_features': False,
               'live_migration_keeps_cpu_features': True}

    def test_a_contradiction_keeps_no_running_server_from_moving(
            self) -> None:
        server = self.ask(({}, {}, {**GEN2, 'os_vtpm': 'Required'}),
                          host='w2016')
        self.flags(request_filter_features=True, group='hv_sched')
        assert self.live_migrate(server) == 'completed'
        assert self.host_of(server) != KVM
        self.refused(({}, {}, {**GEN2, 'os_vtpm': 'Required'}))

    def test_a_live_migration_keeps_the_cpu_features_of_its_source(
            self) -> None:
        for host in ('w2016', 'w2022'):
            self.publisher.add_traits(self.node(host),
                                      'HW_CPU_X86_AVX512F')
        self.flags(request_filter_features=True, group='hv_sched')
        for _ in range(3):
            server = self.ask(CASES['generation 2'], host='w2016')
            assert self.live_migrate(server) == 'completed'
            assert self.host_of(server) == 'w2022'
        # Nor is a destination taken that the user names.
        assert self.live_migrate(server, 'w2025') == 'error'
        assert self.host_of(server) == 'w2022'
        # What Nova cannot read is not taken for nothing.
        self.break_placement('GET', '/resource_providers/.*/traits$')
        assert self.live_migrate(server) == 'error'
        assert self.logged('the CPU features of the source cannot be read')
