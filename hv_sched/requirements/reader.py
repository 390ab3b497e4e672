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

"""The rules of features, applied to what is said."""

from collections.abc import Mapping
from typing import Any

from hv_sched import features
from hv_sched.placement import names
from hv_sched.requirements import ignored
from hv_sched.requirements import keys
from hv_sched.requirements import limits
from hv_sched.requirements import remotefx
from hv_sched.requirements.keys import FLAVOR
from hv_sched.requirements.keys import IMAGE
from hv_sched.requirements.keys import Setting
from hv_sched.requirements.values import Disks
from hv_sched.requirements.values import Hypervisor
from hv_sched.requirements.values import Reason
from hv_sched.requirements.values import Requirements
from hv_sched.requirements.values import Rules

_MACHINE = 'hw_machine_type'
_GENERATIONS = {'hyperv-gen1': 1, 'hyperv-gen2': 2}
_DEFAULT_MACHINE = 'hyperv-gen1'
_GUARDED = {'os_shielded_vm': features.SHIELDED_VM, 'os_vtpm': features.VTPM}
_CPU_FEATURES = tuple((key.source, key.name)
                      for key in features.NESTED_VIRT.keys)
_NOT_SET = 'not set'
_COM_PORTS = (1, 2)


def of(flavor: Mapping[str, Any], image: Mapping[str, Any],
       rules: Rules | None = None, boots_from_volume: bool = False,
       disks: Disks | None = None) -> Requirements:
    """What a flavor and an image ask for; raises nothing.

    :param flavor: see ``keys.Keys``
    :param image: image properties, ``disk_format`` among them
    :param boots_from_volume: the flavor's root disk is not made
    :param disks: what the server starts with, None when not known
    """
    read = keys.Keys(flavor, image)
    rules = rules or Rules()
    hypervisor, setting = _hypervisor(read, rules)
    if hypervisor is Hypervisor.OTHER and setting:
        return _elsewhere(setting, _only_hyperv_key(read))
    builder = _RequirementsBuilder(read, rules)
    if setting:
        builder.require(names.HYPERV, setting)
    demands = builder.build(hypervisor, boots_from_volume, disks)
    if demands.contradictions and hypervisor is Hypervisor.ANY:
        # Impossible on Hyper-V only: other hosts may well run it.
        setting = read.setting(IMAGE, 'os_secure_boot') or Setting(
            IMAGE, 'img_hv_type', _NOT_SET)
        return _avoid_hyperv(hypervisor, Reason(
            f'!{names.HYPERV}', setting, '; '.join(demands.contradictions)))
    return demands


def _hypervisor(read: keys.Keys, rules: Rules
                ) -> tuple[Hypervisor, Setting | None]:
    """For whom a server is, and what says so."""
    marked = read.setting(IMAGE, 'img_hv_type')
    if marked and marked.value.strip().lower() != 'hyperv':
        return Hypervisor.OTHER, marked
    if marked and marked.value.lower() != 'hyperv':
        read.faults.append(f'{marked}: Nova accepts hyperv without blanks '
                           'only')
    setting = marked or _only_hyperv_key(read)
    if setting:
        return Hypervisor.HYPERV, setting
    machine = read.text(IMAGE, _MACHINE)
    if machine is not None:  # q35, pc: Hyper-V accepts its own two only
        return Hypervisor.OTHER, Setting(IMAGE, _MACHINE, machine)
    if rules.unmarked is Hypervisor.ANY:
        return Hypervisor.ANY, None
    return rules.unmarked, keys.unsaid(IMAGE, 'img_hv_type',
                                       rules.unmarked.value)


def _only_hyperv_key(read: keys.Keys) -> Setting | None:
    """A key that means nothing to any other hypervisor."""
    machine = read.setting(IMAGE, _MACHINE)
    if machine and machine.value.strip().lower().startswith('hyperv'):
        return machine
    for key in _GUARDED:
        setting = read.setting(IMAGE, key)
        if setting and setting.value not in ('disabled', 'optional'):
            return setting
    return read.setting(FLAVOR, remotefx.RESOLUTION) or _nested_key(read)


def _nested_key(read: keys.Keys) -> Setting | None:
    return next((read.setting(*place) for place in _CPU_FEATURES
                 if 'vmx' in read.words(*place)), None)


def _elsewhere(setting: Setting, conflict: Setting | None) -> Requirements:
    return _avoid_hyperv(
        Hypervisor.OTHER, Reason(f'!{names.HYPERV}', setting),
        (f'{setting} keeps the server off Hyper-V, but {conflict} is for '
         'Hyper-V only',) if conflict else ())


def _avoid_hyperv(hypervisor: Hypervisor, reason: Reason,
                  contradictions: tuple[str, ...] = ()) -> Requirements:
    return Requirements(
        hypervisor, 1, forbidden=frozenset((names.HYPERV,)),
        reasons=(reason,), contradictions=contradictions)


