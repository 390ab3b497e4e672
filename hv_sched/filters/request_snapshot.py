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


"""The snapshot by which all servers of one request are placed.

What it cannot know for the moment is read again first: volumes so full that
the escrow of a move that failed a moment ago decides whether a disk fits.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
from typing import Any

from nova import objects

from hv_sched.query import candidate_rules
from hv_sched.request_filters import request_state
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes

# More volumes than these are read again all together.
_MOST_READ_ALONE = 4


def of(request_spec: objects.RequestSpec, host_states: Iterable[Any]
       ) -> volumes.Snapshot | None:
    """The snapshot of a request, chosen with its first server.

    The others of the same request go by the same one: what the earlier took
    is counted beside it.
    """
    state = request_state.of(request_spec)
    if state.snapshot is None:
        snapshot = cache.get()
        if snapshot is not None:
            servers = (request_spec.num_instances
                       if 'num_instances' in request_spec else 1)
            snapshot = _without_doubt(snapshot, host_states, servers)
        state.snapshot = snapshot
    return state.snapshot


def renew(request_spec: objects.RequestSpec) -> volumes.Snapshot | None:
    """The snapshot of now, None when the request's own is no older.

    For the moment before the last host is refused.
    """
    state = request_state.of(request_spec)
    snapshot = cache.recent()
    if snapshot is None or snapshot is state.snapshot or (
            not _differ(snapshot, state.snapshot)):
        return None
    state.snapshot = snapshot
    return snapshot


def _differ(snapshot: volumes.Snapshot, former: volumes.Snapshot | None
            ) -> bool:
    return former is None or (
        snapshot.volumes, snapshot.nodes, snapshot.homes,
        snapshot.cut_off) != (
        former.volumes, former.nodes, former.homes, former.cut_off)


def _without_doubt(snapshot: volumes.Snapshot, host_states: Iterable[Any],
                   servers: int) -> volumes.Snapshot:
    doubtful = _doubtful(snapshot, host_states, servers)
    if len(doubtful) > _MOST_READ_ALONE:
        return cache.recent() or snapshot
    read_again = {uuid: cache.volume(uuid) for uuid in sorted(doubtful)}
    return dataclasses.replace(snapshot, volumes={
        **snapshot.volumes,
        **{uuid: volume for uuid, volume in read_again.items() if volume}})


def _doubtful(snapshot: volumes.Snapshot, host_states: Iterable[Any],
              servers: int) -> set[str]:
    """Uuids of the volumes near full that candidates would take."""
    sizes_gb: dict[str, int] = {}
    for host_state in host_states:
        for candidate in host_state.allocation_candidates or ():
            disk = candidate_rules.disk_of(candidate)
            if disk and disk.provider in snapshot.volumes:
                sizes_gb[disk.provider] = max(
                    disk.size_gb, sizes_gb.get(disk.provider, 0))
    return {uuid for uuid, size_gb in sizes_gb.items()
            if candidate_rules.is_doubtful(
                snapshot.volumes[uuid], size_gb * servers)}
