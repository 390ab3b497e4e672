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


"""What happens to the cluster beside Nova."""

import random

from tests.functional import storm_observer
from tests.storm import disks as disks_module
from tests.storm.servers import Nothing

VOLUME = disks_module.VOLUME


class Weather:
    """:param observer: times how long what takes room away is not known"""

    def __init__(self, disks: disks_module.Disks,
                 observer: storm_observer.Observer, chance: random.Random
                 ) -> None:
        self._disks = disks
        self._observer = observer
        self._chance = chance

    def _take_away(self, kind: str, act) -> None:
        if not self._disks.cluster.is_online or not self._disks.free_gb():
            raise Nothing
        self._observer.take_away(
            kind, VOLUME, lambda cluster, _volume: act(cluster))

    def fill(self) -> None:
        """Others write what fills most of the volume, or all of it."""
        part = self._chance.choice((0.3, 0.6, 0.9, 1.0))
        written_gb = int(self._disks.free_gb() * part)

        def act(cluster: disks_module.Cluster) -> None:
            cluster.foreign_gb += written_gb

        self._take_away('volume full', act)

    def empty(self) -> None:
        with self._disks.change() as cluster:
            cluster.foreign_gb = min(cluster.foreign_gb, 30)

    def go_offline(self) -> None:
        def act(cluster: disks_module.Cluster) -> None:
            cluster.is_online = False

        self._take_away('volume offline', act)

    def come_online(self) -> None:
        with self._disks.change() as cluster:
            cluster.is_online = True

    def pause(self) -> None:
        self._set(self._chance.choice(sorted(
            self._disks.cluster.node_states)), 'paused')

    def resume(self) -> None:
        for node, state in self._disks.cluster.node_states.items():
            if state == 'paused':
                self._set(node, 'up')

    def _set(self, node: str, state: str) -> None:
        with self._disks.change() as cluster:
            # One that is down is neither paused nor resumed.
            if cluster.node_states[node] != 'down':
                cluster.node_states[node] = state
