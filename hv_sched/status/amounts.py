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

"""Sizes and times as people read them. Pure."""

from collections.abc import Iterable
from collections.abc import Mapping

from hv_sched.status.model import Status
from hv_sched.status.model import VolumeStatus


def totals(status: Status) -> Mapping[str, int]:
    """GiB over all volumes."""
    volumes = status.volumes
    return {'total': sum(volume.total_gb for volume in volumes),
            'allocated': sum(volume.allocated_gb for volume in volumes),
            'held': sum(volume.held_gb for volume in volumes),
            'reserved': sum(volume.reserved_gb for volume in volumes),
            'free': free_gb(volumes)}


def free_gb(volumes: Iterable[VolumeStatus]) -> int:
    """GiB that new disks may have, on the volumes that take some."""
    return sum(max(0, volume.free_gb) for volume in volumes
               if volume.state in ('open', 'low'))


def gb(size_gb: float) -> str:
    """A size as people read it, in GB as Nova says it, which are GiB."""
    size_tb = size_gb / 1024
    if abs(size_tb) >= 10:
        return f'{size_tb:.1f} TB' if abs(size_tb) < 100 else (
            f'{size_tb:.0f} TB')
    return f'{size_gb:.0f} GB' if size_gb == int(size_gb) or (
        abs(size_gb) >= 100) else f'{size_gb:.1f} GB'


def days(number: float) -> str:
    """A forecast is not better than that."""
    return 'less than a day' if number < 1 else (
        f'about {number:.0f} day{"s" if round(number) > 1 else ""}')
