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


"""A storm of changes of a simulated cluster, and what an observer sees.

The cluster is described in a file that is written anew with each change.
Servers are claimed in Placement before their files are there, and given back
after they are gone, as Nova does.
"""

import collections
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import random
import threading
import time
import uuid

from hv_sched.demo import service
from hv_sched.demo.windows import simulated
from hv_sched.placement import ids
from hv_sched.placement import names
from tests.functional import cloud as clouds

GIB = simulated.GIB
LOOK_SECONDS = 0.1
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
    """

    def __init__(self, folder: pathlib.Path, endpoint: str) -> None:
        self.cluster = simulated.cluster('HVLAB', nodes=3, volumes=2)
        self.cloud = clouds.Cloud(Adapter(endpoint))
        self.cloud.register(*self.cluster.nodes)
        self.endpoint = endpoint
        self.source = folder / 'answers.json'
        self.lock = threading.RLock()
        self.servers: dict[str, str] = {}
        self.shares_gb: dict[str, int] = {}
        self.write()

    def uuid(self, volume: str) -> str:
        return ids.volume_uuid(self.cluster.guid,
                               self.cluster.volumes[volume].guid)

    def write(self) -> None:
        """What the cluster is like now, in one rename."""
        with self.lock:
            text = json.dumps(self._document())
        new = self.source.with_suffix('.new')
        new.write_text(text)
        os.replace(new, self.source)

    def _document(self) -> dict:
        """With the servers' uuids, as Nova's names have told them."""
        cluster = self.cluster
        now = datetime.datetime.now(datetime.timezone.utc)
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


class Observer(threading.Thread):
    """Looks at every volume ten times a second.

    :ivar looks: how many there were
    :ivar catching_up: those between what took room away beside Nova and the
        first look that knew of it
    :ivar violations: looks that showed more than there was
    :ivar seconds: by kind of event, until Placement showed it
    """

    def __init__(self, disks: Disks) -> None:
        super().__init__(daemon=True)
        self._disks = disks
        self._adapter = service.client(disks.endpoint)
        self._stop_event = threading.Event()
        self._awaited: dict[str, tuple[str, float]] = {}
        self.looks = 0
        self.catching_up = 0
        self.violations: list[tuple] = []
        self.seconds = collections.defaultdict(list)

    def take_away(self, kind: str, volume: str, act) -> None:
        """Change the cluster so that there is less room, beside Nova.

        Placement cannot know of it yet, and no look sees it in between.
        """
        with self._disks.lock:
            self._awaited[volume] = (kind, time.monotonic())
            with self._disks.change() as cluster:
                act(cluster, volume)

    def is_waiting(self, volume: str) -> bool:
        with self._disks.lock:
            return volume in self._awaited

    def run(self) -> None:
        while not self._stop_event.wait(LOOK_SECONDS):
            self._look()

    def stop(self) -> None:
        self._stop_event.set()
        self.join(300)

    def _look(self) -> None:
        volumes = sorted(self._disks.cluster.volumes)
        with self._disks.lock:
            rooms_gb = {name: self._disks.room_gb(name) for name in volumes}
            awaited = dict(self._awaited)
        offers = self._offers()
        self.looks += 1
        for name in volumes:
            self._judge(name, offers.get(self._disks.uuid(name), NOTHING),
                        max(rooms_gb[name], self._disks.room_gb(name)),
                        awaited.get(name))

    def _judge(self, volume, offer, room_gb, awaited) -> None:
        """:param room_gb: the most there was while Placement answered"""
        if awaited is not None and not self._is_known(volume, offer, awaited):
            self.catching_up += offer.room_gb > room_gb
            return
        if awaited is not None:
            self._seen(volume, awaited)
        if offer.room_gb > room_gb:
            self.violations.append((volume, offer, room_gb, awaited))

    def _is_known(self, volume, offer, awaited) -> bool:
        """Whether Placement shows what was taken away, by no accident.

        Servers that come and go change what is offered, too.
        """
        with self._disks.lock:
            known = self._disks.cluster.volumes[volume]
            if awaited[0] == 'offline':
                # One that is back before anybody saw it was never missed.
                return offer.is_closed or known.state == 'Online'
            # What servers have been given is never reserved.
            return offer.capacity_gb <= max(
                offer.used_gb,
                (known.size_bytes - known.foreign_bytes) / GIB)

    def _seen(self, volume, awaited) -> None:
        with self._disks.lock:
            if self._awaited.get(volume) == awaited:
                del self._awaited[volume]
                self.seconds[awaited[0]].append(
                    time.monotonic() - awaited[1])

    def _offers(self) -> dict[str, 'Offer']:
        """What a new disk may take, by volume, in one request."""
        answer = self._adapter.get(
            '/allocation_candidates?resources='
            f'{names.HELD_DISK_GB}:1&required={names.VOLUME}',
            microversion='1.39', raise_exc=False)
        if answer.status_code != 200:
            return {}  # nothing is published yet
        return {volume: _offer(summary) for volume, summary
                in answer.json()['provider_summaries'].items()
                if names.VOLUME in summary['traits']}


@dataclasses.dataclass(frozen=True)
class Offer:
    """Of one volume.

    :param capacity_gb: what is not reserved, taken or not
    :param used_gb: by the shares of servers
    """

    capacity_gb: int
    used_gb: int
    is_closed: bool

    @property
    def room_gb(self) -> int:
        return 0 if self.is_closed else max(
            0, self.capacity_gb - self.used_gb)


NOTHING = Offer(0, 0, is_closed=True)


def _offer(summary) -> Offer:
    disk = summary['resources'].get('DISK_GB')
    if disk is None:
        return NOTHING
    return Offer(disk['capacity'], disk['used'],
                 names.NO_NEW_DISKS in summary['traits']
                 or names.SHARING not in summary['traits'])


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
        """Room goes beside Nova: once what went before is known."""
        volume = self._chance.choice(sorted(self._disks.cluster.volumes))
        if self._observer.is_waiting(volume):
            return False
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


def percentiles(seconds: dict[str, list[float]]) -> str:
    """By kind: how many, and how long, as JSON."""
    return json.dumps({kind: {
        'events': len(times), **{f'p{part}': round(sorted(times)[min(
            len(times) - 1, len(times) * part // 100)], 2)
            for part in (50, 95, 100)}}
        for kind, times in sorted(seconds.items())})
