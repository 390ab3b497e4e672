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

"""A look plans a cluster once for its names and for what is written.

Where something is to be written it is planned again, from what was read.
"""

import dataclasses

import pytest

from hv_sched.placement import names
from hv_sched.placement.observed import Observed
from hv_sched.providers import plan as planning
from tests.functional import cloud as clouds

OTHER_GUID = '99999999-9999-4999-8999-999999999999'


def facts(**fields):
    """Two clusters; the second one has these fields."""
    return clouds.facts(clouds.cluster(), dataclasses.replace(
        clouds.cluster(volumes=(clouds.volume(2),), nodes=(
            clouds.node(3, home=2), clouds.node(4, home=2))),
        guid=OTHER_GUID, name='hvc2', **fields))


@pytest.fixture
def cloud(placement):
    published = clouds.Cloud(placement)
    published.register('hv01', 'hv02', 'hv03', 'hv04')
    published.sync(facts())
    return published


@pytest.fixture
def planned(monkeypatch):
    """The clusters that are planned, in turn."""
    clusters = []
    make = planning._cluster_plan

    def noted(context, moment):
        clusters.append(context.name)
        return make(context, moment)
    monkeypatch.setattr(planning, '_cluster_plan', noted)
    return clusters


def agent_of(cloud):
    """One that has read everything once."""
    agent = cloud.reconciler()
    agent.sync(facts())
    return agent


def synced(agent, look):
    """What each cluster's loop writes."""
    return {name: agent.sync_cluster(look, name).done
            for name in look.clusters(clouds.SETTINGS)}


def test_a_cluster_that_stays_as_it_is_is_planned_once(cloud, planned):
    agent = agent_of(cloud)
    look = agent.look(facts(), full=False)
    planned.clear()
    cloud.placement.sent.clear()
    agent.cloud_plan(look)
    assert synced(agent, look) == {'hvc1': (), 'hvc2': ()}
    assert planned == ['hvc1', 'hvc2']
    assert cloud.placement.sent == []


def test_a_cluster_that_changes_is_planned_from_what_was_read(
        cloud, planned):
    agent = agent_of(cloud)
    volume = clouds.volume(2, accepts_new_disks=False)
    look = agent.look(facts(volumes=(volume,)), full=False)
    planned.clear()
    agent.cloud_plan(look)
    written = synced(agent, look)
    assert planned.count('hvc1') == 1 and planned.count('hvc2') > 1
    assert not written['hvc1'] and written['hvc2']


def test_a_full_look_is_planned_from_what_was_read(cloud, planned):
    agent = agent_of(cloud)
    look = agent.look(facts(), full=True)
    planned.clear()
    agent.cloud_plan(look)
    synced(agent, look)
    assert planned == ['hvc1', 'hvc2', 'hvc1', 'hvc2']


@pytest.mark.parametrize('fields', [
    {}, {'volumes': (clouds.volume(2), clouds.volume(3))},
    {'nodes': (clouds.node(3, home=2),)}], ids=[
        'the same', 'a volume more', 'a node less'])
def test_clusters_planned_one_by_one_keep_the_names_of_all(cloud, fields):
    """What the cloud's plan deletes and says is as if planned as one."""
    agent = agent_of(cloud)
    cloud.api.ensure_trait(names.IMAGE_PREFIX + 'A' * 32)
    look = agent.look(facts(**fields), full=False)
    sketches = agent._observer.sketches(
        look.scope, look.overview, look.moment)
    as_one = planning.make(
        look.facts, look.scope, Observed(look.overview, sketches.providers),
        clouds.SETTINGS, look.moment)
    cloud_plan = agent.cloud_plan(look)
    assert as_one.cleaning and cloud_plan.cleaning == as_one.cleaning
    assert cloud_plan.findings == as_one.findings
