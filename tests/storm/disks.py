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


"""The simulated volume's own truth, and what its cluster tells of it.

Files are what nova-compute's driver wrote; what others wrote, and how the
cluster is, is decided here.
"""

import collections.abc
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import threading

from hv_sched.placement import ids
from tests.functional.storm_observer import DiskState
from tests.storm import site

GIB = 1024 ** 3
VOLUME = 'Volume1'
# A scheduled task in a great hurry.
TASK_SECONDS = 3.0
WRITTEN_GB = 2


@dataclasses.dataclass(frozen=True)
class Copy:
    """A folder on the volume with a server's disks.

    :param server: its uuid
    :param size_gb: what the disks may grow to
    """

    folder: str
    server: str
    size_gb: int

    @property
    def is_former(self) -> bool:
        """Whether it is what a resize has left until it is confirmed."""
        return self.folder.endswith('_revert')


def copies_in(volume: pathlib.Path) -> frozenset[Copy]:
    """What lies there now; a folder that just goes is left out."""
    return frozenset(copy for entry in os.scandir(volume)
                     if (copy := _copy(pathlib.Path(entry.path))))


def _copy(folder: pathlib.Path) -> Copy | None:
    try:
        disk = json.loads((folder / 'disk.json').read_text())
    except OSError:
        return None
    return Copy(folder.name, disk['uuid'], disk['size_gb'])


class Cluster:
    """What the cluster is like beside the servers' files.

    :ivar written_gb: by server, what of its disks is written
    """

    def __init__(self) -> None:
        self.size_gb = site.CLUSTER.size_gb
        self.foreign_gb = 0
        self.is_online = True
        self.node_states = dict.fromkeys(site.CLUSTER.nodes, 'up')
        self.written_gb: dict[str, int] = {}

    def actual_gb(self, copy: Copy) -> int:
        return min(copy.size_gb, self.written_gb.get(copy.server, WRITTEN_GB))


class Disks:
    """The cluster, the file that describes it, and its history.

    :ivar lock: the cluster is neither changed nor read without it
    :ivar history: by volume, what was the truth since when
    :ivar servers: uuids of those that Nova knows
    :ivar shares_gb: what they were given when anybody looked last
    """

    def __init__(self, cloud: site.Site) -> None:
        self._cloud = cloud
        self.cluster = Cluster()
        self.source = cloud.folder.etc / 'hv_sched' / 'cluster.json'
        self.lock = threading.RLock()
        self.history: dict[str, list[DiskState]] = {VOLUME: []}
        self.servers: frozenset[str] = frozenset()
        self.shares_gb = 0
        self._stop_event = threading.Event()
        self._task = threading.Thread(target=self._describe, daemon=True)
        self.error: Exception | None = None
        self.write()

    def start(self) -> None:
        """Describe the cluster again and again."""
        self._task.start()

    def stop(self) -> None:
        self._stop_event.set()
        self._task.join(60)

    def _describe(self) -> None:
        try:
            while not self._stop_event.wait(TASK_SECONDS):
                self.write()
        except Exception as exc:
            self.error = exc

    def uuid(self, _volume: str) -> str:
        return ids.volume_uuid(site.CLUSTER.guid, site.CLUSTER.volume_guid)

    def copies(self) -> frozenset[Copy]:
        return copies_in(self._cloud.volume)

    @contextlib.contextmanager
    def change(self) -> collections.abc.Iterator[Cluster]:
        """Change the cluster; it is described at once."""
        with self.lock:
            yield self.cluster
            self.write()

    def note(self, servers: frozenset[str], shares_gb: int) -> None:
        """What Nova and Placement know, which only they can tell."""
        with self.lock:
            self.servers = servers
            if shares_gb != self.shares_gb:
                self.shares_gb = shares_gb
                self._remember(_now())

    def write(self) -> None:
        """What the cluster is like now, in one rename."""
        # Two that write at a time would let the older one stand.
        with self.lock:
            now = _now()
            self._remember(now)
            new = self.source.with_suffix('.new')
            new.write_text(json.dumps(self._document(now)))
            os.replace(new, self.source)

    def _remember(self, now: datetime.datetime) -> None:
        self.history[VOLUME].append(DiskState(
            now, self.cluster.is_online, capacity_gb(
                self.cluster, self.copies(), self.servers, self.shares_gb)))

    def _document(self, now: datetime.datetime) -> dict[str, object]:
        """Servers have the names that Nova gives them on a node."""
        cluster, owners = self.cluster, self.owners()
        copies = sorted(self.copies(), key=lambda copy: copy.folder)
        used_gb = cluster.foreign_gb + sum(map(cluster.actual_gb, copies))
        return {
            'version': 2, 'collected_at': now.isoformat(), 'clusters': [{
                'name': site.CLUSTER.name, 'guid': site.CLUSTER.guid,
                'functional_level': 9,
                'nodes': [{'name': node, 'build': 14393, 'state': state}
                          for node, state in cluster.node_states.items()],
                'volumes': [{
                    'name': VOLUME, 'guid': site.CLUSTER.volume_guid,
                    'state': 'online' if cluster.is_online else 'offline',
                    'size_bytes': cluster.size_gb * GIB,
                    'free_bytes': max(0, cluster.size_gb - used_gb) * GIB}],
                'vms': [{
                    'instance_name': copy.folder,
                    **({'owner_node': owners[copy.server]}
                       if copy.server in owners else {}),
                    'disks': [{
                        'volume': site.CLUSTER.volume_guid,
                        'provisioned_bytes': copy.size_gb * GIB,
                        'actual_bytes': cluster.actual_gb(copy) * GIB}]}
                    for copy in copies if not copy.is_former]}]}

    def owners(self) -> dict[str, str]:
        """The node of each server that runs."""
        return {server: node for node in site.CLUSTER.nodes
                for server in self._guests(node)}

    def _guests(self, node: str) -> list[str]:
        try:
            return list(json.loads(
                (self._cloud.node(node) / 'guests.json').read_text()))
        except FileNotFoundError:
            return []

    def free_gb(self) -> int:
        """What is free, files of others included, in this moment."""
        with self.lock:
            return max(0, self.cluster.size_gb - self.cluster.foreign_gb - sum(
                map(self.cluster.actual_gb, self.copies())))


def capacity_gb(cluster: Cluster, copies: collections.abc.Iterable[Copy],
                servers: collections.abc.Container[str], shares_gb: int
                ) -> float:
    """What servers may have: all but what others wrote.

    Or what they were given, where that is more: it is never reserved. Files
    of a server that Nova does not know are others'.
    """
    orphans_gb = sum(cluster.actual_gb(copy) for copy in copies
                     if copy.server not in servers)
    return max(shares_gb, cluster.size_gb - cluster.foreign_gb - orphans_gb)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
