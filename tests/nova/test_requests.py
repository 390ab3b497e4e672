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

"""Servers that ask for more than a host and a disk."""

import json

from nova import context as nova_context
from nova import exception
from nova import objects
from nova.virt import fake

from hv_sched.placement import names
from tests.nova import base
from tests.nova import publish

COMPUTE = {'VCPU': 1, 'MEMORY_MB': 512}


class Devices(base.NovaCase):
    """Two nodes, each with a NUMA topology, a PCI device and a bridge."""

    compute_driver = 'hv_fake.DeviceNode'
    HOSTS = ('h1', 'h2')
    FILTERS = ('NUMATopologyFilter', 'PciPassthroughFilter',
               'SharedVolumeFilter')

    def setUp(self):
        device = {'vendor_id': '8086', 'product_id': '1528'}
        self.flags(report_in_placement=True,
                   device_spec=[json.dumps(device)],
                   alias=[json.dumps({**device, 'name': 'card'})],
                   group='pci')
        self.flags(pci_in_placement=True, group='filter_scheduler')
        super().setUp()
        self.start_hosts()
        for host in self.HOSTS:
            self.add_bridge(host)
        self.aggregate('az1', self.HOSTS, az='az1')
        self.publish(publish.cluster(
            'c1', {'CSV1': ('h1',), 'CSV2': ('h2',)}))

    def add_bridge(self, host):
        """What Neutron's agent reports of a host."""
        bridge = f'{host}:bridge'
        self.placement.post('/resource_providers', {
            'name': bridge, 'parent_provider_uuid': self.node(host)},
            version='1.20')
        uuid = self.publisher.provider(bridge)
        found = self.placement.put(
            f'/resource_providers/{uuid}/inventories',
            {'resource_provider_generation': 0, 'inventories': {
                'NET_BW_IGR_KILOBIT_PER_SEC': {'total': 10000},
                'NET_BW_EGR_KILOBIT_PER_SEC': {'total': 10000}}},
            version='1.39')
        self.assertEqual(200, found.status)
        self.publisher.add_traits(uuid, 'CUSTOM_PHYSNET2',
                                  'CUSTOM_VNIC_TYPE_NORMAL')

    def test_numa_device_and_disk_come_together_where_the_request_says(self):
        flavor = self.flavor(50)
        self.api.post_extra_spec(flavor, {'extra_specs': {
            'hw:numa_nodes': '1', 'pci_passthrough:alias': 'card:1'}})
        for host, where in (('h2', {'host': 'h2'}), ('h1', {'az': 'az1'})):
            server = self.boot(flavor, **where)
            self.assertEqual(host, self.host_of(server))
            self.assertEqual(
                {host: COMPUTE, f'{host}_0000:81:00.0':
                 {'CUSTOM_PCI_8086_1528': 1},
                 f'CSV{host[1]}': {names.DISK_GB: 50}},
                self.shares(server['id']))
        before = self.all_shares()
        self.disturb()
        self.assertEqual(before, self.all_shares())
        self.boot(flavor, host='h1', state='ERROR')
        self.assertEqual(before, self.all_shares())

    def test_a_port_with_a_resource_request_goes_with_the_disk(self):
        self.boot_with_port(az='az1')

    def test_a_port_goes_with_the_disk_of_a_host(self):
        self.boot_with_port(host='h2')

    def test_a_port_goes_with_the_disk_of_a_forced_host(self):
        self.boot_with_port(az='az1:h2')

    def boot_with_port(self, **where):
        """Once a test: nova 32 in its harness loses the port with it."""
        port = self.neutron.port_with_resource_request['id']
        server = self.boot(
            self.flavor(50), more={'networks': [{'port': port}]}, **where)
        host = self.host_of(server)
        self.assertEqual(
            {host: COMPUTE, f'{host}:bridge': {
                'NET_BW_IGR_KILOBIT_PER_SEC': 1000,
                'NET_BW_EGR_KILOBIT_PER_SEC': 1000},
             f'CSV{host[1]}': {names.DISK_GB: 50}},
            self.shares(server['id']))
        self._delete_server(server)
        self.assertEqual([], self.logged('more than one numbered'))


