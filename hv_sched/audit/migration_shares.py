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


"""What an open migration of a server that stands still must hold. Pure.

A resize that waits to be confirmed has two copies on disk, and its migration
holds the share of the one at the source. A migration whose record alone is
open holds nothing but what nobody will ever free.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import itertools

from hv_sched.audit.context import AuditContext
from hv_sched.audit.context import MigrationShares
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding
from hv_sched.audit.held import copy_of
from hv_sched.audit.held import Held
from hv_sched.audit.held import without_disk
from hv_sched.compute.servers import DONE
from hv_sched.compute.servers import EVACUATION
from hv_sched.compute.servers import FINISHED
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import Server
from hv_sched.placement import names

_DISK = (names.DISK_GB, names.HELD_DISK_GB)
_ENDED = (DONE, 'completed')


def escrow_of(server: Server, flavor_gb: int | None, context: AuditContext
              ) -> dict[str, int]:
    """Escrow that only a migration of the server holds, by volume.

    A rescheduled move of a server that keeps its disk claims none on the
    next host, and a process may die between two writes.

    :param flavor_gb: what a resize that is finished made of the disk;
        nothing is a server's whose flavor takes no disk
    """
    escrow: dict[str, int] = {}
    if flavor_gb == 0:
        return escrow
    for migration in context.migrations.get(server.uuid, ()):
        for volume, gb in _amounts(migration.held, context.volumes, (
                names.HELD_DISK_GB,)).items():
            escrow[volume] = max(gb, escrow.get(volume, 0))
            if not migration.is_dead and len(escrow) == 1:
                escrow[volume] = max(escrow[volume], flavor_gb or 0)
    return escrow


def volume_of(server: Server, context: AuditContext) -> str | None:
    """The volume that a move which never ended says its server is on.

    For a server without any share: the move took it over and died.
    """
    volumes = {volume for migration in context.migrations.get(server.uuid, ())
               if migration.is_dead
               for volume in _amounts(migration.held, context.volumes, _DISK)}
    return volumes.pop() if len(volumes) == 1 else None


def findings(server: Server, shares: Mapping[str, int],
             context: AuditContext) -> Iterator[Finding]:
    """What is wrong with what a server's open migrations hold.

    :param shares: the server's own, by volume
    """
    for migration in context.migrations.get(server.uuid, ()):
        yield from (_left(migration, shares, context) if migration.is_dead
                    else _source(migration, server, context))


# -- to be confirmed


def _source(migration: MigrationShares, server: Server,
            context: AuditContext) -> Iterator[Finding]:
    move = migration.migration
    node = context.node_named(move.source_node)
    gb = server.needs.disk_gb
    if node is None or gb == 0 or _has_disk(migration.held):
        return
    volume = _only_volume(node, context)
    after, remedy = None, _why_not(migration, server, volume, context)
    if not remedy and volume is not None and gb is not None:
        after = copy_of(migration.held) or {
            node: dict(server.needs.compute or {})}
        after[volume] = {**after.get(volume, {}), names.DISK_GB: gb}
        remedy = f'restore {gb} GB'
    yield Finding(
        Code.MISSING_SOURCE, move.uuid,
        context.title(volume) if volume else '', gb or 0,
        f'migration of server {server.uuid}, to be confirmed, with a copy at '
        f'its source {move.source_node} and no share', remedy, after,
        server=server.uuid)


def _why_not(migration: MigrationShares, server: Server, volume: str | None,
             context: AuditContext) -> str:
    """Why its share cannot be restored, '' when it can."""
    move = migration.migration
    source = context.place_of(move.source_node)
    if source.keeps_disk(context.cold_moves_keep_disk) and (
            source.cluster == context.place_of(move.dest_node).cluster):
        return 'nothing: the disk stays where it is, and the server has ' \
               'its share'
    if not move.keeps_flavor:
        return ('nothing: Nova does not return the former flavor; confirm or '
                'revert the resize')
    if volume is None:
        return 'nothing: which volume has the copy is not certain'
    if server.needs.disk_gb is None or (
            not migration.held and server.needs.compute is None):
        return ('nothing: its flavor is not known, or asks for more than '
                'processors, memory and disk')
    return ''


def _only_volume(node: str, context: AuditContext) -> str | None:
    """Where files that were made on a node are; see ``volume_of``."""
    node_volumes = context.nodes[node]
    for candidates in (node_volumes.reach,
                       node_volumes.homes if context.assume_home else ()):
        if len(candidates) == 1:
            return next(iter(candidates))
    return None


# -- dead


def _left(migration: MigrationShares, shares: Mapping[str, int],
          context: AuditContext) -> Iterator[Finding]:
    """What a migration holds that nothing ends.

    It may be the only record of its server's files, so nothing of it goes
    before the server has a share.
    """
    move = migration.migration
    if not shares:
        return
    escrow = _amounts(migration.held, context.volumes, (names.HELD_DISK_GB,))
    if escrow:
        volume, gb = next(iter(sorted(escrow.items())))
        yield Finding(
            Code.HELD, move.uuid, context.title(volume), gb,
            f'migration of server {move.server}, over, its record left '
            f'{move.status}', 'it is released',
            _without_escrow(migration.held, context), server=move.server)
    left = _amounts(migration.held, {**context.volumes, **context.nodes},
                    (names.DISK_GB,))
    if left and not escrow:
        yield _stranded(migration, left, shares, context)


def _stranded(migration: MigrationShares, left: Mapping[str, int],
              shares: Mapping[str, int], context: AuditContext) -> Finding:
    move = migration.migration
    provider, gb = next(iter(sorted(left.items())))
    is_certain = (left.keys() <= shares.keys()
                  or _was_evacuated_since(move, context))
    return Finding(
        Code.STRANDED, move.uuid, context.title(provider), gb,
        f'migration of server {move.server}, which Nova left {move.status}',
        'release all it holds on the clusters' if is_certain else
        'nothing: a process died in this move, and which copy the server has '
        'is not certain',
        {provider: resources for provider, resources
         in migration.held.items() if provider not in context.volumes
         and provider not in context.nodes} if is_certain else None,
        server=move.server)


def _was_evacuated_since(resize: Migration, context: AuditContext) -> bool:
    """Whether a resize was finished and its server evacuated after it.

    The copy at the resize's source is nobody's then; Nova never ends such a
    migration.
    """
    later = itertools.takewhile(lambda move: move.uuid != resize.uuid,
                                context.moves.get(resize.server, ()))
    return resize.status == FINISHED and any(
        move.kind == EVACUATION and move.status in _ENDED for move in later)


def _without_escrow(held: Held, context: AuditContext) -> Held:
    after = {provider: ({
        rc: amount for rc, amount in resources.items()
        if rc != names.HELD_DISK_GB} if provider in context.volumes
        else resources) for provider, resources in held.items()}
    return {provider: part for provider, part in after.items() if part}


def _has_disk(held: Held) -> bool:
    return any(resources != without_disk(resources)
               for resources in held.values())


def _amounts(held: Held, among: Mapping[str, object],
             classes: tuple[str, ...]) -> dict[str, int]:
    return {provider: amount for provider, resources in held.items()
            if provider in among
            for amount in [max(resources.get(rc, 0) for rc in classes)]
            if amount}
