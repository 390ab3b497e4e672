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

"""Base classes of the weighers."""

from __future__ import annotations

import abc
import math
from typing import Any
from typing import Generic
from typing import TypeVar

from nova import objects
import nova.conf
from nova.scheduler import utils
from nova.scheduler import weights

from hv_sched import conf
from hv_sched import printable
from hv_sched.conf import plugins
from hv_sched.filters import candidates
from hv_sched.filters import preference
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes

CONF = nova.conf.CONF
LOG = printable.logger(__name__)
conf.register_opts(CONF)

Criteria = TypeVar('Criteria')


class SnapshotWeigher(weights.BaseHostWeigher, Generic[Criteria]):
    """Weighs hosts by the snapshot, by the criteria of a request.

    Everything weighs 0 while Placement cannot be read.
    """

    def weight_multiplier(self, host_state: Any) -> float:
        """The multiplier: the aggregate's, else the option's.

        Nova takes "nan" and "inf" of an aggregate for numbers, and sorts
        hosts at random then.
        """
        option = plugins.multiplier_of(type(self).__name__)
        default = CONF.hv_sched[option]
        multiplier = float(utils.get_weight_multiplier(
            host_state, option, default))
        if math.isfinite(multiplier):
            return multiplier
        LOG.warning('Host %s: %s of its aggregates is %s; %s of nova.conf is '
                    'used', host_state.host, option, multiplier, default)
        return float(default)

    def weigh_objects(self, weighed_obj_list: list[Any],
                      weight_properties: objects.RequestSpec) -> list[float]:
        """One weight for each host; the criteria are read once.

        Raises nothing: after a fault of its own all weigh the same.
        """
        if not CONF.hv_sched.scheduler_enabled:
            return [0.0] * len(weighed_obj_list)
        try:
            return self._weigh_all(weighed_obj_list, weight_properties)
        except Exception:
            LOG.exception('%s failed: all hosts weigh the same',
                          type(self).__name__)
            return [0.0] * len(weighed_obj_list)

    def _weigh_all(self, weighed_obj_list: list[Any],
                   request_spec: objects.RequestSpec) -> list[float]:
        snapshot = cache.get()
        if snapshot is None or not self._distinguishes(snapshot):
            return [0.0] * len(weighed_obj_list)
        criteria = self._criteria(request_spec, snapshot)
        return [self._weigh(weighed.obj, criteria)
                for weighed in weighed_obj_list]

    def _weigh_object(self, obj: Any,
                      weight_properties: objects.RequestSpec) -> float:
        """For callers that know no weigh_objects()."""
        return self.weigh_objects(
            [weights.WeighedHost(obj, 0.0)], weight_properties)[0]

    def _distinguishes(self, snapshot: volumes.Snapshot) -> bool:
        """Whether the snapshot makes any host differ from another."""
        return True

    @abc.abstractmethod
    def _criteria(self, request_spec: objects.RequestSpec,
                  snapshot: volumes.Snapshot) -> Criteria:
        """What counts for all hosts of a request."""

    @abc.abstractmethod
    def _weigh(self, host_state: Any, criteria: Criteria) -> float:
        """The weight of one host."""


class VolumeWeigher(SnapshotWeigher[preference.Preference]):
    """Weighs a host by the volume its first candidate is on."""

    def __init__(self) -> None:
        super().__init__()
        if plugins.VOLUME_FILTER not in CONF.filter_scheduler.enabled_filters:
            LOG.warning(
                '%s is in weight_classes but %s is not in enabled_filters: '
                'requests that name a host or an availability zone find no '
                'volume.', type(self).__name__,
                plugins.VOLUME_FILTER)

    def _distinguishes(self, snapshot: volumes.Snapshot) -> bool:
        return bool(snapshot.volumes)

    def _criteria(self, request_spec: objects.RequestSpec,
                  snapshot: volumes.Snapshot) -> preference.Preference:
        return preference.of(request_spec, snapshot)

    def _weigh(self, host_state: Any,
               criteria: preference.Preference) -> float:
        volume = candidates.volume_of(host_state, criteria.snapshot)
        if volume is None:
            return self._weigh_without_volume(host_state)
        return self._weigh_volume(host_state, volume, criteria)

    def _weigh_without_volume(self, host_state: Any) -> float:
        """The weight of a host whose disk is not on a volume."""
        return 0.0

    @abc.abstractmethod
    def _weigh_volume(self, host_state: Any, volume: volumes.VolumeState,
                      preferences: preference.Preference) -> float:
        """The weight of a host on its volume."""
