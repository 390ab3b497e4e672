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

"""RemoteFX: resolutions, monitors and video memory by build.

From os-win (vmutils.py, vmutils10.py: _remotefx_max_monitors_map,
_remotefx_vram_vals, vm_gen_supports_remotefx), which is what refuses on the
host, and Microsoft's "Deploy graphics devices using RemoteFX vGPU" (2016).
RemoteFX left with Windows Server 2019 and was removed from older ones by the
updates of April 2021 (KB4570006): it is never assumed, only reported when the
node itself shows it.
"""

from hv_sched.features import windows_builds

# Monitors by resolution, by the lowest build that has them.
MONITORS: dict[int, dict[str, int]] = {
    windows_builds.WS2012R2.number: {
        '1024x768': 4, '1280x1024': 4, '1600x1200': 3, '1920x1200': 2,
        '2560x1600': 1},
    windows_builds.WS2016.number: {
        '1024x768': 8, '1280x1024': 8, '1600x1200': 4, '1920x1200': 4,
        '2560x1600': 2, '3840x2160': 1},
}
# Video memory a server may ask for; selectable since Windows Server 2016.
VRAM_SIZES_MB = (64, 128, 256, 512, 1024)
MIN_VRAM_MB = VRAM_SIZES_MB[0]
MAX_VRAM_MB = VRAM_SIZES_MB[-1]
_BYTES_A_MB = 1024 * 1024

# What one monitor of a size takes since Windows Server 2016: five surfaces of
# four bytes a pixel. Windows Server 2012 R2 knows two amounts only.
_BYTES_A_PIXEL = 5 * 4
_WS2012R2_VRAM_MB = (128, 256)
_WS2012R2_SMALL = (1920, 1200)

RESOLUTION_PREFIX = 'HW_GPU_RESOLUTION_'
HEADS_PREFIX = 'HW_GPU_MAX_DISPLAY_HEADS_'
# The numbers os-traits has for it.
_HEADS = (1, 2, 4, 6, 8)


def monitors(build: int) -> dict[str, int]:
    """Monitors by resolution on a build; empty where RemoteFX is gone."""
    release = windows_builds.build_of(build)
    return MONITORS.get(release.number, {}) if release else {}


def resolution_trait(resolution: str) -> str:
    """``HW_GPU_RESOLUTION_W1024H768`` for 1024x768."""
    width, height = resolution.split('x')
    return f'{RESOLUTION_PREFIX}W{width}H{height}'


def needed_vram_mb(build: int, resolution: str, heads: int) -> int:
    """The video memory Hyper-V needs for so many monitors of a size.

    The rule of Hyper-V's own tools (Set-VMRemoteFx3dVideoAdapter, Hyper-V
    Manager): the smallest amount that can be chosen and holds all surfaces.

    :param build: of a release that shows them, see ``monitors``
    """
    width, height = map(int, resolution.split('x'))
    if build < windows_builds.WS2016.number:
        return _WS2012R2_VRAM_MB[
            heads > 1 or (width, height) > _WS2012R2_SMALL]
    needed_bytes = width * height * _BYTES_A_PIXEL * heads
    return next((size for size in VRAM_SIZES_MB
                 if size * _BYTES_A_MB >= needed_bytes), MAX_VRAM_MB)


def heads_trait(heads: int) -> str:
    """The trait to ask for so many monitors: the next number there is.

    :raises ValueError: for more than any build has
    """
    for number in _HEADS:
        if number >= heads:
            return f'{HEADS_PREFIX}{number}'
    raise ValueError(f'{heads} monitors: no host has more than {_HEADS[-1]}')


def traits(build: int) -> frozenset[str]:
    """What a RemoteFX adapter of a node of this build can show.

    Heads are published as "at least": a query can then ask for the number it
    needs and finds every host with more.
    """
    table = monitors(build)
    max_heads = max(table.values(), default=0)
    return frozenset((
        *(resolution_trait(resolution) for resolution in table),
        *(f'{HEADS_PREFIX}{heads}' for heads in _HEADS
          if heads <= max_heads)))
