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


"""Live migration: the files stay, so does the share."""

from nova import exception as nova_exception
from nova.scheduler.client import report
from oslo_db import exception as db_exc

from hv_sched.placement import home_traits
from hv_sched.placement import names
from tests.nova import moving
from tests.nova import placement

HELD = {names.HELD_DISK_GB: 300}
SHARE = {names.DISK_GB: 300}


class InsideTheCluster(moving.MovingCase):

    def test_to_a_host_nova_picks_nothing_is_charged_twice(self):
        server = self.on('h1')
        seen = self.during_live_migration()
        self.assertEqual('completed', self.live_migrate(server))
        migration = self.migrations(server)[0].uuid
        host = self.host_of(server)
        self.assertIn(host, ('h2', 'h3'))
        self.assertEqual(
            {server['id']: {'CSV1': SHARE, host: moving.COMPUTE},
             migration: {'CSV1': HELD, 'h1': moving.COMPUTE}}, seen[0])
        self.assert_at_rest(server, host)
        self.disturb()
        self.assert_at_rest(server, host)

    def test_a_first_destination_costs_two_requests(self):
        """What the migration holds, and the hand-over."""
        server = self.on('h1')
        made = self.ours_during(lambda: self.live_migrate(server))
        migration = self.migrations(server)[0].uuid
        self.assertEqual([
            ('GET', f'/allocations/{migration}'),
            ('POST', '/allocations')], made)

    def test_what_the_server_holds_unread_is_read_before_it_is_written(self):
        """The first write is refused by the consumer's generation."""
        server = self.on('h1')

        def leave_escrow() -> None:
            if self.shares(server['id']):
                return
            found = self.placement.put(f'/allocations/{server["id"]}', {
                'allocations': {self.volumes['CSV1']: {
                    'resources': {names.HELD_DISK_GB: 7}}},
                'consumer_generation': None, 'consumer_type': 'INSTANCE',
                'project_id': 'p', 'user_id': 'u'}, version='1.39')
            assert found.status == 204, found.body

        self.add_fault('POST', '^/allocations$', placement.only_ours(
            leave_escrow))
        made = self.ours_during(lambda: self.assertEqual(
            'completed', self.live_migrate(server)))
        self.assertEqual(2, made.count(('POST', '/allocations')))
        self.assertIn(('GET', f'/allocations/{server["id"]}'), made)
        self.assert_at_rest(server, self.host_of(server))

    def test_to_a_named_host(self):
        server = self.on('h1')
        self.assertEqual('completed', self.live_migrate(server, 'h3'))
        self.assert_at_rest(server, 'h3')

    def test_the_first_destination_refuses_and_the_second_takes_it(self):
        server = self.on('h1')
        refused = self.refuse_pre_check(1)
        self.assertEqual('completed', self.live_migrate(server))
        other, = {'h2', 'h3'} - set(refused)
        self.assert_at_rest(server, other)

    def test_every_destination_refuses_and_the_share_is_held(self):
        server = self.on('h1')
        self.refuse_pre_check(9)
        self.assertEqual('error', self.live_migrate(server))
        self.assert_held(server)

    def test_no_host_in_the_query_touches_nothing(self):
        server = self.on('h1')
        self.fill('h2')
        self.fill('h3')
        self.assertEqual('error', self.live_migrate(server))
        self.assert_at_rest(server, 'h1')

    def test_no_host_left_by_a_filter_touches_nothing(self):
        server = self.on('h1')
        self.crash('h2')
        self.crash('h3')
        self.assertEqual('error', self.live_migrate(server))
        self.assert_at_rest(server, 'h1')

    def test_a_rollback_leaves_the_share_held(self):
        server = self.on('h1')
        seen = self.during_live_migration('error')
        self.assertEqual('error', self.live_migrate(server))
        self.assertEqual(SHARE, seen[0][server['id']]['CSV1'])
        self.assert_held(server)

    def test_an_abort_leaves_the_share_held(self):
        server = self.on('h1')
        self.during_live_migration('cancelled')
        self.assertEqual('cancelled', self.live_migrate(server))
        self.assert_held(server)

    def test_the_next_attempt_makes_a_held_share_one_again(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        self.assert_held(server)
        seen = self.during_live_migration()
        self.assertEqual('completed', self.live_migrate(server, 'h2'))
        self.assertEqual(SHARE, seen[-1][server['id']]['CSV1'])
        self.assert_at_rest(server, 'h2')

    def test_a_held_share_whose_room_was_taken_moves_and_stays_held(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        self.take_room(400)
        self.during_live_migration()
        self.assertEqual('completed', self.live_migrate(server, 'h2'))
        self.assertEqual({'CSV1': 300}, self.held_of(server['id']))
        self.assertEqual({}, self.disk_of(server['id']))

    def take_room(self, gb):
        """As a server booted while the scheduler knew no escrow."""
        self.placement.put('/allocations/' + '1' * 8 + '-0000-4000-8000-'
                           + '1' * 12, {
            'allocations': {self.volumes['CSV1']: {
                'resources': {names.DISK_GB: gb}}},
            'project_id': 'p', 'user_id': 'u',
            'consumer_generation': None}, version='1.28')

    def test_five_at_once_on_a_full_volume(self):
        flavor = self.flavor(100)
        servers = [self.boot(flavor, host='h1') for _ in range(5)]
        for server in servers:
            self.api.post_server_action(server['id'], {'os-migrateLive': {
                'host': None, 'block_migration': 'auto'}})
        for server in servers:
            self.assertEqual('completed', self.until_over(server, 0))
        for server in servers:
            self.assertIn(self.host_of(server), ('h2', 'h3'))
            self.assertEqual({'CSV1': 100}, self.disk_of(server['id']))
        self.assertEqual({server['id'] for server in servers},
                         set(self.all_shares()))

    def test_a_server_without_a_share_is_left_to_nova(self):
        server = self.boot(self.flavor(0), host='h1')
        self.assertEqual('completed', self.live_migrate(server))
        self.assertEqual({}, self.disk_of(server['id']))


class Builds(moving.MovingCase):

    def test_never_to_an_older_build(self):
        for host, build in (('h1', 17763), ('h2', 14393), ('h3', 20348)):
            self.publisher.add_traits(self.node(host),
                                      names.build_trait(build))
        server = self.on('h1')
        self.assertEqual('error', self.live_migrate(server, 'h2'))
        self.assert_at_rest(server, 'h1')
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_at_rest(server, 'h3')


class OneBuild(moving.MovingCase):
    """Nothing is read of builds while all nodes have the same."""

    CLUSTERS = ({'CSV1': ('h1', 'h2')},)

    def setUp(self):
        super().setUp()
        for host in ('h1', 'h2'):
            self.publisher.add_traits(self.node(host),
                                      names.build_trait(17763))
        self.server = self.on('h1')

    def join(self, host, build):
        """A node joins the cluster after the snapshot was read."""
        uuid, other = self.node(host), self.node('h1')
        aggregates = self.placement.get(
            f'/resource_providers/{other}/aggregates',
            version='1.39').body['aggregates']
        self.publisher.close_disk(uuid)
        self.publisher.add_traits(uuid, names.HYPERV, names.CLUSTERED,
                                  names.build_trait(build))
        self.publisher.add_traits(self.volumes['CSV1'],
                                  *home_traits.traits_of([uuid]))
        self.publisher.add_aggregates(uuid, *aggregates)

    def test_a_live_migration_costs_two_requests(self):
        made = self.ours_during(lambda: self.live_migrate(self.server))
        self.assertEqual(['GET', 'POST'], [method for method, _url in made])
        self.assert_at_rest(self.server, 'h2')

    def test_an_older_node_that_joined_a_moment_ago_is_no_destination(self):
        self.join('h3', 14393)
        self.fill('h2')
        self.assertEqual('error', self.live_migrate(self.server))
        self.assert_at_rest(self.server, 'h1')

    def test_what_joined_since_keeps_nobody_from_the_others(self):
        self.join('h3', 14393)
        self.assertEqual('completed', self.live_migrate(self.server))
        self.assert_at_rest(self.server, 'h2')


class TheFilterIsNotTheLast(moving.MovingCase):

    FILTERS = ('SharedVolumeFilter', 'NumInstancesFilter')

    def test_it_is_said_and_what_a_later_filter_refuses_is_restored(self):
        self.assertEqual(1, len(self.logged(
            'SharedVolumeFilter is not the last of enabled_filters: when '
            'NumInstancesFilter refuses')))
        server = self.on('h1')
        self.stub_out('nova.scheduler.filters.num_instances_filter.'
                      'NumInstancesFilter.host_passes', lambda *args: False)
        self.assertEqual('error', self.live_migrate(server))
        self.assert_held(server)
        self.agent_pass()
        self.assert_at_rest(server, 'h1')


class PlacementFails(moving.MovingCase):
    """Half a hand-over is never left."""

    def test_a_lost_race_is_tried_again(self):
        server = self.on('h1')
        failed = self.fail_hand_overs(409, times=2, text=(
            '{"errors": [{"code": "placement.concurrent_update"}]}'))
        self.assertEqual('completed', self.live_migrate(server))
        self.assertEqual(2, len(failed))
        self.assert_at_rest(server, self.host_of(server))

    def test_a_hand_over_that_does_not_fit_refuses_the_move(self):
        server = self.on('h1')
        self.fail_hand_overs(409, text=(
            '{"errors": [{"code": "placement.undefined_code"}]}'))
        self.assertEqual('error', self.live_migrate(server))
        self.assert_at_rest(server, 'h1')

    def test_an_answer_lost_after_the_write_is_found_to_stand(self):
        server = self.on('h1')
        self.lose_answers(1)
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_at_rest(server, self.host_of(server))

    def lose_answers(self, times):
        """Placement writes hand-overs and the answers do not arrive."""
        original = report.SchedulerReportClient.post
        lost = []

        def post(client, url, data, **kwargs):
            answer = original(client, url, data, **kwargs)
            if len(data) == 2 and HELD in [
                    held['resources'] for consumer in data.values()
                    for held in consumer['allocations'].values()] and (
                        len(lost) < times):
                lost.append(answer)
                return placement.answer(502)()
            return answer

        self.stub_out('nova.scheduler.client.report.SchedulerReportClient.'
                      'post', post)

    def test_a_hand_over_that_cannot_be_written_refuses_the_move(self):
        for status in (500, 503):
            server = self.on('h1')
            self.fail_hand_overs(status)
            self.assertEqual('error', self.live_migrate(server))
            self.assert_at_rest(server, 'h1')
            self.assertTrue(self.logged(
                f'Server {server["id"]}: .* refused the move'))
            self.mend_placement()
            self._delete_server(server)

    def fail_hand_overs(self, status, times=99, text='{"errors": []}'):
        original = report.SchedulerReportClient.post
        failed = []

        def post(client, url, data, **kwargs):
            if 'CUSTOM_CSV_HELD' in str(data) and len(failed) < times:
                failed.append(data)
                return placement.answer(status, text)()
            return original(client, url, data, **kwargs)

        self.stub_out('nova.scheduler.client.report.SchedulerReportClient.'
                      'post', post)
        return failed

    def test_the_cell_database_unreadable_refuses_with_the_reason(self):
        server = self.on('h1')

        def broken(*args, **kwargs):
            raise db_exc.DBConnectionError('gone')

        self.stub_out('hv_sched.request_filters.operation._newest', broken)
        self.assertEqual('error', self.live_migrate(server))
        self.assert_at_rest(server, 'h1')
        self.assertTrue(self.logged('cell database of server .* cannot be '
                                    'read, so its move is refused'))

    def test_without_a_migration_record_nova_does_as_ever(self):
        server = self.boot(self.flavor(100), host='h1')
        self.stub_out('hv_sched.request_filters.operation._OPEN', ('none',))
        self.assertEqual('completed', self.live_migrate(server))
        self.assertEqual({'CSV1': 100}, self.disk_of(server['id']))
        self.assertTrue(self.logged('has no open migration'))

    def test_a_create_reads_no_cell(self):
        def broken(*args, **kwargs):
            raise nova_exception.CellTimeout()

        self.stub_out('hv_sched.request_filters.operation._newest', broken)
        self.on('h2')
