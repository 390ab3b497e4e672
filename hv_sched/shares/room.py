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


"""Space for held shares that was allocated to other servers.

The files of a server exist, whatever Placement allocated in the meantime. So
the volume is closed to new disks; then ``reserved`` is reduced, as for any
share, and where that is not enough the allocation_ratio is raised by exactly
what is missing. The former ratio is kept as a trait. A sync computes the same
figures.
"""

import collections
from collections.abc import Iterable
import dataclasses

from hv_sched import exception
from hv_sched import printable
from hv_sched.placement import disk_ratio
from hv_sched.placement import names
from hv_sched.placement import retry
from hv_sched.placement.client import Placement
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.names import Closed
from hv_sched.providers import changes
from hv_sched.providers import gate
from hv_sched.providers import reserved_space
from hv_sched.shares import escrow
from hv_sched.shares.rewrite import Move

LOG = printable.logger(__name__)
_ATTEMPTS = 5


class Room:
    """:ivar raised: by volume, how many GB were missing on it"""

    def __init__(self, client: Placement) -> None:
        self._client = client
        self.raised: dict[str, int] = {}

    def make(self, moves: Iterable[Move]) -> None:
        """Make room for what these changes need, where it is missing.

        :raises PlacementError:
        """
        needed: collections.Counter[str] = collections.Counter()
        for move in moves:
            needed.update(escrow.needed_gb(move.before, move.after))
        for volume, needed_gb in sorted(needed.items()):
            self._make(volume, needed_gb)

    def _make(self, volume: str, needed_gb: int) -> None:
        retry.on_conflict(f'make room on volume {volume}', _ATTEMPTS)(
            self._try, volume, needed_gb)

    def _try(self, volume: str, needed_gb: int) -> None:
        usages_at, usages = self._client.usages(volume)
        traits_at, traits = self._client.traits(volume)
        generation, inventories = self._client.inventories(volume)
        disk = inventories[names.DISK_GB]
        used_gb = usages.get(names.DISK_GB, 0) + needed_gb
        missing_gb = used_gb - disk.capacity
        if missing_gb <= 0:
            return
        if {usages_at, traits_at} != {generation}:
            raise exception.PlacementConflict(f'volume {volume} changed')
        roomier = _with_room_for(disk, used_gb)
        marked = traits | {names.NO_NEW_DISKS, Closed.OVERCOMMITTED.trait}
        if disk_ratio.ratio_before_overcommit(traits) is None:
            marked |= {disk_ratio.overcommit_trait(disk.allocation_ratio)}
        gate.require(changes.Widening.RATIO_UP, gate.Evidence(
            is_closed=Closed.OVERCOMMITTED.trait in marked))
        # Closed first: the room about to be made is nobody else's.
        if marked != traits:
            for trait in marked - traits:
                self._client.ensure_trait(trait)
            generation = self._client.set_traits(volume, generation, marked)
        inventories[names.DISK_GB] = roomier
        self._client.set_inventories(volume, generation, inventories)
        self.raised[volume] = self.raised.get(volume, 0) + missing_gb
        LOG.warning(
            'Volume %s lacks %d GB for held shares, because their space was '
            'allocated to other servers: it is closed to new disks and its '
            'capacity raised until they fit (reserved %d, allocation_ratio '
            '%g)',
            volume, missing_gb, roomier.reserved, roomier.allocation_ratio)


def _with_room_for(disk: Inventory, used_gb: int) -> Inventory:
    """The volume as a sync would make it for what is used."""
    ratio = disk.allocation_ratio
    if disk_ratio.is_too_small(disk.total, used_gb, ratio):
        ratio = disk_ratio.smallest_ratio(disk.total, used_gb)
    return dataclasses.replace(
        disk, allocation_ratio=ratio, reserved=reserved_space.fit_reserved(
            disk.total, disk.reserved, ratio, used_gb))
