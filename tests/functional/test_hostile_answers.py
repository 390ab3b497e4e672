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

"""What a node of one cluster prints changes nothing of another.

Both clusters are synced first; then the nodes of one lie.
"""

import pytest

from hv_sched import exception
from hv_sched import sources
from hv_sched.demo.windows import simulated
from hv_sched.placement import names
from hv_sched.providers.settings import Settings
from tests.functional import cloud as clouds

SETTINGS = Settings(workers=1, stale_after=0, floor_percent=0, floor_gb=0)


class TwoClusters:
    """GOOD and EVIL, as a folder with a file of each."""

    def __init__(self, placement, folder):
        self.cloud = clouds.Cloud(placement)
        self.folder = folder
        self.good = simulated.cluster('GOOD', nodes=2, volumes=1)
        self.evil = simulated.cluster('EVIL', nodes=2, volumes=1)
        self.cloud.register(*self.good.nodes, *self.evil.nodes)

    def write(self, good=True):
        text = self.good.document() if good else ''
        (self.folder / 'good.json').write_text(text)
        (self.folder / 'evil.json').write_text(self.evil.document())

    def sync(self, good=True):
        self.write(good)
        try:
            facts = sources.load(str(self.folder))
        except exception.InvalidFacts:
            return {}
        result = self.cloud.reconciler(SETTINGS).sync(facts)
        assert result.failures == {}
        return {problem.code for problem in facts.problems} | {
            notice.code for notice in result.plan.all_findings}

    def of_good(self):
        return {name: what for name, what in self.cloud.state().items()
                if name.startswith(('GOOD', 'csv:GOOD'))}


@pytest.fixture
def made(placement, tmp_path):
    made = TwoClusters(placement, tmp_path)
    made.sync()
    assert made.cloud.hosts(400) == {*made.good.nodes, *made.evil.nodes}
    return made


def claim_nodes(made):
    made.evil.nodes |= {'GOOD-N01': simulated.SimulatedNode(
        'GOOD-N01', guarded=True)}


def claim_volume(made):
    [volume] = made.evil.volumes.values()
    volume.guid = next(iter(made.good.volumes.values())).guid
    volume.size_bytes *= 2


def claim_name(made):
    made.evil.name = 'good'


@pytest.mark.parametrize('lie', [
    claim_nodes, claim_volume, claim_name])
def test_what_two_clusters_claim_is_neithers(made, lie):
    """Both stay as they are, and both are named."""
    before = made.of_good()
    lie(made)
    assert 'claimed-twice' in made.sync()
    assert made.of_good() == before


@pytest.mark.parametrize('lie', [claim_nodes, claim_volume, claim_name])
def test_while_the_cluster_is_silent_nobody_speaks_for_it(made, lie):
    """Of the lie only what narrows could come true: no space is offered."""
    before = made.of_good()
    lie(made)
    made.sync(good=False)
    after = made.of_good()
    assert after.keys() == before.keys()
    for name, (uuid, inventories, traits, aggregates, used) in after.items():
        assert (uuid, inventories, used) == (
            before[name][0], before[name][1], before[name][4])
        assert aggregates <= before[name][3]
        assert traits - before[name][2] <= {
            names.PAUSED, names.NO_NEW_DISKS} | {
            trait for trait in traits
            if trait.startswith(names.CLOSED_PREFIX)}
