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


"""The filters and weighers of hv_sched that a nova.conf may name.

The one registry: ``hv_sched.filters.all_filters`` and
``hv_sched.weighers.all_weighers`` load what stands here, while the doctor,
the commands and the pages read it where nova is not installed.
"""

from collections.abc import Sequence
import dataclasses
import importlib
import re
from typing import Any

from oslo_config import cfg

from hv_sched import conf as options

ALL_FILTERS = 'hv_sched.filters.all_filters'
ALL_WEIGHERS = 'hv_sched.weighers.all_weighers'
VOLUME_FILTER = 'SharedVolumeFilter'
FEATURE_FILTER = 'HyperVFeatureFilter'


@dataclasses.dataclass(frozen=True)
class Plugin:
    """A filter or weigher.

    :param module: dotted path of the module the class is in
    :param effect: what it does, for the reference page
    """

    name: str
    module: str
    effect: str

    def load(self) -> Any:
        """The class itself; imports nova.

        :raises ImportError: nova is not installed
        """
        return getattr(importlib.import_module(self.module), self.name)


FILTERS = (
    Plugin(FEATURE_FILTER, 'hv_sched.filters.hyperv_feature',
           'drops hosts that lack what flavor and image require'),
    Plugin(VOLUME_FILTER, 'hv_sched.filters.shared_volume',
           'drops volumes that may not be used, puts the best one first'),
)
WEIGHERS = (
    Plugin('FeatureScarcityWeigher', 'hv_sched.weighers.feature_scarcity',
           'positive: nodes with rare features are kept for servers that '
           'need them; negative: they fill first'),
    Plugin('SharedVolumeFreeSpaceWeigher', 'hv_sched.weighers.free_space',
           'positive: more room on the volume wins (spread); negative: less '
           'room wins (pack)'),
    Plugin('ImageCacheWeigher', 'hv_sched.weighers.image_cache',
           'positive: a volume that holds the image wins; negative: it loses'),
    Plugin('SameVolumeWeigher', 'hv_sched.weighers.same_volume',
           'positive: a server that moves goes to a node whose home is the '
           'volume its disk is on; negative: to another'),
    Plugin('RedirectedAccessWeigher', 'hv_sched.weighers.redirected_access',
           'positive: nodes that reach their volume directly win over those '
           'with redirected access; negative: they lose'),
    Plugin('LowSpaceWeigher', 'hv_sched.weighers.low_space',
           'positive: volumes with enough physically free space win over '
           'those that are low; negative: they lose'),
    Plugin('SharedVolumeAntiAffinityWeigher',
           'hv_sched.weighers.anti_affinity',
           'positive: members of a server group with (soft-)anti-affinity go '
           'to different volumes; negative: to the same'),
)


def multiplier_of(weigher: str) -> str:
    """The weigher's option in [hv_sched], aggregate metadata's name too.

    >>> multiplier_of('ImageCacheWeigher')
    'image_cache_weight_multiplier'
    """
    parts = re.findall('[A-Z][a-z]+', weigher.removesuffix('Weigher'))
    return '_'.join((*map(str.lower, parts), 'weight_multiplier'))


def load_checked(plugins: Sequence[Plugin], conf: cfg.ConfigOpts
                 ) -> list[Any]:
    """The classes, in the registry's order, once the options are valid.

    :param conf: Nova's; loading the classes registers hv_sched's options
    :raises ImportError: nova is not installed
    :raises cfg.Error, InvalidConfig: an option of [hv_sched] has a value it
        may not have; nova-scheduler then ends at its start, instead of every
        request
    """
    classes = [plugin.load() for plugin in plugins]
    options.check(conf)
    return classes
