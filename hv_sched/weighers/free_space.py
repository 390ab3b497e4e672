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

"""Weigh hosts by the room on their volume.

The default spreads servers over volumes. For stacking set
``shared_volume_free_space_weight_multiplier`` (by configuration or aggregate
metadata) to a negative number.

Use it instead of Nova's DiskWeigher, which sees each node's own disk: set
``[filter_scheduler]disk_weight_multiplier`` to 0.
"""

from typing import Any

from hv_sched import model
from hv_sched.filters import preference
from hv_sched.snapshot import volumes
from hv_sched.weighers import base


class SharedVolumeFreeSpaceWeigher(base.VolumeWeigher):
    """Higher weights, which is more room, win."""

    def _weigh_volume(self, host_state: Any, volume: volumes.VolumeState,
                      preferences: preference.Preference) -> float:
        """Room in GB, less what this request's earlier servers took."""
        return float(preferences.room_gb(volume))

    def _weigh_without_volume(self, host_state: Any) -> float:
        """As Nova's DiskWeigher, in GB."""
        return float(host_state.free_disk_mb) / model.MIB_PER_GIB
