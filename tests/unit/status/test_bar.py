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

"""A bar never ends before its volume, nor beyond it."""

from hypothesis import given
from hypothesis import strategies
import pytest

from hv_sched.status import bar
from hv_sched.status.model import ReservedSpace
from tests import status_clouds

GB = strategies.integers(0, 100000)


def parts(bars):
    return [(segment.kind, segment.gb) for segment in bars.segments]


def test_allocated_held_reserved_by_reason_and_free():
    assert parts(bar.placement(status_clouds.volume(
        2, held_gb=260, free_gb=1260))) == [
            ('allocated', 300), ('held', 260), ('reserved-1', 50),
            ('reserved-2', 42.5), ('reserved-3', 83), ('reserved-4', 4.5),
            ('free', 1260)]


def test_without_reasons_reserved_is_one_part():
    volume = status_clouds.volume(reserved=())
    assert ('reserved-1', 180) in parts(bar.placement(volume))


def test_an_over_full_volume_fills_its_bar():
    bars = bar.placement(status_clouds.volume(allocated_gb=2500, held_gb=9))
    assert 'free' not in dict(parts(bars))
    assert sum(part.width for part in bars.segments) == pytest.approx(100)


def test_the_floor_is_marked_on_the_disk():
    bars = bar.disk(status_clouds.volume(
        size_gb=2000.0, physical_free_gb=500.0, floor_gb=100.0))
    assert parts(bars) == [('used', 1500), ('free', 500)]
    assert bars.mark == 95


@pytest.mark.parametrize('fields', [
    {'size_gb': None}, {'physical_free_gb': None}, {'size_gb': 0.0}])
def test_no_bar_of_a_disk_nobody_tells_of(fields):
    assert bar.disk(status_clouds.volume(**fields)) is None


@given(GB, GB, GB, strategies.lists(GB, max_size=5), GB,
       strategies.floats(0.1, 16))
def test_whatever_the_sizes_the_bar_is_whole(
        total, allocated, held, reserved, reserved_gb, ratio):
    bars = bar.placement(status_clouds.volume(
        total_gb=total, allocated_gb=allocated, held_gb=held,
        reserved_gb=reserved_gb,
        capacity_gb=int((total - reserved_gb) * ratio),
        reserved=tuple(ReservedSpace(str(gb), float(gb))
                       for gb in reserved if gb)))
    widths = [part.width for part in bars.segments]
    assert all(width >= 0 for width in widths)
    assert not widths or sum(widths) == pytest.approx(100)
