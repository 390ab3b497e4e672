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

"""hv_sched's weighers, ``hv_sched.weighers.all_weighers``.

Classes are listed by hand: Nova's loader also takes base classes it finds.
"""

from nova.scheduler import weights

from hv_sched.weighers import anti_affinity
from hv_sched.weighers import feature_scarcity
from hv_sched.weighers import free_space
from hv_sched.weighers import image_cache
from hv_sched.weighers import same_volume


def all_weighers() -> list[type[weights.BaseHostWeigher]]:
    """The weigher classes, for ``[filter_scheduler]weight_classes``."""
    return [
        feature_scarcity.FeatureScarcityWeigher,
        free_space.SharedVolumeFreeSpaceWeigher,
        image_cache.ImageCacheWeigher,
        same_volume.SameVolumeWeigher,
        anti_affinity.SharedVolumeAntiAffinityWeigher,
    ]
