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


"""Servers that ask for features, among nodes of five Windows releases.

The names below are literal on purpose: what each node can do is written down
here, not taken from the code.
"""

import importlib
import time
from typing import Any

from hv_sched import model
from hv_sched.providers import gpus
from hv_sched.providers import node_traits
from tests.nova import base
from tests.nova import moving
from tests.nova import publish

# As Nova loads it: under another name it would be another class.
hv_fake = importlib.import_module('nova.virt.hv_fake')

INTEL, AMD = model.CpuVendor.INTEL, model.CpuVendor.AMD
NODES = (
    model.Node('w2012', build=9600, remotefx_enabled=True,
               gpus=(model.Gpu('K1', 4096),), guarded_host=False),
    model.Node('w2016', build=14393, cpu_vendor=INTEL, guarded_host=True,
               nested_virtualization=True, remotefx_enabled=False),
    model.Node('w2016fx', build=14393, cpu_vendor=AMD, guarded_host=False,
               nested_virtualization=True, remotefx_enabled=True,
               gpus=(model.Gpu('K2', 4096),)),
    model.Node('w2019', build=17763, cpu_vendor=INTEL, guarded_host=False,
               nested_virtualization=True),
    model.Node('w2022', build=20348, cpu_vendor=AMD, guarded_host=True,
               nested_virtualization=True))
HYPERV = {node.name for node in NODES}
KVM = 'kvm1'

GEN1 = {'hw_machine_type': 'hyperv-gen1'}
GEN2 = {'hw_machine_type': 'hyperv-gen2'}
SECURE = {**GEN2, 'os_secure_boot': 'required', 'os_type': 'windows'}
VTPM = {**SECURE, 'os_vtpm': 'required'}
SHIELDED = {**VTPM, 'os_shielded_vm': 'required'}
NESTED = {'hw:cpu_features': 'vmx'}

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
    'vTPM': ({}, {}, VTPM, {'w2016', 'w2022'}),
    'shielded': ({}, {}, SHIELDED, {'w2016', 'w2022'}),
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
    '64 KB of properties': ({}, {}, {**GEN2, 'os_vtpm': 'x' * 65536},
                            ('os_vtpm=xxx',)),
}


class FeatureCase(moving.MovingCase):
    """Five Windows nodes on one volume, and one Linux host."""

    FILTERS = ('HyperVFeatureFilter', 'SharedVolumeFilter')

    def setUp(self) -> None:
        base.NovaCase.setUp(self)
        self.flags(compute_driver='hv_fake.HyperVNode')
        self.start_hosts(*sorted(HYPERV))
        self.flags(compute_driver='hv_fake.KvmNode')
        self.start_hosts(KVM)
        shape = publish.cluster('c0', {'CSV1': tuple(HYPERV)})
        self.cluster = model.Cluster(
            guid=shape.guid, name=shape.name, nodes=NODES,
            volumes=shape.volumes)
        self.publish(shape)
        for node in NODES:
            self._show(node)
        self.forget_snapshot()

    def _show(self, node: model.Node) -> None:
        uuid = self.node(node.name)
        self.publisher.add_traits(uuid, *node_traits.desired_node_traits(
            self.cluster, node, frozenset()))
        found = gpus.inventories(node)
        if not found:
            return
        child = gpus.child_uuid(uuid)
        for resource_class in found:
            self.publisher._ensure(f'/resource_classes/{resource_class}')
        self.publisher._send('post', '/resource_providers', {
            'name': gpus.child_name(node.name), 'uuid': child,
            'parent_provider_uuid': uuid})
        self.publisher._send(
            'put', f'/resource_providers/{child}/inventories',
            {'resource_provider_generation': 0, 'inventories': {
                name: {'total': one.total, 'max_unit': one.max_unit,
                       'min_unit': one.min_unit,
                       'step_size': one.step_size}
                for name, one in found.items()}})
        self.publisher.add_traits(child, *gpus.traits(node))

    def image(self, properties: dict[str, str]) -> str:
        return str(self.glance.create(None, {
            'name': 'made', 'status': 'active', 'container_format': 'bare',
            'disk_format': 'vhdx', 'size': 1, 'min_ram': 0, 'min_disk': 0,
            'properties': dict(properties)})['id'])

    def flavor_of(self, fields: dict[str, Any], specs: dict[str, str]) -> str:
        found = self.flavor(1, **fields)
        if specs:
            # 2.85 is the last one that takes os:resolution and the like.
            client = self.api_fixture.admin_api
            kept, client.microversion = client.microversion, '2.85'
            client.post_extra_spec(found, {'extra_specs': specs})
            client.microversion = kept
        return found

    def ask(self, case: Any, **kwargs: Any) -> dict[str, Any]:
        return self.boot(self.flavor_of(case[0], case[1]),
                         image_uuid=self.image(case[2]), **kwargs)

    def refused(self, case: Any, **kwargs: Any) -> str:
        """The fault of a server that was tried nowhere."""
        tried = hv_fake.HyperVNode.spawned
        server = self.ask(case, state='ERROR', **kwargs)
        assert self.host_of(server) is None
        assert hv_fake.HyperVNode.spawned == tried
        return self.fault_of(server)

    def lapse(self, host: str) -> None:
        """A node's attestation lapses; the next sync sees it."""
        self.publisher.remove_traits(
            self.node(host), 'CUSTOM_HYPERV_VTPM', 'CUSTOM_HYPERV_SHIELDED_VM')


