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

"""Prefer volumes that already hold the server's image.

compute-hyperv keeps its image cache on the volume, so an image is fetched
once for a volume and not for each of its nodes. While a volume lacks an
image, all servers of one request that go to it are led to one of its nodes:
two nodes would both fetch.

That holds for one request for several servers, as far as the node has room
and as long as no other weigher outweighs this one. Separate requests do not
know of each other until the volume is published with the image. Servers of an
anti-affinity group are not led: to be apart is their user's wish. For
spreading over nodes at any cost set ``image_cache_weight_multiplier`` to 0,
for spreading that prefers cached images to 1.
"""

from __future__ import annotations

from typing import Any

from hv_sched.filters import preference
from hv_sched.snapshot import volumes
from hv_sched.weighers import base


class ImageCacheWeigher(base.VolumeWeigher):
    """Higher weights, which is less fetching, win."""

    # Nova then takes the weights as they are: the multiplier is worth the
    # same whether all three cases are there or two, and 0 stays 0 for hosts
    # whose aggregates have other multipliers.
    minval = 0.0
    maxval = 1.0

    def _weigh_volume(self, host_state: Any, volume: volumes.VolumeState,
                      preferences: preference.Preference) -> float:
        """1 has it, 0 fetches it once, -1 would fetch it again."""
        if preferences.keeps_apart:
            return 0.0
        return preferences.image_worth(host_state.host, volume)
