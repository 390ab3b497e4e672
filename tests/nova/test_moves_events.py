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


"""Just after the event: what the scheduler's snapshot cannot know yet."""


from nova.scheduler.client import report
import pytest

from hv_sched.placement import home_traits
from hv_sched.placement import names
from hv_sched.snapshot import cache
from tests.nova import cold_moves
from tests.nova import moving
from tests.nova import placement
from tests.nova import publish

pytestmark = pytest.mark.wide


class AfterAFailedMove(moving.MovingCase):
    """A server's share is escrow for seconds; its room is not given away."""

    def failed_move(self):
        """The snapshot is older than the escrow."""
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        self.assert_held(server)
        return server

    def assert_held_alone(self, server):
        self.assertEqual({server['id']: {
            'h1': moving.COMPUTE, 'CSV1': {names.HELD_DISK_GB: 300}}},
            self.all_shares())

    def test_a_new_disk_does_not_get_the_held_room(self):
        server = self.failed_move()
        self.boot(self.flavor(400), host='h2', state='ERROR')
        self.boot(self.flavor(201), state='ERROR')
        self.assert_held_alone(server)

    def test_a_new_disk_gets_what_is_left_beside_it(self):
        self.failed_move()
        other = self.boot(self.flavor(200), host='h2')
        self.assertEqual({'CSV1': 200}, self.disk_of(other['id']))

    def test_the_refusal_says_volume_and_numbers(self):
        self.failed_move()
        self.boot(self.flavor(400), host='h2', state='ERROR')
        self.assertTrue(self.logged(
            'refused 1 of 1 host: h2: 400 GB on volume csv:c0/CSV1: of its '
            '500 GB 0 are used and 300 kept for servers whose move failed, '
            '200 are left'))

    def test_a_forced_host_does_not_get_the_held_room(self):
        server = self.failed_move()
        for forget in (False, True):
            if forget:
                self.forget_snapshot()
            refused = self.boot(self.flavor(400), az='nova:h2',
                                state='ERROR')
            self.assertIn('cannot take a disk of 400 GB',
                          self.fault_of(refused))
            self.assertTrue(self.logged(
                f'{refused["id"]}: .* 400 GB on volume csv:c0/CSV1: .* 300 '
                'kept'))
        self.assert_held_alone(server)

    def test_several_on_a_forced_host_are_counted_together(self):
        server = self.failed_move()
        for refused in self.boot_many(self.flavor(101), 2, az='nova:h2',
                                      state='ERROR'):
            self.assertEqual({}, self.disk_of(refused['id']))
        self.assert_held_alone(server)

    def test_a_forced_host_gets_what_is_left_beside_it(self):
        self.failed_move()
        other = self.boot(self.flavor(200), az='nova:h2')
        self.assertEqual({'CSV1': 200}, self.disk_of(other['id']))

    def test_a_migration_under_way_keeps_no_room_of_its_own(self):
        """Its escrow stands for the share its server holds already."""
        server = self.on('h1')
        booted = []
        shares = self.all_shares

        def look():
            booted.append(self.boot(self.flavor(200), host='h2'))
            return shares()

        self.all_shares = look
        self.during_live_migration()
        self.live_migrate(server, 'h3')
        self.all_shares = shares
        other, = booted
        self.assertEqual({'CSV1': 200}, self.disk_of(other['id']))
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))


class HandOverAndNoAnswer(moving.MovingCase):
    """A proxy's page is no answer of Placement's: refused, nothing lost."""

    def assert_refused(self, server):
        self.assertEqual('error', self.live_migrate(server))
        self.assertEqual('ACTIVE', self.api.get_server(
            server['id'])['status'])
        self.assert_at_rest(server, 'h1')
        self.assertTrue(self.logged(
            f'Server {server["id"]}: .* refused the (move|request)'))

    def test_where_the_consumers_are_read(self):
        server = self.on('h1')
        for text in ('<html>Login</html>', '', 'null', '[]', '{}',
                     '{"allocations": 3}'):
            self.add_fault('GET', '^/allocations/', placement.only_ours(
                placement.answer(200, text)))
            self.assert_refused(server)
            self.mend_placement()

    def test_where_they_are_written(self):
        server = self.on('h1')
        original = report.SchedulerReportClient.post
        answers = []

        def post(client, url, data, **kwargs):
            if names.HELD_DISK_GB in str(data):
                return answers[-1]()
            return original(client, url, data, **kwargs)

        self.stub_out('nova.scheduler.client.report.SchedulerReportClient.'
                      'post', post)
        for text in ('<html>Login</html>', '{}'):
            answers.append(placement.answer(200, text))
            self.assert_refused(server)



