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

"""Put the members of an anti-affinity server group on different volumes.

Best effort, for groups with the policy anti-affinity or soft-anti-affinity:
Nova keeps the members on different nodes, which may all have the same volume.
"""

from typing import Any

from hv_sched.filters import preference
from hv_sched.snapshot import volumes
from hv_sched.weighers import base


class SharedVolumeAntiAffinityWeigher(base.VolumeWeigher):
    """Higher weights, which is fewer members on the volume, win."""

    def _weigh_volume(self, host_state: Any, volume: volumes.VolumeState,
                      preferences: preference.Preference) -> float:
        """The members on the volume, negated."""
        return -float(preferences.members_on(volume))
