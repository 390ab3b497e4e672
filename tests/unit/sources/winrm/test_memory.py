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

"""What a process remembers of a cluster between two passes."""

import datetime

import pytest

from hv_sched import exception
from hv_sched.demo.windows import simulated
from hv_sched.sources.windows import document
from hv_sched.sources.winrm import asking
from hv_sched.sources.winrm import memory
from hv_sched.sources.winrm import node_answer
from hv_sched.sources.winrm import questions
from hv_sched.sources.winrm.access import Access

START = datetime.datetime(2026, 11, 26, 12, tzinfo=datetime.timezone.utc)


class World:
    """A simulated cluster, asked by host name; some nodes are away."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.asked = []
        self.away = set()
        self.instead = {}
        self.seconds = 0.0
        self.clock = memory.Clock(
            lambda: self.seconds,
            lambda: START + datetime.timedelta(seconds=self.seconds))

    def ask(self, host, access, question):
        self.asked.append((host, question.call))
        if host in self.away:
            raise exception.SourceUnavailable(f'node {host}: it is away')
        name = self.instead.get(host, host).partition('.')[0].upper()
        if question.function == questions.CLUSTER.function:
            return self.cluster.cluster_answer(name)
        return self.cluster.node_answer(
            name, 'Guarded' in question.switches,
            'Files' in question.switches)

    def calls(self):
        made, self.asked = self.asked, []
        return sorted(made)


@pytest.fixture
def world():
    return World(simulated.cluster('HV', nodes=3, volumes=2))


def memory_of(world, **fields):
    access = Access(**{'name': 'HV', 'nodes': (
        'hv-n01.lab.example', 'hv-n02.lab.example'), **fields})
    return memory.ClusterMemory(access, world.ask, asking.Asking(4),
                                world.clock)


def described(answers):
    [cluster] = document.document(answers)['clusters']
    return cluster


def node(answers, name):
    return next(each for each in described(answers)['nodes']
                if each['name'] == name)


def test_any_live_node_answers_for_the_cluster_then_each_for_itself(world):
    answers = memory_of(world).collect()
    assert world.calls() == [
        ('hv-n01.lab.example', 'Get-HvSchedCluster'),
        *((f'hv-n0{number}.lab.example',
           'Get-HvSchedNode -Guarded -Files') for number in (1, 2, 3))]
    assert all('home' in each for each in described(answers)['nodes'])


def test_the_next_node_is_asked_when_one_is_away_and_is_first_next_time(
        world):
    world.away = {'hv-n01.lab.example'}
    remembered = memory_of(world)
    remembered.collect()
    asked_for_cluster = [host for host, call in world.asked
                         if call == 'Get-HvSchedCluster']
    assert asked_for_cluster == ['hv-n01.lab.example', 'hv-n02.lab.example']
    world.calls()
    remembered.collect()
    assert [host for host, call in world.asked
            if call == 'Get-HvSchedCluster'] == ['hv-n02.lab.example']


def test_a_node_that_is_down_is_not_asked(world):
    world.cluster.fail('HV-N03')
    memory_of(world).collect()
    assert 'hv-n03.lab.example' not in {host for host, _ in world.calls()}


def test_what_is_slow_is_asked_seldom_and_remembered_with_its_age(world):
    remembered = memory_of(world)
    remembered.collect()
    world.calls()
    world.seconds = memory.FILES_SECONDS - 1
    answers = remembered.collect()
    assert {call for _, call in world.calls()} == {
        'Get-HvSchedCluster', 'Get-HvSchedNode'}
    sections = node(answers, 'HV-N01')['sections']
    assert sections['guarded']['collected_at'] == START.isoformat()
    assert sections['host']['collected_at'] == (
        START + datetime.timedelta(seconds=world.seconds)).isoformat()
    assert node(answers, 'HV-N01')['guarded_host'] is False
    world.seconds = memory.FILES_SECONDS
    remembered.collect()
    assert {call for _, call in world.calls()} == {
        'Get-HvSchedCluster', 'Get-HvSchedNode -Files'}
    world.seconds = memory.GUARDED_SECONDS
    remembered.collect()
    assert ('hv-n01.lab.example', 'Get-HvSchedNode -Guarded') in (
        world.calls())


def test_a_slow_question_that_failed_is_asked_again_in_the_next_pass(world):
    remembered = memory_of(world)
    world.away = {'hv-n02.lab.example'}
    remembered.collect()
    world.away = set()
    world.calls()
    world.seconds = 60
    remembered.collect()
    assert ('hv-n02.lab.example', 'Get-HvSchedNode -Guarded -Files') in (
        world.calls())


def test_memory_does_not_grow_with_the_passes(world):
    remembered = memory_of(world)
    counts = []
    for world.seconds in range(0, 10_000, 100):
        if world.seconds % 700 == 0:
            world.away = {'hv-n03.lab.example'}
        counts.append(len(remembered.collect()))
        world.away = set()
    # The cluster's and at most three of each node: now, files, guarded.
    assert max(counts) <= 1 + 3 * 3


def test_a_silent_node_tells_that_it_is_silent_and_nothing_else(world):
    world.away = {'hv-n02.lab.example'}
    silent = node(memory_of(world).collect(), 'HV-N02')
    assert silent['state'] == 'up'
    assert 'home' not in silent and 'guarded_host' not in silent
    assert silent['sections']['host']['error'] == (
        'node hv-n02.lab.example: it is away')


def test_the_clock_of_the_node_does_not_count(world):
    world.cluster.nodes['HV-N01'].clock_ahead = datetime.timedelta(days=300)
    sections = described(memory_of(world).collect())['sections']
    assert {report['collected_at'] for report in sections.values()} == {
        START.isoformat()}


def test_a_name_that_leads_to_another_node_is_refused(world):
    world.instead = {'hv-n01.lab.example': 'hv-n02',
                     'hv-n02.lab.example': 'hv-n03'}
    with pytest.raises(exception.SourceUnavailable,
                       match="hv-n01.*'HV-N02' answers instead"):
        memory_of(world).collect()


def test_another_cluster_is_refused_with_both_guids(world):
    pinned = simulated.guid('other')
    with pytest.raises(exception.SourceUnavailable) as raised:
        memory_of(world, guid=pinned).collect()
    assert pinned in str(raised.value)
    assert world.cluster.guid in str(raised.value)


def test_the_first_guid_is_the_one_from_then_on(world):
    remembered = memory_of(world)
    first = described(remembered.collect())
    world.cluster.guid = simulated.guid('rebuilt')
    world.seconds = 30
    assert described(remembered.collect())['guid'] == first['guid']
    # Nothing of the other cluster is believed: what is known grows old.
    assert described(remembered.collect())['sections']['nodes'][
        'collected_at'] == START.isoformat()


def test_a_cluster_nobody_answers_for_is_what_it_was_and_grows_old(world):
    remembered = memory_of(world)
    remembered.collect()
    world.away = {f'hv-n0{number}.lab.example' for number in (1, 2, 3)}
    world.seconds = 600
    assert described(remembered.collect())['sections']['volumes'][
        'collected_at'] == START.isoformat()


def test_a_cluster_that_never_answered_is_an_error_with_each_reason(world):
    world.away = {f'hv-n0{number}.lab.example' for number in (1, 2)}
    with pytest.raises(exception.SourceUnavailable) as raised:
        memory_of(world).collect()
    assert 'hv-n01' in str(raised.value) and 'hv-n02' in str(raised.value)


@pytest.mark.parametrize('text', ('', 'garbage', '<html></html>', '{}\n',
                                  '{"section":"begin","rows":[]}\n'))
def test_what_is_no_answer_is_unavailable(world, text):
    world.ask = lambda *_: text
    with pytest.raises(exception.SourceUnavailable, match='not that of the'):
        memory_of(world).collect()


def test_an_evicted_node_is_forgotten(world):
    remembered = memory_of(world)
    assert 'HV-N03' in {answer.node for answer in remembered.collect()}
    world.cluster.evict('HV-N03')
    assert 'HV-N03' not in {answer.node for answer in remembered.collect()}


def test_a_long_name_is_compared_as_far_as_netbios_keeps_it():
    host = 'hyperv-rack12-node07.lab'
    assert node_answer.is_name_of('HYPERV-RACK12-N', host)
    assert not node_answer.is_name_of('HYPERV-RACK13-N', host)


def large_world():
    return World(simulated.cluster('HV', nodes=64, volumes=4))


def names_of(world):
    return tuple(f'{name.lower()}.lab.example' for name in world.cluster.nodes)


def test_of_64_nodes_20_are_dead_and_cost_two_turns(monkeypatch):
    """They are first in the file: of each turn one wait is to be borne."""
    world = large_world()
    nodes = names_of(world)
    world.away = set(nodes[:20])
    turns = []
    asks = asking.Asking(16)
    monkeypatch.setattr(asks, 'ask', lambda questions, seconds, **how: (
        turns.append((len(questions), seconds)) or
        asking.Asking.ask(asks, questions, seconds, **how)))
    remembered = memory.ClusterMemory(
        Access('HV', nodes), world.ask, asks, world.clock)
    answers = remembered.collect()
    assert [count for count, _ in turns] == [1, 16, 16, 64]
    # Whatever they do instead of answering, it ends.
    assert sum(seconds for _, seconds in turns) <= 3 * 105 + 360
    assert len([each for each in described(answers)['nodes']
                if 'home' in each]) == 44
    turns.clear()
    world.calls()
    remembered.collect()
    assert [count for count, _ in turns] == [1, 64]
    assert len(world.calls()) == 1 + 64


def test_a_node_whose_files_hang_is_asked_for_them_seldom(world):
    slow = 'hv-n02.lab.example'
    whole = world.ask

    def ask(host, access, question):
        if host == slow and 'Files' in question.switches:
            world.asked.append((host, question.call))
            world.seconds += question.seconds
            raise exception.SourceUnavailable(f'node {host}: timed out')
        return whole(host, access, question)
    world.ask = ask
    remembered = memory_of(world)
    remembered.collect()
    world.calls()
    answers = remembered.collect()
    assert (slow, 'Get-HvSchedNode') in world.calls()
    assert node(answers, 'HV-N02')['home']
    assert 'timed out' in node(answers, 'HV-N02')['sections']['files']['error']
    world.seconds += memory.FILES_SECONDS
    remembered.collect()
    assert (slow, 'Get-HvSchedNode -Files') in world.calls()


def test_a_right_that_is_lost_half_way_is_kept_and_not_failed(world):
    """Never delivered is not failed; delivered before grows old."""
    remembered = memory_of(world)
    before = described(remembered.collect())
    world.cluster.denied = {'volume_states', 'guarded'}
    world.seconds = memory.GUARDED_SECONDS
    after = described(remembered.collect())
    assert 'volume_states' not in after['sections']
    assert after['sections']['volumes']['collected_at'] != (
        before['sections']['volumes']['collected_at'])
    denied = node(remembered.collect(), 'HV-N01')
    assert 'guarded' not in denied['sections']
    assert 'guarded_host' not in denied


def test_a_right_that_never_was_is_no_failure(world):
    world.cluster.denied = {'volume_states', 'guarded', 'conf'}
    first = described(memory_of(world).collect())
    assert not any('error' in report for report in first['sections'].values())
    assert not any('error' in report for each in first['nodes']
                   for report in each['sections'].values())


def test_an_account_that_is_refused_is_not_tried_on_every_node(world):
    """Else a wrong password locks it; the next pass tries the next node."""
    remembered = memory_of(world)
    remembered.collect()
    world.calls()
    whole = world.ask

    def refuse(host, access, question):
        whole(host, access, question)
        raise exception.AccountRefused(f'node {host}: the account is refused')
    world.ask = remembered._ask = refuse
    for first in ('hv-n01', 'hv-n02', 'hv-n01'):
        remembered.collect()
        assert world.calls() == [
            (f'{first}.lab.example', 'Get-HvSchedCluster')]


def test_a_node_that_cannot_list_the_nodes_is_passed_over(world):
    """What the others said of themselves is kept, and not asked anew."""
    remembered = memory_of(world)
    before = described(remembered.collect())
    world.calls()
    whole = world.ask

    def ask(host, access, question):
        world.cluster.failing = (
            {'nodes'} if host.startswith('hv-n01') else set())
        return whole(host, access, question)
    remembered._ask = ask
    after = described(remembered.collect())
    assert [each['guarded_host'] for each in after['nodes']] == [
        each['guarded_host'] for each in before['nodes']]
    assert [host[:6] for host, call in world.asked
            if call == 'Get-HvSchedCluster'] == ['hv-n01', 'hv-n02']
    world.calls()
    remembered.collect()
    assert [host[:6] for host, call in world.asked
            if call == 'Get-HvSchedCluster'] == ['hv-n02']


def test_where_no_node_lists_the_nodes_their_answers_are_kept(world):
    remembered = memory_of(world)
    before = remembered.collect()
    world.calls()
    world.cluster.failing = {'nodes'}
    without = remembered.collect()
    assert 'nodes' not in described(without)
    assert 'volumes' in described(without)
    assert without[1:] == before[1:]
    assert {call for _, call in world.calls()} == {'Get-HvSchedCluster'}
    world.cluster.failing = set()
    again = remembered.collect()
    assert node(again, 'HV-N03')['guarded_host'] is False
    assert not any('Guarded' in call for _, call in world.calls())


def test_a_later_node_lists_the_nodes_in_a_later_pass(world):
    """Not every node is asked in a pass, but each has its turn."""
    remembered = memory_of(world, nodes=tuple(
        f'hv-n0{number}.lab.example' for number in (1, 2, 3)))
    whole = world.ask

    def ask(host, access, question):
        world.cluster.failing = (
            set() if host.startswith('hv-n03') else {'nodes'})
        return whole(host, access, question)
    remembered._ask = ask
    remembered.collect()
    assert len(described(remembered.collect())['nodes']) == 3


def test_a_node_that_comes_back_after_its_eviction_is_asked_everything(
        world):
    remembered = memory_of(world)
    remembered.collect()
    evicted = world.cluster.nodes.pop('HV-N03')
    remembered.collect()
    world.cluster.nodes['HV-N03'] = evicted
    world.calls()
    remembered.collect()
    assert ('hv-n03.lab.example', 'Get-HvSchedNode -Guarded -Files') in (
        world.calls())


@pytest.mark.parametrize('dead', (0, 1, 2))
def test_a_refused_account_is_tried_once_in_a_pass_whoever_is_dead(
        world, dead):
    """Behind dead nodes many are asked at a time: not with an account that
    they might lock."""
    hosts = tuple(f'hv-n{number:02}.lab.example' for number in range(20))
    refused = []

    def refuse(host, access, question):
        if host in hosts[:dead]:
            raise exception.SourceUnavailable(f'node {host}: it is away')
        refused.append(host)
        raise exception.AccountRefused(f'node {host}: the account is refused')
    world.ask = refuse
    with pytest.raises(exception.AccountRefused):
        memory_of(world, nodes=hosts).collect()
    assert refused == [hosts[dead]]