class ConsumerTypes(cold_moves.ColdMoveCase):
    """Anybody can tell whose escrow it is, whatever Nova writes later."""

    OPTIONS = {'cold_move_keeps_disk': True}

    def types(self, *consumers):
        return [self.placement.get(
            f'/allocations/{consumer}', version='1.39').body['consumer_type']
            for consumer in consumers]

    def test_during_and_after_a_live_migration(self):
        server = self.on('h1')
        self.assertEqual(['unknown'], self.types(server['id']))
        during = []
        shares = self.all_shares

        def look():
            during.extend(self.types(
                server['id'], self.migrations(server)[-1].uuid))
            return shares()

        self.all_shares = look
        self.during_live_migration()
        self.live_migrate(server)
        self.all_shares = shares
        self.assertEqual(['INSTANCE', 'MIGRATION'], during)
        self.assertEqual(['INSTANCE'], self.types(server['id']))
        self.assert_at_rest(server, self.host_of(server))

    def test_after_a_rollback(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        self.assert_held(server)
        self.assertEqual(['INSTANCE'], self.types(server['id']))

    def test_after_a_revert(self):
        server = self.on('h1')
        migration = self.migrate(server)
        self.assertEqual(['INSTANCE', 'MIGRATION'],
                         self.types(server['id'], migration))
        self.revert(server)
        self.assertEqual(['INSTANCE'], self.types(server['id']))
        self.assertEqual({'CSV1': 300}, self.held_of(server['id']))


class Requests(moving.MovingCase):
    """Nothing is read again where the snapshot leaves no doubt."""

    def test_a_server_that_fits_easily_costs_no_request_more(self):
        self.boot(self.flavor(10), host='h1')
        for where in ({}, {'host': 'h2'}, {'az': 'nova:h2'}):
            made = self.requests_during(
                lambda: self.boot(self.flavor(10), **where))  # noqa: B023
            self.assertEqual([], [
                url for method, url in made
                if method == 'GET' and 'in_tree=' in url
                and names.HELD_DISK_GB in url])

    def test_near_full_the_volume_is_read_once_for_all_hosts(self):
        self.on('h1')
        self.forget_snapshot()
        cache.get()
        made = self.requests_during(lambda: self.boot(self.flavor(180)))
        self.assertEqual(1, len([
            url for method, url in made
            if 'in_tree=' in url and names.HELD_DISK_GB in url]))

    def test_when_it_cannot_be_read_the_snapshot_decides(self):
        self.on('h1')
        self.forget_snapshot()
        cache.get()
        self.break_placement('GET', f'{names.HELD_DISK_GB}.*in_tree=')
        other = self.boot(self.flavor(180))
        self.assertEqual({'CSV1': 180}, self.disk_of(other['id']))


class ClusterPublishedSince(moving.MovingCase):
    """The snapshot is older than a cluster."""

    HOSTS = ('h1', 'h2', 'h3', 'h4')
    CLUSTERS = ({'CSV1': ('h1', 'h2')},)

    def publish_another(self):
        self.assertEqual(1, len(cache.get().volumes))
        self.volumes.update(self.publisher.publish(
            publish.cluster('c9', {'CSV9': ('h3', 'h4')}, 200)))
        self.refresh_computes()

    def test_an_evacuation_there_is_admitted(self):
        server = self.boot(self.flavor(50), host='h1')
        self.publish_another()
        self.crash('h1')
        self.assertEqual('done', self.evacuate(server, 'h3'))
        self.assertEqual({'CSV1': 50, 'CSV9': 50},
                         self.disk_of(server['id']))

    def test_so_is_one_nova_picks_the_host_of(self):
        server = self.boot(self.flavor(50), host='h1')
        self.publish_another()
        self.crash('h1')
        self.crash('h2')
        self.assertEqual('done', self.evacuate(server))
        self.assertIn(self.host_of(server), ('h3', 'h4'))

    def test_so_is_a_new_server(self):
        self.publish_another()
        server = self.boot(self.flavor(50), host='h3')
        self.assertEqual({'CSV9': 50}, self.disk_of(server['id']))

    def test_a_refusal_that_stays_is_not_read_for_again_and_again(self):
        self.boot(self.flavor(50), host='h1')
        made = self.requests_during(lambda: self.boot(
            self.flavor(600), state='ERROR'))
        self.assertLessEqual(len(made), 8, made)


class FirstClusterPublishedSince(moving.MovingCase):
    """The snapshot is older than any cluster."""

    HOSTS = ('h1', 'h2', 'h3')
    CLUSTERS = ()

    def test_an_evacuation_there_is_admitted(self):
        server = self.boot(self.flavor(50), host='h1')
        self.assertEqual({}, cache.get().volumes)
        self.volumes.update(self.publisher.publish(
            publish.cluster('c9', {'CSV9': ('h2', 'h3')}, 200)))
        self.refresh_computes()
        self.crash('h1')
        self.assertEqual('done', self.evacuate(server, 'h3'))
        self.assertEqual({'h1': 50, 'CSV9': 50}, self.disk_of(server['id']))


class NodeLeftTheSource(moving.MovingCase):
    """A server runs on a node that is no member of its cluster any more."""

    def leave(self, host, *traits):
        uuid = self.node(host)
        self.publisher.remove_traits(
            self.volumes['CSV1'], *home_traits.traits_of([uuid]))
        self.publisher.remove_traits(uuid, *traits)
        now = self.placement.get(
            f'/resource_providers/{uuid}/aggregates', version='1.39').body
        self.placement.put(f'/resource_providers/{uuid}/aggregates', {
            **now, 'aggregates': []}, version='1.39')
        self.refresh_computes()
        self.forget_snapshot()

    def test_it_is_live_migrated_back_into_the_cluster(self):
        server = self.on('h1')
        self.leave('h1')
        self.during_live_migration()
        self.assertEqual('completed', self.live_migrate(server, 'h2'))
        self.assert_at_rest(server, 'h2')

    def test_also_where_nova_picks_the_host_and_the_traits_are_gone(self):
        server = self.on('h1')
        self.leave('h1', names.CLUSTERED, names.HYPERV)
        self.during_live_migration()
        self.assertEqual('completed', self.live_migrate(server))
        self.assertIn(self.host_of(server), ('h2', 'h3'))
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))


