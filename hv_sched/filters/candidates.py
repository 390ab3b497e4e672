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

"""What an allocation candidate of Placement says about the disk."""

from typing import Any

from hv_sched.query.candidate_rules import Candidate
from hv_sched.query.candidate_rules import disk_of
from hv_sched.snapshot import volumes

__all__ = ('Candidate', 'disk_of', 'volume_of')


def volume_of(host_state: Any,
              snapshot: volumes.Snapshot) -> volumes.VolumeState | None:
    """The volume a host's first candidate is on: the one Nova claims."""
    for candidate in (host_state.allocation_candidates or ())[:1]:
        disk = disk_of(candidate)
        return snapshot.volumes.get(disk.provider) if disk else None
    return None
