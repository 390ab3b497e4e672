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

"""hv_sched's host filters, ``hv_sched.filters.all_filters``.

Classes are listed by hand: Nova's loader also takes base classes it finds.
"""

from nova.scheduler import filters

from hv_sched.filters import hyperv_feature
from hv_sched.filters import shared_volume


def all_filters() -> list[type[filters.BaseHostFilter]]:
    """The filter classes, for ``[filter_scheduler]available_filters``."""
    return [hyperv_feature.HyperVFeatureFilter,
            shared_volume.SharedVolumeFilter]
