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

"""A Nova is believed once it has shown the compute nodes concerned."""

import pytest

from hv_sched import exception
from hv_sched.compute import proven


class Nova:
    """Compute services by attempt; the last answer stays.

    :param nodes: hypervisor host names, an error when they cannot be read
    """

    def __init__(self, *answers, nodes=()):
        self.answers = list(answers)
        self.nodes = nodes
        self.reads = 0

    def node_names(self):
        if isinstance(self.nodes, Exception):
            raise self.nodes
        return self.nodes

    def computes(self):
        self.reads += 1
        answer = self.answers[min(self.reads, len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return dict.fromkeys(answer, True)


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    seconds = []
    monkeypatch.setattr('time.sleep', seconds.append)
    return seconds


def test_a_nova_with_all_the_nodes_is_proven():
    proof = proven.prove(Nova(['hv01', 'hv02', 'kvm1']), ['hv01', 'hv02'])
    assert proof.is_proven and proof.reason == ''
    proof.require()


@pytest.mark.parametrize(('services', 'node'), [
    ('HV01', 'hv01'), ('hv01', 'hv01.corp.example'),
    ('hv01.corp.example', 'HV01'), ('hv01.corp.example', 'HV01.Corp.Example')])
def test_names_are_the_same_with_and_without_domain_and_in_any_case(
        services, node):
    assert proven.prove(Nova([services]), [node]).is_proven


def test_a_service_that_is_called_otherwise_is_known_by_its_node():
    assert proven.prove(Nova(['compute-1'], nodes=['HV01.corp.example']),
                        ['hv01']).is_proven
    assert not proven.prove(Nova(['compute-1'], nodes=['hv02']),
                            ['hv01']).is_proven


def test_nodes_that_cannot_be_read_prove_nothing():
    down = exception.NovaUnavailable('a cell is down')
    proof = proven.prove(Nova(['compute-1', 'hv02'], nodes=down),
                         ['hv01', 'hv02'])
    assert 'none for hv01: ' in proof.reason
    assert proven.prove(Nova(['hv01'], nodes=down), ['hv01']).is_proven


def test_names_of_different_domains_are_different_hosts():
    assert not proven.prove(Nova(['hv01.a.example']),
                            ['hv01.b.example']).is_proven


def test_a_nova_that_lacks_one_of_the_nodes_is_not_proven():
    proof = proven.prove(Nova(['hv01', 'other']), ['hv01', 'hv02'])
    assert not proof.is_proven
    assert 'none for hv02: ' in proof.reason
    with pytest.raises(exception.NovaNotProven, match='another cloud'):
        proof.require()


def test_many_missing_nodes_are_counted():
    proof = proven.prove(Nova(['other']), [f'hv{n}' for n in range(9)])
    assert 'hv0, hv1, hv2, hv3, hv4 and 4 more' in proof.reason


def test_an_empty_list_is_asked_for_again_within_bounds(pauses):
    nova = Nova([], [], ['hv01'])
    assert proven.prove(nova, ['hv01']).is_proven
    assert nova.reads == 3
    nova = Nova([])
    proof = proven.prove(nova, [])
    assert 'no compute service' in proof.reason
    assert (nova.reads, sum(pauses) < 10) == (4, True)


def test_a_nova_that_cannot_be_asked_is_not_proven_and_says_why():
    down = exception.NovaUnavailable('Nova answered 503 to GET /os-services')
    proof = proven.prove(Nova(down), ['hv01'])
    assert proof.reason == str(down)
    with pytest.raises(exception.NovaUnavailable, match='503'):
        proof.require()


@pytest.mark.parametrize(('unknown', 'consumers', 'too_many'), [
    (0, 0, False), (3, 3, False), (4, 4, True), (4, 79, True),
    (4, 80, False), (5, 100, False), (6, 100, True), (50, 1000, False),
    (51, 1000, True)])
def test_three_or_five_percent_of_the_consumers_may_be_unknown(
        unknown, consumers, too_many):
    assert proven.too_many_unknown(unknown, consumers) is too_many
