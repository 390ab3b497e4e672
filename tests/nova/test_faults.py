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

"""Placement that fails, and a scheduler set up only by half."""

import re

from keystoneauth1 import exceptions as ks_exc
from nova import context as nova_context
from nova.scheduler import manager
from nova.scheduler import request_filter
import oslo_messaging as messaging
from oslo_utils import uuidutils
import pytest

from hv_sched import request_filters
from hv_sched.placement import names
from hv_sched.request_filters import refusal
from hv_sched.snapshot import cache
from tests.nova import base
from tests.nova import placement
from tests.nova import publish

pytestmark = pytest.mark.wide

# Requests the snapshot makes and Nova does not.
SNAPSHOT = r'^/traits\?|required=CUSTOM_HYPERV'


class PlacementFails(base.NovaCase):

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.publish(publish.cluster(
            'c1', {'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')}))

    def assert_creates(self):
        own = {'h1': 'CSV1', 'h2': 'CSV1', 'h3': 'CSV2', 'h4': 'CSV2'}
        for kwargs in ({}, {'host': 'h3'}):
            server = self.boot(self.flavor(10), **kwargs)
            self.assertEqual({own[self.host_of(server)]: 10},
                             self.disk_of(server['id']))

    def test_servers_are_created_while_volumes_cannot_be_read(self):
        for hook in (placement.answer(503), placement.answer(500),
                     placement.answer(200, 'no json'),
                     placement.answer(200, '{}'),
                     placement.error(ks_exc.ConnectFailure('gone')),
                     placement.error(ks_exc.RequestTimeout('slow'))):
            self.add_fault('GET', SNAPSHOT, hook)
            self.forget_snapshot()
            self.assert_creates()
            self.mend_placement()

    def test_it_is_said_once_and_tried_once_in_an_interval(self):
        fault = self.break_placement('GET', SNAPSHOT)
        self.forget_snapshot()
        for _ in range(2):
            self.assert_creates()
        # The first request of the one read, and once more: it is repeated.
        self.assertEqual(2, fault.hits)
        self.assertEqual(1, len(self.logged('volumes in Placement cannot be '
                                            'read: list traits: .* 503')))

    def test_each_request_of_the_snapshot_may_fail(self):
        self.forget_snapshot()
        for pattern in (r'^/traits\?', r'required=CUSTOM_HYPERV_CSV$',
                        'required=CUSTOM_HYPERV_CLUSTERED'):
            fault = self.break_placement('GET', pattern)
            self.forget_snapshot()
            self.boot(self.flavor(10), host='h3')
            self.assertGreater(fault.hits, 0, pattern)
            self.mend_placement()

    def test_a_trait_that_cannot_be_created_is_not_asked(self):
        self.break_placement('PUT', '^/traits/', status=403)
        self.forget_snapshot()
        self.assert_creates()
        self.assertTrue(self.logged('Trait CUSTOM_HYPERV_PAUSED cannot be '
                                    'created'))

    def test_a_group_whose_shares_cannot_be_read_is_still_created(self):
        group = self.api.post_server_groups(
            {'name': 'g', 'policy': 'anti-affinity'})['id']
        first = self.boot(self.flavor(10), hints={'group': group})
        self.break_placement('GET', f'^/allocations/{first["id"]}')
        self.boot(self.flavor(10), hints={'group': group})
        self.assertEqual(1, len(self.logged(
            "shares of a server group's members cannot be read")))

    def select(self, worker):
        """Schedule a server; returns how that failed."""
        server = uuidutils.generate_uuid()
        try:
            worker.select_destinations(
                nova_context.get_admin_context(), spec_obj=self.request_spec(
                    server, self.flavor(10)), instance_uuids=[server],
                return_objects=True, return_alternates=True)
        except messaging.ExpectedException as exc:
            return exc.exc_info[:2]
        except Exception as exc:
            return type(exc), exc
        return None, None

    def test_without_any_answer_a_request_ends_as_with_stock_nova(self):
        self.flags(enabled_filters=base.STOCK_FILTERS,
                   weight_classes=['nova.scheduler.weights.all_weighers'],
                   group='filter_scheduler')
        stock = manager.SchedulerManager()
        for hook in (placement.answer(503), placement.answer(500),
                     placement.error(ks_exc.ConnectFailure('gone')),
                     placement.error(ks_exc.ConnectTimeout('slow'))):
            for pattern in ('.*', '^/allocation'):
                self.add_fault('*', pattern, hook)
                self.forget_snapshot()
                kind, exc = self.select(self.scheduler_service.manager)
                self.assertIsNotNone(kind)
                stock_kind, stock_exc = self.select(stock)
                self.assertEqual((stock_kind, str(stock_exc)),
                                 (kind, str(exc)))
                self.mend_placement()
        self.assertEqual({}, self.all_shares())

    def test_a_claim_that_fails_ends_as_with_stock_nova(self):
        self.flags(enabled_filters=base.STOCK_FILTERS,
                   weight_classes=['nova.scheduler.weights.all_weighers'],
                   group='filter_scheduler')
        stock = manager.SchedulerManager()
        for hook in (placement.answer(503),
                     placement.error(ks_exc.ConnectTimeout('slow'))):
            self.add_fault('PUT', '^/allocations/', hook)
            self.assertEqual(
                *(self.select(one)[0]
                  for one in (self.scheduler_service.manager, stock)))
            self.mend_placement()
        self.assertEqual({}, self.all_shares())

    def test_a_request_filter_that_fails_shows_its_fault_to_nobody(self):
        def broken(context, request_spec):
            raise KeyError('surprise')

        guarded = request_filters.guarded(broken, 'request_filter_closed')
        request_filter.ALL_REQUEST_FILTERS.append(guarded)
        server = self.boot(self.flavor(10), state='ERROR')
        self.assertIn(refusal.FAULT, self.fault_of(server))
        self.assertEqual(1, len(self.logged(
            f'{server["id"]}: request_filter_closed failed')))
        self.assertTrue(self.logged("KeyError: 'surprise'"))


