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


"""What fails in a storm: the agent, the services it asks, and nodes."""

import random
import threading
import time

from tests.cloud import accidents
from tests.cloud import processes
from tests.storm import agents as agents_module
from tests.storm import disks as disks_module
from tests.storm import site
from tests.storm import storm as storm_module

SERVICES = accidents.SERVICES
SECONDS = 120
EVENTS_BETWEEN_NODES = 80


class Kills(threading.Thread):
    """SIGKILL for the agent, as often as is said, at random moments.

    :ivar done: how many there were
    """

    def __init__(self, cloud: site.Site, agents: agents_module.Agents,
                 storm: storm_module.Storm, at: list[float]) -> None:
        """:param at: numbers of events, in order; a part is a delay"""
        super().__init__(daemon=True)
        self._cloud = cloud
        self._agents = agents
        self._storm = storm
        self._at = at
        self.done = 0
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for moment in self._at:
                if not self._storm.wait_for(int(moment)):
                    return
                # Before its first look, amid writes or between two passes.
                time.sleep(3 * (moment % 1))
                self._cloud.kill(site.AGENTS[0])
                self._agents.start()
                self.done += 1
                self._cloud.say(f'the agent was killed ({self.done} of '
                                f'{len(self._at)})')
        except Exception as exc:
            self.error = exc


class Outages(threading.Thread):
    """Each service is restarted once, and nodes fail now and then.

    :ivar done: what there was, in order
    """

    def __init__(self, cloud: site.Site, disks: disks_module.Disks,
                 storm: storm_module.Storm, events: int,
                 chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._cloud = cloud
        self._disks = disks
        self._storm = storm
        self._plan = plan(events)
        self._chance = chance
        self.done: list[str] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for count, name in self._plan:
                if not self._storm.wait_for(count):
                    return
                start = time.monotonic()
                self.done.append(self._restart(name) if name in SERVICES
                                 else self._fail_node())
                self._cloud.say(f'{self.done[-1]} was away and is back '
                                f'({time.monotonic() - start:.0f} s)')
        except Exception as exc:
            self.error = exc

    def _restart(self, name: str) -> str:
        self._cloud.stop(name)
        self._cloud.start(accidents.program(self._cloud, name))
        accidents.await_start(self._cloud, name)
        return name

    def _fail_node(self) -> str:
        """A node dies, its servers are evacuated, and it comes back.

        Nobody else works on servers meanwhile.
        """
        node = self._chance.choice(sorted(self._disks.cluster.node_states))
        self._storm.pause()
        try:
            self._set(node, 'down')
            self._cloud.kill(f'nova-compute-{node}')
            self._cloud.stop(f'nova-compute-{node}')
            self._await_state(node, 'down')
            self._evacuate(node)
        finally:
            self._cloud.start(self._cloud.services.compute(node))
            self._await_state(node, 'up')
            self._set(node, 'up')
            self._storm.resume()
        return node

    def _set(self, node: str, state: str) -> None:
        with self._disks.change() as cluster:
            cluster.node_states[node] = state
        self._storm.note(f'node {state}', 'done')

    def _await_state(self, node: str, state: str) -> None:
        asked = self._storm.servers.nova
        processes.wait(f'{node} {state}',
                       lambda: asked.node_state(node) == state, SECONDS)

    def _evacuate(self, node: str) -> None:
        asked = self._storm.servers.nova
        there = [server.uuid for server in asked.servers().values()
                 if server.host == node and server.status == 'ACTIVE']
        for uuid in there:
            asked.act(uuid, 'evacuate', {})
        for uuid in there:
            server = asked.at_rest(uuid, SECONDS)
            moved = server is not None and server.host != node
            self._storm.note('evacuate', 'done' if moved else 'refused')


def plan(events: int) -> list[tuple[int, str]]:
    """After how many events what fails, in order."""
    services = [(events * (number + 1) // (len(SERVICES) + 1), name)
                for number, name in enumerate(SERVICES)]
    nodes = [(count, 'a node') for count in range(
        EVENTS_BETWEEN_NODES // 2, events, EVENTS_BETWEEN_NODES)]
    return sorted(services + nodes)


def kill_moments(events: int, kills: int, chance: random.Random
                 ) -> list[float]:
    """At which numbers of events, in order."""
    return sorted(chance.uniform(1, events) for _ in range(kills))
