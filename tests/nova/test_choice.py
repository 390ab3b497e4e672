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

"""Several servers at once, and which volume each of them gets."""

import collections

import pytest

from hv_sched.placement import home_traits
from hv_sched.placement import names
from tests.nova import base
from tests.nova import publish

pytestmark = pytest.mark.wide

ALL = ('h1', 'h2', 'h3', 'h4')


class ManyCase(base.NovaCase):

    def volumes_of(self, servers):
        """How many servers are on each volume."""
        return collections.Counter(
            volume for server in servers
            for volume in self.disk_of(server['id']))


class OneHomeEach(ManyCase):
    """compute-hyperv: a node writes to its home, whatever is chosen."""

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.publish(publish.cluster(
            'c1', {'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')},
            sizes_gb={'CSV1': 300, 'CSV2': 200}))

    def test_five_at_once_fill_two_volumes_to_the_last_gb(self):
        servers = self.boot_many(self.flavor(100), 5)
        self.assertEqual({'CSV1': 3, 'CSV2': 2}, self.volumes_of(servers))

    def test_six_at_once_where_five_fit_leave_nothing_behind(self):
        self.boot_many(self.flavor(100), 6, state='ERROR')
        self.assertEqual({}, self.all_shares())

    def test_sixteen_with_a_cold_image_use_one_node_of_each_volume(self):
        servers = self.boot_many(self.flavor(5), 16)
        nodes = collections.defaultdict(set)
        for server in servers:
            for volume in self.disk_of(server['id']):
                nodes[volume].add(self.host_of(server))
        self.assertEqual({'CSV1': 1, 'CSV2': 1},
                         {volume: len(some)
                          for volume, some in nodes.items()})

    def test_a_cached_image_draws_servers_to_its_volume_on_all_nodes(self):
        self.publisher.add_traits(
            self.volumes['CSV2'], names.image_trait(base.IMAGE))
        self.forget_snapshot()
        servers = self.boot_many(self.flavor(5), 8)
        self.assertEqual({'CSV2': 8}, self.volumes_of(servers))
        self.assertEqual({'h3', 'h4'},
                         {self.host_of(server) for server in servers})

    def test_no_volume_but_the_home_is_used_though_placement_offers_it(self):
        # An operator put both volumes in the availability zone's aggregate,
        # as sharing providers elsewhere are.
        zone = self.aggregate('az1', ALL, az='az1')
        for volume in self.volumes.values():
            self.publisher.add_aggregates(volume, zone)
        self.forget_snapshot()
        flavor = self.flavor(50)
        own = {'h1': 'CSV1', 'h2': 'CSV1', 'h3': 'CSV2', 'h4': 'CSV2'}
        for host, volume in own.items():
            server = self.boot(flavor, host=host)
            self.assertEqual({volume: 50}, self.disk_of(server['id']))
        self.boot(self.flavor(200), host='h1')
        for kwargs in ({'host': 'h2'}, {'az': 'az1:h2'}):
            self.boot(flavor, state='ERROR', **kwargs)
        self.boot(self.flavor(100), az='az1')
        self.assertTrue(self.logged(
            'SharedVolumeFilter refused .*h2: 100 GB on volume csv:c1/CSV2, '
            'but the host writes to csv:c1/CSV1'))


