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

"""One host aggregate for each cluster: what is planned."""

import dataclasses

import pytest

from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.providers import host_aggregates
from hv_sched.providers.host_aggregates import ChangeAggregate
from hv_sched.providers.host_aggregates import CreateAggregate
from hv_sched.providers.host_aggregates import HostAggregate

METADATA = {'hv_cluster': 'c1', 'hv_cluster_guid': 'g1'}
CLUSTER = model.Cluster('g1', 'c1', (
    model.Node('hv1'), model.Node('hv2'), model.Node('new')), ())
KNOWN = dataclasses.replace(CLUSTER, nodes=CLUSTER.nodes[:2])
HOSTS = {'hv1': 'h1', 'hv2': 'h2', 'kvm': 'h3'}
RIGHT = HostAggregate(1, 'c1', frozenset({'h1', 'h2'}),
                      {**METADATA, 'ssd': 'true'})


def plan(*aggregates, cluster=CLUSTER):
    return host_aggregates.plan([cluster], aggregates, HOSTS)


def other(**fields):
    return dataclasses.replace(
        HostAggregate(7, 'gold', frozenset({'h1', 'h3'}), {'gold': 'yes'}),
        **fields)


def test_a_cluster_without_one_gets_one():
    found = plan(other())
    assert found.steps == (CreateAggregate('c1', METADATA, ('h1', 'h2')),)
    note, = found.findings
    assert note.kind is Kind.SKIPPED and 'new' in note.message


def test_a_cluster_of_which_nova_lists_no_node_gets_none():
    assert host_aggregates.plan([CLUSTER], [], {'kvm': 'h3'}).steps == ()


def test_what_is_right_stays_with_the_operators_own_properties():
    assert plan(RIGHT, other()).steps == ()


def test_members_name_and_metadata_are_put_right():
    wrong = HostAggregate(1, 'old', frozenset({'h1', 'h3'}),
                          {'hv_cluster_guid': 'g1', 'hv_cluster': 'old'})
    step, = plan(wrong, cluster=KNOWN).steps
    assert step == ChangeAggregate(1, 'c1', 'old', METADATA, ('h2',), ('h3',))
    assert list(host_aggregates.lines(step)) == [
        ('~', 'host aggregate c1', 'name', 'old', 'c1'),
        ('~', 'host aggregate c1', 'hv_cluster', '', 'c1'),
        ('~', 'host aggregate c1', 'hv_cluster_guid', '', 'g1'),
        ('+', 'host aggregate c1', 'host', '', 'h2'),
        ('-', 'host aggregate c1', 'host', 'h3', '')]


@pytest.mark.parametrize('cluster,hosts', [
    (CLUSTER, HOSTS),
    (KNOWN, {}),  # as Nova of another region answers
    (dataclasses.replace(KNOWN, set_aside=(model.SetAside(
        model.ItemKind.NODE, 'hv3', None, 'no-build', 'it has no build'),)),
     HOSTS)])
def test_no_host_is_removed_while_a_node_is_not_known(cluster, hosts):
    """A tenant's property on the aggregate keeps others off its hosts."""
    surplus = HostAggregate(1, 'c1', frozenset({'h1', 'h2', 'h3'}), METADATA)
    assert host_aggregates.plan([cluster], [surplus], hosts).steps == ()


def test_one_that_was_killed_between_name_and_metadata_is_finished():
    step, = plan(HostAggregate(1, 'c1', frozenset(), {})).steps
    assert (step.metadata, step.add) == (METADATA, ('h1', 'h2'))


def test_a_clash_of_names_is_refused_with_its_remedy():
    for clash in (other(name='c1'), other(metadata={'hv_cluster': 'c1'})):
        for also in ((), (RIGHT,)):
            found = plan(clash, *also)
            assert found.steps == ()
            finding, = found.findings
            assert finding.kind is Kind.REFUSED
            assert 'rename it' in finding.message


def test_two_that_claim_one_cluster_are_refused():
    finding, = plan(RIGHT, dataclasses.replace(RIGHT, id=2)).findings
    assert 'c1 (1), c1 (2)' in finding.message
