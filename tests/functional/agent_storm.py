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


"""A storm of changes of a simulated cluster.

The cluster is described in a file that is written anew with each change.
Servers are claimed in Placement before their files are there, and given back
after they are gone, as Nova does.
"""

import collections
import contextlib
import datetime
import json
import os
import pathlib
import random
import threading
import uuid

from hv_sched.demo import service
from hv_sched.demo.windows import simulated
from hv_sched.placement import ids
from hv_sched.placement import names
from tests.functional import cloud as clouds
from tests.functional.storm_observer import DiskState
from tests.functional.storm_observer import Observer

GIB = simulated.GIB
SHARE_GB = 20
HOMES = ('Volume1', 'Volume2')


class Adapter:
    """What ``Cloud`` needs of a Placement that is a process."""

    def __init__(self, endpoint):
        self._adapter = service.client(endpoint)

    def another(self):
        return self._adapter


class Disks:
    """The cluster, its file, and the servers on it.

    :ivar lock: the cluster is neither changed nor read without it
    :ivar history: by volume, what was the truth since when: its last state
        each time the cluster was described
    """

    def __init__(self, folder: pathlib.Path, endpoint: str) -> None:
        self.cluster = simulated.cluster('HVLAB', nodes=3, volumes=2)
        self.cloud = clouds.Cloud(Adapter(endpoint))
        self.cloud.register(*self.cluster.nodes)
        self.endpoint = endpoint
        self.source = folder / 'answers.json'
        self.lock = threading.RLock()
        self.servers: dict[str, str] = {}
        self.history: dict[str, list[DiskState]] = {
            volume: [] for volume in self.cluster.volumes}
        self.write()

    def uuid(self, volume: str) -> str:
        return ids.volume_uuid(self.cluster.guid,
                               self.cluster.volumes[volume].guid)

    def write(self) -> None:
        """What the cluster is like now, in one rename."""
        # Two that write at a time would let the older one stand.
        with self.lock:
            now = datetime.datetime.now(datetime.timezone.utc)
            for volume, states in self.history.items():
                states.append(self._state(volume, now))
            new = self.source.with_suffix('.new')
            new.write_text(json.dumps(self._document(now)))
            os.replace(new, self.source)

    def _state(self, name: str, now: datetime.datetime) -> DiskState:
        volume = self.cluster.volumes[name]
        owed_gb = SHARE_GB * list(self.servers.values()).count(name)
        return DiskState(now, volume.state == 'Online', max(
            owed_gb, (volume.size_bytes - volume.foreign_bytes) / GIB))

    def _document(self, now: datetime.datetime) -> dict:
        """With the servers' uuids, as Nova's names have told them."""
        cluster = self.cluster
        return {
            'version': 2, 'collected_at': now.isoformat(), 'clusters': [{
                'name': cluster.name, 'guid': cluster.guid,
                'functional_level': cluster.functional_level,
                'nodes': [{
                    'name': node.name, 'build': node.build,
                    'state': node.state.lower(),
                    'home': cluster.volumes[HOMES[number % len(HOMES)]].guid}
                    for number, node in enumerate(cluster.nodes.values())],
                'volumes': [{
                    'name': volume.name, 'guid': volume.guid,
                    'state': volume.state.lower(),
                    'size_bytes': volume.size_bytes,
                    'free_bytes': cluster.free_bytes(volume.name)}
                    for volume in cluster.volumes.values()],
                'vms': [{
                    'instance_uuid': machine.name,
                    'owner_node': machine.owner,
                    'disks': [{
                        'volume': cluster.volumes[name].guid,
                        'provisioned_bytes': SHARE_GB * GIB,
                        'actual_bytes': size_bytes}
                        for name, size_bytes
                        in machine.bytes_by_volume.items()]}
                    for machine in cluster.machines.values()]}]}

    @contextlib.contextmanager
    def change(self):
        with self.lock:
            yield self.cluster
            self.write()

    def room_gb(self, volume: str) -> float:
        """What is free on the disk, which nobody may be offered more than."""
        with self.lock:
            if self.cluster.volumes[volume].state != 'Online':
                return 0.0
            return self.cluster.free_bytes(volume) / GIB

    def create(self) -> bool:
        """A server where Placement says; its file comes after its share."""
        requests = self.cloud.candidates(
            SHARE_GB, f'required=!{names.NO_NEW_DISKS},!{names.PAUSED}')
        volumes = {self.uuid(name): name for name in self.cluster.volumes}
        requests = [request['allocations'] for request in requests
                    if volumes.keys() & request['allocations'].keys()]
        if not requests:
            return False
        allocations = random.choice(requests)
        consumer = str(uuid.uuid4())
        self.cloud.allocate(consumer, allocations)
        volume = next(volumes[each] for each in allocations
                      if each in volumes)
        self.servers[consumer] = volume
        with self.change() as cluster:
            cluster.create(consumer, random.choice(cluster.up_nodes()),
                           volume, 2 * GIB)
        return True

    def grow(self) -> None:
        """A file grows up to its share."""
        with self.change() as cluster:
            machine = cluster.machines[random.choice(sorted(self.servers))]
            for volume in machine.bytes_by_volume:
                machine.bytes_by_volume[volume] = random.randint(
                    2, SHARE_GB) * GIB

    def delete(self) -> None:
        consumer = random.choice(sorted(self.servers))
        with self.change() as cluster:
            cluster.delete(consumer)
        answer = self.cloud.admin.delete(f'/allocations/{consumer}')
        assert answer.status_code == 204
        del self.servers[consumer]


