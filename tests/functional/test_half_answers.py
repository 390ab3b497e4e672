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


"""Half an answer closes what it no longer vouches for, and frees nothing.

Sections that failed or are old, items that are set aside and clusters that a
fault freezes, on a real Placement.
"""

import dataclasses
import datetime

import pytest

from hv_sched import model
from hv_sched.model import ItemKind
from hv_sched.model import Section
from hv_sched.model import SectionReport
from hv_sched.notices import Kind
from hv_sched.placement import names
from hv_sched.placement.names import Closed
from tests.functional import cloud as clouds

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
STALE_AFTER = clouds.SETTINGS.stale_after
FRESH = SectionReport(NOW)
OLD = SectionReport(NOW - datetime.timedelta(seconds=STALE_AFTER + 1))
FAILED = SectionReport(NOW, 'access is denied')
OPEN = f'required=!{names.NO_NEW_DISKS},!{names.PAUSED}'
SHIELDED = 'CUSTOM_HYPERV_SHIELDED_VM'
NAME = 'csv:hvc1/Volume1'

pytestmark = [pytest.mark.wide,
              pytest.mark.parametrize('full', [True, False])]


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    return made


class Collector:
    """A complete answer, and what is left of it."""

    def __init__(self):
        self.cluster = clouds.cluster(
            nodes=tuple(clouds.node(
                number, home=number, guarded_host=True,
                state=model.NodeState.UP, cpu_features=('AVX',),
                sections={Section.GUARDED: FRESH, Section.HOST: FRESH})
                for number in (1, 2)),
            volumes=tuple(clouds.volume(
                number, state=model.CsvState.ONLINE, maintenance=False,
                cut_off_nodes=(), redirected_nodes=()) for number in (1, 2)),
            functional_level=9, collected_at=NOW,
            sections=dict.fromkeys(
                (Section.CLUSTER, Section.NODES, Section.VOLUMES,
                 Section.VOLUME_STATES, Section.GROUPS), FRESH))

    def facts(self, *problems, **fields):
        return model.Facts(
            (dataclasses.replace(self.cluster, **fields),), problems)

    def next_facts(self, seconds=1):
        """A later answer that says the same."""
        return self.facts(
            collected_at=NOW + datetime.timedelta(seconds=seconds))

    def section(self, section, report, **fields):
        """The answer with one section of the cluster as reported."""
        return self.facts(
            sections={**self.cluster.sections, section: report}, **fields)

    def node_section(self, section, report):
        """The same of a section that each node tells of itself."""
        return self.facts(nodes=tuple(dataclasses.replace(
            node, sections={**node.sections, section: report})
            for node in self.cluster.nodes))


@pytest.fixture
def collector():
    return Collector()


class Running:
    """A reconcile that goes on, at a time of its own."""

    def __init__(self, cloud, full):
        self._full = full
        self.now = NOW
        self.reconciler = cloud.reconciler(clock=lambda: self.now)

    def sync(self, facts, hours=0):
        self.now += datetime.timedelta(hours=hours)
        result = self.reconciler.sync(facts, self._full)
        assert not result.failures, result.failures
        return result


@pytest.fixture
def running(cloud, full, collector):
    made = Running(cloud, full)
    made.sync(collector.facts())
    assert cloud.hosts(10, OPEN) == {'hv01', 'hv02'}
    return made


def closed_by(cloud, name=NAME):
    return set(names.closed_reasons(cloud.state()[name][2]))


def kinds(result):
    return {notice.kind for notice in result.plan.all_findings}


def traits(cloud, node='hv01'):
    return cloud.state()[node][2]


# -- sections


@pytest.mark.parametrize('volumes', [(), None])
def test_volumes_that_cannot_be_read_stay_and_close_after_a_while(
        cloud, collector, running, volumes):
    before = cloud.state()
    fields = {} if volumes is None else {'volumes': volumes}
    failed = collector.section(Section.VOLUMES, FAILED, **fields)
    result = running.sync(failed)
    assert cloud.state() == before and 'access is denied' in str(
        result.plan.all_findings)
    running.sync(failed, hours=0.9)
    assert cloud.state() == before
    running.sync(dataclasses.replace(failed, clusters=tuple(
        dataclasses.replace(cluster, sections={
            **dict.fromkeys(cluster.sections, SectionReport(running.now)),
            Section.VOLUMES: SectionReport(running.now, 'denied')})
        for cluster in failed.clusters)), hours=0.2)
    assert closed_by(cloud) == {Closed.STALE}
    assert closed_by(cloud, 'csv:hvc1/Volume2') == {Closed.STALE}


def test_old_volumes_close_and_the_pauses_of_the_same_answer_are_in_force(
        cloud, collector, running):
    nodes = (dataclasses.replace(collector.cluster.nodes[0],
                                 state=model.NodeState.PAUSED),
             collector.cluster.nodes[1])
    running.sync(collector.section(Section.VOLUMES, OLD, nodes=nodes))
    assert closed_by(cloud) == {Closed.STALE}
    assert names.PAUSED in traits(cloud)
    assert names.PAUSED not in traits(cloud, 'hv02')


