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

"""Which compute nodes are no Hyper-V hosts, as Nova tells.

Asked before a node's own disk is closed: the disk of a KVM host that a
source lists by mistake is a disk.
"""

from collections.abc import Mapping
from typing import Protocol

# What compute-hyperv and Nova's former driver report. 'fake' is Nova's own
# test driver, which stands for any.
_HYPERV = frozenset(('hyperv', 'hyper-v', 'fake'))


class HypervisorTypes(Protocol):
    """Nova, as far as it is read here."""

    def hypervisor_types(self) -> Mapping[str, str]:
        """The hypervisor type of each compute node.

        :returns: by the uuid of the node's resource provider
        :raises NovaError: Nova does not answer, or not these credentials
        """


def not_hyperv(nova: HypervisorTypes, nodes: Mapping[str, str]
               ) -> dict[str, str]:
    """Nodes that run another hypervisor than Hyper-V.

    A node whose type Nova does not tell is not among them.

    :param nodes: names by the uuid of the provider
    :returns: type by the node's name
    :raises NovaError: see HypervisorTypes; not knowing is for the caller
        to judge, as a sync works without Nova
    """
    types = nova.hypervisor_types()
    return {name: types[uuid] for uuid, name in sorted(nodes.items())
            if is_foreign(types.get(uuid, ''))}


def is_hyperv(hypervisor_type: str) -> bool:
    """Whether a type Nova tells is surely Hyper-V. Pure."""
    return hypervisor_type.casefold() in _HYPERV - {'fake'}


def is_foreign(hypervisor_type: str) -> bool:
    """Whether a type Nova tells is surely not Hyper-V. Pure."""
    kind = hypervisor_type.casefold()
    return bool(kind) and kind not in _HYPERV
