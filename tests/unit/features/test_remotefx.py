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


"""RemoteFX by resolution and release, against literal tables."""

import os_traits
import pytest

from hv_sched.features import remotefx

RESOLUTIONS = {
    9600: {(1024, 768): 4, (1280, 1024): 4, (1600, 1200): 3,
           (1920, 1200): 2, (2560, 1600): 1},
    14393: {(1024, 768): 8, (1280, 1024): 8, (1600, 1200): 4,
            (1920, 1200): 4, (2560, 1600): 2, (3840, 2160): 1},
}
REMOTEFX_BUILDS = [(9599, None), (9600, 9600), (14392, 9600),
                   (14393, 14393), (17762, 14393), (17763, None),
                   (20348, None), (26100, None), (99999, None)]


@pytest.mark.parametrize(('number', 'table'), REMOTEFX_BUILDS)
def test_monitors_by_resolution(number, table):
    expected = {f'{width}x{height}': heads for (width, height), heads
                in RESOLUTIONS.get(table, {}).items()}
    assert remotefx.monitors(number) == expected


@pytest.mark.parametrize(('number', 'heads'), [
    (9600, (1, 2, 4)), (14393, (1, 2, 4, 6, 8)), (17763, ())])
def test_traits_of_an_adapter(number, heads):
    assert remotefx.traits(number) == {
        *(f'HW_GPU_RESOLUTION_W{width}H{height}'
          for width, height in RESOLUTIONS.get(number, {})),
        *(f'HW_GPU_MAX_DISPLAY_HEADS_{count}' for count in heads)}


@pytest.mark.parametrize('number', RESOLUTIONS)
def test_adapter_traits_are_names_every_placement_knows(number):
    assert remotefx.traits(number) <= set(os_traits.get_traits('HW_GPU_'))


@pytest.mark.parametrize(('monitors', 'trait'), [
    (1, 1), (2, 2), (3, 4), (4, 4), (5, 6), (6, 6), (7, 8), (8, 8)])
def test_monitors_ask_for_the_next_number_of_heads(monitors, trait):
    assert remotefx.heads_trait(
        monitors) == f'HW_GPU_MAX_DISPLAY_HEADS_{trait}'


@pytest.mark.parametrize(('build', 'resolution', 'needed_mb'), [
    (9600, '1024x768', (128, 256, 256, 256)), (9600, '1920x1200', (128, 256)),
    (9600, '2560x1600', (256,)),
    (14393, '1024x768', (64, 64, 64, 64, 128, 128, 128, 128)),
    (14393, '1280x1024', (64, 64, 128, 128, 128, 256, 256, 256)),
    (14393, '1600x1200', (64, 128, 128, 256)),
    (14393, '1920x1200', (64, 128, 256, 256)),
    (14393, '2560x1600', (128, 256)), (14393, '3840x2160', (256,))])
def test_video_memory_by_resolution_and_monitors(build, resolution,
                                                 needed_mb):
    assert tuple(remotefx.needed_vram_mb(build, resolution, heads + 1)
                 for heads in range(len(needed_mb))) == needed_mb


def test_nine_monitors_are_refused():
    with pytest.raises(ValueError, match='9 monitors'):
        remotefx.heads_trait(9)


def test_the_heads_asked_for_are_found_wherever_the_table_allows_them():
    for number, table in RESOLUTIONS.items():
        for heads in table.values():
            assert remotefx.heads_trait(heads) in remotefx.traits(number)


def test_video_memory_sizes():
    assert remotefx.VRAM_SIZES_MB == (64, 128, 256, 512, 1024)
