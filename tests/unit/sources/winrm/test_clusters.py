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

"""The clusters of an access file: asked once a pass, each for itself."""

import datetime
import subprocess
import sys
import threading

import pytest

from hv_sched import exception
from hv_sched.demo.windows import simulated
from hv_sched.sources.winrm import clusters
from hv_sched.sources.winrm import memory
from hv_sched.sources.winrm import questions

_WITHOUT = '''
import sys
sys.modules['pypsrp'] = None
from hv_sched import exception, sources
import hv_sched.agent.cmd, hv_sched.demo.__main__, hv_sched.osc.collect
try:
    sources.load(sys.argv[1], 'winrm')
except exception.InvalidConfig as exc:
    print(exc)
'''


def test_without_pypsrp_only_its_own_source_is_missing(tmp_path):
    path = tmp_path / 'winrm.yaml'
    path.write_text('clusters:\n- name: HV\n  nodes: [hv01]\n')
    run = subprocess.run([sys.executable, '-W', 'ignore', '-c', _WITHOUT,
                          str(path)], capture_output=True, text=True,
                         check=False)
    assert (run.returncode, run.stderr) == (0, '')
    assert 'pip install hv_sched[winrm]' in run.stdout


class Sites:
    """Two clusters of two nodes each, and what they were asked.

    :ivar hanging: nodes that answer when ``release`` is set
    """

    def __init__(self, folder):
        self.clusters = {name: simulated.cluster(name, nodes=2)
                         for name in ('HVA', 'HVB')}
        self.path = folder / 'winrm.yaml'
        self.write(*self.clusters)
        self.asked, self.hanging = [], set()
        self.release = threading.Event()
        self.seconds = 0.0
        start = datetime.datetime(2026, 11, 26,
                                  tzinfo=datetime.timezone.utc)
        self.source = clusters.Clusters(
            str(self.path), self.ask, memory.Clock(
                lambda: self.seconds, lambda: start + datetime.timedelta(
                    seconds=self.seconds)))

    def write(self, *names):
        self.path.write_text('clusters:\n' + ''.join(
            f'- name: {name}\n  nodes: [{name}-n01]\n' for name in names))

    def ask(self, host, access, question):
        name = host.upper()
        self.asked.append((name, question.function))
        if name in self.hanging:
            self.release.wait(600)
        cluster = self.clusters[name.partition('-')[0]]
        if question.function == questions.CLUSTER.function:
            return cluster.cluster_answer(name)
        return cluster.node_answer(name, files='Files' in question.switches)

    def count(self):
        made, self.asked = self.asked, []
        return len(made)


class ArrivalLock:
    """A lock that tells who comes to it."""

    def __init__(self):
        self._lock = threading.Lock()
        self.arrived = threading.Semaphore(0)

    def __enter__(self):
        self.arrived.release()
        self._lock.acquire()

    def __exit__(self, *_):
        self._lock.release()


@pytest.fixture
def sites(tmp_path):
    made = Sites(tmp_path)
    yield made
    made.release.set()


def test_one_pass_asks_once(sites):
    """Each cluster, and each of its nodes for itself."""
    first = sites.source.collect()
    assert sites.count() == 2 + 4
    sites.seconds = 599
    assert sites.source.collect(600) is first
    assert sites.source.text().count('"section": "begin"') == 2 + 4
    assert sites.count() == 0


def test_the_next_pass_asks_again(sites):
    sites.source.collect()
    sites.count()
    sites.seconds = 60
    sites.source.collect()
    assert sites.count() == 2 + 4
    sites.seconds = 660
    sites.source.collect(600)
    assert sites.count() == 2 + 4


def test_what_was_asked_by_another_file_is_not_an_answer(sites):
    sites.source.collect()
    sites.count()
    sites.write('HVA')
    collected = sites.source.collect(600)
    assert [name for name, _ in collected.documents] == ['HVA']
    assert sites.count() == 3


def test_two_parts_of_an_agent_share_what_is_asked_at_the_moment(sites):
    sites.hanging = {'HVA-N01'}
    collected = []
    threads = [threading.Thread(
        target=lambda: collected.append(sites.source.collect()))
        for _ in range(3)]
    sites.source._lock = lock = ArrivalLock()
    for thread in threads:
        thread.start()
        lock.arrived.acquire(timeout=600)
    sites.seconds = 1
    sites.release.set()
    for thread in threads:
        thread.join(600)
    assert len(collected) == 3
    assert all(each is collected[0] for each in collected)
    assert sites.count() == 2 + 4


def test_a_cluster_that_hangs_delays_no_other_and_is_what_it_was(
        sites, monkeypatch):
    first = dict(sites.source.collect().documents)
    monkeypatch.setattr(clusters, 'PASS_SECONDS', 0.5)
    sites.hanging = {'HVA-N01'}
    sites.seconds = 60
    second = dict(sites.source.collect().documents)
    assert second['HVA'] == first['HVA']
    assert second['HVB'] != first['HVB']
    # It is not asked a second time meanwhile.
    sites.count()
    sites.seconds = 120
    assert dict(sites.source.collect().documents)['HVA'] == first['HVA']
    assert all(name.startswith('HVB') for name, _ in sites.asked)


def test_a_cluster_that_hangs_from_the_start_is_a_problem(
        sites, monkeypatch):
    monkeypatch.setattr(clusters, 'ONLY_PASS_SECONDS', 0.5)
    sites.hanging = {'HVA-N01'}
    collected = sites.source.collect()
    assert [name for name, _ in collected.documents] == ['HVB']
    [problem] = collected.problems
    assert problem.freezes
    assert 'cluster HVA: no answer within 0.5 seconds' in problem.message


def test_a_secret_that_cannot_be_read_is_not_a_matter_of_time(sites):
    sites.source.collect()

    def refuse(*_):
        raise exception.InvalidConfig('/etc/secret: mode 0644')
    sites.source._memories = {
        access: memory.ClusterMemory(access, refuse, clusters.Asking(1),
                                     memory.Clock())
        for access in sites.source._memories}
    sites.seconds = 60
    assert {problem.message for problem in sites.source.collect().problems
            } == {'/etc/secret: mode 0644'}
