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

"""What the commands need is killed in the middle of each phase.

A phase is a command. The service dies as soon as the command has had an
effect; it is started again, and the command is repeated until it ends with
0. Whatever happens, each server's share is there once, on its node or on the
volume.
"""

from collections.abc import Callable
import dataclasses
import json
import time

import pytest

from tests.cloud import accidents
from tests.cloud import client
from tests.cloud import processes
from tests.cloud import steps
from tests.cloud import topology

NAMES = tuple(f'kept-{number}' for number in range(8))
FINISHED_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class Phase:
    """A command, and when it is in its middle.

    :param prepare: makes that there is something to do
    :param middle: whether it has had an effect
    :param exit_codes: those of a command that has nothing left to do
    """

    arguments: tuple[str, ...]
    prepare: Callable[['Clouded'], None]
    middle: Callable[['Clouded'], bool]
    exit_codes: tuple[int, ...] = (0,)


class Clouded:
    """The cloud whose shares have to stay what they are."""

    def __init__(self, story) -> None:
        self.story = story
        self.home = story.home
        self.source = story.home.folder.etc / 'hv_sched' / 'clusters.yaml'
        self.expected = story.steps.shares().by_consumer()
        self.record: dict[str, dict[str, dict[str, object]]] = {}

    @property
    def shares(self):
        return self.story.steps.shares()

    def command(self, *arguments: str) -> tuple[str, ...]:
        return ('resource', 'provider', 'csv', arguments[0], '--source',
                str(self.source), *arguments[1:])

    def run(self, *arguments: str, exit_codes: tuple[int, ...] = (0,)
            ) -> None:
        """A command that has to end so; what it prints is no traceback."""
        result = self.story.openstack.run(*self.command(*arguments))
        assert 'Traceback' not in result.stdout + result.stderr
        assert result.returncode in exit_codes, (arguments, result.returncode,
                                                 result.stderr)

    def finish(self, phase: Phase) -> float:
        """Repeat its command until it ends well; how long that took."""
        start = time.monotonic()

        def ends_well() -> bool:
            result = self.story.openstack.run(
                *self.command(*phase.arguments))
            assert 'Traceback' not in result.stdout + result.stderr
            return result.returncode in phase.exit_codes

        processes.wait(f'csv {phase.arguments[0]} ends well', ends_well,
                       FINISHED_SECONDS)
        return time.monotonic() - start

    def delete_shares(self) -> None:
        """What an operator's mistake leaves: servers without a share."""
        known = self.story.openstack.servers()
        for name in NAMES[:4]:
            self.story.openstack.do('resource', 'provider', 'allocation',
                                    'delete', known[name].uuid)


def written(maintenance: str) -> str:
    return topology.source().replace(
        'size_gb:', f'maintenance: {maintenance}\n        size_gb:')


def marked(clouded: Clouded) -> int:
    """How many reasons volumes are closed for."""
    return len(clouded.home.databases.sql(
        "SELECT r.resource_provider_id FROM resource_provider_traits r JOIN "
        "traits t ON t.id = r.trait_id WHERE t.name = "
        "'CUSTOM_CSV_CLOSED_MAINTENANCE'", 'placement'))


def close_volumes(clouded: Clouded) -> None:
    clouded.run('adopt', '--wait', '60')
    clouded.source.write_text(written('false'))
    clouded.run('sync')
    clouded.source.write_text(written('true'))


def published(clouded: Clouded) -> None:
    clouded.source.write_text(topology.source())
    clouded.run('adopt', '--wait', '60')
    clouded.run('sync')


def retired(clouded: Clouded) -> None:
    published(clouded)
    clouded.run('retire')


def damaged(clouded: Clouded) -> None:
    published(clouded)
    clouded.delete_shares()


