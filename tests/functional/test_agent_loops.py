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


"""A loop for each cluster: none waits for another, and idle ones ask little.
"""

import logging
import threading

import pytest

from hv_sched import sources
from hv_sched.agent import cmd
from hv_sched.agent import gathering
from hv_sched.agent import passes
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from tests.functional import agent_conf
from tests.functional import cloud as clouds
from tests.functional import nova_answers

ENOUGH_SECONDS = 300


class Site:
    """So many clusters in a source of files, and agents of them."""

    def __init__(self, placement, folder, clusters, nodes, volumes=1):
        self.cloud = clouds.Cloud(placement)
        self.folder = folder
        self.clusters = [f'hvc{number}' for number in range(clusters)]
        self.nodes = {name: [f'{name}-n{number}' for number in range(nodes)]
                      for name in self.clusters}
        self.volumes = volumes
        self.free_gb = dict.fromkeys(self.clusters, 400)
        self.is_open = dict.fromkeys(self.clusters, True)
        self.cloud.register(*sum(self.nodes.values(), []))
        self.source = folder / 'clusters.yaml'
        self.write()

    def guid(self, cluster):
        return f'11111111-1111-4111-8111-{self.clusters.index(cluster):012d}'

    def volume_guid(self, cluster, number=0):
        return (f'22222222-2222-4222-8222-{self.clusters.index(cluster):06d}'
                f'{number:06d}')

    def volume(self, cluster):
        return ids.volume_uuid(self.guid(cluster), self.volume_guid(cluster))

    def write(self):
        lines = ['version: 1', 'clusters:']
        for name in self.clusters:
            lines += [f'- name: {name}', f'  guid: {self.guid(name)}',
                      '  nodes:']
            lines += [f'  - {{name: {node}, build: 14393, '
                      f'home: Volume{i % self.volumes}}}'
                      for i, node in enumerate(self.nodes[name])]
            lines.append('  volumes:')
            lines += [f'  - {{name: Volume{number}, guid: '
                      f'{self.volume_guid(name, number)}, size_gb: 500, '
                      f'free_gb: {self.free_gb[name]}, '
                      f'accepts_new_disks: {str(self.is_open[name]).lower()}}}'
                      for number in range(self.volumes)]
        self.source.write_text('\n'.join(lines) + '\n')

    def agent(self, **options):
        conf = cmd.configure(['--config-file', agent_conf.write(
            self.folder, self.cloud.placement, **{
                'source': str(self.source), 'full_read_every': '1000',
                'workers': '1', 'audit_every': '0', 'agent_interval': '1',
                **options})])
        return passes.Agent(conf, client.from_adapter(self.cloud.placement),
                            nova_answers.Answers(self.cloud.nodes))

    def is_closed(self, cluster):
        return names.NO_NEW_DISKS in self.cloud.api.traits(
            self.volume(cluster))[1]

    def reserved_gb(self, cluster):
        return self.cloud.api.inventories(
            self.volume(cluster))[1]['DISK_GB'].reserved


def idle_requests(placement, folder, clusters, nodes, volumes):
    """What a pass with nothing to do asks."""
    site = Site(placement, folder, clusters, nodes, volumes)
    agent = site.agent()
    assert [agent.run(), agent.run()] == [0, 0], 'what we wrote is seen'
    placement.service.log.clear()
    assert agent.run() == 0
    return list(placement.service.log)


# Of the look at Placement, and of the escrow.
IDLE_REQUESTS = 11


@pytest.mark.parametrize('clusters, nodes, volumes', [(1, 2, 1), (5, 6, 3)])
def test_an_idle_pass_asks_the_same_at_any_size(
        placement, tmp_path, clusters, nodes, volumes):
    log = idle_requests(placement, tmp_path, clusters, nodes, volumes)
    assert len(log) <= IDLE_REQUESTS, log
    assert {method for method, _path in log} == {'GET'}


@pytest.mark.parametrize('workers', ['1', '4'])
@pytest.mark.parametrize('clusters, nodes', [(2, 2), (5, 3)])
def test_a_first_pass_makes_each_name_once(
        placement, tmp_path, clusters, nodes, workers):
    """Though most names are those of all clusters."""
    agent = Site(placement, tmp_path, clusters, nodes).agent(workers=workers)
    placement.service.log.clear()
    assert agent.run() == 0
    named = [path for method, path in placement.service.log
             if method == 'PUT'
             and path.startswith(('/traits/', '/resource_classes/'))]
    assert len(named) > clusters
    assert len(named) == len(set(named))


