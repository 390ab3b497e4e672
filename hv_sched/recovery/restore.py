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


"""Turn escrow that failed moves left into shares again.

Level-triggered: every pass looks at all escrow that stands and at what Nova
says of its servers now. Only servers that stand still are written; see
quiescence.py. Escrow of a server is never dropped.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any

from hv_sched import exception
from hv_sched.audit import rewriter
from hv_sched.audit.context import AuditContext
from hv_sched.audit.findings import Code
from hv_sched.compute.servers import NovaRecords
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.recovery import escrow_state
from hv_sched.recovery import release
from hv_sched.recovery import stray_shares
from hv_sched.recovery.escrow_state import EscrowState
from hv_sched.recovery.escrow_state import Restored
from hv_sched.shares import escrow as moves
from hv_sched.shares import quiescence
from hv_sched.shares import room
from hv_sched.shares.quiescence import Skip
from hv_sched.shares.quiescence import SkipReason
from hv_sched.shares.quiescence import Unit
from hv_sched.shares.rewrite import Move


@dataclasses.dataclass(frozen=True)
class RestoreResult:
    """What a pass came to.

    :param failure: what ended it after something was done already
    :param moving: servers that did not stand still
    """

    done: tuple[Restored, ...]
    findings: tuple[Notice, ...]
    failure: exception.HvSchedError | None = None
    moving: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class RestoreOptions:
    """How to go about it.

    :param workers: threads that read
    :param settle_seconds: how long Nova must deny a consumer before its
        escrow is released: a failing move changes Nova's database before
        it gives the migration's allocations back to the server
    :param cold_moves_keep_disk: [hv_sched]cold_move_keeps_disk
    :param skips: whether a volume, by its provider's name, is left alone
    :param known_on: tells by server the one volume the source lists it on;
        asked only when a server holds shares on several
    """

    workers: int = 8
    settle_seconds: float = 10
    cold_moves_keep_disk: bool = False
    skips: Callable[[str], bool] = lambda name: False
    known_on: Callable[[], Mapping[str, str]] = dict


def options(conf: Any, skips: Callable[[str], bool] = lambda name: False,
            known_on: Callable[[], Mapping[str, str]] = dict
            ) -> RestoreOptions:
    """As configured; see ``RestoreOptions``.

    :param conf: an oslo.config object with hv_sched's options
    """
    group = conf.hv_sched
    return RestoreOptions(group.workers, group.held_settle_time,
                          group.cold_move_keeps_disk, skips, known_on)


class Restorer:
    """Makes what stands in Placement be what the table of shares says."""

    def __init__(self, client: Placement, servers: NovaRecords,
                 options: RestoreOptions | None = None,
                 sleep: Callable[[float], None] | None = None) -> None:
        self._client = client
        self._servers = servers
        self._options = options or RestoreOptions()
        self._workers = self._options.workers
        self._releaser = release.Releaser(
            client, servers, self._workers, self._options.settle_seconds,
            sleep or client.interruption.sleep)
        self._stray_shares = stray_shares.StrayShares(
            client, servers, self._workers,
            self._options.cold_moves_keep_disk, self._options.known_on)

    def restore(self, dry_run: bool = False, full: bool = True
                ) -> RestoreResult:
        """One pass over all escrow, and in full over all shares.

        :raises PlacementError, NovaError: when nothing was done
        """
        state = escrow_state.read(self._client, self._options.skips,
                                  self._workers)
        done: list[Restored] = []
        findings: list[Notice] = []
        failure: exception.HvSchedError | None = None
        try:
            self._escrow(state, dry_run, done, findings)
            if full and state.volumes:
                changed, notices = self._stray_shares.settle(
                    state.volumes, dry_run)
                done += [restored for change in changed
                         for restored in _changed(change, state)]
                findings += notices
        except exception.HvSchedError as exc:
            if not done:
                raise
            failure = exc
        return RestoreResult(tuple(sorted(done)), tuple(findings), failure)

    def restore_servers(self, servers: Iterable[str]) -> RestoreResult:
        """Restore the escrow of these servers and of their migrations.

        Nothing is released: that takes a pass over all escrow.

        :raises PlacementError, NovaError: when they cannot be read
        """
        state = EscrowState(escrow_state.volumes(
            self._client, self._options.skips))
        servers = frozenset(servers)
        ordered = quiescence.sort(servers, quiescence.read_view(
            self._servers, (), servers))
        restored, notices = self._restore(state, ordered.units, False)
        return RestoreResult(
            tuple(sorted(restored)), tuple(notices), moving=frozenset(
                skipped.consumer for skipped in ordered.skipped
                if skipped.reason is not SkipReason.UNEXPLAINED))

    def _escrow(self, state: EscrowState, dry_run: bool,
                done: list[Restored], findings: list[Notice]) -> None:
        """Restore, then release; what was done stands when it fails."""
        if not state.consumers:
            return
        view = quiescence.read_view(self._servers, (), state.consumers)
        ordered = quiescence.sort({
            *state.consumers, *(dead.server for dead in view.dead.values())},
            view)
        restored, notices = self._restore(state, ordered.units, dry_run)
        done += restored
        findings += notices
        denied = [skipped.consumer for skipped in ordered.skipped
                  if skipped.reason is SkipReason.UNEXPLAINED]
        findings += [_finding(skipped) for skipped in ordered.skipped
                     if skipped.reason is not SkipReason.UNEXPLAINED]
        findings += self._releaser.release(state, view, denied, dry_run, done)

    def _restore(self, state: EscrowState, units: Iterable[Unit],
                 dry_run: bool) -> tuple[list[Restored], list[Notice]]:
        """What the judge says of servers that hold escrow, or whose
        migrations do.
        """
        codes = {unit.server: {Code.HELD} for unit in units}
        writer = rewriter.Rewriter(
            self._client, self._servers, AuditContext(state.volumes, {}),
            codes, rewriter.WatchedServers(self._servers, {}))
        if dry_run:
            writer.plan(codes)
            return _restored(writer.moves.values(), state), []
        skipped = writer.move('', codes, self._workers)
        lost = {skip.consumer for skip in skipped}
        return (_restored((move for uuid, move in writer.moves.items()
                           if uuid not in lost), state),
                [*map(_finding, skipped), *_short(writer.space, state)])


def _restored(moves_made: Iterable[Move], state: EscrowState
              ) -> list[Restored]:
    return [Restored(move.after.uuid, state.volumes[volume], gb, 'restored')
            for move in moves_made for volume, gb in moves.shares_of(
                move.after, state.volumes).items()
            if gb != move.before.amount(volume, names.DISK_GB)
            or move.before.amount(volume, names.HELD_DISK_GB)]


def _changed(change: stray_shares.ShareCorrection, state: EscrowState
             ) -> list[Restored]:
    return [Restored(change.server, state.volumes[volume],
                     change.after.get(volume, gb),
                     'resized' if volume in change.after else 'released')
            for volume, gb in change.before.items()
            if change.after.get(volume) != gb]


def _finding(skipped: Skip) -> Notice:
    return Notice('', skipped.consumer, Kind.SKIPPED, skipped.message,
                  'escrow-kept')


def _short(space: room.Room, state: EscrowState) -> list[Notice]:
    return [Notice('', state.volumes[volume], Kind.NOTE,
                   f'over-allocated by {missing_gb} GB, because space held '
                   'for its servers was allocated to other servers; closed '
                   'to new disks until usage drops',
                   'overcommitted')
            for volume, missing_gb in sorted(space.raised.items())]
