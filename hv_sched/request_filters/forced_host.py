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


"""The rules of volumes for a host that is forced, which runs no filter.

``--availability-zone az:host`` makes Nova skip every filter. What Placement
does not know, the room that is kept for servers whose move failed, is then
kept here; what a closed volume refuses is said in words.
"""

from __future__ import annotations

from collections.abc import Iterable

from nova import context as nova_context
from nova import objects

from hv_sched.placement import ids
from hv_sched.query import candidate_rules
from hv_sched.request_filters import disk_group
from hv_sched.request_filters import refusal
from hv_sched.request_filters import requested_disk
from hv_sched.request_filters import specs
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes


def refuse_without_room(context: nova_context.RequestContext,
                        request_spec: objects.RequestSpec) -> bool:
    """Request filter: a forced host's volume has room, beside what is kept.

    Nova claims the first candidate of such a host, for each server of the
    request: a volume that cannot take them all is not asked.

    :returns: whether the request is one for a forced host with a home
    :raises RequestFilterFailed: no home of the host can take the disks
    """
    hosts = specs.forced_hosts(request_spec)
    snapshot = cache.get() if hosts else None
    if snapshot is None:
        return False
    size_gb = requested_disk.size_gb(request_spec)
    homes = {home for node, name in snapshot.nodes.items() if name in hosts
             for home in snapshot.homes.get(node, ())}
    if not homes or not size_gb:
        return False
    servers = (request_spec.num_instances
               if 'num_instances' in request_spec else 1)
    refusals = {home: candidate_rules.room_refusal(
        _volume(snapshot, home, size_gb * servers), size_gb,
        size_gb * (servers - 1)) for home in sorted(homes)}
    usable = [home for home, text in refusals.items() if text is None]
    if not usable:
        raise refusal.Refused(
            f'The requested host cannot take a disk of {size_gb} GB now; '
            'choose another host, a flavor with a smaller disk, or try again '
            'later', '; '.join(filter(None, refusals.values())))
    if len(usable) < len(homes):
        _keep_to(request_spec, usable)
    return True


def _volume(snapshot: volumes.Snapshot, uuid: str, size_gb: int
            ) -> volumes.VolumeState:
    volume = snapshot.volumes[uuid]
    if candidate_rules.is_doubtful(volume, size_gb):
        return cache.volume(uuid) or volume
    return volume


def _keep_to(request_spec: objects.RequestSpec, homes: Iterable[str]) -> None:
    group = disk_group.own_group(request_spec)
    if group is not None:
        group.aggregates = [sorted(map(ids.home_aggregate, homes))]
