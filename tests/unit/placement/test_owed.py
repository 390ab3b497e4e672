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


"""What a volume owes its servers."""

import hypothesis
from hypothesis import strategies as st
import pytest

from hv_sched.placement import consumers
from hv_sched.placement import names
from hv_sched.placement import owed
from hv_sched.placement.observed import Provider
from hv_sched.placement.observed import VolumeSummary

GB = st.integers(0, 65536)
TYPES = st.sampled_from(['INSTANCE', consumers.MIGRATION, 'unknown', 'OTHER'])
ESCROWS = st.lists(st.builds(owed.Escrow, st.uuids().map(str), GB, GB, TYPES))


def volume(usages, escrows=None, shares_gb=None):
    return Provider('v', 'csv:c/V', 1, {}, usages, frozenset(), frozenset(),
                    shares_gb=shares_gb, escrows=escrows)


@pytest.mark.parametrize('consumer_type,total_gb,covering_gb', [
    ('INSTANCE', 300, 300), (consumers.MIGRATION, 0, 0), ('unknown', 300, 0)])
def test_escrow_is_a_share_unless_a_migration_has_it(
        consumer_type, total_gb, covering_gb):
    """Of a consumer without a type nobody knows: it only keeps its room."""
    volume_owes = owed.owed(0, [owed.Escrow('c', 300, 0, consumer_type)])
    assert (volume_owes.total_gb, volume_owes.covering_gb) == (
        total_gb, covering_gb)


@pytest.mark.parametrize('held_gb,disk_gb,total_gb', [
    (300, 300, 300), (300, 200, 300), (200, 300, 300)])
def test_a_share_and_its_escrow_on_one_volume_are_one_copy(
        held_gb, disk_gb, total_gb):
    assert owed.owed(disk_gb, [
        owed.Escrow('a', held_gb, disk_gb, 'INSTANCE')]).total_gb == total_gb


def test_a_move_under_way_owes_the_share_once():
    """The server has it, and its migration escrow of the same size."""
    assert owed.owed(300, [owed.Escrow('m', 300, 0, consumers.MIGRATION)]
                     ) == owed.Owed(300)


@hypothesis.given(GB, ESCROWS)
def test_what_the_usages_tell_is_never_less_than_what_is_owed(
        disk_gb, escrows):
    exact = owed.owed(disk_gb, escrows)
    most = owed.untyped(disk_gb, sum(one.held_gb for one in escrows))
    assert disk_gb <= exact.covering_gb <= exact.total_gb <= most.total_gb
    assert most.covering_gb == disk_gb


@hypothesis.given(GB)
def test_where_nothing_is_held_a_volume_owes_its_allocations(disk_gb):
    usages = {names.DISK_GB: disk_gb}
    for provider in (volume(usages), volume(usages, ())):
        assert provider.owed == owed.Owed(disk_gb)
    assert VolumeSummary(0, disk_gb, frozenset()).owed == owed.Owed(disk_gb)


def test_a_provider_tells_what_it_owes_with_and_without_types():
    usages = {names.DISK_GB: 100, names.HELD_DISK_GB: 50}
    assert volume(usages).owed == owed.Owed(100, 0, 50)
    assert volume(usages, (owed.Escrow('a', 50, 0, 'INSTANCE'),)).owed == (
        owed.Owed(100, 50))


def test_the_copy_of_a_listed_server_is_its_escrow():
    provider = volume({}, (
        owed.Escrow('a', 50, 0, 'INSTANCE'), owed.Escrow('b', 60, 80),
        owed.Escrow('m', 70, 0, consumers.MIGRATION)), {'b': 80, 'c': 90})
    assert provider.copies_gb == {'a': 50, 'b': 80, 'c': 90}
    assert volume({}).copies_gb is None


def test_only_consumers_with_escrow_are_in_doubt():
    assert owed.escrows_of(
        {'a': {names.DISK_GB: 5}, 'b': {names.HELD_DISK_GB: 7},
         'c': {names.HELD_DISK_GB: 8, names.DISK_GB: 9}},
        {'b': 'INSTANCE'}) == (
            owed.Escrow('b', 7, 0, 'INSTANCE'), owed.Escrow('c', 8, 9))
