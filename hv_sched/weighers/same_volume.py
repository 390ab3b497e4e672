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


"""Move a server to a node that writes to the volume its disk is on.

Only moves that keep the disk are weighed. The files stay wherever the server
goes, but what a node adds later (configuration drive, console log, saved
memory) goes to its own home.
"""

from __future__ import annotations

from typing import Any

from nova import objects

from hv_sched.filters import preference
from hv_sched.request_filters import request_state
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes
from hv_sched.weighers import base


class SameVolumeWeigher(base.VolumeWeigher):
    """Higher weights, which is the server's own volume as home, win."""

    def _weigh_all(self, weighed_obj_list: list[Any],
                   request_spec: objects.RequestSpec) -> list[float]:
        """1 for a host whose home is the disk's volume, else 0."""
        snapshot = cache.get()
        move = request_state.of(request_spec).pending_move
        if snapshot is None or move is None:
            return [0.0] * len(weighed_obj_list)
        return [float(not move.kept_on.isdisjoint(
            snapshot.homes.get(weighed.obj.uuid, ())))
            for weighed in weighed_obj_list]

    def _weigh_volume(self, host_state: Any, volume: volumes.VolumeState,
                      preferences: preference.Preference) -> float:
        """A host with a disk to choose is no move that keeps it."""
        return 0.0
