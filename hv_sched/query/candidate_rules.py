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

"""Which of Placement's candidates SharedVolumeFilter lets pass. Pure."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any

from hv_sched.placement import names
from hv_sched.query import rules
from hv_sched.snapshot import volumes

Candidate = Mapping[str, Any]

# A volume that keeps less than this part of its capacity free is near full.
_NEAR_FULL = 10
_FEW = 3


@dataclasses.dataclass(frozen=True)
class Disk:
    """What a candidate takes of which provider."""

    provider: str
    size_gb: int


def disk_of(candidate: Candidate) -> Disk | None:
    """Where a candidate puts the disk, None when it asks for none.

    A flavor may ask for disks in several groups; the largest counts.
    """
    disks = [Disk(provider, taken['resources'][names.DISK_GB])
             for provider, taken in candidate['allocations'].items()
             if names.DISK_GB in taken['resources']]
    return max(disks, key=lambda disk: disk.size_gb, default=None)


def refusal(host: str, candidate: Candidate, snapshot: volumes.Snapshot,
            taken_gb: Mapping[str, int] | None = None) -> str | None:
    """Why a candidate may not be used, None when it may.

    :param host: provider uuid of the node
    :param taken_gb: what earlier servers of the request took since the
        snapshot, by provider
    """
    disk = disk_of(candidate)
    if disk is None:
        return None
    volume = snapshot.volumes.get(disk.provider)
    if volume is None:
        if disk.provider in snapshot.nodes:
            return (f'{disk.size_gb} GB on the disk of node '
                    f'{snapshot.nodes[disk.provider]} itself, which stands '
                    'on shared volumes')
        return None
    if not snapshot.may_use(host, volume.uuid):
        homes = ', '.join(sorted(
            snapshot.volumes[home].name for home in
            snapshot.homes[host]))
        return (f'{disk.size_gb} GB on volume {volume.name}, but the host '
                f'writes to {homes}')
    return volume.lacks(disk.size_gb, disk.size_gb
                        + (taken_gb or {}).get(volume.uuid, 0))


def reach_refusal(host: str, on: Iterable[str], snapshot: volumes.Snapshot
                  ) -> str | None:
    """Why a kept disk cannot go to a host, None when it can.

    :param host: provider uuid of the node
    :param on: provider uuids of the volumes the disk stays on
    """
    unreached = sorted(snapshot.volumes[uuid].name for uuid in on
                       if uuid in snapshot.volumes
                       and not snapshot.reaches(host, uuid))
    return (f'it does not reach volume {", ".join(unreached)}'
            if unreached else None)


def build_refusal(host: str, snapshot: volumes.Snapshot) -> str | None:
    """Why a host may be too old for a server that moves, None when it is not.

    For a move whose query forbids no build, since a snapshot had one build
    only: that says nothing of what joined later.

    :param host: provider uuid of the node
    """
    if host not in snapshot.nodes:
        return ('it joined its cluster a moment ago, and its Windows build '
                'is not known yet')
    if not rules.has_one_build(snapshot):
        return 'nodes with another Windows build joined a moment ago'
    return None


def room_refusal(volume: volumes.VolumeState, size_gb: int, taken_gb: int
                 ) -> str | None:
    """Why a volume takes no disk of a size, None when it does.

    :param taken_gb: what other servers of the request take
    """
    return closing(volume) or volume.lacks(size_gb, size_gb + taken_gb)


def closing(volume: volumes.VolumeState) -> str | None:
    """Why a volume takes no new disks and no growth, None when it does."""
    if names.NO_NEW_DISKS not in volume.traits:
        return None
    reasons = ', '.join(reason.value for reason
                        in names.closed_reasons(volume.traits))
    return f'volume {volume.name} is closed to new disks' + (
        f': {reasons}' if reasons else '')


def is_doubtful(volume: volumes.VolumeState, size_gb: int) -> bool:
    """Whether a snapshot may be too old to say that disks fit.

    A move that failed since has made escrow of a share, which Placement alone
    would give away. Both together are no more than before, but for servers
    created since: near full, or where few such disks fit, they decide.

    :param size_gb: of all disks of the request together
    """
    return (volume.room_gb < _FEW * size_gb
            or volume.room_gb - size_gb < volume.capacity_gb // _NEAR_FULL)