def test_a_foreign_write_costs_what_it_touched(placement, tmp_path):
    site = Site(placement, tmp_path, 4, 4)
    agent = site.agent()
    agent.run()
    agent.run()
    node = site.nodes['hvc1'][2]
    uuid = site.cloud.nodes[node]
    generation, traits = site.cloud.api.traits(uuid)
    site.cloud.api.set_traits(
        uuid, generation, traits - {'CUSTOM_HYPERV_CLUSTERED'})
    placement.service.log.clear()
    assert agent.run() == 0
    assert 'CUSTOM_HYPERV_CLUSTERED' in site.cloud.api.traits(uuid)[1]
    touched = {path.split('/')[2] for _method, path in placement.service.log
               if path.startswith('/resource_providers/')}
    assert touched == {uuid}


def test_a_full_pass_finds_what_raised_no_generation(placement, tmp_path):
    """Aggregates written before microversion 1.19."""
    site = Site(placement, tmp_path, 1, 2)
    agent = site.agent(full_read_every='2')
    assert [agent.run() for _ in range(3)] == [0, 0, 0]
    uuid = site.volume('hvc0')
    aggregates = site.cloud.api.aggregates(uuid)[1]
    answer = site.cloud.admin.put(
        f'/resource_providers/{uuid}/aggregates', json=[],
        microversion='1.1')
    assert answer.status_code == 200
    agent.run()
    assert site.cloud.api.aggregates(uuid)[1] == set()
    agent.run()
    assert site.cloud.api.aggregates(uuid)[1] == aggregates


def until(condition):
    """Wait for an event of another thread, whatever it takes."""
    pause = threading.Event()
    for _ in range(ENOUGH_SECONDS * 20):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError('it never came')


def test_a_cluster_that_placement_does_not_serve_delays_no_other(
        placement, tmp_path):
    site = Site(placement, tmp_path, 3, 2)
    agent = site.agent()
    assert agent.run() == 0
    hung, release = threading.Event(), threading.Event()

    def hangs(environ):
        if site.volume('hvc0') in environ['PATH_INFO']:
            hung.set()
            release.wait(ENOUGH_SECONDS)
    agent = site.agent()
    before = {name: site.reserved_gb(name) for name in site.clusters}
    placement.service.before = hangs
    agent.start(0.1)
    try:
        assert hung.wait(ENOUGH_SECONDS)
        for free_gb in (300, 200):
            site.free_gb = dict.fromkeys(site.clusters, free_gb)
            site.write()
            until(lambda free_gb=free_gb: all(
                site.reserved_gb(name) >= 500 - free_gb
                for name in ('hvc1', 'hvc2')))
        assert not release.is_set()
        release.set()
        until(lambda: site.reserved_gb('hvc0') > before['hvc0'])
    finally:
        release.set()
        placement.service.before = None
        agent.stop()


def test_a_source_that_hangs_does_not_stop_the_passes(
        placement, tmp_path, monkeypatch):
    site = Site(placement, tmp_path, 1, 2)
    agent = site.agent()
    hung, release = threading.Event(), threading.Event()
    read = sources.configured

    def hangs(options, max_age=0):
        if hung.is_set():
            release.wait(ENOUGH_SECONDS)
        hung.set()
        return read(options, max_age)
    monkeypatch.setattr(gathering.sources, 'configured', hangs)
    agent.start(0.1)
    try:
        until(lambda: any(
            listed.name == 'csv:hvc0/Volume0'
            for listed in site.cloud.api.list_providers()))
        seen = len(placement.service.log)
        until(lambda: len(placement.service.log) > seen + 40)
    finally:
        release.set()
        agent.stop()


def test_a_notice_that_lasts_is_told_once(placement, tmp_path, caplog):
    site = Site(placement, tmp_path, 1, 2)
    site.nodes['hvc0'].append('stranger')
    site.write()
    agent = site.agent()
    caplog.set_level(logging.INFO, logger='hv_sched')
    codes = [agent.run() for _ in range(4)]
    assert len(set(codes)) == 1
    lines = [record.getMessage() for record in caplog.records
             if 'stranger' in record.getMessage()]
    assert len(lines) == 1, lines
    caplog.clear()
    site.nodes['hvc0'].remove('stranger')
    site.write()
    agent.run()
    line, = (record.getMessage() for record in caplog.records
             if 'stranger' in record.getMessage())
    assert line.startswith('No longer')


