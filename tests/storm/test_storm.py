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


"""A storm over a real cloud: no look shows more room than there is.

The tests are one story on one cloud, in their order (``make cloud-storm``).
"""

import time

from tests.functional import storm_observer
from tests.storm import disks
from tests.storm import site

FIRST = site.AGENTS[0]
FIRST_SERVERS = 6


def violations(story):
    """What the observer has found first."""
    return [f'{each.kind}: {each.offer}, facts of {each.facts_of}, disk '
            f'{[str(state) for state in each.states[:3]]}'
            for each in story.observer.violations[:3]]


def test_the_agent_publishes_the_volume(story):
    story.disks.start()
    story.agents.start()
    seconds = story.until('the volume is open',
                          lambda: story.offer().room_gb > 0)
    story.figure('seconds from the start of the agent to an open volume',
                 round(seconds, 1))
    servers = story.storm.servers
    servers.nova.prepare()
    servers.remove_all()
    for _ in range(FIRST_SERVERS):
        servers.create()


def test_no_look_shows_more_room_than_there_is(story):
    observer, storm = story.observer, story.storm
    observer.start()
    for each in (storm, story.killing, story.outages):
        each.start()
    for each in (storm, story.killing, story.outages):
        each.join()
        story.check()
    story.figure('events', storm.count)
    story.figure('events, by what came of them', {
        kind: dict(outcomes)
        for kind, outcomes in sorted(storm.outcomes.items())})
    story.figure('SIGKILLs of the agent', story.killing.done)
    story.figure('restarted or failed', story.outages.done)
    story.figure('operations that Nova never ended',
                 len(storm.servers.abandoned))
    assert story.killing.done == story.kills
    # How many, and how long it lasted: the assertion shows the first alone.
    story.figure('violations', len(observer.violations))
    story.figure('last violation', (
        str(observer.violations[-1]) if observer.violations else 'none'))
    assert violations(story) == []


def test_then_an_audit_is_clean_and_a_plan_is_empty(story):
    weather = story.storm.weather
    for act in (weather.come_online, weather.empty, weather.resume):
        act()
    story.figure('starts of agents', dict(story.agents.starts))
    story.agents.upgrade()
    story.storm.servers.settle()
    story.figure('seconds until all is settled',
                 round(story.until_settled(), 1))
    story.figure('findings that an audit left to the operator',
                 dict(story.left_to_operator))
    observer = story.observer
    story.figure('looks', observer.looks)
    story.figure('looks that MariaDB did not answer', observer.unanswered)
    story.figure('looks during which the disk changed', story.reading.changed)
    story.figure('looks at a share on its way to a move',
                 story.reading.handed_over)
    story.figure('looks at what the agent could not know yet',
                 observer.catching_up)
    if failovers := story.storm.servers.failover_seconds:
        observer.seconds['failover'] += failovers
    story.figure('seconds until known',
                 storm_observer.percentiles(observer.seconds))
    story.figure('violations', len(observer.violations))
    assert violations(story) == []


def test_a_share_that_is_deleted_is_seen_and_restored(story):
    placement = story.cloud.placement()
    story.storm.servers.create()
    server = story.storm.servers.idle()[-1]
    before = story.offer().used_gb
    assert placement.delete(f'/allocations/{server}').status_code == 204
    story.until('the observer sees it',
                lambda: len(story.observer.violations) > 0)
    assert 'without a share' in story.observer.violations[0].kind
    story.figure('seconds until a deleted share is restored', round(
        story.until('restored', lambda: story.offer().used_gb == before), 1))
    story.observer.violations.clear()


def test_a_volume_that_is_widened_is_seen_and_narrowed(story):
    placement = story.cloud.placement()
    with story.disks.change() as cluster:
        cluster.foreign_gb = 100
    story.until('reserved', lambda: story.offer().capacity_gb <= 400)
    story.passes(2)
    # What a look saw between files and share is none of this test.
    story.observer.violations.clear()
    path = (f'/resource_providers/{story.disks.uuid(disks.VOLUME)}'
            '/inventories/DISK_GB')
    inventory = placement.get(path).json()
    start = time.monotonic()
    assert placement.put(path, json={
        **inventory, 'reserved': 0}).status_code == 200
    story.until('the observer sees it',
                lambda: len(story.observer.violations) > 0)
    assert ('more room than there ever was'
            == story.observer.violations[0].kind)
    story.until('narrowed', lambda: story.offer().capacity_gb <= 400)
    story.figure('seconds until a widened volume is narrowed',
                 round(time.monotonic() - start, 1))
    story.passes(1)
    story.observer.violations.clear()


def test_of_two_agents_one_writes_and_the_other_takes_over(story):
    story.cloud.stop(FIRST)
    for name in site.AGENTS:
        story.agents.start(name, coordinated=True)
    ids = {name: story.agents.process_id(name) for name in site.AGENTS}
    story.passes(3)
    leader = next(name for name, process in ids.items()
                  if process == story.journal.entries[-1].process)
    other, = set(site.AGENTS) - {leader}
    assert ids[other] not in writers(story)[-3:]
    seconds = take_over(story, leader, ids[other])
    story.figure('seconds from the SIGKILL of the leader to the first pass '
                 'of the other', round(seconds, 1))
    fill(story)
    story.agents.start(leader, coordinated=True)
    story.passes(5)
    assert set(writers(story)[-5:]) == {ids[other]}
    assert violations(story) == []
    story.until_settled()
    before = generation(story)
    story.passes(5)
    assert generation(story) == before


def writers(story):
    """The processes of all passes so far, in order."""
    return [entry.process for entry in story.journal.entries]


def take_over(story, leader, process):
    """Seconds from the leader's end until that process begins a pass."""
    story.cloud.kill(leader)
    start = time.monotonic()

    def is_passing():
        story.journal.read()
        return writers(story)[-1] == process

    story.until('the other agent leads', is_passing)
    return time.monotonic() - start


def fill(story):
    """What happens now is known to the one that took over."""
    with story.disks.change() as cluster:
        cluster.foreign_gb += 50
    expected = story.disks.cluster.size_gb - story.disks.cluster.foreign_gb
    story.until('the fill is known',
                lambda: story.offer().capacity_gb <= expected)


def generation(story):
    """Of the volume: each write raises it."""
    return story.cloud.placement().get(
        f'/resource_providers/{story.disks.uuid(disks.VOLUME)}').json()[
            'generation']
