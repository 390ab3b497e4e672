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

"""What a flavor and an image say, key by key.

Keys are read as compute-hyperv reads them: the very text counts, blanks and
case included, so "Required" and "required " ask for nothing on the host.
Where that would start a server without a protection its user wrote, it is a
fault; of other keys the requirements say what the host ignores.
"""

from collections.abc import Mapping
import dataclasses
from typing import Any

from hv_sched import features

FLAVOR = 'flavor'
IMAGE = 'image'
REQUIRED = 'required'
DISABLED = 'disabled'
# Those of Nova's image fields the rules read.
NOVA_IMAGE_FIELDS = ('hw_machine_type', 'os_secure_boot', 'os_type',
                     'img_hv_type')
SWITCH = (REQUIRED, DISABLED, 'optional')
# Read by the driver alone, vmops.py (_get_image_serial_port_settings).
SERIAL_PORTS = ('interactive_serial_port', 'logging_serial_port')
_IGNORED = ': a Hyper-V host would ignore it and start the server without'
# Longer values are cut in messages; no number that is meant has more digits.
_SHOWN = 60
_DIGITS = 9
# Glance's older names, which Nova still takes.
_FORMERLY = {'img_hv_type': 'hypervisor_type'}


def dropped_by_nova() -> tuple[str, ...]:
    """Image properties that ask for a feature, without a field in Nova.

    Nova's image object does not carry them to the scheduler.
    """
    return tuple(dict.fromkeys(
        key.name for feature in features.CATALOGUE for key in feature.keys
        if key.source == IMAGE and key.name not in NOVA_IMAGE_FIELDS))


def image_properties() -> tuple[str, ...]:
    """All that the rules read of an image, but for its disk format."""
    return (*NOVA_IMAGE_FIELDS, *_FORMERLY.values(), *dropped_by_nova(),
            *SERIAL_PORTS)


@dataclasses.dataclass(frozen=True)
class Setting:
    """One key with its value, as a message names it.

    :param source: ``FLAVOR`` or ``IMAGE``
    :param by_default: the key is not there, the host takes this value
    """

    source: str
    key: str
    value: str
    by_default: bool = False

    def __str__(self) -> str:
        text = self.value if len(self.value) <= _SHOWN else (
            f'{self.value[:_SHOWN]}... ({len(self.value)} characters)')
        if text != text.strip() or not text:
            text = f'"{text}"'
        return f'{self.source} {self.key}={text}' + (
            ' (by default)' if self.by_default else '')


def unsaid(source: str, key: str, value: str) -> Setting:
    """A key that is not there, with what the host takes instead."""
    return Setting(source, key, value, by_default=True)


class Keys:
    """A flavor and an image that may hold anything.

    :param flavor: ``vcpus``, ``ram_mb``, ``root_gb``, ``ephemeral_gb``,
        ``swap_mb`` and ``extra_specs``; each may be absent
    :param image: image properties, with ``disk_format`` among them
    """

    def __init__(self, flavor: Mapping[str, Any],
                 image: Mapping[str, Any]) -> None:
        specs = flavor.get('extra_specs')
        self._sources: dict[str, Mapping[str, Any]] = {
            FLAVOR: specs if isinstance(specs, Mapping) else {},
            IMAGE: image}
        self._sizes = flavor
        self.faults: list[str] = []

    def text(self, source: str, key: str) -> str | None:
        """A key's very text; None only when it is absent."""
        settings = self._sources[source]
        value = settings.get(key, settings.get(_FORMERLY.get(key, key)))
        return None if value is None else str(value)

    def setting(self, source: str, key: str) -> Setting | None:
        """A key's very text; None when it is absent or empty."""
        text = self.text(source, key)
        return Setting(source, key, text) if text else None

    def one_of(self, source: str, key: str, values: tuple[str, ...],
               consequence: str = '') -> Setting | None:
        """A key whose value must be one of some; another is a fault.

        :param consequence: what the host would make of another
        """
        setting = self.setting(source, key)
        if setting is None or setting.value in values:
            return setting
        self.faults.append(
            f'{setting} is none of {", ".join(values)}{consequence}')
        return None

    def switch(self, source: str, key: str) -> Setting | None:
        """A protection that is required, optional or disabled."""
        return self.one_of(source, key, SWITCH, _IGNORED)

    def number(self, source: str, key: str, lowest: int = 1
               ) -> tuple[Setting, int] | None:
        """A key that the host reads as a whole number; else a fault.

        :param lowest: a lower one is a fault, too
        """
        setting = self.setting(source, key)
        if setting is None:
            return None
        number = python_int(setting.value)
        if number is None or number < lowest:
            self.faults.append(
                f'{setting} is not a whole number above {lowest - 1}')
            return None
        return setting, number

    def size(self, key: str) -> tuple[Setting, int]:
        """A field of the flavor itself; 0 when it is absent or no number."""
        value = self._sizes.get(key)
        text = '0' if value is None else str(value).strip()
        number = _whole(text)
        setting = Setting(FLAVOR, key, text)
        if number is None:
            self.faults.append(f'{setting} is not a whole number')
        return setting, number or 0

    def words(self, source: str, key: str) -> tuple[str, ...]:
        """What a key lists, see ``cpu_features``."""
        return cpu_features(self.text(source, key) or '')


def cpu_features(text: str) -> tuple[str, ...]:
    """A list as the host reads it: lower case, between commas, blanks kept.

    vmops.py (_requires_nested_virt): " vmx" is not "vmx".
    """
    return tuple(text.lower().split(','))


def python_int(text: str) -> int | None:
    """As Python's int() reads it, which is what the driver calls."""
    try:
        return int(text) if len(text) <= _SHOWN else None
    except ValueError:
        return None


def _whole(text: str) -> int | None:
    if len(text) > _DIGITS or not (text.isascii() and text.isdecimal()):
        return None
    return int(text)
