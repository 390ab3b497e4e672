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

"""The quick look equals the full look, and reads nothing that agrees.

Whatever somebody edits in the source or behind our back in Placement: a
provider that ``plan --full`` would change is one that ``plan`` changes, too,
in the same way. What the summaries of Placement cannot tell is listed here
by name, as in the documentation of ``--full``.
"""

import dataclasses
import functools
import sqlite3

import hypothesis
from hypothesis import Phase
from hypothesis import strategies as st
import pytest

from hv_sched import model
from hv_sched.placement import ids
from hv_sched.providers import changes
from hv_sched.providers.layout import layout_of
from tests import both_looks
from tests import source_edits
from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import foreign_writer

GIB = model.GIB
EXAMPLES = 20


@functools.cache
def published() -> tuple[sqlite3.Connection, dict[str, str]]:
    """The published cloud's database, and its nodes."""
    with base.running_placement() as placement:
        cloud = foreign_writer.published(placement)
        return base.application().copy(), cloud.nodes


class Look:
    """A quick look at a cloud, beside the full one.

    :ivar read: uuids of the providers the quick look read one by one
    :ivar requests: of the quick look, without those that each ask for the
        owners of a trait: somebody may have brought another into use
    """

    def __init__(self, cloud, quick, facts, settings):
        full, observed = cloud.reconciler(settings).plan(facts)
        cloud.placement.sent.clear()
        plan, _observed = quick.plan(facts, full=False)
        self.requests = sum(
            not url.startswith('/resource_providers?required=')
            for _method, url in cloud.placement.sent)
        self.read = {
            url.split('/')[2] for _method, url in cloud.placement.sent
            if url.startswith('/resource_providers/')}
        self.both = both_looks.BothLooks(
            full, plan, observed.providers, facts, cloud.nodes, settings)

    def assert_bounded(self, baseline, touched):
        """:param touched: providers some edit was about"""
        may_read = self.both.changed | touched
        may_read |= {ids.remotefx_uuid(uuid) for uuid in may_read}
        assert self.read <= may_read, self.read - may_read
        assert self.requests <= baseline + 8 * len(self.read)


def edited(cluster, edit, cloud):
    """What an edit of the source is about: providers by uuid."""
    before, after = (layout_of(each, cloud.nodes) for each in (cluster, edit))
    touched = {uuid for kind in ('nodes', 'volumes')
               for uuid in (*getattr(before, kind), *getattr(after, kind))
               if getattr(before, kind).get(uuid)
               != getattr(after, kind).get(uuid)}
    if cluster.vms != edit.vms:
        touched |= after.volumes.keys()
    return touched


def story(data, placement, has_memory):
    """One random story: edits, a sync, more edits, and both looks."""
    copied, nodes = published()
    base.application().restore(copied)
    cloud = clouds.Cloud(placement)
    cloud.nodes = nodes
    cluster, = source_edits.facts().clusters
    for _ in range(data.draw(st.integers(0, 2), label='edits before')):
        cluster = data.draw(source_edits.source_edit(cluster))
    agent = cloud.reconciler()
    agent.sync(clouds.facts(cluster))
    if has_memory:
        agent.sync(clouds.facts(cluster))
    # A command reads what is kept reserved: a capacity alone cannot tell it.
    before = Look(cloud, agent if has_memory else cloud.reconciler(),
                  clouds.facts(cluster), clouds.SETTINGS)
    # With other options an agent begins anew, without a memory.
    baseline = Look(cloud, cloud.reconciler(), clouds.facts(cluster),
                    clouds.SETTINGS).requests
    writer = foreign_writer.ForeignWriter(cloud)
    touched = before.both.changed | before.read
    for _ in range(data.draw(st.integers(0, 2), label='foreign writes')):
        writer.write(data)
    for _ in range(data.draw(st.integers(0, 2), label='edits')):
        former = cluster
        cluster = data.draw(source_edits.source_edit(cluster))
        touched |= edited(former, cluster, cloud)
    settings = data.draw(source_edits.settings_edit(), label='settings')
    if settings != clouds.SETTINGS:
        touched |= layout_of(cluster, cloud.nodes).volumes.keys()
    remembers = has_memory and settings == clouds.SETTINGS
    looking = agent if remembers else cloud.reconciler(settings)
    look = Look(cloud, looking, clouds.facts(cluster), settings)
    look.both.assert_equal()
    assert_kept_plans_hide_nothing(looking, clouds.facts(cluster))
    look.assert_bounded(
        before.requests if remembers == has_memory else baseline,
        touched | writer.touched)


