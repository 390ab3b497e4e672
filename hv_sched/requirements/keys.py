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

Keys are read as compute-hyperv reads them: values are compared letter by
letter, so "Required" asks for nothing on the host. A user who wrote that
wanted something, which is why a value the host would not know is a fault
here, never silence.
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
_SWITCH = (REQUIRED, DISABLED, 'optional')
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
    return (*NOVA_IMAGE_FIELDS, *_FORMERLY.values(), *dropped_by_nova())


@dataclasses.dataclass(frozen=True)
class Setting:
    """One key with its value, as a message names it.

    :param source: ``FLAVOR`` or ``IMAGE``
    """

    source: str
    key: str
    value: str

    def __str__(self) -> str:
        text = self.value if len(self.value) <= _SHOWN else (
            f'{self.value[:_SHOWN]}... ({len(self.value)} characters)')
        return f'{self.source} {self.key}={text}'


def unsaid(source: str, key: str, value: str) -> Setting:
    """A key that is not there, with what the host takes instead."""
    return Setting(source, key, f'{value} (by default)')


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

    def setting(self, source: str, key: str) -> Setting | None:
        """A key's value; None when it is absent or empty."""
        settings = self._sources[source]
        value = settings.get(key, settings.get(_FORMERLY.get(key, key)))
        text = '' if value is None else str(value).strip()
        return Setting(source, key, text) if text else None

    def one_of(self, source: str, key: str, values: tuple[str, ...],
               any_case: bool = False) -> Setting | None:
        """A key whose value must be one of some; another is a fault.

        :param any_case: Nova or the host compares without regard to case
        """
        setting = self.setting(source, key)
        if setting is None:
            return None
        if any_case:
            setting = dataclasses.replace(
                setting, value=setting.value.lower())
        if setting.value in values:
            return setting
        self.faults.append(f'{setting} is none of {", ".join(values)}')
        return None

    def switch(self, source: str, key: str) -> Setting | None:
        """A key that is required, optional or disabled."""
        return self.one_of(source, key, _SWITCH)

    def number(self, source: str, key: str) -> tuple[Setting, int] | None:
        """A key that is a whole number above zero; another is a fault."""
        setting = self.setting(source, key)
        if setting is None:
            return None
        number = _whole(setting.value)
        if not number:
            self.faults.append(f'{setting} is not a whole number above 0')
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

    def contains(self, source: str, key: str, word: str) -> Setting | None:
        """A key that lists a word, in any case, between commas."""
        return self.setting(source, key) if word in self.words(
            source, key) else None

    def words(self, source: str, key: str) -> tuple[str, ...]:
        """What a key lists between commas, in lower case."""
        setting = self.setting(source, key)
        return tuple(setting.value.lower().replace(',', ' ').split()
                     ) if setting else ()


def _whole(text: str) -> int | None:
    if len(text) > _DIGITS or not (text.isascii() and text.isdecimal()):
        return None
    return int(text)