class _RequirementsBuilder:
    """Collects what is asked of Hyper-V, rule by rule."""

    def __init__(self, read: keys.Keys, rules: Rules) -> None:
        self._keys = read
        self._rules = rules
        self._reasons: list[Reason] = []
        machine = self._read_machine()
        self._generation = _GENERATIONS[
            machine.value if machine else _DEFAULT_MACHINE]
        self._machine = machine or keys.unsaid(IMAGE, _MACHINE,
                                               _DEFAULT_MACHINE)
        if machine:
            self._ask(features.GEN1 if self._generation == 1
                      else features.GEN2, machine)

    def _read_machine(self) -> Setting | None:
        """The host refuses an empty text as it does any other."""
        text = self._keys.text(IMAGE, _MACHINE)
        if text is None or text in _GENERATIONS:
            return self._keys.setting(IMAGE, _MACHINE)
        self._keys.faults.append(
            f'{Setting(IMAGE, _MACHINE, text)} is none of '
            f'{", ".join(_GENERATIONS)}')
        return None

    def build(self, hypervisor: Hypervisor, from_volume: bool,
              disks: Disks | None) -> Requirements:
        limit = limits.ReleaseLimits(self._keys, self._machine,
                                     self._generation, self._rules)
        self._guarded(self._secure_boot())
        nested = _nested_key(self._keys)
        if nested:
            self._ask(features.NESTED_VIRT, nested)
        self._plain_features()
        self._serial_ports()
        group = remotefx.read(self._keys, self._machine, self._generation,
                              limit)
        limit.check(from_volume, disks)
        limit.check_somewhere()
        return Requirements(
            hypervisor, self._generation,
            required=frozenset(reason.trait for reason in self._reasons),
            refused_releases=limit.refused, gpu=group,
            reasons=(*self._reasons, *limit.reasons()),
            contradictions=tuple(dict.fromkeys(self._keys.faults)),
            ignored=tuple(ignored.texts(self._keys, self._machine,
                                        self._generation)))

    def require(self, trait: str, setting: Setting) -> None:
        self._reasons.append(Reason(trait, setting))

    def _ask(self, feature: features.Feature, setting: Setting) -> None:
        survivable = self._rules.survivable and feature.survivable
        self.require(
            features.ha_trait(feature) if survivable else feature.trait,
            setting)

    def _plain_features(self) -> None:
        """Features that any of their keys' values asks for."""
        for feature in features.CATALOGUE:
            for key in feature.keys if feature not in features.RULED else ():
                setting = self._keys.one_of(
                    key.source, key.name, keys.SWITCH
                    if key.values == (keys.REQUIRED,) else key.values)
                if setting and setting.value in key.values:
                    self._ask(feature, setting)

    def _serial_ports(self) -> None:
        for key in keys.SERIAL_PORTS:
            text = self._keys.text(IMAGE, key)
            if text is not None and keys.python_int(text) not in _COM_PORTS:
                self._keys.faults.append(
                    f'{Setting(IMAGE, key, text)} is no serial port: '
                    'Hyper-V has 1 and 2')

    def _secure_boot(self) -> Setting | None:
        """What asks for secure boot."""
        by_flavor = self._keys.switch(FLAVOR, 'os:secure_boot')
        by_image = self._keys.switch(IMAGE, 'os_secure_boot')
        settings = [setting for setting in (by_flavor, by_image) if setting]
        asking = [setting for setting in settings
                  if setting.value == keys.REQUIRED]
        if not asking:
            return None
        if any(setting.value == keys.DISABLED for setting in settings):
            self._keys.faults.append(f'{by_flavor} contradicts {by_image}')
        if self._generation != 2:
            self._keys.faults.append(
                f'{asking[0]} with {self._machine}: secure boot needs '
                'generation 2')
        os_type = self._os_type()
        if os_type.value == _NOT_SET:
            self._keys.faults.append(f'{asking[0]} with {os_type}: secure '
                                     'boot takes its keys by os_type')
        else:
            self._ask(features.SECURE_BOOT if _is_windows(os_type)
                      else features.SECURE_BOOT_LINUX, asking[0])
            self._is_spelled_windows(asking[0], os_type)
        return asking[0]

    def _os_type(self) -> Setting:
        return (self._keys.setting(IMAGE, 'os_type')
                or Setting(IMAGE, 'os_type', _NOT_SET))

    def _is_spelled_windows(self, asking: Setting, os_type: Setting) -> None:
        """The host would boot "Windows" with the keys for Linux."""
        if _is_windows(os_type) and os_type.value != 'windows':
            self._keys.faults.append(
                f'{asking} with {os_type}: the host takes exactly "windows" '
                'for Windows')

    def _guarded(self, secure_boot: Setting | None) -> None:
        """vTPM and shielding."""
        for key, feature in _GUARDED.items():
            setting = self._keys.switch(IMAGE, key)
            if setting is None or setting.value != keys.REQUIRED:
                continue
            self._ask(feature, setting)
            os_type = self._os_type()
            if secure_boot is None:
                self._keys.faults.append(
                    f'{setting} with {self._no_secure_boot()}: {feature.name} '
                    'needs secure boot')
            if not _is_windows(os_type):
                self._keys.faults.append(f'{setting} with {os_type}: '
                                         f'{feature.name} is for Windows '
                                         'servers only')

    def _no_secure_boot(self) -> Setting:
        return (self._keys.setting(IMAGE, 'os_secure_boot')
                or self._keys.setting(FLAVOR, 'os:secure_boot')
                or Setting(IMAGE, 'os_secure_boot', _NOT_SET))


def _is_windows(os_type: Setting) -> bool:
    return os_type.value.strip().lower() == 'windows'