def assert_kept_plans_hide_nothing(agent, facts):
    """What is planned once is what would be planned for the writing."""
    look = agent.look(facts, full=False)
    agent.cloud_plan(look)
    for name, kept in look.unchanging.items():
        anew, _observed = agent._plan(dataclasses.replace(
            look.of_cluster(name), unchanging={}))
        assert (anew.changes, anew.all_findings) == (
            kept.changes, kept.all_findings)


@pytest.mark.parametrize('has_memory', [False, True],
                         ids=['a command', 'the agent'])
@pytest.mark.wide
@hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True,
    report_multiple_bugs=False,
    # Shrinking would sync clouds for minutes; a story is short as it is.
    phases=[Phase.explicit, Phase.reuse, Phase.generate])
@hypothesis.given(data=st.data())
def test_what_the_full_look_changes_the_quick_look_changes(has_memory, data):
    published()
    with base.running_placement() as placement:
        story(data, placement, has_memory)


@pytest.fixture
def cloud(placement):
    return foreign_writer.published(placement)


def changed_in_bulk(cloud, **fields):
    """What a quick look makes of other fields of volume 1."""
    cluster, = source_edits.facts().clusters
    volume = dataclasses.replace(cluster.volumes[0], **fields)
    told = clouds.facts(dataclasses.replace(
        cluster, volumes=(volume, *cluster.volumes[1:])))
    plan, _observed = cloud.reconciler().plan(told, full=False)
    return {line[1]: line[3] for change in plan.changes
            for line in change.lines}


@pytest.mark.parametrize('more_gb', [1, 5, 8, 16, -1, -8])
@pytest.mark.parametrize('is_free_known', [True, False])
def test_another_size_is_noticed_however_near(cloud, more_gb, is_free_known):
    """A step of ``reserved`` (8 GB) hides none."""
    size_bytes = (500 + more_gb) * GIB
    lines = changed_in_bulk(cloud, size_bytes=size_bytes, free_bytes=(
        size_bytes if is_free_known else None))
    assert lines['DISK_GB total'] == str(500 + more_gb)


def test_a_child_that_agrees_is_not_created_again(cloud):
    """Though its node is read, for something else has changed."""
    cluster, = source_edits.facts().clusters
    nodes = (dataclasses.replace(cluster.nodes[0], guarded_host=False),
             *cluster.nodes[1:])
    plan, _observed = cloud.reconciler().plan(clouds.facts(
        dataclasses.replace(cluster, nodes=nodes)), full=False)
    assert {type(change) for change in plan.changes} == {changes.SetTraits}


def test_what_was_read_costs_nothing_until_somebody_writes_to_it(cloud):
    """Here less is needed than is reserved, so its capacity alone might as
    well be that of a volume which grew."""
    cluster, = source_edits.facts().clusters
    less = clouds.facts(dataclasses.replace(cluster, volumes=(
        cluster.volumes[0], clouds.volume(2, free_bytes=456 * GIB))))
    agent = cloud.reconciler()
    reads = []
    for _ in range(2):
        cloud.placement.sent.clear()
        assert agent.sync(less, full=False).done == ()
        reads.append({url.split('/')[2] for _method, url
                      in cloud.placement.sent
                      if url.startswith('/resource_providers/')})
    volume_2 = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(2))
    assert reads == [{volume_2}, set()]
    cloud.create(10, 'hv02')
    assert agent.plan(less, full=False)[1].providers.keys() == {volume_2}
