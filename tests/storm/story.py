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


"""What the tests of a storm share."""

import collections
import json
import os
import random
import subprocess
import time

from tests.cloud import client
from tests.functional import agent_journal
from tests.storm import agents
from tests.storm import disks
from tests.storm import outages
from tests.storm import reading
from tests.storm import site
from tests.storm import storm

ENOUGH_SECONDS = 600
PASSES_OF_A_SETTLED_AGENT = 3


class Story:
    """One cloud, and what is done to it.

    :param events: how many there are in the storm
    :param minutes: how long they take at least
    """

    def __init__(self, cloud: site.Site, events: int, kills: int, seed: int,
                 minutes: int = 0) -> None:
        self.cloud = cloud
        self.kills, self.seed = kills, seed
        self.chance = random.Random(seed)
        self.openstack = client.OpenStack(cloud)
        self.disks = disks.Disks(cloud)
        self.agents = agents.Agents(cloud, self.disks.source)
        self.database = self.new_database()
        self.reading = reading.Reading(self.disks, self.new_database())
        self.journal = agent_journal.Journal(self.agents.journal)
        self.observer = reading.Observer(
            self.disks, agent_journal.Journal(self.agents.journal),
            self.reading, cloud.say)
        self.storm = storm.Storm(cloud, self.disks, self.observer, events,
                                 seed, minutes)
        self.outages = outages.Outages(cloud, self.disks, self.storm, events,
                                       self.chance)
        self.killing = outages.Kills(
            cloud, self.agents, self.storm,
            outages.kill_moments(events, kills, self.chance))
        self.left_to_operator: collections.Counter[str] = (
            collections.Counter())
        self.record: dict[str, object] = {
            'events': events, 'kills': kills, 'seed': seed,
            'minutes': minutes,
            'earlier': cloud.earlier.commit if cloud.earlier else '',
            'processors': os.cpu_count(), 'parts': {}, 'figures': {}}
        cloud.say(f'{events} events, {kills} kills, seed {seed}')

    def new_database(self) -> reading.Database:
        return reading.Database(self.cloud.ports['mariadb'],
                                self.cloud.folder.password())

    def part(self, name: str, seconds: float) -> None:
        """Say and keep how long a part took."""
        self.cloud.say(f'{name}: {seconds:.0f} seconds')
        self.record['parts'][name] = round(seconds)
        self._write()

    def figure(self, name: str, value: object) -> None:
        self.cloud.say(f'{name}: {value}')
        self.record['figures'][name] = value
        self._write()

    def _write(self) -> None:
        (self.cloud.folder.root / 'storm.json').write_text(
            json.dumps(self.record, indent=1) + '\n')

    def end(self) -> None:
        self.observer.stop()
        self.disks.stop()

    def offer(self):
        """What Placement offers now."""
        return self.database.snapshot(self.disks.uuid(disks.VOLUME)).offer

    def until(self, what: str, is_so, seconds: float = ENOUGH_SECONDS
              ) -> float:
        """Wait; how many seconds it took."""
        start = time.monotonic()
        while not is_so():
            passed = time.monotonic() - start
            assert passed < seconds, f'{what}: not after {passed:.0f} seconds'
            self.check()
            time.sleep(0.05)
        return time.monotonic() - start

    def check(self) -> None:
        """Nobody has failed meanwhile."""
        for each in (self.disks, self.observer, self.storm, self.outages,
                     self.killing):
            if each.error is not None:
                raise each.error

    def csv(self, command: str, *options: str
            ) -> 'subprocess.CompletedProcess[str]':
        """A command of hv_sched on this cluster."""
        result = self.openstack.run(
            'resource', 'provider', 'csv', command, '--source',
            str(self.disks.source), *options)
        assert 'Traceback' not in result.stderr, result.stderr
        return result

    def passes(self, count: int) -> None:
        """Wait until so many more passes have ended."""
        ends = self._ends() + count
        self.until('passes of the agent', lambda: self._ends() >= ends)

    def _ends(self) -> int:
        self.journal.read()
        return sum(entry.is_end for entry in self.journal.entries)

    def until_settled(self) -> float:
        """Until an audit is clean and a plan is empty.

        :returns: seconds
        """
        start = time.monotonic()
        while True:
            results = [self.csv(command) for command in ('plan', 'audit')]
            if not any(result.returncode for result in results):
                return time.monotonic() - start
            said = '\n'.join(result.stdout + result.stderr
                             for result in results)
            assert time.monotonic() - start < ENOUGH_SECONDS, said
            self.cloud.say(f'not settled yet: {said.strip()[:1500]}')
            self.passes(PASSES_OF_A_SETTLED_AGENT)
            self._operate()

    def _operate(self) -> None:
        """What an audit leaves to an operator, who does as it says.

        Nova forgets what it claimed for a server when a service dies on it:
        what it never knew is released by name, and a server that holds parts
        of several nodes is deleted.
        """
        for row in json.loads(self.csv('audit', '-f', 'json').stdout or '[]'):
            consumer = row['Server']
            if not row['Heal'].startswith('nothing'):
                continue
            self.left_to_operator[row['Finding']] += 1
            if row['Finding'] == 'unexplained':
                self.csv('heal', '--code', 'unexplained', '--consumer',
                         consumer)
            else:
                self.storm.servers.bury(consumer)
