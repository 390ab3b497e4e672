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


"""An agent that dies at any moment of a storm never offers what is not there.

The agent is a process, Placement another one; only Windows is simulated.
"""

import pathlib
import random
import signal
import tempfile
import time

import pytest

from hv_sched import sources
from hv_sched.audit import auditor
from hv_sched.demo import service
from hv_sched.placement import client
from hv_sched.placement import names
from hv_sched.providers import reconcile
from hv_sched.providers.settings import Settings
from tests.functional import agent_faults
from tests.functional import agent_journal
from tests.functional import agent_process
from tests.functional import agent_storm
from tests.functional import nova_answers
from tests.functional import storm_observer
from tests.functional import storm_reading

KILLS = 20
LONGEST_LIFE_SECONDS = 12
SEED = 20261127
ENOUGH_SECONDS = 600


class Site:
    def __init__(self, folder: pathlib.Path, endpoint: str) -> None:
        self.folder = folder
        self.disks = agent_storm.Disks(folder, endpoint)
        self.conf = folder / 'hv_sched.conf'
        self.conf.write_text(f'''
[hv_sched]
source = {self.disks.source}
agent_interval = 1
audit_every = 0
workers = 2
[keystone]
auth_type = admin_token
token = admin
endpoint = {endpoint}
''')
        self.api = client.from_adapter(service.client(endpoint))
        self.journal = folder / 'journal'

    def agent(self, fault: str = '') -> agent_process.AgentProcess:
        """:param fault: to plant, see agent_faults"""
        return agent_process.AgentProcess(
            str(self.conf), self.folder, program=(
                agent_journal.PROGRAM, str(self.journal), fault))

    def observer(self) -> storm_observer.Observer:
        return storm_observer.Observer(
            self.disks, agent_journal.Journal(self.journal),
            storm_reading.PlacementReading(self.disks.endpoint))

    def changes(self):
        """What a full plan would still change."""
        plan, _observed = reconcile.Reconciler(
            self.api, Settings(workers=1)).plan(
                sources.load(str(self.disks.source)))
        return plan.changes

    def findings(self):
        nova = nova_answers.Answers(self.disks.cloud.nodes)
        for server in self.disks.servers:
            nova.add(server, disk_gb=agent_storm.SHARE_GB)
        return [finding for report in auditor.Auditor(
            self.api, nova, auditor.AuditOptions(1, settle_seconds=0)).audit()
            for finding in report.findings]


@pytest.fixture
def site():
    with tempfile.TemporaryDirectory(prefix='hvs') as folder:
        process, endpoint = service.start(pathlib.Path(folder), port=0)
        try:
            yield Site(pathlib.Path(folder), endpoint)
        finally:
            service.stop(process)


def until_published(site):
    """A query that names a trait nobody made is refused."""
    end = time.monotonic() + ENOUGH_SECONDS
    while not {names.NO_NEW_DISKS, names.PAUSED} <= site.api.all_traits():
        assert time.monotonic() < end
        site.disks.write()
        time.sleep(0.1)


def until_right(site, observer):
    """The source is written again as a scheduled task does: opening takes
    two answers.
    """
    end = time.monotonic() + ENOUGH_SECONDS
    while site.changes() or any(map(observer.is_waiting,
                                    site.disks.cluster.volumes)):
        assert time.monotonic() < end, site.changes()
        site.disks.write()
        time.sleep(1)


@pytest.mark.long
def test_killed_at_any_moment_it_never_offers_what_is_not_there(
        site, capsys):
    chance = random.Random(SEED)
    observer = site.observer()
    storm = agent_storm.Storm(site.disks, observer, SEED)
    agent = site.agent()
    agent.until('READY=1')
    until_right(site, observer)
    observer.start()
    storm.start()
    for _ in range(KILLS):
        # Before its first look, amid its writes, or between two passes: on a
        # busy machine a first pass takes seconds.
        time.sleep(chance.uniform(0, LONGEST_LIFE_SECONDS))
        agent.signal(signal.SIGKILL)
        agent.kill()
        assert storm.error is None, storm.error
        agent = site.agent()
        agent.until('READY=1')
    storm.stop()
    assert storm.error is None, storm.error
    until_right(site, observer)
    observer.stop()
    assert agent.end() == 0
    agent.kill()
    with capsys.disabled():
        print(f'\n{KILLS} SIGKILLs, {sum(storm.events.values())} events '
              f'{dict(storm.events)}; {observer.looks} looks, '
              f'{observer.catching_up} offers of more than there was by '
              f'then, {observer.torn} torn; {len(observer.violations)} of '
              'more than since the facts in force; seconds until known: '
              + storm_observer.percentiles(observer.seconds))
    assert observer.error is None, observer.error
    assert observer.violations == []
    assert site.changes() == ()
    assert site.findings() == []


@pytest.mark.long
@pytest.mark.parametrize('fault', agent_faults.FAULTS)
def test_a_planted_fault_is_seen(site, fault, capsys):
    observer = site.observer()
    storm = agent_storm.Storm(site.disks, observer, SEED)
    agent = site.agent(fault)
    try:
        agent.until('READY=1')
        until_published(site)
        observer.start()
        storm.start()
        end = time.monotonic() + ENOUGH_SECONDS
        while not observer.violations:
            assert time.monotonic() < end
            assert storm.error is observer.error is None
            time.sleep(0.1)
    finally:
        storm.stop()
        observer.stop()
        agent.kill()
    with capsys.disabled():
        print(f'\n{fault}: after {sum(storm.events.values())} events and '
              f'{observer.looks} looks: {observer.violations[0].kind}')


@pytest.mark.long
def test_how_long_an_event_takes_to_placement(site, capsys):
    """Without kills: one event after the other, each awaited."""
    observer = site.observer()
    storm = agent_storm.Storm(site.disks, observer, SEED)
    agent = site.agent()
    try:
        agent.until('READY=1')
        until_right(site, observer)
        observer.start()
        for kind in ('_fill', '_offline') * 15:
            assert getattr(storm, kind)()
            end = time.monotonic() + ENOUGH_SECONDS
            while any(map(observer.is_waiting, site.disks.cluster.volumes)):
                assert time.monotonic() < end
                time.sleep(0.05)
            storm._online()
            storm._free()
            until_right(site, observer)
        assert agent.end() == 0
    finally:
        agent.kill()
        observer.stop()
    with capsys.disabled():
        print('\nseconds until known: '
              + storm_observer.percentiles(observer.seconds))
    assert observer.violations == []
