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


"""What users and operators do to servers in a storm, one at a time each.

An event that Nova refuses, or that meets a service which is away, is one all
the same: it is counted as such.
"""

import collections.abc
import contextlib
import random
import threading
import time

from keystoneauth1 import exceptions

from tests.cloud import topology
from tests.storm import disks as disks_module
from tests.storm import nova
from tests.storm import site

FLAVORS = ('disk10', 'disk20', 'disk50')
MOST_SERVERS = 14
FEWEST_SERVERS = 5
REST_SECONDS = 45


class Nothing(Exception):
    """There is nothing that this event could happen to."""


class Servers:
    """The servers of a storm, and who works on which.

    :ivar abandoned: those that an operation never let go
    :ivar failover_seconds: from Nova's new host to the repaired allocation
    """

    def __init__(self, cloud: site.Site, disks: disks_module.Disks,
                 chance: random.Random) -> None:
        self._cloud = cloud
        self.nova = nova.Nova(cloud.session())
        self._placement = cloud.placement()
        self._disks = disks
        self._chance = chance
        self._lock = threading.Lock()
        self._idle: list[str] = []
        self._busy: set[str] = set()
        self._names = iter(range(10 ** 6))
        self.abandoned: list[str] = []
        self.failover_seconds: list[float] = []

    def count(self) -> int:
        with self._lock:
            return len(self._idle) + len(self._busy)

    def idle(self) -> list[str]:
        with self._lock:
            return list(self._idle)

    @contextlib.contextmanager
    def a_server(self) -> collections.abc.Iterator[str]:
        """One that nobody else works on; what is broken by it is deleted."""
        with self._lock:
            if not self._idle:
                raise Nothing
            uuid = self._idle.pop(self._chance.randrange(len(self._idle)))
            self._busy.add(uuid)
        kept = False
        try:
            try:
                yield uuid
            except nova.Stuck:
                self.abandoned.append(uuid)
                raise
            except Exception:
                kept = self._is_whole(uuid)
                raise
            kept = self._is_whole(uuid)
        finally:
            with self._lock:
                self._busy.discard(uuid)
                self._idle += [uuid] * kept

    def _is_whole(self, uuid: str) -> bool:
        """Whether it may be worked on; one in ERROR is deleted."""
        try:
            server = self.nova.at_rest(uuid, REST_SECONDS)
            if server is None:
                return False
            if server.status == 'ACTIVE':
                return True
            self.nova.delete(uuid)
            self.nova.gone(uuid, REST_SECONDS)
        except (nova.Refused, nova.Disturbed, nova.Stuck):
            self.abandoned.append(uuid)
        return False

    def create(self) -> None:
        with self._lock:
            number = next(self._names)
        if self.count() >= MOST_SERVERS:
            raise Nothing
        uuid = self.nova.create(f'storm-{number}',
                                self._chance.choice(FLAVORS))
        with self._lock:
            self._busy.add(uuid)
        whole = self._is_whole(uuid)
        with self._lock:
            self._busy.discard(uuid)
            self._idle += [uuid] * whole
        if not whole:
            raise nova.Refused('no valid host')

    def delete(self) -> None:
        if self.count() <= FEWEST_SERVERS:
            raise Nothing
        with self.a_server() as uuid:
            self.nova.delete(uuid)
            self.nova.gone(uuid, REST_SECONDS)

    def live_migrate(self) -> None:
        with self.a_server() as uuid:
            before = self._host(uuid)
            self._move_live(uuid)
            if self._host(uuid) == before:
                raise nova.Refused('it did not move')

    def roll_back(self) -> None:
        """A live migration that fails on whatever node it reaches."""
        with self.a_server() as uuid:
            paths = [self._cloud.node(node) / 'fail' /
                     f'pre_live_migration-{uuid}'
                     for node in site.CLUSTER.nodes]
            for path in paths:
                path.write_text('the target does not take it')
            try:
                self._move_live(uuid)
            finally:
                for path in paths:
                    path.unlink()

    def _move_live(self, uuid: str) -> None:
        self.nova.act(uuid, 'os-migrateLive', {
            'host': None, 'block_migration': 'auto'})
        self.nova.at_rest(uuid, REST_SECONDS)

    def _host(self, uuid: str) -> str | None:
        server = self.nova.at_rest(uuid, REST_SECONDS)
        return server and server.host

    def resize_and_confirm(self) -> None:
        self._resize('confirmResize')

    def resize_and_revert(self) -> None:
        self._resize('revertResize')

    def _resize(self, end: str) -> None:
        with self.a_server() as uuid:
            server = self.nova.at_rest(uuid, REST_SECONDS)
            if server is None:
                raise Nothing
            # Nova makes no disk smaller than its image.
            larger = FLAVORS[FLAVORS.index(server.flavor) + 1:]
            if larger:
                self.nova.resize(uuid, self._chance.choice(larger))
            else:
                self.nova.act(uuid, 'migrate')
            server = self.nova.at_rest(uuid, REST_SECONDS)
            if server is None or server.status != 'VERIFY_RESIZE':
                raise nova.Refused('no valid host')
            self.nova.act(uuid, end)
            self._await(uuid, lambda server: server.status == 'ACTIVE')

    def fail_over(self) -> None:
        """The cluster restarts a server on another node.

        It is over when the agent has moved what the server holds of the node.
        """
        with self.a_server() as uuid:
            source = self._host(uuid)
            targets = [node for node, state
                       in self._disks.cluster.node_states.items()
                       if state == 'up' and node != source]
            if not targets or source not in site.CLUSTER.nodes:
                raise Nothing
            target = self._chance.choice(targets)
            (self._cloud.node(source) / 'leave' / uuid).touch()
            (self._cloud.node(target) / 'arrive' / uuid).touch()
            self._await(uuid, lambda server: server.host == target)
            self._await_repair(uuid, target)

    def _await_repair(self, uuid: str, target: str) -> None:
        """:raises Disturbed: the agent, which is killed, too, has not come
            to it yet
        """
        start = time.monotonic()
        while not self._holds(uuid, target):
            if time.monotonic() - start > REST_SECONDS:
                raise nova.Disturbed(f'{uuid} is not repaired yet')
            time.sleep(nova.POLL_SECONDS)
        self.failover_seconds.append(time.monotonic() - start)

    def _holds(self, uuid: str, node: str) -> bool:
        """Whether a server holds something of a node, and of no other."""
        try:
            answer = self._placement.get(f'/allocations/{uuid}')
        except exceptions.ClientException:
            return False
        nodes = {topology.node_uuid(name): name for name in topology.NODES}
        return answer.status_code == 200 and [
            nodes[provider] for provider in answer.json()['allocations']
            if provider in nodes] == [node]

    def _await(self, uuid: str, is_so) -> None:
        """:raises Stuck: not within the time of an operation"""
        end = time.monotonic() + REST_SECONDS
        while time.monotonic() < end:
            server = self.nova.at_rest(uuid, REST_SECONDS)
            if server is None or server.status == 'ERROR':
                raise nova.Refused(f'{uuid} failed')
            if is_so(server):
                return
            time.sleep(nova.POLL_SECONDS)
        raise nova.Stuck(uuid)

    def grow(self) -> None:
        """Files grow up to what their servers have."""
        with self.a_server() as uuid, self._disks.change() as cluster:
            cluster.written_gb[uuid] = self._chance.randint(2, 50)

    def remove_all(self) -> None:
        """Those of a former storm on this cloud."""
        for uuid in self.nova.servers():
            self.bury(uuid)

    def settle(self) -> None:
        """Delete what is broken, and what no operation let go."""
        self._idle = [uuid for uuid in self.idle() if self._is_whole(uuid)]
        while self.abandoned:
            self.bury(self.abandoned.pop())

    def bury(self, uuid: str) -> None:
        """Delete it, whatever it is in; it may be gone."""
        server = self.nova.server(uuid)
        if server is None:
            return
        try:
            if not server.is_at_rest:
                self._reset(uuid)
            self.nova.delete(uuid)
        except nova.Refused:
            # It went meanwhile.
            pass
        self.nova.gone(uuid, REST_SECONDS)

    def _reset(self, uuid: str) -> None:
        try:
            self.nova.act(uuid, 'os-resetState', {'state': 'error'})
        except nova.Disturbed:
            # A server that never reached a cell has no row for an action to
            # refer to (DBReferenceError); it can be deleted all the same.
            pass