class Storm(threading.Thread):
    """Changes, one after the other, until it is told to stop.

    :ivar events: how many of each kind
    :ivar error: what ended it, None while it goes on
    """

    def __init__(self, disks: Disks, observer: Observer, seed: int) -> None:
        super().__init__(daemon=True)
        self.disks = self._disks = disks
        self._observer = observer
        self._chance = random.Random(seed)
        self._stop_event = threading.Event()
        self.events = collections.Counter()
        self.error = None

    def stop(self) -> None:
        self._stop_event.set()
        self.join(300)

    def run(self) -> None:
        try:
            while not self._stop_event.wait(self._chance.uniform(0, 0.3)):
                self.one()
        except Exception as exc:
            self.error = exc

    def one(self) -> None:
        """One event."""
        kind = self._chance.choice((
            'create', 'create', 'grow', 'delete', 'fail over', 'pause',
            'resume', 'fill', 'free', 'offline', 'online'))
        if getattr(self, '_' + kind.replace(' ', '_'))() is not False:
            self.events[kind] += 1

    def _create(self):
        return len(self._disks.servers) < 20 and self._disks.create()

    def _grow(self):
        return bool(self._disks.servers) and self._disks.grow()

    def _delete(self):
        return bool(self._disks.servers) and self._disks.delete()

    def _fail_over(self):
        if not self._disks.servers:
            return False
        with self._disks.change() as cluster:
            cluster.fail_over(self._chance.choice(
                sorted(self._disks.servers)),
                self._chance.choice(sorted(cluster.nodes)))
        return True

    def _pause(self):
        with self._disks.change() as cluster:
            cluster.pause(self._chance.choice(sorted(cluster.nodes)))

    def _resume(self):
        with self._disks.change() as cluster:
            for node in cluster.nodes:
                cluster.resume(node)

    def _takes_away(self, kind, act):
        """Room goes beside Nova."""
        volume = self._chance.choice(sorted(self._disks.cluster.volumes))
        if not self._disks.room_gb(volume):
            return False
        self._observer.take_away(kind, volume, act)
        return True

    def _fill(self):
        return self._takes_away('fill', lambda cluster, volume: cluster.fill(
            volume, int(cluster.free_bytes(volume)
                        * self._chance.uniform(0.3, 0.9))))

    def _free(self):
        with self._disks.change() as cluster:
            for volume in cluster.volumes.values():
                volume.foreign_bytes = min(volume.foreign_bytes, 30 * GIB)

    def _offline(self):
        return self._takes_away(
            'offline', lambda cluster, volume: cluster.take_offline(volume))

    def _online(self):
        with self._disks.change() as cluster:
            for volume in cluster.volumes:
                cluster.bring_online(volume)
