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


"""What planning computes grows with the clusters, not with their square.

Counted in calls of functions, which no other load on the machine changes.
"""

import sys

from doc import imagined_placement
from hv_sched import model
from hv_sched.placement.observed import Observed
from hv_sched.providers import drift
from hv_sched.providers import plan
from hv_sched.providers import scope as scoping
from hv_sched.providers.freshness import Moment
from hv_sched.providers.settings import Settings

SETTINGS = Settings(workers=1)


def cluster(number):
    guid = f'22222222-2222-4222-8222-{number:06d}'
    return model.Cluster(
        guid=f'11111111-1111-4111-8111-{number:012d}', name=f'hvc{number}',
        nodes=tuple(model.Node(
            name=f'hv{number}-{n}', build=14393, home=f'{guid}{n % 2:06d}')
            for n in range(4)),
        volumes=tuple(model.Volume(
            guid=f'{guid}{v:06d}', name=f'Volume{v}',
            size_bytes=500 * model.GIB, free_bytes=500 * model.GIB)
            for v in range(2)))


def published(clusters):
    """The source of so many clusters, and what stands of it."""
    facts = model.Facts(tuple(map(cluster, range(clusters))))
    stands = imagined_placement.ImaginedPlacement(
        node.name for one in facts.clusters for node in one.nodes)
    stands.sync(facts)
    return facts, stands.overview()


def look(facts, overview):
    """What an agent computes of a look, cluster by cluster."""
    moment = Moment(imagined_placement.NOW)
    whole = scoping.scope_of(facts, overview)
    for one in facts.clusters:
        scope = whole.of_cluster(one.name)
        sketches = drift.Sketcher(scope, overview, SETTINGS, {}).sketches(
            moment)
        made = plan.make(facts, scope, Observed(overview, sketches.providers),
                         SETTINGS, moment)
        assert not any(planned.changes for planned in made.clusters)


def calls(clusters):
    """How many functions are called for a look."""
    facts, overview = published(clusters)
    counted = 0

    def count(_frame, event, _argument):
        nonlocal counted
        counted += event == 'call'
    sys.setprofile(count)
    try:
        look(facts, overview)
    finally:
        sys.setprofile(None)
    return counted


def test_four_times_the_clusters_call_about_four_times_the_functions():
    few, many = calls(10), calls(40)
    assert many < 5 * few, (few, many)
