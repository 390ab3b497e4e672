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

"""What each Windows Server build allows a virtual machine.

Sizes from Microsoft's "Hyper-V maximum scale limits in Windows Server" (17
October 2025: 2016 to 2025) and "Plan for Hyper-V scalability in Windows
Server" (which says of 2012 R2 that its maximums are those of 2012: 64 virtual
processors and 1 TB); configuration versions from "Upgrade virtual machine
version in Hyper-V", its table of long-term servicing hosts (20 January 2025).
A build between two known ones is an update of the older; one newer than all
is treated as the newest known, which never promises it less than it can do.
"""

import dataclasses

from hv_sched import model

GB_PER_TB = 1024


@dataclasses.dataclass(frozen=True)
class VmLimits:
    """The largest virtual machine of one generation."""

    vcpus: int
    memory_gb: int


@dataclasses.dataclass(frozen=True)
class Build:
    """A Windows Server release.

    :param number: the lowest build number of the release
    :param gen1: limits of generation 1 virtual machines
    :param gen2: limits of generation 2 virtual machines
    :param vm_versions: oldest and newest VM configuration version it runs;
        a VM never runs on a host that lacks its version
    """

    number: int
    product: str
    gen1: VmLimits
    gen2: VmLimits
    vm_versions: tuple[str, str]

    def limits(self, generation: int) -> VmLimits:
        return self.gen1 if generation == 1 else self.gen2


_GEN1 = VmLimits(64, 1 * GB_PER_TB)

WS2012R2 = Build(9600, 'Windows Server 2012 R2', _GEN1,
                 VmLimits(64, 1 * GB_PER_TB), ('5.0', '5.0'))
WS2016 = Build(14393, 'Windows Server 2016', _GEN1,
               VmLimits(240, 12 * GB_PER_TB), ('5.0', '8.0'))
WS2019 = Build(17763, 'Windows Server 2019', _GEN1,
               VmLimits(240, 12 * GB_PER_TB), ('5.0', '9.0'))
WS2022 = Build(20348, 'Windows Server 2022', _GEN1,
               VmLimits(1024, 240 * GB_PER_TB), ('8.0', '10.0'))
WS2025 = Build(26100, 'Windows Server 2025', _GEN1,
               VmLimits(2048, 240 * GB_PER_TB), ('8.0', '12.0'))

BUILDS = (WS2012R2, WS2016, WS2019, WS2022, WS2025)
# ClusterFunctionalLevel (Microsoft: "Cluster operating system rolling
# upgrade", and the levels Get-Cluster shows on each release).
FUNCTIONAL_LEVELS = {8: WS2012R2, 9: WS2016, 10: WS2019, 11: WS2022,
                     12: WS2025}

# Disks of one virtual machine, the same on every build.
MAX_VHDX_GB = 64 * GB_PER_TB
MAX_VHD_GB = 2040
MAX_GEN1_BOOT_GB = 2 * GB_PER_TB
# Hyper-V has up to four SCSI controllers of 64 disks, but compute-hyperv and
# Nova's own driver make one (block_device_manager.py,
# _initialize_controller_slot_counter; os-win constants.py).
SCSI_SLOTS = 64
# Two controllers of two, generation 1 only.
IDE_SLOTS = 4


def build_of(number: int) -> Build | None:
    """The release a build number belongs to.

    :returns: None for anything older than Windows Server 2012 R2
    """
    if number < model.OLDEST_BUILD:
        return None
    return max((build for build in BUILDS if build.number <= number),
               key=lambda build: build.number)


def build_of_level(functional_level: int) -> Build:
    """The release a cluster acts as.

    A level above all known ones is that of the newest; below, the oldest.
    """
    lower = [level for level in FUNCTIONAL_LEVELS if level <= functional_level]
    return FUNCTIONAL_LEVELS[max(lower, default=min(FUNCTIONAL_LEVELS))]
