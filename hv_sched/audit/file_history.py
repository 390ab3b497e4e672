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


"""On which volume the files of a server are that holds shares on several.

A failed evacuation leaves what it claimed on its destination's volume; one
that succeeded leaves the old share for good. Nova's migrations say which
share is the copy that is left. Pure.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
import dataclasses
import enum

from hv_sched.compute.servers import DONE
from hv_sched.compute.servers import EVACUATION
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import OPEN_STATUSES

# Nova's migration_type.
_LIVE = 'live-migration'
_COLD = ('migration', 'resize')
_FAILED = ('failed', 'error')


class Uncertainty(enum.Enum):
    """Why no single volume is certain."""

    BOTH = 'there are two copies until the source is cleaned'
    UNKNOWN = "Nova's migrations do not say which volume has its files"


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a node is.

    :param homes: its volumes, by provider uuid; empty when nobody knows
    :param cluster: its name, None when nobody knows
    :param cold_moves_keep_disk: on its volumes, None as is for all of them
    :param live_moves_stay_home: a live migration to a node of another home
        takes the files along
    """

    homes: frozenset[str] = frozenset()
    cluster: str | None = None
    cold_moves_keep_disk: bool | None = None
    live_moves_stay_home: bool = False

    def keeps_disk(self, otherwise: bool) -> bool:
        """Whether cold moves from there leave the disk where it is."""
        return (otherwise if self.cold_moves_keep_disk is None
                else self.cold_moves_keep_disk)


def volume_of(on: Collection[str], history: Iterable[Migration],
              place_of: Callable[[str | None], Place],
              cold_moves_keep_disk: bool, is_waiting: bool = True
              ) -> str | Uncertainty:
    """The volume that has the files of a server that stands still.

    :param on: the volumes the server holds a share of
    :param history: all its migrations, newest first
    :param place_of: tells a node's place by its name
    :param is_waiting: the source of an evacuation that succeeded may come
        back and clean up; False when it is gone for good
    """
    failed_on: set[str] = set()
    for move in history:
        source, dest = place_of(move.source_node), place_of(move.dest_node)
        if move.kind == EVACUATION and move.status in _FAILED:
            failed_on |= dest.homes
        elif move.kind == EVACUATION and move.status == DONE and is_waiting:
            return Uncertainty.BOTH
        elif move.kind == EVACUATION and move.status in OPEN_STATUSES:
            return Uncertainty.UNKNOWN  # a process died in it
        elif _rebuilt_there(move) or (
                _moved_there(move)
                and _took_the_files(move, source, dest,
                                    cold_moves_keep_disk)):
            return _the(dest.homes.intersection(on))
    return _the(set(on) - failed_on) if failed_on else Uncertainty.UNKNOWN


def _rebuilt_there(move: Migration) -> bool:
    return move.kind == EVACUATION and move.status in (DONE, 'completed')


def _moved_there(move: Migration) -> bool:
    return ((move.kind == _LIVE and move.status == 'completed')
            or (move.kind in _COLD and move.status == 'confirmed'))


def _took_the_files(move: Migration, source: Place, dest: Place,
                    cold_moves_keep_disk: bool) -> bool:
    """Whether the files left their volume, which they do out of a cluster."""
    if move.kind == _LIVE and source.live_moves_stay_home:
        return source.homes != dest.homes
    stays = move.kind == _LIVE or source.keeps_disk(cold_moves_keep_disk)
    return not (stays and source.cluster == dest.cluster)


def _the(volumes: Collection[str]) -> str | Uncertainty:
    volume, *further = sorted(volumes) or ['']
    return volume if volume and not further else Uncertainty.UNKNOWN
