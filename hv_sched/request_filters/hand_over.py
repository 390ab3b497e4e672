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

Planned by the request filter, made by SharedVolumeFilter once it knows that
hosts are left. One POST writes both consumers, so it stands or it does not.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import random
import time
from typing import Any

from nova import objects
import nova.conf
from nova.scheduler import weights
from oslo_log import log as logging

from hv_sched import exception
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from hv_sched.shares import escrow
from hv_sched.snapshot import cache
from hv_sched.snapshot import nova_transport

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)

_ATTRIBUTE = '_hv_sched_hand_over'
_ATTEMPTS = 8
_PAUSE_S = 0.1


@dataclasses.dataclass(frozen=True)
class HandOver:
    """What is to be done before the claim.

    :param migration: None for an evacuation, whose server keeps its own
    :param volumes: provider uuids of all volumes
    :param kept_on: those the server's disk stays on
    :param at_least_gb: what a resize needs
    :param one_host: no alternates, since Nova would claim those without
        asking the scheduler
    :param seen: the server's and the migration's consumer as they were
        planned for; their generations tell whether they still are so, since
        no migration's consumer is made twice
    """

    server: str
    migration: str | None
    volumes: frozenset[str]
    kept_on: frozenset[str]
    at_least_gb: int = 0
    one_host: bool = False
    seen: tuple[Consumer | None, Consumer | None] | None = None


class Refused(exception.Terminal):
    """The hand-over cannot be made; the message says why."""


def plan(request_spec: objects.RequestSpec, hand_over: HandOver | None,
         ) -> None:
    """Note what is to be done for a request once hosts are left."""
    setattr(request_spec, _ATTRIBUTE, hand_over)


def of(request_spec: objects.RequestSpec) -> HandOver | None:
    """What is planned for a request."""
    return getattr(request_spec, _ATTRIBUTE, None)


def complete(host_states: Iterable[Any],
             request_spec: objects.RequestSpec) -> list[Any]:
    """Make the hand-over planned for a request, if any host is left.

    :returns: the hosts; none when the share cannot be handed over, which
        ends the move as "No valid host" with everything as it was
    """
    left = list(host_states)
    planned = of(request_spec)
    if planned is None or not left:
        return left
    try:
        _make(planned)
    except (Refused, exception.PlacementError) as exc:
        LOG.warning('The move of server %s is refused, its disk share '
                    'cannot be handed over: %s', planned.server, exc)
        return []
    return _best(left, request_spec) if planned.one_host else left


def _make(planned: HandOver) -> None:
    restore = True
    for attempt in range(_ATTEMPTS):
        try:
            wanted = _wanted(planned, restore, again=bool(attempt))
            if wanted:
                nova_transport.placement().write_consumers(wanted)
            return
        except (exception.PlacementConflict,
                exception.PlacementUnavailable) as exc:
            if attempt == _ATTEMPTS - 1:
                raise
            LOG.info('Handing over the share of server %s again: %s',
                     planned.server, exc)
            time.sleep(_PAUSE_S * random.random() * (attempt + 1))  # noqa: S311
        except exception.PlacementRefused as exc:
            if not restore:
                raise
            # The room of an earlier failure's escrow may be gone: then it
            # stays escrow, which the agent restores after the move.
            LOG.warning('The escrow of server %s is not restored yet: %s',
                        planned.server, exc)
            restore = False


def _wanted(planned: HandOver, restore: bool, again: bool
            ) -> list[Consumer]:
    """Consumers to write; none when the hand-over stands already.

    :param again: what was seen is not so any more
    :raises Refused: the share that was there is gone
    """
    server, migration = (planned.seen if planned.seen and not again
                         else _read(planned))
    if planned.migration is None:
        return _of_evacuation(planned, server, restore)
    found = migration and escrow.kept(
        server, migration, planned.volumes, planned.at_least_gb, restore)
    if not found:
        raise Refused(f'migration {planned.migration} holds no share of a '
                      'volume any more')
    after = [dataclasses.replace(found[0], uuid=planned.server), found[1]]
    before = [one for one in (server, migration) if one]
    if after == before:
        return []
    _check_promised_room(planned, before, after)
    return after


def _read(planned: HandOver) -> tuple[Consumer | None, Consumer | None]:
    placement = nova_transport.placement()
    return (placement.consumer(planned.server),
            placement.consumer(planned.migration) if planned.migration
            else None)


def _check_promised_room(planned: HandOver, before: Iterable[Consumer],
                         after: Iterable[Consumer]) -> None:
    """:raises Refused: a resize would take room held for other servers"""
    known = cache.get()
    if known is None:
        return
    for uuid in planned.kept_on:
        size_gb = max(_disk_gb(after, uuid))
        had_gb = max(max(escrow.shares_of(one, (uuid,)).values(), default=0)
                     for one in before)
        volume = known.volumes.get(uuid)
        if volume is None or size_gb <= had_gb:
            continue
        why = volume.lacks(size_gb, sum(_disk_gb(after, uuid))
                           - sum(_disk_gb(before, uuid)))
        if why:
            raise Refused(why)


def _disk_gb(consumers: Iterable[Consumer], volume: str) -> list[int]:
    return [one.amount(volume, names.DISK_GB) for one in consumers]


def _of_evacuation(planned: HandOver, server: Consumer | None,
                   restore: bool) -> list[Consumer]:
    if not escrow.shares_of(server, planned.volumes) or server is None:
        raise Refused('it holds no share of a volume any more')
    after = escrow.restored(server, planned.volumes)
    return [after] if restore and after != server else []


def _best(host_states: list[Any],
          request_spec: objects.RequestSpec) -> list[Any]:
    """The host that weighs most, as Nova will weigh them."""
    handler = weights.HostWeightHandler()
    classes = handler.get_matching_classes(
        CONF.filter_scheduler.weight_classes)
    weighed = handler.get_weighed_objects(
        [one() for one in classes], host_states, request_spec)
    return [weighed[0].obj]