class SteadyState(base.NovaCase):

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.publish(publish.cluster(
            'c1', {'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')}))
        self.boot(self.flavor(1))

    def test_creating_adds_no_request_to_stock_novas(self):
        found = self.requests_during(
            lambda: self.boot(self.flavor(1), host='h1'))
        asked = [url for method, url in found
                 if method == 'GET' and re.search(SNAPSHOT, url)]
        self.assertEqual([], asked)
        candidates = [url for _, url in found
                      if url.startswith('/allocation_candidates')]
        self.assertEqual(1, len(candidates), candidates)

    def test_a_refresh_is_eight_requests_for_any_number_of_volumes(self):
        self.publish(publish.cluster(
            'c2', {f'CSV{number}': (f'h{number}',) if number < 5 else ()
                   for number in range(1, 41)}))
        self.forget_snapshot()
        self.assertEqual(8, len(self.requests_during(cache.get)))
        self.assertEqual(42, len(cache.get().volumes))
        self.assertEqual(4, len(cache.get().homes))

    def test_escrow_costs_at_most_eight_more(self):
        sizes = {f'CSV{number}': 100 + number for number in range(1, 11)}
        self.publish(publish.cluster(
            'c2', {volume: () for volume in sizes}, sizes_gb=sizes))
        for volume in sizes:
            # No server Nova knows, so a migration's: no room is kept.
            self.placement.put(
                f'/allocations/{uuidutils.generate_uuid()}',
                {'allocations': {self.volumes[volume]: {
                    'resources': {names.HELD_DISK_GB: 10}}},
                 'consumer_generation': None, 'project_id': 'p',
                 'user_id': 'u'}, version='1.28')
        self.forget_snapshot()
        self.assertEqual(16, len(self.requests_during(cache.get)))
        self.assertEqual(
            {'CSV9': 10, 'CSV10': 10},
            {volume.name.removeprefix('csv:c2/'): volume.held_gb
             for volume in cache.get().volumes.values()
             if volume.held_gb})


class EscrowedRoom(base.NovaCase):

    def test_room_kept_for_a_server_is_not_given_away(self):
        self.start_hosts()
        self.publish(publish.cluster('c1', {'CSV1': self.HOSTS}))
        server = self.boot(self.flavor(400), host='h1')
        volume = self.volumes['CSV1']
        held = self.placement.get(f'/allocations/{server["id"]}',
                                  version='1.28').body
        held['allocations'][volume] = {
            'resources': {names.HELD_DISK_GB: 400}}
        for one in held['allocations'].values():
            one.pop('generation', None)
        self.placement.put(f'/allocations/{server["id"]}', held,
                           version='1.28')
        self.forget_snapshot()
        self.boot(self.flavor(200), host='h2', state='ERROR')
        self.assertTrue(self.logged(
            'refused 1 of 1 host: h2: 200 GB on volume csv:c1/CSV1: of its '
            '500 GB 0 are used and 400 kept for servers whose move failed, '
            '100 are left'))
        self.boot(self.flavor(100), host='h2')


class NothingPublished(base.NovaCase):

    def test_the_filter_does_nothing_and_says_so_once(self):
        self.start_hosts()
        for kwargs in ({}, {'host': 'h2'}, {'az': 'nova:h3'}):
            server = self.boot(self.flavor(10), **kwargs)
            self.assertEqual({self.host_of(server): 10},
                             self.disk_of(server['id']))
        self.assertEqual(1, len(self.logged('no volume is published')))


class FilterNotEnabled(base.NovaCase):

    FILTERS = ()

    def test_servers_still_take_the_volume_and_the_log_says_what_is_off(self):
        self.start_hosts()
        self.publish(publish.cluster('c1', {'CSV1': self.HOSTS}))
        server = self.boot(self.flavor(10))
        self.assertEqual({'CSV1': 10}, self.disk_of(server['id']))
        self.assertEqual(1, len(self.logged(
            'SharedVolumeFreeSpaceWeigher is in weight_classes but '
            'SharedVolumeFilter is not in enabled_filters')))
