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

from nova.virt import fake


class ClusterNode(fake.FakeDriver):
    """A node as stock Nova sees it: the volume is its own 500 GB disk."""

    vcpus = 100
    memory_mb = 819200
    local_gb = 500


class SameHostNode(ClusterNode):
    """A node that also takes a migration from itself."""

    capabilities = dict(fake.FakeDriver.capabilities,
                        supports_migrate_to_same_host=True)


class HyperVNode(ClusterNode):
    """A node that says it is Hyper-V, as compute-hyperv does.

    ``spawned`` counts the builds that were tried, on all nodes.
    """

    capabilities = dict(fake.FakeDriver.capabilities,
                        supports_secure_boot=True)
    hypervisor = 'hyperv'
    spawned = 0

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.host_status_base['supported_instances'] = [
            ('x86_64', self.hypervisor, 'hvm')]

    def spawn(self, *args, **kwargs):
        HyperVNode.spawned += 1
        return super().spawn(*args, **kwargs)


class KvmNode(HyperVNode):
    """A Linux host in the same cloud."""

    hypervisor = 'kvm'
