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


"""The hand-over: a moving server gets its share back before Nova claims.

Planned by the request filter (``request_filters.pending_move``), made by
SharedVolumeFilter once it knows that hosts remain. One POST writes both
consumers, so it stands or it does not.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import logging
from typing import Any

from nova import objects
import nova.conf
from nova.scheduler import weights

from hv_sched import exception
from hv_sched import printable
from hv_sched.placement import names
from hv_sched.placement import retry
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.consumers import INSTANCE
from hv_sched.placement.consumers import MIGRATION
from hv_sched.query import candidate_rules
from hv_sched.request_filters import refusal
from hv_sched.request_filters import request_state
from hv_sched.request_filters.pending_move import PendingMove
from hv_sched.shares import escrow
from hv_sched.snapshot import cache
from hv_sched.snapshot import nova_transport

CONF = nova.conf.CONF
LOG = printable.logger(__name__)

_ATTEMPTS = 8
_CURED_BY_READING = (exception.PlacementConflict,
                     exception.PlacementUnavailable)


_NOT_THERE = ('The disk of the server is not where the scheduler expects it; '
              'give the request ID to the operator')


class _Impossible(exception.Terminal):
    """The hand-over cannot be made; the message says why.

    :param reason: for the owner of the server
    """

    def __init__(self, message: str, reason: str = _NOT_THERE) -> None:
        super().__init__(message)
        self.reason = reason


def complete(host_states: Iterable[Any],
             request_spec: objects.RequestSpec) -> list[Any]:
    """Make the hand-over planned for a request, if any host remains.

    :raises Refused: the share cannot be handed over: the move ends with
        everything as it was
    """
    hosts = list(host_states)
    move = request_state.of(request_spec).pending_move
    if move is None or not hosts:
        return hosts
    try:
        _make(move)
    except (_Impossible, exception.PlacementError) as exc:
        LOG.log(logging.INFO if isinstance(exc, _Impossible)
                else logging.WARNING,
                'Server %s: SharedVolumeFilter refused the move, because its '
                'disk share cannot be handed over: %s', move.server, exc)
        raise refusal.Refused(getattr(exc, 'reason', refusal.TRY_LATER),
                              str(exc)) from exc
    return _best(hosts, request_spec) if move.one_host else hosts


def _make(move: PendingMove) -> None:
    """One budget of attempts, whatever becomes of an earlier escrow."""
    restore = True
    for attempt in retry.on_conflict(
            f'hand over the share of server {move.server}', _ATTEMPTS,
            _CURED_BY_READING):
        with attempt:
            is_first = attempt.retry_state.attempt_number == 1
            if restore:
                restore = _restored(move, again=not is_first)
            if not restore:
                _write(move, restore=False, again=True)


def _restored(move: PendingMove, again: bool) -> bool:
    """Whether the hand-over stands, with the escrow of an earlier failure
    turned into a share.

    The room of that escrow may be gone: then it stays escrow, which the
    agent restores after the move.
    """
    try:
        _write(move, restore=True, again=again)
    except exception.PlacementRefused as exc:
        LOG.warning('The escrow of server %s is not restored yet: %s',
                    move.server, exc)
        return False
    return True


def _write(move: PendingMove, restore: bool, again: bool) -> None:
    """:param restore: turn the escrow of an earlier failure into a share
    :param again: what the move was planned for is not so any more
    """
    after = _after(move, restore, again)
    if after:
        nova_transport.placement(attempts=1).write_consumers(after)


def _after(move: PendingMove, restore: bool, again: bool) -> list[Consumer]:
    """Consumers to write; none when the hand-over stands already.

    :raises _Impossible: the share is no longer there
    """
    server, migration = (move.planned_for if move.planned_for and not again
                         else _read(move))
    if move.migration is None:
        return _of_evacuation(move, server, restore)
    pair = migration and escrow.kept(
        server, migration, move.volumes, move.at_least_gb, restore)
    if not pair:
        raise _Impossible(f'migration {move.migration} no longer holds a '
                          'share of a volume')
    before = [consumer for consumer in (server, migration) if consumer]
    after = [dataclasses.replace(pair[0], uuid=move.server), pair[1]]
    if after == before:
        return []
    _check_growth(move, before, after)
    # Their types show whose the escrow is; what Nova
    # writes later leaves them alone.
    return [dataclasses.replace(consumer, consumer_type=consumer_type)
            for consumer, consumer_type in zip(
                after, (INSTANCE, MIGRATION), strict=True)]


def _read(move: PendingMove) -> tuple[Consumer | None, Consumer | None]:
    # An attempt of the hand-over is one of the read, too.
    placement = nova_transport.placement(attempts=1)
    return (placement.consumer(move.server),
            placement.consumer(move.migration) if move.migration else None)


def _check_growth(move: PendingMove, before: Iterable[Consumer],
                  after: Iterable[Consumer]) -> None:
    """A resize that grows its disk where it is.

    :raises _Impossible: the volume is closed, or the room is held for other
        servers
    """
    for uuid in move.kept_on:
        size_gb = max(_disk_gb(after, uuid))
        had_gb = max(max(escrow.shares_of(consumer, (uuid,)).values(),
                         default=0) for consumer in before)
        if size_gb <= had_gb:
            continue
        # Read again: it may have been closed, or lack room, since.
        volume = cache.volume(uuid)
        obstacle = volume and (
            candidate_rules.closing(volume)
            or volume.lacks(size_gb, sum(_disk_gb(after, uuid))
                            - sum(_disk_gb(before, uuid))))
        if obstacle:
            raise _Impossible(
                obstacle, f'The disk of the server cannot grow to {size_gb} '
                'GB now; use a flavor with a smaller disk or try again later')


def _disk_gb(consumers: Iterable[Consumer], volume: str) -> list[int]:
    return [consumer.amount(volume, names.DISK_GB)
            for consumer in consumers]


def _of_evacuation(move: PendingMove, server: Consumer | None,
                   restore: bool) -> list[Consumer]:
    if not escrow.shares_of(server, move.volumes) or server is None:
        raise _Impossible('it no longer holds a share of a volume')
    after = escrow.restored(server, move.volumes)
    if not restore or after == server:
        return []
    return [dataclasses.replace(after, consumer_type=INSTANCE)]


def _best(host_states: list[Any],
          request_spec: objects.RequestSpec) -> list[Any]:
    """The host that weighs most, as Nova will weigh them."""
    try:
        handler = weights.HostWeightHandler()
        classes = handler.get_matching_classes(
            CONF.filter_scheduler.weight_classes)
        weighed = handler.get_weighed_objects(
            [weigher() for weigher in classes], host_states, request_spec)
        return [weighed[0].obj]
    except Exception:  # the share is handed over already: any host will do
        LOG.exception('The hosts of a move cannot be weighed')
        return host_states[:1]
