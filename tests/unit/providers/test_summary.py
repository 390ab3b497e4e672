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

"""What a plan comes to, a line a volume and a line a group of nodes."""

import dataclasses

import pytest

from doc import imagined_placement
from hv_sched import model
from hv_sched.placement import names
from hv_sched.providers import changes
from hv_sched.providers import plan as planning
from hv_sched.providers import summary
from hv_sched.providers.summary import Action

GUIDS = ('aaaaaaaa-bbbb-4ccc-8ddd-000000000001',
         'aaaaaaaa-bbbb-4ccc-8ddd-000000000002')
NODES = ('hv01', 'hv02', 'hv03', 'hv04')


def cluster(**fields):
    nodes = tuple(
        model.Node(name, build=17763, home=GUIDS[index % 2])
        for index, name in enumerate(NODES))
    volumes = tuple(
        model.Volume(guid, f'Volume{number}', 500 * model.GIB,
                     free_bytes=490 * model.GIB, state=model.CsvState.ONLINE)
        for number, guid in enumerate(GUIDS, start=1))
    return dataclasses.replace(model.Cluster(
        '11111111-1111-4111-8111-111111111111', 'c1', nodes, volumes,
        collected_at=imagined_placement.NOW), **fields)


def lines(plan):
    """Without names: an imagined Placement forgets those nobody has."""
    return tuple(line for line in summary.of(
        plan.changes, planning.cluster_names(plan)) if line.noun != 'name')


@pytest.fixture
def placement():
    return imagined_placement.ImaginedPlacement(NODES)


def test_a_first_plan_has_a_line_a_volume_and_one_of_all_nodes(placement):
    told = lines(placement.plan(model.Facts((cluster(),))))
    volumes = [line for line in told if line.noun == 'volume']
    assert [(line.subjects, line.action, line.total_gb[1], line.details)
            for line in volumes] == [
        (('Volume1',), Action.PUBLISH, 500, ('home of 2 nodes',)),
        (('Volume2',), Action.PUBLISH, 500, ('home of 2 nodes',))]
    closed, = [line for line in told if line.action is Action.CLOSE]
    assert (closed.subjects, closed.total_gb) == (NODES, (2000, 0))
    gained, = [line for line in told if line.action is Action.GAIN]
    assert gained.subjects == NODES
    assert 'GEN2' in gained.details and 'all survivable' in gained.details
    assert {line.cluster for line in told} == {'c1'}


def test_what_stands_has_no_line(placement):
    facts = model.Facts((cluster(),))
    placement.sync(facts)
    assert lines(placement.plan(facts)) == ()


def test_a_volume_that_closes_says_why_and_one_that_grows_how_much(placement):
    placement.sync(model.Facts((cluster(),)))
    first, second = cluster().volumes
    told = lines(placement.plan(model.Facts((cluster(volumes=(
        dataclasses.replace(first, maintenance=True),
        dataclasses.replace(second, size_bytes=700 * model.GIB,
                            free_bytes=690 * model.GIB))),))))
    assert [(line.subjects, line.action) for line in told] == [
        (('Volume1',), Action.CHANGE), (('Volume2',), Action.CHANGE)]
    assert told[0].details == ('no new disks: in maintenance',)
    assert told[1].total_gb == (500, 700)


def test_a_node_that_moves_to_another_home_counts_on_both_volumes(placement):
    placement.sync(model.Facts((cluster(),)))
    first, *others = cluster().nodes
    told = lines(placement.plan(model.Facts((cluster(nodes=(
        dataclasses.replace(first, home=GUIDS[1]), *others)),))))
    by_name = {line.subjects[0]: line.details for line in told
               if line.noun == 'volume'}
    assert '-1 node' in by_name['Volume1']
    assert '+1 node' in by_name['Volume2']


def test_a_paused_node_is_told_by_itself(placement):
    placement.sync(model.Facts((cluster(),)))
    first, *others = cluster().nodes
    paused = dataclasses.replace(first, state=model.NodeState.PAUSED)
    told = lines(placement.plan(model.Facts((
        cluster(nodes=(paused, *others)),))))
    assert [(line.subjects, line.action) for line in told
            if line.action is Action.PAUSE] == [(('hv01',), Action.PAUSE)]


def test_every_provider_that_changes_has_a_line(placement):
    plan = placement.plan(model.Facts((cluster(),)))
    subjects = {subject for line in lines(plan) for subject in line.subjects}
    assert {names.plain_volume_name(change.name).removeprefix('c1/')
            for change in plan.changes if change.uuid} <= subjects


def test_two_attempts_at_a_provider_are_told_as_one_change():
    def disk(total):
        return {names.DISK_GB: imagined_placement.Inventory(total)}

    told, = summary.of([
        changes.SetInventories(changes.Step.FILL, 'u', 'csv:c1/V',
                               before=disk(before), after=disk(after))
        for before, after in ((500, 600), (600, 700))], {'u': 'c1'})
    assert told.total_gb == (500, 700)


def test_of_one_cluster_only_its_changes_and_their_names_are_planned(
        placement):
    facts = model.Facts((cluster(),))
    plan = placement.plan(facts)
    assert planning.of_clusters(plan, (), placement.overview()) == plan
    assert planning.of_clusters(
        plan, ('C1',), placement.overview()).changes == plan.changes
    other = planning.of_clusters(plan, ('c2',), placement.overview())
    assert not [change for change in other.changes if change.uuid]
