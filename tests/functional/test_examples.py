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

"""The examples are published as they stand, and then nothing is to do."""


import pytest

from hv_sched import sources
from hv_sched.providers.settings import Settings
from tests.functional import cloud as clouds
from tests.repository import EXAMPLES

OVERRIDES = EXAMPLES / 'overrides'
EXAMPLES = sorted(
    EXAMPLES.glob('*.yaml'))
SETTINGS = Settings(workers=1, stale_after=0)


@pytest.mark.parametrize('path', EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_published_and_then_nothing_is_to_do(placement, path):
    facts = sources.load(str(path), override_paths=[
        str(overrides) for overrides in OVERRIDES.glob(path.name)])
    assert facts.problems == ()
    cloud = clouds.Cloud(placement)
    for cluster in facts.clusters:
        sizes_gb = {volume.guid: volume.total_gb
                    for volume in cluster.volumes}
        for node in cluster.nodes:
            # A node reports the volume that is its home as its own disk.
            cloud.register(node.name, disk_gb=sizes_gb.get(
                node.home, max(sizes_gb.values())))
    cloud.register('kvm01', 'kvm02', disk_gb=900)
    result = cloud.sync(facts, SETTINGS)
    assert result.plan.all_findings == ()
    for full in (True, False):
        plan, _observed = cloud.reconciler(SETTINGS).plan(facts, full)
        assert plan.changes == () and plan.all_findings == ()
    for volume in (v for c in facts.clusters for v in c.volumes):
        assert any(volume.name in name for name in cloud.state())
    assert {'kvm01', 'kvm02'} <= cloud.hosts(100)
