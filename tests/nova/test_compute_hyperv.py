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

"""compute-hyperv's own code beside Nova: what it reports, and a failover.

Only Windows is faked below it. It reports the volume as the node's own disk,
whoever else does, and writes the host and the allocations of a server that the
cluster started elsewhere.
"""

from unittest import mock

from nova import exception as nova_exception
from nova import objects
from nova.virt import fake
import pytest

from hv_sched.placement import disk_ratio
from hv_sched.placement import names
from tests.nova import failing_over
from tests.nova import moving

pytest.importorskip('compute_hyperv', reason=(
    'compute-hyperv runs with nova 28 only: make test-2023.2'))

from compute_hyperv.nova import driver  # noqa: E402
from compute_hyperv.nova import hostops  # noqa: E402
from compute_hyperv.nova.cluster import clusterops  # noqa: E402
from compute_hyperv.nova.utils import placement  # noqa: E402


def host_ops(node):
    """compute-hyperv's HostOps on a node of the harness.

    :param node: the harness's driver, which says how large it is
    """
    ops = hostops.HostOps.__new__(hostops.HostOps)
    ops.get_available_resource = lambda: {
        'vcpus': node.vcpus, 'memory_mb': node.memory_mb,
        'local_gb': node.local_gb}
    return ops


def update_provider_tree(node, tree, nodename, allocations=None):
    """As HyperVDriver does it."""
    node._hostops = host_ops(node)
    driver.HyperVDriver.update_provider_tree(node, tree, nodename,
                                             allocations)


class MendedClusterOps(clusterops.ClusterOps):
    """With the line that nova 28 insists on and 16.0.0 has not."""

    def _nova_failover_server(self, instance, new_host):
        instance.compute_id = objects.ComputeNode.get_by_host_and_nodename(
            self._context, new_host, new_host).id
        super()._nova_failover_server(instance, new_host)


def cluster_ops(context, this_node, kind=MendedClusterOps):
    """compute-hyperv's ClusterOps on a node that got a virtual machine."""
    ops = kind.__new__(kind)
    ops._context, ops._this_node = context, this_node
    ops._placement = placement.PlacementUtils()
    ops._instance_map = {}
    for name in ('_network_api', '_vmops', '_serial_console_ops', '_vmutils',
                 '_clustutils'):
        setattr(ops, name, mock.MagicMock())
    ops._clustutils.get_vm_host.return_value = this_node
    ops._vmutils.get_instance_uuid.return_value = None
    return ops


class ComputeHyperV(failing_over.FailoverCase):

    def setUp(self):
        self.stub_out('nova.virt.fake.FakeDriver.update_provider_tree',
                      update_provider_tree)
        super().setUp()

    def disk(self, host):
        return self._get_provider_inventory(self.node(host))[names.DISK_GB]

    def fail_over(self, server, to, kind=MendedClusterOps):
        """The listener of the cluster tells the node that got it."""
        context = self.cell_context()
        name = objects.Instance.get_by_uuid(context, server['id']).name
        ops = cluster_ops(context, to, kind)
        kind._failover_migrate.__wrapped__(ops, name, to)
        self.computes[to].driver.instances[server['id']] = (
            fake.FakeInstance(name, 1, server['id']))

    def test_the_volume_is_reported_as_each_nodes_own_and_stays_closed(self):
        for host in self.HOSTS:
            self.assertEqual(500, self.disk(host)['total'])
        closed = disk_ratio.closed_ratio(500)
        for _ in range(2):
            self.refresh_computes()
            self.assertEqual(
                {closed}, {self.disk(host)['allocation_ratio']
                           for host in self.HOSTS})
        self.restart_computes()
        self.assertEqual({closed}, {
            self.disk(host)['allocation_ratio'] for host in self.HOSTS})

    def test_nova_28_refuses_the_failover_of_16_0_0_and_nothing_is_lost(self):
        """Nova's host stays the former one: the owner differs from it."""
        server = self.on('h1')
        before = self.shares(server['id'])
        self.assertRaisesRegex(
            nova_exception.ObjectActionError, 'compute_id is not',
            self.fail_over, server, 'h2', clusterops.ClusterOps)
        self.assertEqual('h1', self.host_of(server))
        self.agent_pass()
        self.assertEqual(before, self.shares(server['id']))

    def test_a_failover_leaves_the_share_where_the_files_are(self):
        server = self.on('h1')
        self.crash('h1')
        self.fail_over(server, 'h2')
        self.assertEqual('h2', self.host_of(server))
        self.assertEqual({'h2': moving.COMPUTE,
                          'CSV1': {names.DISK_GB: 300}},
                         self.shares(server['id']))
        self.come_back('h1')
        self.disturb()
        self.agent_pass()
        self.assert_at_rest(server, 'h2')
        self.assertEqual('completed', self.live_migrate(server, 'h1'))
        self.assert_at_rest(server, 'h1')

    def test_a_failover_to_the_home_of_another_volume(self):
        server = self.on('h1')
        self.crash('h1')
        self.fail_over(server, 'h3')
        self.assert_at_rest(server, 'h3')
