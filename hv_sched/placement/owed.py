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


"""What a volume owes its servers: the one rule every reader asks. Pure.

A share is DISK_GB; while a move is under way, and after one that failed, it
may stand as escrow (``CUSTOM_CSV_HELD_DISK_GB``) instead. Files are there
either way, so both are owed. Escrow of a migration is none: its server has
the share. Only the consumer's type tells the two apart, and consumers that
were written before Placement microversion 1.38 have none: what they hold may
be a share, so nobody else gets its room, but it may as well be none, so it
explains no used bytes either.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched.placement import names
from hv_sched.placement.consumers import MIGRATION
from hv_sched.placement.consumers import UNTYPED


@dataclasses.dataclass(frozen=True, order=True)
class Escrow:
    """What a consumer holds on one volume, as far as escrow is part of it.

    :param held_gb: its escrow
    :param disk_gb: its DISK_GB on the same volume; both are one copy
    :param consumer_type: as Placement returns it
    """

    consumer: str
    held_gb: int
    disk_gb: int = 0
    consumer_type: str = UNTYPED

    @property
    def beyond_disk_gb(self) -> int:
        """What is owed beside its DISK_GB."""
        return max(0, self.held_gb - self.disk_gb)


@dataclasses.dataclass(frozen=True)
class Owed:
    """What a volume owes, in GB.

    :param disk_gb: DISK_GB allocated on it
    :param server_held_gb: escrow of servers, which are shares
    :param untyped_held_gb: escrow of consumers whose type nobody knows
    """

    disk_gb: int = 0
    server_held_gb: int = 0
    untyped_held_gb: int = 0

    @property
    def total_gb(self) -> int:
        """What nobody else may get: for room, shrinking and closing."""
        return self.covering_gb + self.untyped_held_gb

    @property
    def held_gb(self) -> int:
        """What is owed beyond what is allocated."""
        return self.server_held_gb + self.untyped_held_gb

    @property
    def covering_gb(self) -> int:
        """What surely has files on the volume: for ``reserved``, both for
        what explains used bytes and for what is never reserved.
        """
        return self.disk_gb + self.server_held_gb


def owed(disk_gb: int, escrows: Iterable[Escrow]) -> Owed:
    """What a volume owes.

    :param disk_gb: its usage of DISK_GB
    :param escrows: of each consumer that holds escrow on it
    """
    by_type = {True: 0, False: 0}
    for escrow in escrows:
        if escrow.consumer_type != MIGRATION:
            by_type[escrow.consumer_type == UNTYPED] += escrow.beyond_disk_gb
    return Owed(disk_gb, by_type[False], by_type[True])


def untyped(disk_gb: int, held_gb: int) -> Owed:
    """What a volume may owe at most, told by its usages alone."""
    return Owed(disk_gb, untyped_held_gb=held_gb)


def escrows_of(allocations: Mapping[str, Mapping[str, int]],
               types: Mapping[str, str]) -> tuple[Escrow, ...]:
    """The escrow on one volume.

    :param allocations: by consumer, what it holds on the volume
    :param types: by consumer, its type; needed for those with escrow
    """
    return tuple(sorted(
        Escrow(consumer, resources[names.HELD_DISK_GB],
               resources.get(names.DISK_GB, 0), types.get(consumer, UNTYPED))
        for consumer, resources in allocations.items()
        if resources.get(names.HELD_DISK_GB)))
