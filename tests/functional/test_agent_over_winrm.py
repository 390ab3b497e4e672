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

"""What an agent asks of Windows nodes, and what is left when rights go."""

import threading

import pytest

from hv_sched.agent import cmd
from hv_sched.agent import passes
from hv_sched.demo.windows import simulated
from hv_sched.placement import client
from hv_sched.placement import names
from hv_sched.sources.winrm import clusters
from hv_sched.sources.winrm import questions
from tests.functional import agent_conf
from tests.functional import cloud as clouds
from tests.functional import nova_answers


class Site:
    """A simulated cluster in an access file, and what it was asked."""

    def __init__(self, placement, folder, cluster):
        self.cloud = clouds.Cloud(placement)
        self.cloud.register(*cluster.nodes, disk_gb=500)
        self.cluster = cluster
        self.asked = []
        self.folder = folder

    def ask(self, host, access, question):
        self.asked.append((host, question.call))
        name = host.partition('.')[0].upper()
        if question.function == questions.CLUSTER.function:
            return self.cluster.cluster_answer(name)
        return self.cluster.node_answer(
            name, 'Guarded' in question.switches,
            'Files' in question.switches)

    def agent(self, number=1):
        """An agent of its own; each remembers for itself."""
        folder = self.folder / str(number)
        folder.mkdir()
        source = folder / 'winrm.yaml'
        source.write_text('clusters:\n- name: HV\n  nodes: [hv-n01]\n')
        conf = cmd.configure(['--config-file', agent_conf.write(
            folder, self.cloud.placement, source=str(source),
            source_type='winrm', audit_every='1', workers='1')])
        return passes.Agent(conf, client.from_adapter(self.cloud.placement),
                            nova_answers.Answers(self.cloud.nodes))

    def hosts(self):
        """Where a server of 400 GB could go."""
        return self.cloud.hosts(
            400, f'required=!{names.NO_NEW_DISKS},!{names.PAUSED}')


@pytest.fixture
def site(placement, tmp_path, monkeypatch):
    made = Site(placement, tmp_path, simulated.cluster('HV', nodes=3))
    monkeypatch.setattr(clusters, 'endpoint_ask', lambda: made.ask)
    return made


def test_one_pass_of_an_agent_asks_each_node_once(site):
    """Syncing, restoring and the audit all want to know of the source."""
    agent = site.agent()
    for first in (True, False):
        assert agent.run() == 0
        switches = ' -Guarded -Files' if first else ''
        assert sorted(site.asked) == [
            ('hv-n01', 'Get-HvSchedCluster'),
            *((f'hv-n0{number}', f'Get-HvSchedNode{switches}')
              for number in (1, 2, 3))]
        site.asked.clear()


def test_two_agents_at_once_say_the_same(site):
    agents = [site.agent(number) for number in (1, 2)]
    threads = [threading.Thread(target=agent.run) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(600)
    assert [agent.run() for agent in agents] == [0, 0]
    assert site.hosts() == set(site.cluster.nodes)


def test_a_right_that_is_lost_opens_nothing_that_was_closed(site):
    """A node that is cut off from its home stays so while nobody may ask."""
    agent = site.agent()
    home = site.cluster.volumes['Volume1']
    home.unreachable = {'HV-N01'}
    agent.run()
    assert 'HV-N01' not in site.hosts()
    site.cluster.denied = {'volume_states'}
    home.unreachable = set()
    agent.run()
    assert 'HV-N01' not in site.hosts()
    site.cluster.denied = set()
    agent.run()
    assert 'HV-N01' in site.hosts()


def test_a_cluster_that_hangs_from_the_start_delays_no_other(
        placement, tmp_path, monkeypatch):
    site = Site(placement, tmp_path, simulated.cluster('HV', nodes=2))
    asked, release = threading.Event(), threading.Event()

    def ask(host, access, question):
        if access.name != 'HV':
            asked.set()
            release.wait(600)
        return site.ask(host, access, question)
    monkeypatch.setattr(clusters, 'endpoint_ask', lambda: ask)
    monkeypatch.setattr(clusters, 'FIRST_PASS_SECONDS', 1)
    monkeypatch.setattr(clusters, 'PASS_SECONDS', 0.5)
    agent = site.agent()
    (tmp_path / '1' / 'winrm.yaml').write_text(
        'clusters:\n- name: AWAY\n  nodes: [away-n01]\n'
        '- name: HV\n  nodes: [hv-n01]\n')
    agent.start(0.1)
    try:
        assert asked.wait(600)
        pause = threading.Event()
        while not any(listed.name.startswith('csv:HV/')
                      for listed in site.cloud.api.list_providers()):
            pause.wait(0.1)
        assert not release.is_set()
    finally:
        release.set()
        agent.stop()