def test_told_to_stop_it_ends_after_the_write_in_hand(placement, tmp_path):
    site = Site(placement, tmp_path, 2, 2)
    agent = site.agent()

    def stops(environ):
        if environ['REQUEST_METHOD'] != 'GET':
            agent.stop()
    placement.service.before = stops
    agent.run()
    writes = [call for call in placement.service.log if call[0] != 'GET']
    assert len(writes) == 1 + len(site.cloud.nodes) * 3, writes[-3:]
    placement.service.before = None
    assert site.agent().run() == 0, 'the next one finishes it'


def test_sighup_keeps_what_was_closed_waiting_for_a_second_answer(
        placement, tmp_path):
    site = Site(placement, tmp_path, 1, 2)
    former = site.agent()
    former.run()
    site.free_gb['hvc0'] = 10
    site.write()
    former.run()
    closed = 'CUSTOM_CSV_NO_NEW_DISKS'
    assert closed in site.cloud.api.traits(site.volume('hvc0'))[1]
    site.free_gb['hvc0'] = 400
    site.write()
    agent = site.agent()
    agent.take_over(former)
    agent.run()
    assert closed in site.cloud.api.traits(site.volume('hvc0'))[1]
    agent.run()
    assert closed not in site.cloud.api.traits(site.volume('hvc0'))[1]


@pytest.mark.parametrize('status', [
    '403 Forbidden', '500 Internal Server Error'])
def test_a_role_that_is_wrong_half_way_is_one_line_until_it_is_right(
        placement, tmp_path, caplog, monkeypatch, status):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    site = Site(placement, tmp_path, 1, 2)
    agent = site.agent()
    assert agent.run() == 0
    caplog.set_level(logging.INFO, logger='hv_sched')
    caplog.clear()
    placement.service.refuse_all(status)
    assert [agent.run() for _ in range(3)] == [1, 1, 1]
    lines = [record.getMessage() for record in caplog.records
             if record.name.startswith('hv_sched')]
    assert [line.partition(':')[0] for line in lines] == [
        'Sync', 'Restoring held shares'], lines
    caplog.clear()
    placement.service.before = None
    assert agent.run() == 0
    lines = [record.getMessage() for record in caplog.records
             if 'works again after 3 failed passes' in record.getMessage()]
    assert len(lines) == 2


def test_a_stale_replica_of_placement_makes_it_observe_again(
        placement, tmp_path):
    """What it answers is of the past, and writes meet conflicts."""
    site = Site(placement, tmp_path, 1, 2)
    agent = site.agent()
    assert [agent.run(), agent.run()] == [0, 0]
    answers, left = {}, []

    def record(environ, answer):
        answers[environ['PATH_INFO'], environ.get('QUERY_STRING')] = answer
        return answer

    def replica(environ, answer):
        key = environ['PATH_INFO'], environ.get('QUERY_STRING')
        if environ['REQUEST_METHOD'] != 'GET' and left:
            left.pop()
        return answers.get(key, answer) if left and (
            environ['REQUEST_METHOD'] == 'GET') else answer
    placement.service.distort = record
    site.agent().run()
    placement.service.distort = None
    uuid = site.volume('hvc0')
    site.cloud.api.ensure_trait('CUSTOM_GOLD')
    generation, traits = site.cloud.api.traits(uuid)
    site.cloud.api.set_traits(uuid, generation, traits | {'CUSTOM_GOLD'})
    site.free_gb['hvc0'] = 100
    site.write()
    left += [None, None]
    placement.service.distort = replica
    codes = [agent.run(), agent.run()]
    placement.service.distort = None
    assert codes[-1] == 0, codes
    assert not left, 'the replica was behind two writes'
    assert site.reserved_gb('hvc0') >= 400
    assert 'CUSTOM_GOLD' in site.cloud.api.traits(uuid)[1]


def test_what_a_former_agent_closed_opens_by_the_second_answer(
        placement, tmp_path):
    """Though the agent that sees it closed still writes nothing."""
    site = Site(placement, tmp_path, 1, 2)
    site.agent().run()
    site.is_open['hvc0'] = False
    site.write()
    site.agent().run()
    agent = site.agent()
    agent.run()
    site.is_open['hvc0'] = True
    site.write()
    assert [(agent.run(), site.is_closed('hvc0')) for _ in range(2)] == [
        (0, True), (0, False)]