class Constraints(base.NovaCase):
    """CSV1 is the home of h1 and h2, CSV2 that of h3 and h4."""

    FILTERS = ('AggregateImagePropertiesIsolation', 'SharedVolumeFilter')
    OWN = {'h1': 'CSV1', 'h2': 'CSV1', 'h3': 'CSV2', 'h4': 'CSV2'}

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.publish(publish.cluster(
            'c1', {'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')},
            sizes_gb={'CSV1': 300, 'CSV2': 200}))

    def hosts_of(self, servers):
        """Their hosts; each server has one share, on its host's home."""
        found = []
        for server in servers:
            host = self.host_of(server)
            self.assertEqual({self.OWN[host]: 10},
                             self.disk_of(server['id']))
            found.append(host)
        return sorted(found)

    def test_images_isolated_by_aggregate_keep_to_their_nodes(self):
        self.aggregate('windows', ('h1', 'h2'),
                       metadata={'os_distro': 'windows'})
        self.aggregate('all', tuple(self.OWN), az='az1')
        image = self.glance.create(None, {
            'name': 'linux', 'disk_format': 'raw', 'status': 'active',
            'container_format': 'raw', 'min_ram': 0, 'min_disk': 0,
            'size': 1, 'properties': {'os_distro': 'linux'}})['id']
        flavor = self.flavor(10)
        servers = self.boot_many(flavor, 4, image_uuid=image, az='az1')
        self.assertLessEqual(set(self.hosts_of(servers)), {'h3', 'h4'})
        self.boot(flavor, image_uuid=image, host='h1', state='ERROR')

    def test_so_many_members_of_a_group_on_a_host(self):
        group = self.api.post_server_groups({
            'name': 'g', 'policy': 'anti-affinity',
            'rules': {'max_server_per_host': 2}})['id']
        self.aggregate('az1', ('h1', 'h3'), az='az1')
        hints = {'group': group}
        flavor = self.flavor(10)
        servers = self.boot_many(flavor, 4, az='az1', hints=hints)
        self.assertEqual(['h1', 'h1', 'h3', 'h3'], self.hosts_of(servers))
        self.boot(flavor, az='az1', hints=hints, state='ERROR')
        self.boot(flavor, host='h2', hints=hints)

    def test_a_failed_build_goes_elsewhere_with_one_share(self):
        spawn, failed = fake.FakeDriver.spawn, []

        def fail_twice(driver, *args, **kwargs):
            if len(failed) < 2:
                failed.append(driver._host)
                raise exception.NovaException("the build fails")
            return spawn(driver, *args, **kwargs)

        self.stub_out('nova.virt.fake.FakeDriver.spawn', fail_twice)
        self.aggregate('all', tuple(self.OWN), az='az1')
        for where in ({}, {'az': 'az1'}):
            failed.clear()
            server = self.boot(self.flavor(10), **where)
            self.assertEqual(3, len({*failed, *self.hosts_of([server])}))
            self.assertEqual({server['id']}, set(self.all_shares()))
            self._delete_server(server)
        self.assertEqual({}, self.all_shares())


class TwoCells(base.NovaCase):

    NUMBER_OF_CELLS = 2

    def set_disabled(self, name, disabled):
        mapping = objects.CellMapping.get_by_uuid(
            nova_context.get_admin_context(), self.cell_mappings[name].uuid)
        mapping.disabled = disabled
        mapping.save()
        # What SIGHUP does to nova-scheduler.
        self.scheduler_service.manager.reset()

    def test_a_disabled_cell_gets_nothing_and_keeps_what_it_has(self):
        for host, cell in (('h1', 'cell1'), ('h2', 'cell1'),
                           ('h3', 'cell2')):
            self._start_compute(host, cell_name=cell)
        self.publish(
            publish.cluster('c1', {'CSV1': ('h1', 'h2')}, sizes_gb=100),
            publish.cluster('c2', {'CSV2': ('h3',)}, sizes_gb=5000))
        flavor = self.flavor(40)
        there = self.boot(flavor, host='h3')
        self.set_disabled('cell2', True)
        servers = self.boot_many(flavor, 2)
        for server in servers:
            self.assertEqual({'CSV1': 40}, self.disk_of(server['id']))
        for where in ({}, {'host': 'h3'}, {'az': 'nova'}):
            self.boot(flavor, state='ERROR', **where)
        self.assertEqual({there['id'], *(one['id'] for one in servers)},
                         set(self.all_shares()))
        self.set_disabled('cell2', False)
        self.boot(flavor, host='h3')
        self.assertEqual(80, self.used_gb('CSV2'))
