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

"""The ratio that closes a node or fits a volume, and the one before it."""

import hypothesis
from hypothesis import strategies as st
import pytest

from hv_sched.placement import disk_ratio
from hv_sched.placement.inventory import Inventory

GB = st.integers(1, 65536)
LARGEST_GB = 64 * 1024


@pytest.mark.parametrize('total_gb', [1, 500, LARGEST_GB])
def test_a_node_stays_closed_when_its_disk_grows_to_64_tb(total_gb):
    """Nova reports a new total and leaves the ratio as it is."""
    ratio = disk_ratio.closed_ratio(total_gb)
    assert Inventory(LARGEST_GB, allocation_ratio=ratio).capacity == 0


def test_a_disk_array_beyond_10_petabyte_is_closed_too():
    total_gb = 20 * 1024 ** 2
    closed = Inventory(total_gb, allocation_ratio=disk_ratio.closed_ratio(
        total_gb))
    assert not disk_ratio.is_open(closed)
    assert disk_ratio.has_closed_ratio(closed)


def test_only_the_closing_ratio_counts_as_one():
    assert not disk_ratio.has_closed_ratio(
        Inventory(500, allocation_ratio=0.001))
    assert not disk_ratio.is_open(None)
    assert disk_ratio.is_open(Inventory(500, allocation_ratio=0.002))
    assert not disk_ratio.is_open(Inventory(500, allocation_ratio=0.001))


@hypothesis.given(GB, GB)
def test_the_smallest_ratio_fits_and_leaves_less_than_a_gb_in_10000(
        room, used):
    ratio = disk_ratio.smallest_ratio(room, used)
    assert used <= int(room * ratio) <= used * 1.0001 + 1


@hypothesis.given(GB, GB)
def test_mysql_gives_the_smallest_ratio_back_as_it_was(room, used):
    ratio = disk_ratio.smallest_ratio(room, used)
    assert float(f'{ratio:.6g}') == ratio


@hypothesis.given(GB)
def test_nothing_used_closes_the_node(total):
    ratio = disk_ratio.fitting_ratio(Inventory(total), 0, 1.0)
    assert Inventory(total, allocation_ratio=ratio).capacity == 0


@hypothesis.given(GB, GB, st.sampled_from([0.5, 1.0, 1.5, 16.0]))
def test_fitting_never_opens_wider_than_before(total, used, most):
    assert disk_ratio.fitting_ratio(Inventory(total), used, most) <= most


@hypothesis.given(st.sampled_from([1.0, 1.5, 0.25, 16.0, 1e-05]))
def test_an_over_booked_volume_remembers_its_ratio(ratio):
    assert disk_ratio.ratio_before_overcommit(
        [disk_ratio.overcommit_trait(ratio)]) == ratio
    assert disk_ratio.former_ratio([disk_ratio.former_trait(ratio)]) == ratio


@hypothesis.given(GB, GB)
def test_an_over_booked_volume_has_room_for_its_shares_only(total, used):
    ratio = disk_ratio.overcommit_ratio(
        [disk_ratio.overcommit_trait(1.0)], total, used, None)
    capacity = Inventory(total, allocation_ratio=ratio).capacity
    assert capacity >= used
    if used > total:
        assert capacity <= used * 1.0001 + 1
    else:
        assert ratio == 1.0


@hypothesis.given(st.floats(0.0001, 1000, allow_nan=False))
def test_a_former_ratio_survives_as_a_trait(ratio):
    trait = disk_ratio.former_trait(ratio)
    assert disk_ratio.former_ratio({trait, 'CUSTOM_GOLD'}) == ratio
    assert set(trait) <= set('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_')


def test_without_a_readable_trait_the_ratio_is_stocks():
    assert disk_ratio.former_ratio(()) == 1.0
    assert disk_ratio.former_ratio({'CUSTOM_CSV_FORMER_RATIO_X'}) == 1.0