PHASES = {
    'adopt': Phase(('adopt', '--batch', '1', '--wait', '60'), retired,
                   lambda clouded: clouded.shares.on_volumes() > 0),
    'sync': Phase(('sync',), close_volumes,
                  lambda clouded: marked(clouded) > 0),
    'heal': Phase(('heal', '--code', 'safe'), damaged,
                  lambda clouded: len(clouded.shares.by_consumer()) > (
                      len(clouded.expected) - 4)),
    'retire': Phase(('retire', '--batch', '1'), published,
                    lambda clouded: clouded.shares.on_volumes() < sum(
                        clouded.expected.values()))}


@pytest.fixture(scope='module')
def clouded(story):
    """A published cloud with some servers, and no agent beside it."""
    story.home.up()
    story.home.processes.stop(['hv-sched-agent'])
    for number, name in enumerate(NAMES):
        story.openstack.create(name, 'disk10', '--availability-zone',
                               f'az1:{steps.CLUSTER.nodes[number % 3]}')
    story.openstack.wait(dict.fromkeys(NAMES, 'ACTIVE'))
    cloud = Clouded(story)
    assert sum(cloud.expected.values()) == 10 * len(NAMES)
    yield cloud
    (story.home.folder.root / 'accidents.json').write_text(
        json.dumps(cloud.record, indent=1) + '\n')


@pytest.mark.parametrize('service', accidents.SERVICES)
@pytest.mark.parametrize('name', PHASES)
def test_killed_in_the_middle_nothing_is_lost_or_doubled(
        clouded, name, service):
    phase = PHASES[name]
    phase.prepare(clouded)
    with clouded.story.openstack.popen(
            *clouded.command(*phase.arguments)) as command:
        processes.wait(
            f'the middle of {name}', lambda: phase.middle(clouded)
            or command.poll() is not None, client.DEADLINE_SECONDS)
        in_the_middle = command.poll() is None
        accidents.kill_and_start(clouded.home, service)
        output, errors = command.communicate(
            timeout=client.COMMAND_SECONDS)
    assert 'Traceback' not in output + errors
    assert command.returncode in (0, 1, 2, 3, 4)
    assert not command.returncode or (output + errors).strip()
    shares = clouded.shares.by_consumer()
    assert name == 'heal' or shares == clouded.expected
    assert shares.items() <= clouded.expected.items()
    seconds = clouded.finish(phase)
    assert clouded.shares.by_consumer() == clouded.expected
    clouded.record.setdefault(name, {})[service] = {
        'in_the_middle': in_the_middle, 'exit_code': command.returncode,
        'seconds_to_finish': round(seconds, 1)}
    print(name, service, clouded.record[name][service],
          errors.strip()[-300:], flush=True)


@pytest.mark.parametrize('service', accidents.SERVICES)
def test_an_agent_goes_on_when_it_is_back(clouded, service):
    """What it shows after is of a pass that began after the accident."""
    published(clouded)
    clouded.home.processes.ensure(clouded.home.services.agent())
    volumes = len(topology.CLUSTERS)
    start = time.monotonic()
    accidents.kill_and_start(clouded.home, service)
    clouded.source.write_text(written('true'))
    processes.wait('the agent closes the volumes',
                   lambda: marked(clouded) == volumes, FINISHED_SECONDS,
                   lambda: clouded.home.processes.check('hv-sched-agent'))
    seconds = time.monotonic() - start
    clouded.source.write_text(written('false'))
    processes.wait('the agent opens the volumes',
                   lambda: not marked(clouded), FINISHED_SECONDS,
                   lambda: clouded.home.processes.check('hv-sched-agent'))
    assert clouded.shares.by_consumer() == clouded.expected
    clouded.record.setdefault('agent', {})[service] = {
        'seconds_to_finish': round(seconds, 1)}
    clouded.home.processes.stop(['hv-sched-agent'])


def test_servers_are_created_and_moved_after_all_of_it(clouded):
    published(clouded)
    assert clouded.story.steps.create('afterwards', 10,
                                      '--availability-zone', 'az1')
    assert clouded.story.steps.live_migrate('afterwards').accepted
    servers_now = clouded.story.openstack.servers()
    assert clouded.shares.of(servers_now['afterwards'].uuid) == {
        f'csv:{steps.CLUSTER.name}/Volume1': 10}
