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

"""Nova's libvirt driver, each on a node of its own; see tests.nova.kvm."""

import types

import nova.conf
from nova.virt.libvirt import driver

from tests.nova.kvm import nodes


class KvmNode(driver.LibvirtDriver):
    """Whatever it does, in whichever thread, it does on its node."""

    def __init__(self, *args, **kwargs):
        self._kvm_node = nodes.of(nova.conf.CONF.host)
        with nodes.at(self._kvm_node):
            super().__init__(*args, **kwargs)
        self._host.get_connection = lambda: self._kvm_node.connection

    def check_instance_shared_storage_remote(self, context, data):
        return super().check_instance_shared_storage_remote(
            context, {'filename': nodes.here(data['filename'])})

    def __getattribute__(self, name):
        value = super().__getattribute__(name)
        if isinstance(value, types.MethodType):
            return nodes.bound(self._kvm_node, value)
        return value
