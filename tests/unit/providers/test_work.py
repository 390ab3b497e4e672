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

"""A pass takes work in proportion to the cloud.

Calls are counted and not seconds, so the test says the same on any machine.
Where a cluster or a volume looked at the whole cloud, twice the cloud was
four times the work: 38 seconds of the processor at 10,000 nodes.
"""

import dataclasses
import sys

import pytest

from benchmarks import placement_rows
from benchmarks import reconcile
from doc import imagined_placement
from hv_sched.placement.observed import Observed
from hv_sched.providers import freshness
from hv_sched.providers import plan as planning
from hv_sched.providers import scope as scoping
from hv_sched.providers.look import Look

NODES, VOLUMES = 2, 2


def calls_of(work):
    """How many functions of hv_sched are called, and generators resumed."""
    calls = 0

    def count(frame, event, _argument):
        nonlocal calls
        calls += event == 'call' and '/hv_sched/' in frame.f_code.co_filename

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def facts_of(clusters):
    return reconcile.source(clusters, NODES, VOLUMES, clusters * NODES)


def published(facts):
    cloud = imagined_placement.ImaginedPlacement(
        (node.name for cluster in facts.clusters for node in cluster.nodes),
        placement_rows.NODE_DISK_GB)
    cloud.sync(facts)
    return cloud


def pass_over(cloud, facts):
    """As the agent works: one look, and each cluster by itself."""
    overview = cloud.overview()
    overview = dataclasses.replace(
        overview, known_traits=overview.known_traits
        | placement_rows.known_traits(cloud.providers.values()))
    moment = freshness.Moment(imagined_placement.NOW)

    def work():
        scope = scoping.scope_of(facts, overview)
        for cluster in facts.clusters:
            narrowed = scope.of_cluster(cluster.name)
            look = Look(facts, narrowed, overview, moment)
            plan, = planning.make(
                facts, narrowed, Observed(overview, cloud.providers),
                cloud.settings, moment).clusters
            assert plan.changes == ()
            assert len(look.standing) == NODES + VOLUMES
    return work


def whole_plan(cloud, facts):
    """As a sync works: all clusters as one."""
    return lambda: cloud.plan(facts)


@pytest.mark.parametrize('kind', [pass_over, whole_plan])
def test_twice_the_cloud_is_twice_the_work(kind):
    work = []
    for clusters in (30, 60):
        facts = facts_of(clusters)
        work.append(calls_of(kind(published(facts), facts)))
    assert work[1] < 2.1 * work[0], work
