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

"""The flavor keys of Hyper-V hosts, for nova-api.

Nova refuses from microversion 2.86 on what no validator knows, and since
2024.1 it knows none of the keys that compute-hyperv reads. They are checked
here as the host checks them, so that a flavor that could never start a server
is not made. Loaded by entry point, group ``nova.api.extra_spec_validators``.
"""

from collections.abc import Iterator

from nova.api.validation.extra_specs import base

from hv_sched import features
from hv_sched.features import catalogue
from hv_sched.features import remotefx as gpu
from hv_sched.features import windows_builds
from hv_sched.placement import names
from hv_sched.requirements import remotefx

_SHOWN = gpu.MONITORS[windows_builds.WS2016.number]
_CPU_FEATURES, = (key for key in features.NESTED_VIRT.keys
                  if key.source == 'flavor')
_WORD = '[A-Za-z0-9_.+-]+'
# As Nova has it for any trait.
_GROUP = {'name': 'group', 'pattern': '([a-zA-Z0-9_-]{1,64})?'}


def register() -> list[base.ExtraSpecValidator]:
    """The validators, as Nova's loader asks for them."""
    return [_resolution(), _monitors(), _vram(), _cpu_features(),
            *map(_trait, _traits()), *_plain_keys()]


def _resolution() -> base.ExtraSpecValidator:
    return base.ExtraSpecValidator(
        name=remotefx.RESOLUTION,
        description=(
            'The largest resolution of each monitor of a RemoteFX 3D video '
            'adapter; the server then needs such an adapter. One of '
            f'{", ".join(f"``{resolution}``" for resolution in _SHOWN)}. '
            'Only supported by the Hyper-V virt driver.'),
        value={'type': str, 'description': 'The chosen resolution',
               'enum': list(_SHOWN)})


def _monitors() -> base.ExtraSpecValidator:
    max_heads = max(_SHOWN.values())
    table = '; '.join(f'{heads} with {resolution}'
                      for resolution, heads in _SHOWN.items())
    return base.ExtraSpecValidator(
        name=remotefx.MONITORS,
        description=(
            'The number of monitors of the RemoteFX adapter that '
            f'``{remotefx.RESOLUTION}`` asks for, 1 by default. At most '
            f'{table}; less on Windows Server 2012 R2. '
            'Only supported by the Hyper-V virt driver.'),
        value={'type': int, 'description': 'The number of monitors',
               'min': 1, 'max': max_heads})


def _vram() -> base.ExtraSpecValidator:
    sizes = list(map(str, gpu.VRAM_SIZES_MB))
    return base.ExtraSpecValidator(
        name=remotefx.VRAM,
        description=(
            'The video memory in MB of the RemoteFX adapter that '
            f'``{remotefx.RESOLUTION}`` asks for, one of '
            f'{", ".join(f"``{size}``" for size in sizes)}. Needs Windows '
            'Server 2016. Only supported by the Hyper-V virt driver.'),
        value={'type': str, 'description': 'Video memory in MB',
               'enum': sizes})


def _cpu_features() -> base.ExtraSpecValidator:
    word, = _CPU_FEATURES.values
    return base.ExtraSpecValidator(
        name=_CPU_FEATURES.name,
        description=(
            f'CPU features of the server. ``{word}`` asks for nested '
            'virtualization, on Intel and on AMD; further names between '
            'commas, without blanks, have no effect. Excludes dynamic '
            'memory. Only supported by the Hyper-V virt driver.'),
        value={'type': str, 'description': 'Names of CPU features',
               'pattern': f'(?i)({_WORD},)*{word}(,{_WORD})*'})


def _plain_keys() -> Iterator[base.ExtraSpecValidator]:
    """Keys with nothing more to say than the values that ask."""
    for feature in catalogue.CATALOGUE:
        for key in feature.keys if feature not in catalogue.RULED else ():
            if key.source == 'flavor':
                yield base.ExtraSpecValidator(
                    name=key.name,
                    description=(
                        f'Ask for {feature.name}. Needs {feature.needs}. '
                        'Only supported by the Hyper-V virt driver.'),
                    value={'type': str, 'description': 'Whether to have it',
                           'enum': list(key.values)})


def _traits() -> dict[str, str]:
    """Our traits of nodes, and what each says."""
    meanings = {names.HYPERV: 'Hyper-V nodes'}
    for feature in catalogue.ON_NODE:
        meanings[feature.trait] = f'{feature.name}. Needs {feature.needs}'
        if feature.survivable:
            meanings[features.ha_trait(feature)] = (
                f'{feature.name}, on every possible failover owner')
    return meanings


def _trait(trait: str) -> base.ExtraSpecValidator:
    return base.ExtraSpecValidator(
        name=f'trait{{group}}:{trait}',
        description=f'Require or forbid: {_traits()[trait]}.',
        value={'type': str, 'description': 'Whether to have it',
               'enum': ['required', 'forbidden']},
        parameters=[_GROUP])
