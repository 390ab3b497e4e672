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

from collections.abc import Mapping
import dataclasses
from typing import Any

from hv_sched.placement import names
from hv_sched.snapshot import volumes

Candidate = Mapping[str, Any]


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


def refusal(host: str, candidate: Candidate, snapshot: volumes.Snapshot
            ) -> str | None:
    """Why a candidate may not be used, None when it may.

    :param host: provider uuid of the node
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
    return volume.lacks(disk.size_gb, disk.size_gb)