@pytest.mark.parametrize('report', [OLD, FAILED])
@pytest.mark.parametrize('nodes', [(), None])
def test_nothing_new_comes_to_nodes_nobody_heard_of(
        cloud, collector, running, report, nodes):
    before = cloud.state()
    fields = {} if nodes is None else {'nodes': nodes}
    result = running.sync(collector.section(Section.NODES, report, **fields))
    assert cloud.hosts(10, OPEN) == set()
    assert Kind.SKIPPED in kinds(result)
    for name in ('hv01', 'hv02'):
        assert traits(cloud, name) - before[name][2] == {names.PAUSED}
        assert cloud.state()[name][3] == before[name][3], 'still members'
    running.sync(collector.next_facts(1))
    running.sync(collector.next_facts(2))
    assert cloud.state() == before


@pytest.mark.parametrize('report', [OLD, FAILED])
def test_no_shielded_server_comes_where_nobody_confirms_the_attestation(
        cloud, collector, running, report):
    assert SHIELDED in traits(cloud)
    running.sync(collector.node_section(Section.GUARDED, report))
    assert SHIELDED not in traits(cloud)
    assert cloud.hosts(10, OPEN) == {'hv01', 'hv02'}


@pytest.mark.parametrize('report', [OLD, FAILED])
@pytest.mark.parametrize('section', [
    Section.CLUSTER, Section.VOLUME_STATES, Section.GROUPS])
def test_other_sections_that_fail_leave_what_stands_and_one_note(
        cloud, collector, running, section, report):
    before = cloud.state()
    result = running.sync(collector.section(section, report))
    assert cloud.state() == before and result.done == ()
    assert kinds(result) == {Kind.NOTE}
    assert len(result.plan.all_findings) == 1


@pytest.mark.parametrize('section', [
    Section.HOST, Section.REMOTEFX, Section.FILES, Section.IMAGE_CACHE])
def test_a_node_that_does_not_tell_of_itself_stays_as_it_is(
        cloud, collector, running, section):
    before = cloud.state()
    result = running.sync(collector.node_section(section, FAILED))
    assert cloud.state() == before and result.done == ()
    assert kinds(result) == {Kind.NOTE}


def test_a_section_that_was_never_delivered_is_not_stale(
        cloud, collector, running):
    before = cloud.state()
    never = {section: report for section, report
             in collector.cluster.sections.items()
             if section is not Section.VOLUME_STATES}
    result = running.sync(collector.facts(sections=never))
    assert cloud.state() == before and not result.plan.all_findings


# -- items that are set aside


def aside(kind, name, **fields):
    return model.SetAside(kind, name, fields.pop('guid', None), 'name-twice',
                          'cannot be used', **fields)


def test_a_node_that_is_set_aside_stays_as_it_stands(
        cloud, collector, running):
    before = cloud.state()
    running.sync(collector.facts(
        nodes=collector.cluster.nodes[:1],
        set_aside=(aside(ItemKind.NODE, 'hv02'),)))
    assert cloud.state() == before


def test_what_narrows_is_believed_of_an_item_that_is_set_aside(
        cloud, collector, running):
    running.sync(collector.facts(
        nodes=collector.cluster.nodes[:1],
        volumes=collector.cluster.volumes[:1], set_aside=(
            aside(ItemKind.NODE, 'hv02', node_state=model.NodeState.PAUSED),
            aside(ItemKind.VOLUME, 'Volume2', guid=clouds.guid(2),
                  maintenance=True,
                  volume_state=model.CsvState.FAILED))))
    assert names.PAUSED in traits(cloud, 'hv02')
    assert closed_by(cloud, 'csv:hvc1/Volume2') == {
        Closed.MAINTENANCE, Closed.OFFLINE}


@pytest.mark.parametrize('item', [
    {'guid': clouds.guid(2)}, {}, {'name': None}])
def test_a_volume_that_is_set_aside_is_not_left_out(
        cloud, collector, running, item):
    before = cloud.state()
    nodes = (dataclasses.replace(collector.cluster.nodes[0],
                                 state=model.NodeState.DRAINING),
             collector.cluster.nodes[1])
    running.sync(collector.facts(
        nodes=nodes, volumes=collector.cluster.volumes[:1],
        set_aside=(aside(ItemKind.VOLUME, item.pop('name', 'Volume2'),
                         **item),)))
    after = cloud.state()
    assert after.pop('hv01')[2] - before.pop('hv01')[2] == {names.PAUSED}
    assert after == before


# -- clusters that are frozen

FAULT = model.Problem('HVC1', 'c.yaml: clusters[0].guid', 'two GUIDs')
UNREADABLE = model.Problem(None, 'c.yaml', 'is not valid YAML')


@pytest.mark.parametrize('problem', [FAULT, UNREADABLE])
def test_a_cluster_that_is_frozen_for_too_long_takes_no_new_disks(
        cloud, collector, running, problem):
    before = cloud.state()
    frozen = model.Facts((), (problem,))
    assert Kind.FROZEN in kinds(running.sync(frozen, hours=0.9))
    assert cloud.state() == before
    running.sync(frozen, hours=0.2)
    assert closed_by(cloud) == {Closed.REFUSED}
    assert running.sync(frozen, hours=1).done == ()
    running.now = NOW
    running.sync(collector.facts())
    running.sync(collector.next_facts())
    assert cloud.state() == before


def test_other_clusters_go_on_while_one_is_frozen(cloud, collector, running):
    other = dataclasses.replace(FAULT, cluster='hvc2')
    running.sync(collector.facts(other))
    running.sync(collector.facts(other, nodes=(dataclasses.replace(
        collector.cluster.nodes[0], state=model.NodeState.PAUSED),
        collector.cluster.nodes[1])))
    assert closed_by(cloud) == set()
    assert names.PAUSED in traits(cloud)