class PlacementChooses(ManyCase):
    """Drivers that write where Placement put the disk."""

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.publish(publish.cluster(
            'c1', {'CSV1': ALL[:2], 'CSV2': ALL[2:]},
            sizes_gb={'CSV1': 300, 'CSV2': 200},
            placement_chooses_volume=True))

    def test_five_at_once_fill_two_volumes_to_the_last_gb(self):
        servers = self.boot_many(self.flavor(100), 5)
        self.assertEqual({'CSV1': 3, 'CSV2': 2}, self.volumes_of(servers))

    def test_two_at_once_on_one_host_use_both_volumes(self):
        self.publisher.change_inventory(self.volumes['CSV1'], total=100,
                                        max_unit=100)
        self.publisher.change_inventory(self.volumes['CSV2'], total=100,
                                        max_unit=100)
        self.forget_snapshot()
        servers = self.boot_many(self.flavor(100), 2, host='h1')
        self.assertEqual({'CSV1': 1, 'CSV2': 1}, self.volumes_of(servers))

    def test_the_volume_with_more_room_comes_first(self):
        server = self.boot(self.flavor(10), host='h1')
        self.assertEqual({'CSV1': 10}, self.disk_of(server['id']))

    def test_pack_fills_the_fuller_volume_first_while_it_fits(self):
        self.flags(volume_policy='pack', group='hv_sched')
        flavor = self.flavor(150)
        volumes = []
        for _ in range(2):
            self.forget_snapshot()
            server = self.boot(flavor, host='h1')
            volumes += self.disk_of(server['id'])
        self.assertEqual(['CSV2', 'CSV1'], volumes)

    def group(self, policy):
        return self.api.post_server_groups(
            {'name': policy, 'policy': policy})['id']

    def test_members_of_a_group_go_to_different_volumes(self):
        hints = {'group': self.group('anti-affinity')}
        flavor = self.flavor(10)
        servers = [self.boot(flavor, hints=hints) for _ in range(2)]
        self.assertEqual({'CSV1': 1, 'CSV2': 1}, self.volumes_of(servers))

    def test_members_created_at_once_go_to_different_volumes(self):
        hints = {'group': self.group('anti-affinity')}
        servers = self.boot_many(self.flavor(10), 4, hints=hints)
        self.assertEqual({'CSV1': 2, 'CSV2': 2}, self.volumes_of(servers))

    def test_more_members_than_volumes_are_still_created(self):
        hints = {'group': self.group('soft-anti-affinity')}
        servers = self.boot_many(self.flavor(10), 6, hints=hints)
        self.assertEqual({'CSV1': 3, 'CSV2': 3}, self.volumes_of(servers))

    def test_a_medium_asked_by_flavor_or_image_chooses_the_volume(self):
        self.publisher.add_traits(self.volumes['CSV2'], 'STORAGE_DISK_SSD')
        flavor = self.flavor(10)
        self.api.post_extra_spec(flavor, {'extra_specs': {
            'trait:STORAGE_DISK_SSD': 'required'}})
        for kwargs in ({}, {'host': 'h1'}, {'az': 'nova'}):
            server = self.boot(flavor, **kwargs)
            self.assertEqual({'CSV2': 10}, self.disk_of(server['id']))
        self.boot(self.flavor(10), host='h1')
        self.publisher.remove_traits(self.volumes['CSV2'],
                                     'STORAGE_DISK_SSD')
        self.boot(flavor, host='h1', state='ERROR')

    def test_all_hosts_are_found_when_placement_cuts_its_answer(self):
        self.flags(max_placement_results=2, group='scheduler')
        for host in ALL:
            server = self.boot(self.flavor(10), host=host)
            self.assertEqual(host, self.host_of(server))
        self.boot_many(self.flavor(10), 4)

    def test_of_what_placement_cuts_off_nothing_is_closed_or_full(self):
        self.flags(max_placement_results=1, group='scheduler')
        self.aggregate('az1', ALL, az='az1')
        self.publisher.add_traits(self.volumes['CSV1'], names.NO_NEW_DISKS)
        self.publisher.add_traits(self.node('h1'), names.PAUSED)
        for where in ({}, {'az': 'az1'}, {'host': 'h4'}):
            server = self.boot(self.flavor(50), **where)
            self.assertEqual({'CSV2': 50}, self.disk_of(server['id']))
            self.assertNotEqual('h1', self.host_of(server))
        # CSV2 has 50 GB left, CSV1 is empty but closed.
        self.boot(self.flavor(60), state='ERROR')
        self.publisher.remove_traits(self.volumes['CSV1'],
                                     names.NO_NEW_DISKS)
        server = self.boot(self.flavor(60))
        self.assertEqual({'CSV1': 60}, self.disk_of(server['id']))

    def test_volumes_without_the_traits_of_homes_are_used_as_offered(self):
        """Published by an older release, until the next sync."""
        for volume in self.volumes.values():
            self.publisher.remove_traits(volume, *home_traits.traits_of(
                map(self.node, ALL)))
        self.forget_snapshot()
        for where in ({'host': 'h1'}, {}):
            server = self.boot(self.flavor(10), **where)
            self.assertEqual({'CSV1': 10}, self.disk_of(server['id']))
        server = self.boot(self.flavor(10), az='nova:h3')
        self.assertEqual('h3', self.host_of(server))
