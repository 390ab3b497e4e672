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

"""What a flavor asks of a RemoteFX adapter."""

from collections.abc import Mapping

from hv_sched import features
from hv_sched.features import remotefx
from hv_sched.features import windows_builds
from hv_sched.placement import names
from hv_sched.requirements import keys
from hv_sched.requirements import limits
from hv_sched.requirements import values
from hv_sched.requirements.keys import FLAVOR
from hv_sched.requirements.keys import Setting

RESOLUTION = 'os:resolution'
MONITORS = 'os:monitors'
VRAM = 'os:vram'


def read(read_keys: keys.Keys, machine: Setting, generation: int,
         limit: limits.ReleaseLimits) -> values.GpuGroup | None:
    """The adapter that is asked for; releases without it are refused.

    compute-hyperv ignores the other keys unless ``os:resolution`` is there,
    and takes one monitor when their number is not set. Video memory that is
    not set it leaves to Hyper-V: what that needs for the monitors is
    counted, on the release that needs most.
    """
    resolution = read_keys.one_of(FLAVOR, RESOLUTION, tuple(
        remotefx.MONITORS[windows_builds.WS2016.number]))
    if resolution is None:
        return None
    heads = read_keys.number(FLAVOR, MONITORS) or (
        keys.unsaid(FLAVOR, MONITORS, '1'), 1)
    vram = _vram(read_keys)
    _refuse(limit, resolution, heads, vram and vram[0])
    if generation == 2:
        limit.refuse(windows_builds.WS2012R2, resolution,
                     f'{resolution} with {machine}: RemoteFX for generation '
                     '2 exists since Windows Server 2016')
    return _group(resolution, heads[1], vram[1] if vram else _needed(
        limit, resolution.value, heads[1]))


def _vram(read_keys: keys.Keys) -> tuple[Setting, int] | None:
    """Video memory in MB; 0 leaves it to Hyper-V, as no key does."""
    vram = read_keys.number(FLAVOR, VRAM, lowest=0)
    if vram and vram[1] and vram[1] not in remotefx.VRAM_SIZES_MB:
        sizes = ', '.join(map(str, remotefx.VRAM_SIZES_MB))
        read_keys.faults.append(f'{vram[0]} is none of {sizes}')
    return vram if vram and vram[1] else None


def keeps_vram(before: Mapping[str, str], after: Mapping[str, str]
               ) -> str | None:
    """Why a resize between two RemoteFX flavors cannot be counted.

    compute-hyperv changes the adapter that is there and leaves its video
    memory alone when the new flavor says none.

    :param before: extra specs of the flavor the server has
    :param after: of the one it shall have
    """
    vram_mb = _stated_mb(before)
    if not (vram_mb and before.get(RESOLUTION) and after.get(RESOLUTION)):
        return None
    return None if _stated_mb(after) else (
        f'{FLAVOR} {VRAM} not set: the adapter would keep the {vram_mb} MB of '
        'the flavor the server has')


def _stated_mb(specs: Mapping[str, str]) -> int:
    return keys.python_int(specs.get(VRAM) or '') or 0


def _refuse(limit: limits.ReleaseLimits, resolution: Setting,
            heads: tuple[Setting, int], vram: Setting | None) -> None:
    for build in windows_builds.BUILDS:
        table = remotefx.monitors(build.number)
        max_heads = table.get(resolution.value, 0)
        if not table:
            limit.refuse(build, resolution, f'{resolution} with {heads[0]}: '
                         f'{build.product} has no RemoteFX')
        elif heads[1] > max_heads:
            limit.refuse(build, resolution, f'{resolution} with {heads[0]}: '
                         f'{build.product} supports at most {max_heads} '
                         'monitors')
    if vram:
        limit.refuse(windows_builds.WS2012R2, vram, f'{vram}: video memory '
                     'can be chosen since Windows Server 2016')


def _needed(limit: limits.ReleaseLimits, resolution: str, heads: int) -> int:
    """Video memory in MB when it is not said."""
    return max((remotefx.needed_vram_mb(build, resolution, heads)
                for build in remotefx.MONITORS if build not in limit.refused),
               default=remotefx.MIN_VRAM_MB)


def _group(resolution: Setting, heads: int, vram_mb: int
           ) -> values.GpuGroup | None:
    try:
        heads_trait = remotefx.heads_trait(heads)
    except ValueError:  # more than any release shows: refused by all
        return None
    return values.GpuGroup(
        {names.REMOTEFX_ADAPTER: 1, names.REMOTEFX_VRAM_MB: vram_mb},
        frozenset((features.REMOTEFX.trait, heads_trait,
                   remotefx.resolution_trait(resolution.value))))