class GrowthOnAClosedVolume(cold_moves.ColdMoveCase):

    OPTIONS = {'cold_move_keeps_disk': True}

    def refused_resize(self, server, size_gb):
        self.assertEqual('error', self.act(
            server, {'resize': {'flavorRef': self.flavor(size_gb)}}))

    def close(self, *reasons):
        self.publisher.add_traits(
            self.volumes['CSV1'], names.NO_NEW_DISKS, *reasons)

    def test_a_kept_resize_does_not_grow_it(self):
        server = self.boot(self.flavor(200), host='h1')
        self.close('CUSTOM_CSV_CLOSED_MAINTENANCE')
        self.forget_snapshot()
        before = self.all_shares()
        self.refused_resize(server, 250)
        self.assertEqual(before, self.all_shares())
        self.assertTrue(self.logged(
            'volume csv:c0/CSV1 is closed to new disks: in maintenance'))

    def test_nor_when_it_was_closed_a_moment_ago(self):
        server = self.boot(self.flavor(200), host='h1')
        self.close()
        before = self.all_shares()
        self.refused_resize(server, 250)
        self.assertEqual(before, self.all_shares())

    def test_one_that_does_not_grow_is_no_new_disk(self):
        server = self.boot(self.flavor(200), host='h1')
        self.close()
        self.forget_snapshot()
        self.migrate(server)
        self.assertEqual({'CSV1': 200}, self.disk_of(server['id']))
