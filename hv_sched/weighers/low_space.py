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

"""Keep away from volumes whose disk is nearly full.

Placement knows what is promised, not what the disk itself has left: see
``[hv_sched]low_space_percent``. The weight is on a fixed scale: -1 for a host
whose volume is low, 0 for every other.
"""

from __future__ import annotations

from typing import Any

from hv_sched.filters import preference
from hv_sched.snapshot import volumes
from hv_sched.weighers import base


class LowSpaceWeigher(base.VolumeWeigher):
    """Higher weights, which is enough space on the disk, win."""

    minval = -1.0
    maxval = 0.0

    def _distinguishes(self, snapshot: volumes.Snapshot) -> bool:
        return any(volume.is_low for volume in snapshot.volumes.values())

    def _weigh_volume(self, host_state: Any, volume: volumes.VolumeState,
                      preferences: preference.Preference) -> float:
        return -float(volume.is_low)
