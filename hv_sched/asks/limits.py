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

"""Sizes a release can run, and those that none can."""

from hv_sched.asks import keys
from hv_sched.asks import values
from hv_sched.asks.keys import Said
from hv_sched.features import hosts
from hv_sched.providers import names

_MB_PER_GB = 1024


class Limits:
    """Which releases cannot run a server, and why.

    :param read: what is said
    :param machine: the virtual machine's generation, as it is said
    """

    def __init__(self, read: keys.Keys, machine: Said, generation: int,
                 vhd_is_vhd: bool) -> None:
        self._keys = read
        self._machine = machine
        self._generation = generation
        disk_format = read.said(keys.IMAGE, 'disk_format')
        self._vhd = disk_format if (
            vhd_is_vhd and disk_format
            and disk_format.value.lower() == 'vhd') else None
        self._refused: dict[int, list[values.Reason]] = {}

    @property
    def refused(self) -> frozenset[int]:
        """The lowest build numbers of the releases."""
        return frozenset(self._refused)

    def reasons(self) -> list[values.Reason]:
        return [reason for found in self._refused.values()
                for reason in found]

    def refuse(self, build: hosts.Build, said: Said, why: str) -> None:
        self._refused.setdefault(build.number, []).append(values.Reason(
            f'!{names.build_trait(build.number)}', said, why))

    def check(self, boots_from_volume: bool, disks: int) -> None:
        """Apply every limit; what no release can run is a fault."""
        self._compute()
        if not boots_from_volume:
            self._root()
        ephemeral, ephemeral_gb = self._keys.size('ephemeral_gb')
        if ephemeral_gb > hosts.MAX_VHDX_GB:
            self._fault(f'{ephemeral}: a VHDX ends at {hosts.MAX_VHDX_GB}')
        self._count(disks)

    def check_somewhere(self) -> None:
        """No release left is a fault, told by what each of them lacks."""
        if len(self._refused) == len(hosts.BUILDS):
            each = dict.fromkeys(reason.why for reason in self.reasons())
            self._fault('no Windows release can run it: ' + '; '.join(each))

    def _fault(self, why: str) -> None:
        self._keys.faults.append(why)

    def _compute(self) -> None:
        vcpus = self._keys.size('vcpus')
        ram_mb = self._keys.size('ram_mb')
        for build in hosts.BUILDS:
            limits = build.limits(self._generation)
            for (said, number), most in (
                    (vcpus, limits.vcpus),
                    (ram_mb, limits.memory_gb * _MB_PER_GB)):
                if number > most:
                    self.refuse(build, said, f'{said} with {self._machine}: '
                                f'{build.product} ends at {most}')

    def _root(self) -> None:
        root, root_gb = self._keys.size('root_gb')
        if self._vhd and self._generation == 2:
            self._fault(f'{self._vhd} with {self._machine}: generation 2 '
                        'boots from VHDX only')
        if self._vhd and root_gb > hosts.MAX_VHD_GB:
            self._fault(f'{root} with {self._vhd}: a VHD ends at '
                        f'{hosts.MAX_VHD_GB}')
        elif self._generation == 1 and root_gb > hosts.MAX_GEN1_BOOT_GB:
            self._fault(f'{root} with {self._machine}: generation 1 boots '
                        f'from at most {hosts.MAX_GEN1_BOOT_GB}')
        elif root_gb > hosts.MAX_VHDX_GB:
            self._fault(f'{root}: a VHDX ends at {hosts.MAX_VHDX_GB}')

    def _count(self, disks: int) -> None:
        most = hosts.MAX_SCSI_DISKS + (
            hosts.MAX_IDE_DISKS if self._generation == 1 else 0)
        if disks > most:
            self._fault(f'{disks} disks with {self._machine}: a server has '
                        f'at most {most}')
