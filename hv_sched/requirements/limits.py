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

from collections.abc import Callable

from hv_sched import model
from hv_sched.features import windows_builds
from hv_sched.placement import names
from hv_sched.requirements import keys
from hv_sched.requirements import values
from hv_sched.requirements.keys import Setting

_LimitOf = Callable[[windows_builds.Build, int], int]


def _vcpus(build: windows_builds.Build, generation: int) -> int:
    return build.limits(generation).vcpus


def _memory_mb(build: windows_builds.Build, generation: int) -> int:
    return build.limits(generation).memory_gb * model.MIB_PER_GIB


class ReleaseLimits:
    """Which releases cannot run a server, and why.

    :param read: flavor and image
    :param machine: the virtual machine's generation, as it is said
    """

    def __init__(self, read: keys.Keys, machine: Setting, generation: int,
                 rules: values.Rules) -> None:
        self._keys = read
        self._machine = machine
        self._generation = generation
        self._rules = rules
        self._format = read.setting(keys.IMAGE, 'disk_format')
        self._vhd = self._format if (
            rules.vhd_is_vhd and self._format
            and self._format.value.lower() == 'vhd') else None
        self._refused: dict[int, list[values.Reason]] = {}
        self._everywhere: dict[str, str] = {}

    @property
    def refused(self) -> frozenset[int]:
        """The lowest build numbers of the releases."""
        return frozenset(self._refused)

    def reasons(self) -> list[values.Reason]:
        return [reason for reasons in self._refused.values()
                for reason in reasons]

    def refuse(self, build: windows_builds.Build, setting: Setting,
               text: str) -> None:
        self._refused.setdefault(build.number, []).append(values.Reason(
            f'!{names.build_trait(build.number)}', setting, text))

    def check(self, boots_from_volume: bool,
              disks: values.Disks | None) -> None:
        """Apply every limit; what no release can run is a fault."""
        self._compute()
        if not boots_from_volume:
            self._image_format()
            self._root()
        ephemeral, ephemeral_gb = self._keys.size('ephemeral_gb')
        if ephemeral_gb > windows_builds.MAX_VHDX_GB:
            self._fault(f'{ephemeral}: exceeds the VHDX limit of '
                        f'{windows_builds.MAX_VHDX_GB} GB')
        if disks is not None:
            self._slots(disks)

    def check_somewhere(self) -> None:
        """No release left is a fault, told by what each of them lacks."""
        if len(self._refused) == len(windows_builds.BUILDS):
            self._fault('no Windows release can run it: '
                        + '; '.join(self._of_all_releases()))

    def _fault(self, text: str) -> None:
        self._keys.faults.append(text)

    def _compute(self) -> None:
        for (setting, number), limit_of in (
                (self._keys.size('vcpus'), _vcpus),
                (self._keys.size('ram_mb'), _memory_mb)):
            subject = f'{setting} with {self._machine}'
            for build in windows_builds.BUILDS:
                limit = limit_of(build, self._generation)
                if number > limit:
                    self.refuse(build, setting, f'{subject}: {build.product} '
                                f'supports at most {limit}')
            self._note_everywhere(subject, number, limit_of)

    def _note_everywhere(self, subject: str, number: int, limit_of: _LimitOf
                         ) -> None:
        """Say once what exceeds the limit of every release."""
        limits = {generation: max(limit_of(build, generation)
                                  for build in windows_builds.BUILDS)
                  for generation in (self._generation, 2)}
        limit = limits[self._generation]
        if number <= limit:
            return
        text = f'{subject}: Hyper-V supports at most {limit}'
        if number <= limits[2]:
            text += (f'; generation 2 supports {limits[2]} (image property '
                     'hw_machine_type=hyperv-gen2)')
        self._everywhere[subject] = text

    def _of_all_releases(self) -> list[str]:
        """Why no release is left; what exceeds all of them is said once."""
        others = dict.fromkeys(
            str(reason.text) for reason in self.reasons()
            if not reason.text.startswith(tuple(
                f'{subject}:' for subject in self._everywhere)))
        return [*self._everywhere.values(),
                *(() if self._everywhere else others)]

    def _image_format(self) -> None:
        formats = self._rules.disk_formats
        if formats and self._format and self._format.value not in formats:
            self._fault(f'{self._format}: Hyper-V boots from '
                        f'{", ".join(formats)}')

    def _root(self) -> None:
        root, root_gb = self._keys.size('root_gb')
        if self._vhd and self._generation == 2:
            self._fault(f'{self._vhd} with {self._machine}: generation 2 '
                        'boots from VHDX only')
        if self._vhd and root_gb > windows_builds.MAX_VHD_GB:
            self._fault(f'{root} with {self._vhd}: exceeds the VHD limit of '
                        f'{windows_builds.MAX_VHD_GB} GB')
        elif self._generation == 1 and (
                root_gb > windows_builds.MAX_GEN1_BOOT_GB):
            self._fault(f'{root} with {self._machine}: generation 1 boots '
                        f'from at most {windows_builds.MAX_GEN1_BOOT_GB} GB')
        elif root_gb > windows_builds.MAX_VHDX_GB:
            self._fault(f'{root}: exceeds the VHDX limit of '
                        f'{windows_builds.MAX_VHDX_GB} GB')

    def _slots(self, disks: values.Disks) -> None:
        """Count as the driver does before it spawns.

        Generation 1 has its root disk and the config drive on IDE, all that
        names no bus is on SCSI; generation 2 has everything on SCSI. The
        driver compares with "IDE" and "SCSI" (_check_and_update_bdm), and
        Nova's API lets only "ide" and "scsi" through.
        """
        free = {'SCSI': windows_builds.SCSI_SLOTS}
        if self._generation == 1:
            free['IDE'] = windows_builds.IDE_SLOTS
        root = 'IDE' if self._generation == 1 else 'SCSI'
        for bus in (root, *((root,) if disks.config_drive else ()),
                    *disks.buses):
            controller = bus or 'SCSI'
            if controller not in free:
                self._fault(f'a disk with disk_bus={bus} and {self._machine}:'
                            f' the driver accepts {" and ".join(free)}, in '
                            'capitals; name no disk_bus')
                return
            free[controller] -= 1
        for bus, free_slots in free.items():
            if free_slots < 0:
                self._fault(self._too_many(disks, bus, free_slots))

    def _too_many(self, disks: values.Disks, bus: str, free_slots: int) -> str:
        slots = (windows_builds.IDE_SLOTS if bus == 'IDE'
                 else windows_builds.SCSI_SLOTS)
        drive = ' and a config drive' if disks.config_drive else ''
        return (f'{1 + len(disks.buses)} disks{drive} with {self._machine}: '
                f'{slots - free_slots} of them on {bus}, which has {slots} '
                'slots')
