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


"""What moves that ended well, or badly, leave wrong on volumes.

A resize that kept the disk is charged the larger of both sizes until it is
confirmed, and Nova then leaves it so; the wrong one of two volumes is told by
file_history.py. Each volume's shares are read, so this is for a full pass.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import time

from hv_sched.compute.servers import ERROR
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import NovaRecords
from hv_sched.compute.servers import RESIZED
from hv_sched.compute.servers import Server
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.parallel import in_parallel
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import Consumer
from hv_sched.recovery import file_history
from hv_sched.shares import escrow
from hv_sched.shares import mover
from hv_sched.shares import quiescence
from hv_sched.shares.rewrite import Move

_BATCH = 50
# Nova's services stamp their records with clocks of their own.
_CLOCK_MARGIN_S = 300
_OURS = (names.DISK_GB, names.HELD_DISK_GB)
Shares = Mapping[str, escrow.Amounts]


@dataclasses.dataclass(frozen=True)
class ShareCorrection:
    """What a server should hold on volumes instead of what it holds."""

    server: str
    before: escrow.Amounts
    after: escrow.Amounts


class StrayShares:
    """:param cold_moves_keep_disk: [hv_sched]cold_move_keeps_disk"""

    def __init__(self, client: Placement, servers: NovaRecords, workers: int,
                 cold_moves_keep_disk: bool) -> None:
        self._client = client
        self._servers = servers
        self._workers = workers
        self._cold_moves_keep_disk = cold_moves_keep_disk
        # When this process last looked at all resizes there were, and whose
        # servers could not be put right then.
        self._looked_at: float | None = None
        self._later: frozenset[str] = frozenset()

    def settle(self, volumes: Mapping[str, str], dry_run: bool
               ) -> tuple[list[ShareCorrection], list[Notice]]:
        """Put right what stands still.

        :param volumes: names by provider uuid
        :returns: what was changed, or would be in a dry run
        :raises PlacementError, NovaError:
        """
        now = time.monotonic()
        shares = self._shares(volumes)
        strayed, findings = self._strayed(shares, volumes)
        resized, later = self._resized(shares)
        corrections = {change.server: change
                       for change in (*resized, *strayed)}
        skipped = (self._not_standing(corrections) if dry_run
                   else self._write(corrections, frozenset(volumes)))
        if not dry_run:
            self._looked_at, self._later = now, frozenset(later | skipped)
        return ([change for server, change in sorted(corrections.items())
                 if server not in skipped], findings)

    def _shares(self, volumes: Mapping[str, str]) -> Shares:
        uuids = sorted(volumes)
        shares: dict[str, dict[str, int]] = {}
        for volume, on_volume in zip(uuids, in_parallel(
                self._workers, self._client.allocations_on, uuids),
                strict=True):
            for consumer, resources in on_volume.items():
                amount = max(resources.get(rc, 0) for rc in _OURS)
                if amount:
                    shares.setdefault(consumer, {})[volume] = amount
        return shares

    # -- smaller than before

    def _resized(self, shares: Shares
                 ) -> tuple[list[ShareCorrection], set[str]]:
        """Servers whose last confirmed resize made them smaller.

        :returns: also those that do not stand still
        """
        corrections, later = [], set()
        for uuid in sorted(shares.keys() & self._ever_resized()):
            server = self._servers.server(uuid)
            if server is None:
                continue
            if not _is_at_rest(server) or server.vm_state == ERROR:
                later.add(uuid)
                continue
            needed_gb = self._servers.resolved(server).needs.disk_gb
            if needed_gb and len(shares[uuid]) == 1:
                (volume, gb), = shares[uuid].items()
                if needed_gb < gb:
                    corrections.append(ShareCorrection(uuid, {volume: gb},
                                                       {volume: needed_gb}))
        return corrections, later

    def _ever_resized(self) -> set[str]:
        """Or since this process last looked, and those left then."""
        seconds = None if self._looked_at is None else (
            time.monotonic() - self._looked_at + _CLOCK_MARGIN_S)
        return {*self._servers.resized_since(seconds), *self._later}

    # -- on a volume too many

    def _strayed(self, shares: Shares, volumes: Mapping[str, str]
                 ) -> tuple[list[ShareCorrection], list[Notice]]:
        several = {uuid: on for uuid, on in shares.items() if len(on) > 1}
        place_of = self._places(volumes) if several else None
        corrections, findings = [], []
        for uuid, on in sorted(several.items()):
            server = self._servers.server(uuid)
            if place_of is None or not _is_at_rest(server):
                continue
            outcome = file_history.volume_of(
                on, self._servers.moves_of(uuid), place_of,
                self._cold_moves_keep_disk)
            if isinstance(outcome, str):
                corrections.append(ShareCorrection(
                    uuid, on, {outcome: on[outcome]}))
            elif outcome is file_history.Uncertainty.UNKNOWN:
                findings.append(Notice('', uuid, Kind.SKIPPED, (
                    'it holds shares on '
                    f'{", ".join(sorted(volumes[v] for v in on))}, and '
                    f'{outcome.value}')))
        return corrections, findings

    def _places(self, volumes: Mapping[str, str]
                ) -> Callable[[str | None], file_history.Place]:
        uuids = {listed.name: listed.uuid
                 for listed in self._client.list_providers()}
        homes = {ids.home_aggregate(volume): volume for volume in volumes}
        places: dict[str | None, file_history.Place] = {}

        def read(node: str | None) -> file_history.Place:
            if node is None or node not in uuids:
                return file_history.Place()
            _, aggregates = self._client.aggregates(uuids[node])
            node_homes = frozenset(
                homes[aggregate] for aggregate in aggregates
                if aggregate in homes)
            clusters = {names.cluster_of(volumes[volume])
                        for volume in node_homes}
            return file_history.Place(node_homes, min(clusters, default=None))

        def place_of(node: str | None) -> file_history.Place:
            if node not in places:
                places[node] = read(node)
            return places[node]
        return place_of

    # -- writing

    def _not_standing(self, corrections: Mapping[str, ShareCorrection]
                      ) -> set[str]:
        view = quiescence.read_view(self._servers, (), corrections)
        return {skip.consumer
                for skip in quiescence.sort(corrections, view).skipped}

    def _write(self, corrections: Mapping[str, ShareCorrection],
               volumes: frozenset[str]) -> set[str]:
        """Write those that stand still; returns the others."""
        done: set[str] = set()

        def rewrite(consumer: Consumer) -> Move:
            change = corrections.get(consumer.uuid)
            if change is None or escrow.shares_of(
                    consumer, volumes) != change.before or escrow.held_of(
                        consumer, change.after.keys()):
                return Move(consumer, consumer)
            done.add(consumer.uuid)
            return Move(consumer, escrow.only(consumer, volumes,
                                              change.after))

        def write(batch: Sequence[Move]) -> None:
            self._client.write_consumers(move.after for move in batch)

        skipped = mover.Mover(
            self._client, self._servers, mover.MoveStrategy(
                rewrite, write, _nowhere), _BATCH, self._workers
        ).move('', corrections, lambda count: None) if corrections else []
        return {skip.consumer for skip in skipped} | (
            corrections.keys() - done)


def _nowhere(migration: Migration) -> tuple[str | None, str | None]:
    """Where a move goes that overtook a write: left for the next pass."""
    return None, None


def _is_at_rest(server: Server | None) -> bool:
    """Not a migration's consumer, nor a server to be confirmed."""
    return (server is not None and server.known and not server.task_state
            and server.vm_state != RESIZED)
