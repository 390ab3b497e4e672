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


"""Attestation lapses between two syncs of a static source."""

from typing import Any

import fixtures
import pytest
import yaml

from hv_sched import sources
from hv_sched.providers import node_cpus
from hv_sched.providers import reconcile
from hv_sched.providers.settings import Settings
from tests.nova import agent
from tests.nova import features
from tests.nova.features import hv_fake
from tests.nova.features import SHIELDED

_SHIELDED = 'CUSTOM_HYPERV_SHIELDED_VM'
_SURVIVABLE = 'CUSTOM_HYPERV_HA_SHIELDED_VM'


class SyncCase(features.AskingCase):
    """Nodes of a cluster; who is attested stands in the source's file alone.
    """

    HOSTS = ('w2016', 'w2019', 'w2022')
    DRIVER = 'HyperVNode'

    def setUp(self) -> None:
        super().setUp()
        self.flags(compute_driver=f'hv_fake.{self.DRIVER}')
        self.start_hosts()
        self.cpus = node_cpus.NodeCpus(agent.nova_of(self.admin_api))
        self.path = self.useFixture(fixtures.TempDir()).join('spec.yaml')
        self.nodes: dict[str, dict[str, Any]] = {
            'w2016': {'build': 14393, 'guarded_host': True},
            'w2019': {'build': 17763, 'guarded_host': False},
            'w2022': {'build': 20348, 'guarded_host': True},
            'w2022b': {'build': 20348, 'guarded_host': True}}
        self.sync()

    def sync(self, **guarded: bool | None) -> None:
        """Change the file and sync it; None: the file does not say."""
        for name, answer in guarded.items():
            self.nodes[name].pop('guarded_host', None)
            if answer is not None:
                self.nodes[name]['guarded_host'] = answer
        with open(self.path, 'w') as file:
            yaml.safe_dump({'version': 1, 'clusters': [{
                'name': 'c1', 'guid': '3f2c7a10-5b8e-4c61-9d42-7e1a0b6c5d01',
                'functional_level': 9,
                'nodes': [{'name': name, **node}
                          for name, node in self.nodes.items()
                          if name in self.HOSTS],
                'volumes': [{
                    'name': 'CSV1', 'size_gb': 500, 'free_gb': 500,
                    'guid': 'a1d0c3b2-4e5f-4a6b-8c7d-100000000001'}]}]}, file)
        result = reconcile.Reconciler(
            agent.placement_of(self.placement), Settings(workers=1),
            cpus=self.cpus).sync(sources.load(self.path))
        assert not result.failures, result.failures
        self.refresh_computes()
        self.forget_snapshot()

    def with_trait(self, trait: str) -> set[str]:
        return {host for host in self.HOSTS if trait in self.placement.get(
            f'/resource_providers/{self.node(host)}/traits',
            version='1.39').body['traits']}

    def shielded(self, **kwargs: Any) -> str | None:
        return self.host_of(self.ask(({}, {}, SHIELDED), **kwargs))


class LapseTest(SyncCase):
    """Attestation that comes and goes."""

    def test_a_lapse_ends_new_servers_there_and_touches_no_running_one(
            self) -> None:
        assert self.with_trait(_SHIELDED) == {'w2016', 'w2022'}
        one = self.ask(({}, {}, SHIELDED), host='w2016')
        other = self.ask(({}, {}, SHIELDED), host='w2022')
        before = self.all_shares()
        self.sync(w2022=False)
        assert self.with_trait(_SHIELDED) == {'w2016'}
        self.refused(({}, {}, SHIELDED), host='w2022')
        new = [self.ask(({}, {}, SHIELDED)) for _ in range(3)]
        assert {self.host_of(server) for server in new} == {'w2016'}
        assert self.live_migrate(one) == 'error'
        for server, host in ((one, 'w2016'), (other, 'w2022')):
            found = self.api.get_server(server['id'])
            assert found['status'] == 'ACTIVE'
            assert self.host_of(server) == host
            assert self.shares(server['id']) == before[server['id']]
        self.sync(w2016=False)
        assert self.with_trait(_SHIELDED) == set()
        fault = self.refused(({}, {}, SHIELDED))
        assert 'No valid host' in fault
        # Not to be told is no lapse, and no attestation either.
        self.sync(w2016=True, w2022=None)
        assert self.with_trait(_SHIELDED) == {'w2016'}
        self.sync(w2016=None)
        assert self.shielded() == 'w2016'


class ProcessorTest(SyncCase):
    """The source says nothing of processors, the virt driver does."""

    DRIVER = 'ProcessorNode'

    def setUp(self) -> None:
        self.useFixture(fixtures.MonkeyPatch(
            'nova.virt.hv_fake.ProcessorNode.made_by_others',
            frozenset({'w2022'})))
        super().setUp()

    def test_a_node_has_the_traits_of_what_nova_knows_of_its_processor(
            self) -> None:
        everywhere = {'w2016', 'w2019', 'w2022'}
        for name in ('MMX', 'SSE', 'SSE2', 'SSE3'):
            assert self.with_trait(f'HW_CPU_X86_{name}') == everywhere
        assert self.with_trait('HW_CPU_X86_VMX') == {'w2016', 'w2019'}
        assert self.with_trait('HW_CPU_X86_SVM') == {'w2022'}


class SurvivableTest(SyncCase):
    """Four nodes, of which two can stand in for each other."""

    HOSTS = ('w2016', 'w2019', 'w2022', 'w2022b')

    @pytest.mark.long
    def test_by_option_a_server_starts_again_wherever_the_cluster_may(
            self) -> None:
        """A cluster restarts it on any node of the same or a newer build."""
        newest = {'w2022', 'w2022b'}
        assert self.with_trait(_SURVIVABLE) == newest
        assert self.shielded(host='w2016') == 'w2016'
        self.flags(survivable_features=True, group='hv_sched')
        for _ in range(3):
            assert self.shielded() in newest
        self.refused(({}, {}, SHIELDED), host='w2016')
        self.sync(w2019=True)
        assert self.with_trait(_SURVIVABLE) == set(self.HOSTS)
        assert self.shielded(host='w2016') == 'w2016'
        self.sync(w2022=False)
        assert self.with_trait(_SURVIVABLE) == set()
        tried = hv_fake.HyperVNode.spawned
        self.refused(({}, {}, SHIELDED))
        assert hv_fake.HyperVNode.spawned == tried
