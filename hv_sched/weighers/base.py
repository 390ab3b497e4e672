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

"""What weighers by a snapshot, and those of volumes, have in common."""

from __future__ import annotations

import abc
from typing import Any
from typing import Generic
from typing import TypeVar

from nova import objects
import nova.conf
from nova.scheduler import utils
from nova.scheduler import weights
from oslo_log import log as logging

from hv_sched import conf
from hv_sched.filters import candidates
from hv_sched.filters import preference
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)
conf.register_opts(CONF)

Wanted = TypeVar('Wanted')

_FILTER = 'SharedVolumeFilter'


class SnapshotWeigher(weights.BaseHostWeigher, Generic[Wanted]):
    """Weighs hosts by the snapshot, for what a request wants of them.

    Everything weighs 0 while Placement cannot be read.
    """

    # The option in [hv_sched] and the aggregate metadata of the same name.
    MULTIPLIER: str

    def weight_multiplier(self, host_state: Any) -> float:
        """The multiplier: the aggregate's, else the option's."""
        return float(utils.get_weight_multiplier(
            host_state, self.MULTIPLIER, CONF.hv_sched[self.MULTIPLIER]))

    def weigh_objects(self, weighed_obj_list: list[Any],
                      weight_properties: objects.RequestSpec) -> list[float]:
        """One weight for each host; what is wanted is read once."""
        known = cache.get()
        if known is None or not self._tells(known):
            return [0.0] * len(weighed_obj_list)
        wanted = self._wanted(weight_properties, known)
        return [self._weigh(weighed.obj, wanted)
                for weighed in weighed_obj_list]

    def _weigh_object(self, obj: Any,
                      weight_properties: objects.RequestSpec) -> float:
        """For callers that know no weigh_objects()."""
        known = cache.get()
        if known is None:
            return 0.0
        return self._weigh(obj, self._wanted(weight_properties, known))

    def _tells(self, known: volumes.Snapshot) -> bool:
        """Whether the snapshot makes any host differ from another."""
        return True

    @abc.abstractmethod
    def _wanted(self, request_spec: objects.RequestSpec,
                known: volumes.Snapshot) -> Wanted:
        """What counts for all hosts of a request."""

    @abc.abstractmethod
    def _weigh(self, host_state: Any, wanted: Wanted) -> float:
        """The weight of one host."""


class VolumeWeigher(SnapshotWeigher[preference.Preference]):
    """Weighs a host by the volume its first candidate is on."""

    def __init__(self) -> None:
        super().__init__()
        if _FILTER not in CONF.filter_scheduler.enabled_filters:
            LOG.warning(
                '%s is in weight_classes but %s is not in enabled_filters: '
                'requests that name a host or an availability zone find no '
                'volume.', type(self).__name__, _FILTER)

    def _tells(self, known: volumes.Snapshot) -> bool:
        return bool(known.volumes)

    def _wanted(self, request_spec: objects.RequestSpec,
                known: volumes.Snapshot) -> preference.Preference:
        return preference.of(request_spec, known)

    def _weigh(self, host_state: Any,
               wanted: preference.Preference) -> float:
        volume = candidates.volume_of(host_state, wanted.known)
        if volume is None:
            return self._weigh_without_volume(host_state)
        return self._weigh_volume(host_state, volume, wanted)

    def _weigh_without_volume(self, host_state: Any) -> float:
        """The weight of a host whose disk is not on a volume."""
        return 0.0

    @abc.abstractmethod
    def _weigh_volume(self, host_state: Any, volume: volumes.Volume,
                      wanted: preference.Preference) -> float:
        """The weight of a host on its volume."""
