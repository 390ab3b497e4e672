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


"""Six Windows nodes of different builds and guard states, and a Linux host.

The names below are literal on purpose: what each node can do is written down
here, not taken from the code.
"""

import importlib
import time
from typing import Any

from hv_sched import model
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import node_traits
from hv_sched.providers import plan_gpu
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
               nested_virtualization=True),
    model.Node('w2025', build=26100, cpu_vendor=INTEL, guarded_host=True,
               nested_virtualization=False))
HYPERV = {node.name for node in NODES}
# Of the newest build: each node counts as what it is. No level stated would
# bound all of them by the oldest.
LEVEL_2025 = 12
KVM = 'kvm1'

GEN1 = {'hw_machine_type': 'hyperv-gen1'}
GEN2 = {'hw_machine_type': 'hyperv-gen2'}
SECURE = {**GEN2, 'os_secure_boot': 'required', 'os_type': 'windows'}
VTPM = {**SECURE, 'os_vtpm': 'required'}
SHIELDED = {**VTPM, 'os_shielded_vm': 'required'}
NESTED = {'hw:cpu_features': 'vmx'}



class AskingCase(moving.MovingCase):
    """Asks for servers by flavor and image; starts no host."""

    FILTERS = ('HyperVFeatureFilter', 'SharedVolumeFilter')
    DISK_FORMATS = ('vhd', 'vhdx', 'iso')

    def setUp(self) -> None:
        base.NovaCase.setUp(self)

    def image(self, properties: dict[str, str],
              disk_format: str = 'vhdx') -> str:
        return str(self.glance.create(None, {
            'name': 'made', 'status': 'active', 'container_format': 'bare',
            'disk_format': disk_format, 'size': 1, 'min_ram': 0, 'min_disk': 0,
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

    def attest(self, host: str) -> None:
        """It is attested again."""
        self.publisher.add_traits(
            self.node(host), 'CUSTOM_HYPERV_VTPM', 'CUSTOM_HYPERV_SHIELDED_VM')

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


class FeatureCase(AskingCase):
    """Six Windows nodes on one volume, and one Linux host."""

    DRIVER = 'HyperVNode'

    def setUp(self) -> None:
        super().setUp()
        self.flags(compute_driver=f'hv_fake.{self.DRIVER}')
        self.start_hosts(*sorted(HYPERV))
        self.flags(compute_driver='hv_fake.KvmNode')
        self.start_hosts(KVM)
        shape = publish.cluster('c0', {'CSV1': tuple(HYPERV)})
        self.cluster = model.Cluster(
            guid=shape.guid, name=shape.name, nodes=NODES,
            volumes=shape.volumes, functional_level=LEVEL_2025)
        self.publish(shape)
        for node in NODES:
            self._show(node)
        self.forget_snapshot()

    def _show(self, node: model.Node) -> None:
        uuid = self.node(node.name)
        self.publisher.add_traits(uuid, *node_traits.desired_node_traits(
            self.cluster, node, frozenset()))
        found = plan_gpu.inventories(node)
        if not found:
            return
        child = ids.remotefx_uuid(uuid)
        for resource_class in found:
            self.publisher._ensure(f'/resource_classes/{resource_class}')
        self.publisher._send('post', '/resource_providers', {
            'name': names.remotefx_provider_name(node.name), 'uuid': child,
            'parent_provider_uuid': uuid})
        self.publisher._send(
            'put', f'/resource_providers/{child}/inventories',
            {'resource_provider_generation': 0, 'inventories': {
                name: {'total': one.total, 'max_unit': one.max_unit,
                       'min_unit': one.min_unit,
                       'step_size': one.step_size}
                for name, one in found.items()}})
        self.publisher.add_traits(child, *plan_gpu.traits(node))
