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

"""Rights show in what is delivered, node by node."""

import pytest

from hv_sched import exception
from hv_sched.demo.windows import simulated
from hv_sched.sources.windows import raw
from hv_sched.sources.winrm import asking
from hv_sched.sources.winrm import questions
from hv_sched.sources.winrm import rights
from hv_sched.sources.winrm.access import Access
from hv_sched.sources.winrm.rights import Tier


@pytest.fixture
def cluster():
    made = simulated.cluster('HV', nodes=3, volumes=1)
    for node in made.nodes.values():
        node.gpus = ()
    return made


def rights_of(cluster, instead=None, **fields):
    """Rights by host; ``instead`` answers for the cluster by host."""
    def ask(host, access, question):
        name = host.partition('.')[0].upper()
        asked.append((name, question.call))
        if host in (instead or {}):
            return instead[host]()
        if question is questions.CLUSTER:
            return cluster.cluster_answer(name)
        return cluster.node_answer(name)
    asked = []
    access = Access(**{'name': 'HV', 'nodes': ('hv-n01.lab', 'hv-n02.lab'),
                       **fields})
    return {node.node: node for node in rights.of_cluster(
        access, ask, asking.Asking(4))}, asked


def away():
    raise exception.SourceUnavailable('node hv-n01.lab: it is away')


def test_each_section_has_the_fields_it_is_for():
    assert set(rights.FIELDS) == {*raw.PARTS['cluster'], *raw.PARTS['node'],
                                  *raw.ON_DEMAND}


def test_the_nodes_the_cluster_names_are_asked_too(cluster):
    found, asked = rights_of(cluster)
    assert {host: node.tier for host, node in found.items()} == dict.fromkeys(
        ('hv-n01.lab', 'hv-n02.lab', 'hv-n03.lab'), Tier.ADMINISTRATOR)
    assert all(node.is_sound for node in found.values())
    assert len(asked) == len(set(asked)) == 6


def test_a_node_that_is_away_is_asked_once_and_says_why(cluster):
    found, asked = rights_of(cluster, {'hv-n01.lab': away})
    assert found['hv-n01.lab'].tier is Tier.NONE
    assert set(found['hv-n01.lab'].unknown.values()) == {'it is away'}
    assert set(found['hv-n01.lab'].unknown) == set(rights.FIELDS)
    assert len(asked) == 5


def test_a_node_of_another_cluster_has_no_rights_here(cluster):
    other = simulated.cluster('HV', nodes=2)
    other.guid = simulated.guid('another')
    found, _asked = rights_of(
        cluster, {'hv-n02.lab': lambda: other.cluster_answer('HV-N02')},
        guid=cluster.guid)
    assert found['hv-n02.lab'].tier is Tier.NONE
    assert other.guid in found['hv-n02.lab'].unknown['cluster']


def test_a_node_that_is_down_is_not_asked(cluster):
    cluster.fail('HV-N03')
    found, asked = rights_of(cluster)
    assert not any(name == 'HV-N03' for name, _ in asked)
    assert not found['hv-n03.lab'].is_sound


def test_a_secret_that_cannot_be_read_is_the_reason(cluster):
    def unreadable():
        raise exception.InvalidConfig('/etc/x: mode 0644')
    found, _asked = rights_of(cluster, {'hv-n01.lab': unreadable})
    assert found['hv-n01.lab'].unknown['host'] == '/etc/x: mode 0644'


@pytest.mark.parametrize('denied, configuration, tier, is_sound', (
    ((), 'hv_sched', Tier.JEA, True),
    (('volume_states',), 'hv_sched', Tier.JEA, False),
    (('guarded',), 'hv_sched', Tier.JEA, False),
    (('volume_states', 'conf'), None, Tier.READ_ONLY, True),
    (('volume_states', 'groups'), None, Tier.READ_ONLY, False),
    (('guarded',), None, Tier.ADMINISTRATOR, False),
    (raw.PARTS['cluster'], None, Tier.LOG_IN, False),
), ids=str)
def test_a_tier_is_what_was_delivered(cluster, denied, configuration, tier,
                                      is_sound):
    cluster.denied = set(denied)
    fields = {'configuration_name': configuration} if configuration else {}
    found, _asked = rights_of(cluster, **fields)
    assert {node.tier for node in found.values()} == {tier}
    assert {node.is_sound for node in found.values()} == {is_sound}


def test_nodes_with_different_rights_are_uneven(cluster):
    reader = simulated.cluster('HV', nodes=3, volumes=1)
    reader.denied = {'volume_states'}
    found, _asked = rights_of(cluster, {
        'hv-n02.lab': lambda: reader.cluster_answer('HV-N02')})
    assert rights.uneven(found.values()) == ['HV']
    assert rights.uneven(rights_of(cluster)[0].values()) == []
    # One that is away gives no rights to compare.
    assert rights.uneven(rights_of(
        cluster, {'hv-n01.lab': away})[0].values()) == []


def test_a_refused_account_is_not_tried_on_every_node():
    hosts = tuple(f'hv-n{number:02}' for number in range(20))
    tried = []

    def refuse(host, access, question):
        tried.append(host)
        raise exception.AccountRefused(f'node {host}: the account is refused')
    found = rights.of_cluster(
        Access('HV', hosts), refuse, asking.Asking(16))
    assert tried == list(hosts[:2])
    assert [node.node for node in found] == list(hosts)
    assert 'refused' in found[1].unknown['nodes']
    assert 'might lock it' in found[2].unknown['nodes']


def test_a_node_that_alone_refuses_the_account_hides_no_other():
    cluster = simulated.cluster('HV', nodes=3)
    whole = [name.lower() for name in cluster.nodes]

    def ask(host, access, question):
        if host == whole[0]:
            raise exception.AccountRefused(f'node {host}: refused')
        return (cluster.cluster_answer(host.upper())
                if question.function == questions.CLUSTER.function
                else cluster.node_answer(host.upper()))
    found = rights.of_cluster(
        Access('HV', tuple(whole)), ask, asking.Asking(16))
    assert [node.tier for node in found] == [
        rights.Tier.NONE, rights.Tier.ADMINISTRATOR,
        rights.Tier.ADMINISTRATOR]
