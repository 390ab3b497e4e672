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

"""Fake virt drivers: Nova imports nothing but ``nova.virt.<name>``, so
tests.nova.base appends this folder to that package's path.
"""

from nova import objects
from nova.virt import fake
from oslo_serialization import jsonutils


class ClusterNode(fake.FakeDriver):
    """A node as stock Nova sees it: the volume is its own 500 GB disk."""

    vcpus = 100
    memory_mb = 819200
    local_gb = 500


class NamedNode(ClusterNode):
    """A node whose name is not its host's, as with ``[DEFAULT]host``."""

    def init_host(self, host):
        super().init_host(host)
        self._set_nodes([f'{host}.example.com'])


class SameHostNode(ClusterNode):
    """A node that also takes a migration from itself."""

    capabilities = dict(fake.FakeDriver.capabilities,
                        supports_migrate_to_same_host=True)


class DeviceNode(ClusterNode):
    """A node with one NUMA cell and one PCI device."""

    def get_available_resource(self, nodename):
        status = super().get_available_resource(nodename)
        status['numa_topology'] = objects.NUMATopology(cells=[
            objects.NUMACell(
                id=0, cpuset={0, 1, 2, 3}, pcpuset=set(), memory=8192,
                cpu_usage=0, memory_usage=0, siblings=[], pinned_cpus=set(),
                socket=0, mempages=[
                    objects.NUMAPagesTopology(
                        size_kb=4, total=8192 * 256, used=0)])])._to_json()
        status['pci_passthrough_devices'] = jsonutils.dumps([{
            'address': '0000:81:00.0', 'vendor_id': '8086',
            'product_id': '1528', 'dev_type': 'type-PCI',
            'status': 'available', 'parent_addr': None, 'numa_node': None,
            'label': 'label_8086_1528'}])
        return status


class HyperVNode(ClusterNode):
    """A node that says it is Hyper-V, as compute-hyperv does: of secure boot
    it says nothing.

    ``spawned`` counts the builds that were tried, on all nodes.
    """

    capabilities = {
        name: supported
        for name, supported in fake.FakeDriver.capabilities.items()
        if name != 'supports_secure_boot'}
    hypervisor = 'hyperv'
    spawned = 0

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.host_status_base['supported_instances'] = [
            ('x86_64', self.hypervisor, 'hvm')]

    def spawn(self, *args, **kwargs):
        HyperVNode.spawned += 1
        return super().spawn(*args, **kwargs)


class ProcessorNode(HyperVNode):
    """A node that reports its processor as compute-hyperv's hostops does.

    :cvar made_by_others: hosts with a processor of AMD
    """

    made_by_others = frozenset()

    def get_available_resource(self, nodename):
        status = super().get_available_resource(nodename)
        vendor = ('AuthenticAMD' if nodename in self.made_by_others
                  else 'GenuineIntel')
        status['hypervisor_type'] = 'hyperv'
        status['cpu_info'] = jsonutils.dumps({
            'arch': 'x86_64', 'vendor': vendor, 'model': f'{vendor} @ 2 GHz',
            'features': ['mmx', 'sse', 'rdtsc', 'pae', 'sse2', 'nx', 'sse3',
                         'xsave', 'slat', 'vmx'],
            'topology': {'sockets': 2, 'cores': 8, 'threads': 2}})
        return status


class InTreeNode(HyperVNode):
    """Nova's own Hyper-V driver, up to Nova 28, reports secure boot."""

    capabilities = dict(HyperVNode.capabilities, supports_secure_boot=True)


class KvmNode(InTreeNode):
    """A Linux host in the same cloud."""

    hypervisor = 'kvm'
