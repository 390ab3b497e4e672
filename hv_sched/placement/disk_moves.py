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

"""What becomes of a server's disk in a move, by its volume's traits. Pure.

Clusters of several drivers stand side by side, so it is the volume that
says so, and not an option for all of them.
"""

from collections.abc import Collection

from hv_sched import drivers
from hv_sched.drivers import Driver
from hv_sched.placement import names

TRAITS = frozenset((names.COLD_MOVE_KEEPS_DISK, names.COLD_MOVE_COPIES_DISK,
                    names.LIVE_MOVE_COPIES_DISK))
# All that tells which driver the nodes of a volume run.
DRIVER_TRAITS = TRAITS | {names.OTHER_HYPERVISOR}


def traits_of(driver: Driver) -> frozenset[str]:
    """The traits of a volume whose nodes run a driver."""
    traits = set()
    if driver.cold_move_keeps_disk is not None:
        traits.add(names.COLD_MOVE_KEEPS_DISK if driver.cold_move_keeps_disk
                   else names.COLD_MOVE_COPIES_DISK)
    if driver.live_move_reach is drivers.Reach.HOME:
        traits.add(names.LIVE_MOVE_COPIES_DISK)
    return frozenset(traits)


def driver_of(traits: Collection[str]) -> Driver:
    """The driver whose volumes have such traits; the default's if none."""
    return next((driver for driver in drivers.DRIVERS
                 if traits_of(driver) == TRAITS.intersection(traits)
                 and driver.has_windows_features == (
                     names.OTHER_HYPERVISOR not in traits)),
                drivers.of(None))


def cold_keeps_disk(traits: Collection[str], otherwise: bool) -> bool:
    """Whether a cold migration or resize leaves one copy on a volume.

    :param otherwise: [hv_sched]cold_move_keeps_disk, where no trait says
    """
    if names.COLD_MOVE_COPIES_DISK in traits:
        return False
    return otherwise or names.COLD_MOVE_KEEPS_DISK in traits


def evacuation_leaves_disk(traits: Collection[str]) -> bool:
    """Whether the old disk of a server stays for good on its former home."""
    return driver_of(traits).evacuation is drivers.Leftover.KEPT


def stays_home(traits: Collection[str], is_live: bool) -> bool:
    """Whether a kept disk can be used by nodes of its own home alone.

    Otherwise all nodes of the cluster can.
    """
    return (names.LIVE_MOVE_COPIES_DISK if is_live
            else names.COLD_MOVE_KEEPS_DISK) in traits
