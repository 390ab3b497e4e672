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

"""The table of shares, said once more: what Placement must say when. Pure.

Written from the table alone, to judge hv_sched by: it imports none of it.
One copy of a disk on a volume is one share; after a failed move that kept
the disk the share may be escrow until it is restored.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses

DISK = 'DISK_GB'
HELD = 'CUSTOM_CSV_HELD_DISK_GB'
# What a consumer holds of volumes: volume -> class -> GB.
Shares = dict[str, dict[str, int]]


@dataclasses.dataclass
class Pending:
    """A cold migration or resize that waits to be confirmed.

    :param copies: the old files, where they are; of one copy that both
        sizes share, the old size
    :param at: see Server
    :param left: see Server
    """

    host: str
    gb: int
    copies: dict[str, int]
    is_one_copy: bool
    at: str | None
    left: str | None


@dataclasses.dataclass
class Server:
    """A server's files.

    :param copies: volume -> GB of each copy it is charged for
    :param held: the volumes where a failed move left escrow for a copy
    :param at: the volume with the files it runs from
    :param built_gb: its size when these were made
    :param left: the node it was evacuated from, until that one is back
    """

    gb: int
    host: str | None = None
    copies: dict[str, int] = dataclasses.field(default_factory=dict)
    held: set[str] = dataclasses.field(default_factory=set)
    at: str | None = None
    left: str | None = None
    built_gb: int = 0
    pending: Pending | None = None

    # -- one method for each row of the table

    def built(self, host: str, volume: str) -> None:
        """Created or unshelved: one copy."""
        self.built_gb = self.gb
        self._on(host, volume)

    def _on(self, host: str, volume: str) -> None:
        self.host, self.copies, self.held = host, {volume: self.gb}, set()
        self.at, self.left = volume, None

    def live_migrated(self, host: str) -> None:
        """The files stay, one copy; escrow became the share again."""
        self.host, self.held = host, set()

    def live_migration_failed(self) -> None:
        """HELD until restored."""
        self.held = set(self.copies)

    def cold_moved(self, host: str, volume: str, gb: int) -> None:
        """The files are copied, the old ones kept: two copies."""
        self.pending = self._as_it_is(is_one_copy=False)
        self.gb = gb
        self._on(host, volume)

    def cold_moved_in_place(self, host: str, gb: int) -> None:
        """The files stay: one copy, at the larger size."""
        self.pending = self._as_it_is(is_one_copy=True)
        self.copies = {volume: max(gb, old_gb)
                       for volume, old_gb in self.copies.items()}
        self.host, self.gb, self.held = host, gb, set()

    def _as_it_is(self, is_one_copy: bool) -> Pending:
        assert self.host
        return Pending(self.host, self.gb, self.copies, is_one_copy,
                       self.at, self.left)

    def confirmed(self) -> None:
        """One copy, new size; of a smaller one in place once settled."""
        self.pending = None

    def reverted(self) -> None:
        """One copy, old size; HELD until restored if the files stayed."""
        assert self.pending
        was, self.pending = self.pending, None
        self.host, self.gb, self.copies = was.host, was.gb, was.copies
        self.at, self.left = was.at, was.left
        self.held = set(self.copies) if was.is_one_copy else set()

    def evacuated(self, host: str, volume: str) -> None:
        """The files are taken up; built anew elsewhere they are two copies.

        :param volume: where it runs now
        """
        self.host, self.left, self.at = host, self.host, volume
        if volume in self.copies:
            self.held = set()
        else:
            self.copies = {**self.copies, volume: self.gb}

    def offloaded(self) -> None:
        """Shelved: no copy on any volume."""
        self.host, self.copies, self.held = None, {}, set()
        self.at, self.left = None, None

    def came_back(self, host: str) -> None:
        """A node is up again, and has cleaned up what left it."""
        if self.left == host:
            self.left = None

    def restored(self) -> None:
        """The agent has passed."""
        self.held = set()

    def settled(self) -> None:
        """The agent has passed in full: no copy too many or too large.

        A node that is not back yet may still have its copy.
        """
        self.restored()
        if self.pending or self.at is None:
            return
        if self.left is None or len(self.copies) == 1:
            self.copies = {self.at: self.gb}

    # -- what Placement must say

    def shares(self) -> Shares:
        """Of the server as a consumer."""
        return {volume: {HELD if volume in self.held else DISK: gb}
                for volume, gb in self.copies.items()}

    def migrations_shares(self) -> Shares:
        """Of the migration that waits to be confirmed."""
        if self.pending is None:
            return {}
        rc = HELD if self.pending.is_one_copy else DISK
        return {volume: {rc: gb}
                for volume, gb in self.pending.copies.items()}

    def copies_on(self, volume: str) -> int:
        """GB of all copies on a volume."""
        old = self.pending.copies if (
            self.pending and not self.pending.is_one_copy) else {}
        return self.copies.get(volume, 0) + old.get(volume, 0)


@dataclasses.dataclass
class Volumes:
    """What fits where.

    :param reach: node -> the volumes a new disk of it may be on
    """

    reach: Mapping[str, tuple[str, ...]]
    capacity_gb: int = 500
    servers: dict[str, Server] = dataclasses.field(default_factory=dict)

    def room_gb(self, volume: str) -> int:
        """Capacity without all copies, escrow's included."""
        return self.capacity_gb - sum(
            server.copies_on(volume) for server in self.servers.values())

    def fits_on(self, hosts: set[str], gb: int) -> bool:
        """Whether any of the hosts can take a new disk."""
        return any(self.room_gb(volume) >= gb
                   for host in hosts for volume in self.reach[host])

    def homes_nodes(self, copies: Mapping[str, int]) -> set[str]:
        """The nodes that find these files in their home."""
        return {host for host, volumes in self.reach.items()
                if set(volumes) & set(copies)}
