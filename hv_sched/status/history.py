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

"""What the volumes had left over the last day, in memory only."""

import collections
from collections.abc import Iterable
import dataclasses

from hv_sched.status import forecast
from hv_sched.status.model import VolumeStatus

STEP_SECONDS = 15 * 60
_LENGTH = 24 * 60 * 60 // STEP_SECONDS


class SpaceHistory:
    """A sample a volume each quarter of an hour, for one day."""

    def __init__(self) -> None:
        self._samples: dict[
            str, collections.deque[forecast.SpaceSample]] = {}

    def add(self, volumes: Iterable[VolumeStatus], seconds: float) -> None:
        """What they have now; volumes that are gone are forgotten.

        :param seconds: of a clock that never goes back
        """
        samples = {}
        for volume in volumes:
            taken = self._samples.get(
                volume.uuid, collections.deque(maxlen=_LENGTH))
            samples[volume.uuid] = taken
            if not taken or seconds - taken[-1].seconds >= STEP_SECONDS:
                taken.append(forecast.SpaceSample(
                    seconds, volume.physical_free_gb,
                    volume.capacity_gb - volume.allocated_gb))
        self._samples = samples

    def with_forecast(self, volume: VolumeStatus) -> VolumeStatus:
        """The volume, with the day it is full where that is in sight."""
        return dataclasses.replace(volume, forecast=forecast.forecast(
            self._samples.get(volume.uuid, ()),
            volume.size_gb or volume.total_gb))
