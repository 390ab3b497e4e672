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

"""What two clusters both claim belongs to neither until it is mended."""

import pytest

from hv_sched.sources import validation
from tests.unit.sources import samples


def _other(**fields):
    return samples.cluster(**{
        'name': 'c2', 'guid': samples.CLUSTER[:-1] + '9',
        'nodes': [{'name': 'other'}],
        'volumes': [samples.volume(guid=samples.VOLUME_1[:-1] + '9')],
        **fields})


CLAIMS = {
    'name': ({'name': 'C1'}, 'name', 'cluster \'c1\' is also at '
             'b.yaml: clusters[0].name, in cluster \'C1\'; give each '
             'cluster its own name'),
    'guid': ({'guid': '{' + samples.CLUSTER.upper() + '}'}, 'guid',
             f'cluster GUID {samples.CLUSTER!r} is also at '
             'b.yaml: clusters[0].guid, in cluster \'c2\'; one cluster is '
             'described twice, or a GUID is copied'),
    'node': ({'nodes': [{'name': 'x'}, {'name': 'HV02'}]}, 'nodes[1].name',
             'node \'hv02\' is also at b.yaml: clusters[0].nodes[1].name, in '
             'cluster \'c2\'; a node belongs to one cluster: remove it from '
             'the other'),
    'volume': ({'volumes': [samples.volume('W')]}, 'volumes[0].guid',
               f'volume GUID {samples.VOLUME_1!r} is also at '
               'b.yaml: clusters[0].volumes[0].guid, in cluster \'c2\'; a '
               'volume belongs to one cluster'),
}


@pytest.mark.parametrize('name', CLAIMS)
def test_both_clusters_are_left_out(name):
    fields, path, message = CLAIMS[name]
    facts = samples.read(samples.document(samples.cluster()),
                         samples.document(_other(**fields)))
    assert facts.clusters == ()
    first, second = facts.problems
    assert str(first).startswith(f'a.yaml: clusters[0].{path}: {message}')
    assert second.where.startswith('b.yaml: clusters[0].')
    assert first.cluster == 'c1'


def test_an_invalid_cluster_still_claims_its_nodes():
    broken = samples.cluster(guid='nine')
    facts = samples.read(samples.document(
        broken, _other(nodes=[{'name': 'hv01'}])))
    assert facts.clusters == ()
    assert {each.cluster for each in facts.problems} == {'c1', 'c2'}


def test_two_clusters_may_call_their_volumes_alike():
    facts = samples.read(samples.document(samples.cluster(), _other()))
    assert len(facts.clusters) == 2
    assert facts.problems == ()


def test_of_many_common_nodes_a_screenful_is_told_of_each_cluster():
    nodes = [{'name': f'hv{i}'} for i in range(100)]
    facts = samples.read(samples.document(
        samples.cluster(nodes=nodes), _other(nodes=nodes)))
    assert facts.clusters == ()
    assert [sum(each.cluster == name for each in facts.problems)
            for name in ('c1', 'c2')] == [validation.MAX_FAULTS + 1] * 2


def test_a_node_that_one_cluster_has_twice_names_the_other_cluster():
    """Not itself as its own rival."""
    facts = samples.read(samples.document(
        samples.cluster(nodes=[{'name': 'hv01'}, {'name': 'hv01'}]),
        _other(nodes=[{'name': 'hv01'}])))
    told = [str(each) for each in facts.problems if 'also at' in str(each)]
    assert len(told) == 3
    assert all(f"in cluster '{'c2' if 'clusters[0]' in each[:24] else 'c1'}'"
               in each for each in told)
