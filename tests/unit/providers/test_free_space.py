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

import pytest

from hv_sched import model
from hv_sched.placement import names
from hv_sched.providers import free_space
from hv_sched.providers.settings import Settings

SIZE_GB = 1000
LOW = frozenset({names.LOW_SPACE})


def is_low(free_gb, traits=frozenset(), size_gb=SIZE_GB, **options):
    volume = model.Volume(
        'g', 'V1', None if size_gb is None else size_gb * model.GIB,
        free_bytes=None if free_gb is None else free_gb * model.GIB)
    return free_space.is_low(volume, traits, Settings(**options))


@pytest.mark.parametrize('options,threshold_gb', [
    ({}, 100), ({'low_space_percent': 20}, 200),
    ({'low_space_gb': 300}, 300),
    ({'low_space_percent': 0, 'low_space_gb': 7}, 50),  # the floor's
    ({'low_space_percent': 1, 'floor_gb': 400}, 400)])
def test_the_higher_of_percent_and_gb_and_floor_counts(
        options, threshold_gb):
    assert is_low(threshold_gb - 1, **options)
    assert not is_low(threshold_gb, **options)


def test_both_zero_is_off():
    off = {'low_space_percent': 0, 'low_space_gb': 0}
    assert not is_low(0, **off)
    assert not is_low(0, LOW, **off)


def test_it_is_low_no_more_a_little_above_the_threshold():
    assert is_low(109, LOW)
    assert not is_low(110, LOW)
    assert not is_low(109)


@pytest.mark.parametrize('free_gb,size_gb', [(None, SIZE_GB), (5, None)])
def test_unknown_space_changes_nothing(free_gb, size_gb):
    assert is_low(free_gb, LOW, size_gb)
    assert not is_low(free_gb, size_gb=size_gb)


def test_a_disk_that_breathes_around_the_threshold_flaps_not():
    traits, changes = frozenset(), 0
    for free_gb in [100, 99, 101, 98, 104, 99, 100, 109] * 10:
        after = LOW if is_low(free_gb, traits) else frozenset()
        changes += after != traits
        traits = after
    assert changes == 1