class FeaturesTest(FeatureCase):

    def test_every_server_lands_on_a_node_that_can_run_it(self) -> None:
        tried = hv_fake.HyperVNode.spawned
        for name, case in CASES.items():
            server = self.ask(case)
            assert self.host_of(server) in case[3], name
        assert hv_fake.HyperVNode.spawned == tried + len(CASES)

    def test_the_only_capable_nodes_are_found_within_one_result(self) -> None:
        self.flags(max_placement_results=1, group='scheduler')
        for name, case in CASES.items():
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

    def test_a_remotefx_server_holds_its_adapter_until_it_is_gone(
            self) -> None:
        server = self.ask(({}, {'os:resolution': '1024x768',
                                'os:vram': '256'}, GEN1))
        assert self.host_of(server) == 'w2016fx'
        held = self.shares(server['id'])
        assert held['w2016fx:remotefx'] == {
            'CUSTOM_REMOTEFX_ADAPTER': 1, 'CUSTOM_REMOTEFX_VRAM_MB': 256}
        assert held['CSV1'] == {'DISK_GB': 1}
        self._delete_server(server)
        assert self.shares(server['id']) == {}

    def test_a_live_migration_keeps_what_the_server_was_built_with(
            self) -> None:
        server = self.ask(CASES['shielded'], host='w2016')
        # The image is not needed any more, and Glance not either.
        self.glance.images.clear()
        assert self.live_migrate(server) == 'completed'
        assert self.host_of(server) == 'w2022'

    def test_lapsed_attestation_keeps_new_servers_off(self) -> None:
        self.lapse('w2016')
        for _ in range(3):
            assert self.host_of(self.ask(CASES['shielded'])) == 'w2022'
        self.lapse('w2022')
        self.refused(CASES['shielded'])

    def test_a_rebuild_asks_no_more_than_the_host_can_give(self) -> None:
        server = self.ask(CASES['generation 2'], host='w2019')
        before = hv_fake.HyperVNode.spawned
        self.rebuild(server, SHIELDED)
        assert hv_fake.HyperVNode.spawned == before
        assert self.logged('Hosts w2019 cannot run server .*'
                           'os_shielded_vm=required')
        able = self.ask(CASES['generation 2'], host='w2022')
        self.rebuild(able, SHIELDED)
        assert hv_fake.HyperVNode.spawned == before + 2

    def rebuild(self, server: Any, image: dict[str, str]) -> None:
        self.api.post_server_action(server['id'], {
            'rebuild': {'imageRef': self.image(image)}})
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found = self.api.get_server(server['id'])
            if found['OS-EXT-STS:task_state'] is None:
                return
            time.sleep(0.1)
        raise AssertionError(found)


class FeatureFilterAloneTest(FeatureCase):
    """The safety net without the request filter."""

    OPTIONS = {'request_filter_features': False}

    def test_the_filter_drops_hosts_that_cannot(self) -> None:
        for name in ('shielded', 'nested', 'size', 'Linux image'):
            assert self.host_of(self.ask(CASES[name])) in CASES[name][3]
        self.refused(IMPOSSIBLE['shielded Linux'])


class OperatorsChoiceTest(FeatureCase):
    OPTIONS = {'survivable_features': True, 'unmarked_images': 'hyperv'}

    def test_only_what_every_failover_owner_has_is_enough(self) -> None:
        """From w2022 a server can only stay; from w2016 it can meet w2019,
        which is not guarded.
        """
        for _ in range(3):
            assert self.host_of(self.ask(CASES['shielded'])) == 'w2022'

    def test_images_that_name_no_hypervisor_go_to_windows_nodes(self) -> None:
        for _ in range(3):
            assert self.host_of(self.ask(({}, {}, {}))) in HYPERV


class RunningServersTest(FeatureCase):
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
