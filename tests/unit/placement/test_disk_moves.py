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

"""What the traits of a volume say of moves, driver by driver."""

import pytest

from hv_sched import drivers
from hv_sched.placement import disk_moves
from hv_sched.placement import names
from hv_sched.placement import ownership

KEEPS = names.COLD_MOVE_KEEPS_DISK
COPIES = names.COLD_MOVE_COPIES_DISK
ALONG = names.LIVE_MOVE_COPIES_DISK


def traits_of(name):
    return disk_moves.traits_of(drivers.of(name))


@pytest.mark.parametrize(('name', 'traits'), [
    ('hyperv', set()), ('libvirt-file', {COPIES, ALONG}),
    ('libvirt-rbd', {KEEPS})])
def test_the_traits_of_a_drivers_volumes(name, traits):
    assert traits_of(name) == traits


@pytest.mark.parametrize(('name', 'otherwise', 'keeps'), [
    ('hyperv', False, False), ('hyperv', True, True),
    ('libvirt-file', False, False), ('libvirt-file', True, False),
    ('libvirt-rbd', False, True), ('libvirt-rbd', True, True)])
def test_the_option_is_the_default_of_volumes_that_say_nothing(
        name, otherwise, keeps):
    assert disk_moves.cold_keeps_disk(traits_of(name), otherwise) == keeps


def test_a_volume_that_says_both_has_two_copies():
    """Counting one where there are two gives room away that is taken."""
    assert not disk_moves.cold_keeps_disk({KEEPS, COPIES}, otherwise=True)


@pytest.mark.parametrize('driver', drivers.DRIVERS,
                         ids=[driver.name for driver in drivers.DRIVERS])
def test_the_traits_say_what_the_table_does(driver):
    traits = disk_moves.traits_of(driver)
    assert traits <= disk_moves.TRAITS
    assert disk_moves.stays_home(traits, is_live=True) == (
        driver.live_move_reach is drivers.Reach.HOME)
    assert disk_moves.stays_home(traits, is_live=False) == (
        driver.cold_move_reach is drivers.Reach.HOME)


def test_they_are_ours_on_volumes_and_nowhere_else():
    assert ownership.volume_traits(disk_moves.TRAITS) == disk_moves.TRAITS
    assert ownership.node_traits(disk_moves.TRAITS) == frozenset()


@pytest.mark.parametrize('driver', drivers.DRIVERS,
                         ids=lambda driver: driver.name)
def test_a_driver_is_known_by_the_traits_of_its_volumes(driver):
    traits = traits_of(driver.name) | {'STORAGE_DISK_SSD'}
    if not driver.has_windows_features:
        traits |= {names.OTHER_HYPERVISOR}
    assert disk_moves.driver_of(traits) is driver


def test_a_csv_whose_driver_renames_is_none_of_ceph():
    assert disk_moves.driver_of({KEEPS}) is drivers.of(None)
