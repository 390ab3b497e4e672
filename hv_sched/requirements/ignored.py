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


"""Keys and values that no Hyper-V host looks at, named for their author."""

from collections.abc import Iterator

from hv_sched import features
from hv_sched.requirements import keys
from hv_sched.requirements import remotefx
from hv_sched.requirements.keys import FLAVOR
from hv_sched.requirements.keys import IMAGE
from hv_sched.requirements.keys import Setting

_FIRMWARE = {1: 'bios', 2: 'uefi'}
# Of a specification of 2013 that no release of the driver reads.
_OLD_REMOTEFX = 'hyperv:remotefx'


def texts(read: keys.Keys, machine: Setting, generation: int
          ) -> Iterator[str]:
    """What each ignored key says, and what the host does instead.

    :param machine: the virtual machine's generation, as it is said
    """
    for key in features.NESTED_VIRT.keys:
        yield from _cpu_features(read, key.source, key.name)
    yield from _adapters(read)
    yield from _firmware(read, machine, generation)


def _cpu_features(read: keys.Keys, source: str, key: str) -> Iterator[str]:
    """vmops.py (_requires_nested_virt)."""
    words = [word for word in read.words(source, key)
             if word not in ('', 'vmx')]
    if any('vmx' in word.split() for word in words):
        yield (f'{read.setting(source, key)}: Hyper-V hosts find vmx between '
               'commas without blanks only')
    elif words:
        yield (f'{Setting(source, key, ",".join(words))}: Hyper-V hosts look '
               'for vmx only')


def _adapters(read: keys.Keys) -> Iterator[str]:
    """vmops.py (configure_remotefx)."""
    if not read.setting(FLAVOR, remotefx.RESOLUTION):
        for key in (remotefx.MONITORS, remotefx.VRAM):
            setting = read.setting(FLAVOR, key)
            if setting:
                yield (f'{setting}: without {remotefx.RESOLUTION} Hyper-V '
                       'hosts ignore it')
    setting = read.setting(FLAVOR, _OLD_REMOTEFX)
    if setting:
        yield (f'{setting}: Hyper-V hosts ignore it; {remotefx.RESOLUTION} '
               f'and {remotefx.MONITORS} ask for RemoteFX')


def _firmware(read: keys.Keys, machine: Setting, generation: int
              ) -> Iterator[str]:
    setting = read.setting(IMAGE, 'hw_firmware_type')
    if setting and setting.value.lower() != _FIRMWARE[generation]:
        other = 3 - generation
        yield (f'{setting}: Hyper-V hosts ignore it; with {machine} the '
               f'server is of generation {generation}, which starts by '
               f'{_FIRMWARE[generation].upper()}. {machine.key}=hyperv-gen'
               f'{other} starts by {_FIRMWARE[other].upper()}')
