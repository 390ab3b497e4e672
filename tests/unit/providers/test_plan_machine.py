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

"""Sources that lie, answers that come again, agents that die between writes.

Random walks of the real planners over an imagined Placement. After every
single write the simulated disks are the judge. Hypothesis prints the steps of
a walk that fails, shrunk; ``pytest -m long`` of this file walks
HV_SCHED_EXAMPLES (1000) longer ones from a seed that it prints, and
HV_SCHED_SEED walks them again.
"""

import os
import random

import hypothesis
from hypothesis import stateful
import pytest

from hv_sched import model
from hv_sched.placement import names
from hv_sched.providers import changes
from tests import walk_record
from tests.unit.providers import gpu_walk
from tests.unit.providers import lying_site
from tests.unit.providers import patient_walk
from tests.unit.providers import plan_walk
from tests.unit.providers.lying_site import LIES


@pytest.mark.parametrize('number', [0, 1])
@pytest.mark.parametrize('is_known', [False, True])
@pytest.mark.parametrize('lie', LIES, ids=lambda lie: lie.__name__)
def test_each_lie_alone(lie, is_known, number):
    """Told twice, of a cluster that is new or stands; then it is mended."""
    walk = plan_walk.Walk()
    walk.start(foreign=(100, 20, 0))
    if is_known:
        walk.sync()
        walk.create_server(number=2 * number, gb=50)
    for share in (0.5, 1.0):
        walk.sync_a_lie(number=number, lie=lie, share=share)
    walk.time_passes(hours=1)
    walk.sync_a_lie(number=number, lie=lie, share=1.0)
    walk.teardown()


@pytest.mark.parametrize('in_maintenance', ['nodes', 'volume'])
def test_a_size_is_contradicted_by_nodes_in_maintenance_too(in_maintenance):
    """Of a new volume whose nodes may not vote, what they said last counts.

    When they are back nothing grows, so nobody would be asked any more.
    """
    walk = plan_walk.Walk()
    walk.start(foreign=(100, 20, 0))
    nodes = ('hv01', 'hv02', 'hv03') * (in_maintenance == 'nodes')
    for is_begun in (True, False):
        for node in nodes:
            walk.pause_or_resume(node=node)
        walk.change_volume(
            number=0, state=model.CsvState.ONLINE,
            maintenance=is_begun and in_maintenance == 'volume')
        walk.sync_a_lie(number=0, lie=lying_site.LIES[0], share=1.0)
        walk.holds()
    walk.teardown()


def test_a_size_is_contradicted_when_the_first_publishing_was_broken_off():
    """Its provider is there, and has no size yet that it could grow from."""
    walk = plan_walk.Walk()
    walk.start(foreign=(0, 0, 0))
    facts = walk._answer()
    for change in sorted(walk._plan(facts).changes,
                         key=lambda change: change.step):
        if change.step >= changes.Step.FILL:
            break
        walk.placement.apply(change)
    walk._pass(lying_site.lie_about(facts, 0, lying_site.LIES[0]))
    walk.holds()
    walk.teardown()


def test_a_name_that_another_node_still_has_is_not_deleted():
    """Of a volume that is not published, and two nodes cannot reach."""
    walk = plan_walk.Walk()
    walk.start(foreign=(100, 20, 0))
    walk.change_volume(number=1, state=model.CsvState.OFFLINE,
                       maintenance=False)
    for place in (1, 2):
        walk.cut_off_or_connect(number=1, place=place)
    walk.sync()
    walk.cut_off_or_connect(number=1, place=2)
    plan = walk._plan(walk._answer())
    assert not [change for change in plan.cleaning
                if change.name.startswith(names.CUT_OFF_PREFIX)]
    walk.teardown()


@pytest.mark.parametrize('walk', [plan_walk.Walk, patient_walk.PatientWalk])
def test_random_walks(walk):
    stateful.run_state_machine_as_test(walk, settings=hypothesis.settings(
        max_examples=30, stateful_step_count=20, deadline=None))


@pytest.mark.parametrize('walk', [gpu_walk.GpuWalk, gpu_walk.PatientGpuWalk])
def test_random_walks_with_cards(walk):
    stateful.run_state_machine_as_test(walk, settings=hypothesis.settings(
        max_examples=15, stateful_step_count=20, deadline=None))


@pytest.mark.long
@pytest.mark.parametrize('machine', [
    plan_walk.Walk, patient_walk.PatientWalk, gpu_walk.GpuWalk,
    gpu_walk.PatientGpuWalk])
def test_many_random_walks(machine):
    seed = int(os.environ.get('HV_SCHED_SEED')
               or random.getrandbits(32))
    examples = int(os.environ.get('HV_SCHED_EXAMPLES', '1000'))
    plan_walk.COUNTS.clear()
    print(f'HV_SCHED_SEED={seed} HV_SCHED_EXAMPLES={examples}')
    walk = hypothesis.seed(seed)(type('LongWalk', (machine,), {}))
    stateful.run_state_machine_as_test(walk, settings=hypothesis.settings(
        max_examples=examples, stateful_step_count=40, deadline=None))
    walk_record.keep(machine.__name__, seed, examples, 40, plan_walk.COUNTS)
