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

"""What the nodes answer in part costs what it touches, on a real Placement.

From the lines the script prints on a simulated cluster to what stands there.
"""

import datetime

import pytest

from hv_sched import sources
from hv_sched.demo.windows import simulated
from hv_sched.placement import names
from hv_sched.providers.settings import Settings
from tests.functional import cloud as clouds

OPEN = f'required=!{names.NO_NEW_DISKS},!{names.PAUSED}'
SETTINGS = Settings(workers=1, stale_after=0, floor_percent=0, floor_gb=0)


class Collected:
    """Clusters, what they print, and the cloud that is synced from it."""

    def __init__(self, placement, folder):
        self.cloud = clouds.Cloud(placement)
        self.folder = folder
        self.cluster = simulated.cluster('HV', nodes=2, volumes=2)
        self.cloud.register(*self.cluster.nodes, disk_gb=500)

    def facts(self):
        (self.folder / 'facts.json').write_text(self.cluster.document())
        return sources.load(str(self.folder))

    def sync(self):
        result = self.cloud.reconciler(SETTINGS).sync(self.facts())
        assert result.failures == {}
        return {(notice.subject, notice.code): notice.message
                for notice in result.plan.all_findings}

    def reported(self, volume):
        _uuid, inventories, traits, _in, _used = self.cloud.state()[
            f'csv:HV/{volume}']
        return inventories['DISK_GB'], names.closed_reasons(traits)


@pytest.fixture
def made(placement, tmp_path):
    return Collected(placement, tmp_path)


@pytest.fixture
def running(made):
    made.sync()
    assert made.cloud.hosts(400, OPEN) == set(made.cluster.nodes)
    return made


@pytest.mark.parametrize('how', ['failing', 'denied'])
def test_without_its_nodes_a_cluster_gets_nothing_new_and_its_volumes_go_on(
        running, how):
    before = running.cloud.state()
    setattr(running.cluster, how, {'nodes'})
    running.cluster.fill('Volume2', 100 * simulated.GIB)
    running.cluster.take_offline('Volume1')
    notices = running.sync()
    assert notices['HV', 'section-closes']
    after = running.cloud.state()
    for name in running.cluster.nodes:
        assert after[name][2] == before[name][2] | {names.PAUSED}
        assert after[name][1:4:2] == before[name][1:4:2], 'still members'
    assert running.reported('Volume1')[1]
    assert running.reported('Volume2')[0].reserved >= 400
    setattr(running.cluster, how, set())
    running.cluster.fill('Volume2', 500 * simulated.GIB)
    running.cluster.bring_online('Volume1')
    running.sync()
    assert running.cloud.state() == before


@pytest.mark.parametrize('how', ['failing', 'denied'])
def test_without_its_volumes_a_cluster_keeps_them_and_its_nodes_go_on(
        running, how):
    before = running.cloud.state()
    setattr(running.cluster, how, {'volumes'})
    running.cluster.drain('HV-N01')
    notices = running.sync()
    assert notices['HV', 'section-closes']
    after = running.cloud.state()
    assert after['HV-N01'][2] == before['HV-N01'][2] | {names.PAUSED}
    assert {name: what for name, what in after.items()
            if name != 'HV-N01'} == {
        name: what for name, what in before.items() if name != 'HV-N01'}


@pytest.mark.parametrize('failing', [
    {'nodes'}, {'volumes'}, {'nodes', 'volumes'}])
def test_of_a_cluster_that_was_never_published_a_part_publishes_nothing(
        made, failing):
    before = made.cloud.state()
    made.cluster.failing = failing
    made.sync()
    after = made.cloud.state()
    assert {name: what for name, what in after.items()
            if name in before} == before
    assert made.cloud.hosts(400) == set(made.cluster.nodes)


def test_nodes_nobody_lists_for_a_moment_are_not_another_clusters(running):
    """Their own cluster cannot tell its nodes while another names them."""
    other = simulated.cluster('EVIL', nodes=1, volumes=1)
    other.nodes = {'HV-N01': simulated.SimulatedNode('HV-N01')}
    other.volumes['Volume1'].owner = 'HV-N01'
    before = running.cloud.state()
    running.cluster.failing = {'nodes'}
    (running.folder / 'other.json').write_text(other.document())
    notices = running.sync()
    assert 'could not all be read' in notices['HV-N01', 'node-refused']
    after = running.cloud.state()
    # Which cluster's it is now is in doubt: it is offered no space at all.
    assert after['HV-N01'][3] < before['HV-N01'][3]
    for name in before.keys() - {'HV-N01'}:
        assert after[name][3] == before[name][3]
    assert not any(name.startswith('csv:EVIL') for name in after)
    assert names.PAUSED in after['HV-N01'][2]


def test_a_node_that_is_silent_about_a_volume_is_cut_off_after_two_answers(
        running):
    """It is up, and the others tell how they reach the volume."""
    reconciler = running.cloud.reconciler(SETTINGS)
    cut_off = {names.cut_off_trait(running.cloud.state()[
        f'csv:HV/{volume}'][0]) for volume in running.cluster.volumes}

    def sync():
        running.cluster.now += datetime.timedelta(minutes=1)
        result = reconciler.sync(running.facts())
        assert result.failures == {}
        return ({notice.code for notice in result.plan.all_findings},
                running.cloud.state()['HV-N01'][2] & cut_off)

    volume = running.cluster.volumes['Volume1']
    volume.silent = {'HV-N01'}
    assert sync() == ({'node-silent'}, set())
    assert running.cloud.hosts(400, OPEN) == {'HV-N01', 'HV-N02'}
    codes, traits = sync()
    assert 'node-silent' not in codes and len(traits) == 1
    assert running.cloud.hosts(400, OPEN) == {'HV-N02'}
    # The states cannot be read at all: what stands is kept.
    running.cluster.failing = {'volume_states'}
    assert sync()[1] == traits
    running.cluster.failing = set()
    # Another process has no memory: it keeps what stands and says so.
    assert ('Volume1', 'node-silent') in running.sync()
    assert running.cloud.state()['HV-N01'][2] & cut_off == traits
    volume.silent = set()
    sync()
    assert sync() == (set(), set())
    assert running.cloud.hosts(400, OPEN) == {'HV-N01', 'HV-N02'}
