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

"""The compute nodes as their virt drivers report them, in one list.

Which are no Hyper-V hosts is asked before a node's own disk is closed: the
disk of a KVM host that a source lists by mistake is a disk.
"""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
from typing import Protocol

from hv_sched import model

# What compute-hyperv and Nova's former driver report. 'fake' is Nova's own
# test driver, which stands for any.
_HYPERV = frozenset(('hyperv', 'hyper-v', 'fake'))
# os-win's names for what it asks IsProcessorFeaturePresent, as far as
# os-traits has one for it. Its 'vmx' is PF_VIRT_FIRMWARE_ENABLED, whoever
# made the processor, and so means one thing on AMD and another on Intel.
_FEATURES = {'mmx': 'MMX', 'sse': 'SSE', 'sse2': 'SSE2', 'sse3': 'SSE3',
             '3dnow': '3DNOW'}
_VIRTUALIZATION = 'vmx'
_VENDORS = {'genuineintel': model.CpuVendor.INTEL,
            'authenticamd': model.CpuVendor.AMD}
_VIRTUALIZATION_OF = {model.CpuVendor.INTEL: 'VMX',
                      model.CpuVendor.AMD: 'SVM'}


@dataclasses.dataclass(frozen=True)
class HypervisorReport:
    """A compute node, as its virt driver reported it.

    :param uuid: of its resource provider
    :param name: what Nova calls it, and Placement its provider
    :param kind: the hypervisor type, empty when it is not stated
    :param is_up: its nova-compute reports
    :param cpu_vendor: in the words of Windows, empty when it is not stated
    :param cpu_features: in the words of os-win; None when not told
    """

    uuid: str
    name: str
    kind: str
    is_up: bool = False
    cpu_vendor: str = ''
    cpu_features: tuple[str, ...] | None = None


class Hypervisors(Protocol):
    """Nova, as far as the processors of its nodes are read here."""

    def hypervisors(self) -> Collection[HypervisorReport]:
        """All compute nodes.

        :raises NovaError: Nova does not answer, or not these credentials
        """


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

    A node whose type Nova does not report is not among them.

    :param nodes: names by the uuid of the provider
    :returns: type by the node's name
    :raises NovaError: see HypervisorTypes; not knowing is for the caller
        to judge, as a sync works without Nova
    """
    types = nova.hypervisor_types()
    return {name: types[uuid] for uuid, name in sorted(nodes.items())
            if is_foreign(types.get(uuid, ''))}


def is_hyperv(hypervisor_type: str) -> bool:
    """Whether a type Nova reports is surely Hyper-V. Pure."""
    return hypervisor_type.casefold() in _HYPERV - {'fake'}


def is_foreign(hypervisor_type: str) -> bool:
    """Whether a type Nova reports is surely not Hyper-V. Pure."""
    kind = hypervisor_type.casefold()
    return bool(kind) and kind not in _HYPERV


def cpu_vendor(hypervisor: HypervisorReport) -> model.CpuVendor | None:
    """Who made the processor of a node. Pure.

    :returns: None when the driver does not report it, or another maker
    """
    return _VENDORS.get(hypervisor.cpu_vendor.casefold())


def cpu_features(hypervisor: HypervisorReport) -> tuple[str, ...] | None:
    """What a processor has, as suffixes of os-traits' HW_CPU_X86_*. Pure.

    :returns: None when the driver does not report it
    """
    if hypervisor.cpu_features is None:
        return None
    told = {name.casefold() for name in hypervisor.cpu_features}
    known = [trait for name, trait in _FEATURES.items() if name in told]
    vendor = cpu_vendor(hypervisor)
    if _VIRTUALIZATION in told and vendor is not None:
        known.append(_VIRTUALIZATION_OF[vendor])
    return tuple(known)
