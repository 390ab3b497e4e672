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


"""Whose files the shares on the volume cover.

A share is DISK_GB; what is held of a server is one, too, and what is held of
its migration is none, for the server has the share. There is one exception: a
move that begins before the last one's escrow was restored takes the escrow
along, and until the hand-over gives the server its share again (a second, in
which the scheduler looks for a host) the migration's is all there is.
"""

from __future__ import annotations

import collections
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched.placement import names
from tests.storm.disks import Copy


@dataclasses.dataclass(frozen=True)
class Holdings:
    """Of all consumers on one volume, GB.

    :param disk: DISK_GB by consumer
    :param held: escrow by consumer
    :param moves: server of each migration that holds anything
    """

    disk: Mapping[str, int]
    held: Mapping[str, int]
    moves: Mapping[str, str]

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, int]],
           moves: Iterable[tuple[str, str]]) -> Holdings:
        """:param rows: consumer, resource class, GB"""
        by_class: dict[str, dict[str, int]] = collections.defaultdict(dict)
        for consumer, name, used in rows:
            by_class[name][consumer] = used
        return cls(by_class[names.DISK_GB], by_class[names.HELD_DISK_GB],
                   dict(moves))

    def used_gb(self, servers: Collection[str]) -> int:
        """What nobody else may be given.

        :param servers: those that Nova knows
        """
        return sum(self.disk.values()) + sum(
            max(0, held - self.disk.get(consumer, 0))
            for consumer, held in self.held.items() if consumer in servers
        ) + sum(self._handed_over().values())

    def uncovered(self, files: Iterable[Copy]) -> dict[str, int]:
        """What servers' files may take beyond their shares, by server."""
        sizes: collections.Counter[str] = collections.Counter()
        for copy in files:
            sizes[copy.server] += copy.size_gb
        return {server: size - covered for server, size in sizes.items()
                if (covered := self._covered_gb(server)) < size}

    def has_hand_over(self) -> bool:
        """Whether a migration has the only share of its server."""
        return bool(self._handed_over())

    def _covered_gb(self, server: str) -> int:
        return self._shares_gb(server) + self._handed_over().get(server, 0)

    def _shares_gb(self, server: str) -> int:
        own = max(self.disk.get(server, 0), self.held.get(server, 0))
        return own + sum(self.disk.get(migration, 0)
                         for migration, moved in self.moves.items()
                         if moved == server)

    def _handed_over(self) -> dict[str, int]:
        return {server: self.held[migration]
                for migration, server in self.moves.items()
                if migration in self.held and not self._shares_gb(server)}
