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

"""A disk that stays on its volume goes only to nodes that reach it.

V1 is the home of h1 and h2, V2 that of h3 and h4, which are cut off from V1.
Published by the real reconciler, so that what a source says is what moves
obey.
"""

import dataclasses

import pytest

from hv_sched import model
from hv_sched.placement import names
from hv_sched.providers import reconcile
from hv_sched.providers.settings import Settings
from tests.nova import agent
from tests.nova import cold_moves
from tests.nova import moving
from tests.nova import publish

pytestmark = pytest.mark.wide

CUT_OFF = ('h3', 'h4')


class ReachCase(moving.MovingCase):

    HOSTS = ('h1', 'h2', 'h3', 'h4')
    CLUSTERS = ()

    def setUp(self):
        super().setUp()
        self.own = agent.placement_of(self.placement)
        self.facts = publish.cluster(
            'c0', {'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')})
        self.tell(CUT_OFF)
        self.volumes.update({
            provider.name.removeprefix('csv:c0/'): provider.uuid
            for provider in self.own.list_providers(required=names.VOLUME)})
        self.refresh_computes()

    def tell(self, cut_off, forget=True):
        """What the source says of V1, synced."""
        first, *others = self.facts.volumes
        cluster = dataclasses.replace(self.facts, volumes=(
            dataclasses.replace(first, cut_off_nodes=cut_off), *others))
        result = reconcile.Reconciler(self.own, Settings(workers=1)).sync(
            model.Facts((cluster,)))
        self.assertEqual({}, result.failures)
        if forget:
            self.forget_snapshot()

    def disable(self, *hosts):
        for host in hosts:
            services = self.api.get_services(host=host, binary='nova-compute')
            self.api.put_service(services[0]['id'], {'status': 'disabled'})

    def assert_refused(self, server, status, reason=None):
        """No host, and everything as before."""
        self.assertEqual('error', status)
        self.assertEqual('ACTIVE', self.api.get_server(
            server['id'])['status'])
        self.assert_at_rest(server, 'h1')
        if reason:
            self.assertTrue(self.logged(reason))


class Reach(ReachCase):

    def test_a_live_migration_goes_to_no_node_that_is_cut_off(self):
        server = self.on('h1')
        self.disable('h2')
        self.assert_refused(server, self.live_migrate(server))

    def test_nor_when_that_node_is_named_and_the_reason_names_both(self):
        server = self.on('h1')
        self.assert_refused(server, self.live_migrate(server, 'h3'),
                            'h3 does not reach volume csv:c0/CSV1')

    def test_told_again_as_reached_it_takes_the_server(self):
        server = self.on('h1')
        self.disable('h2')
        self.tell(())
        self.assertEqual('completed', self.live_migrate(server))
        self.assert_at_rest(server, self.host_of(server))
        self.assertIn(self.host_of(server), CUT_OFF)

    def test_a_named_node_takes_it_though_the_scheduler_knows_it_cut_off(
            self):
        """The snapshot is older than the fact."""
        server = self.on('h1')
        self.assert_refused(server, self.live_migrate(server, 'h3'))
        self.tell((), forget=False)
        self.assertEqual('completed', self.live_migrate(server, 'h3'))
        self.assert_at_rest(server, 'h3')

    def test_a_node_cut_off_since_the_snapshot_is_not_taken(self):
        self.tell(())
        server = self.on('h1')
        self.disable('h2')
        self.tell(CUT_OFF, forget=False)
        self.assert_refused(server, self.live_migrate(server))
        self.assert_refused(server, self.live_migrate(server, 'h4'))

    def test_not_told_it_stays_cut_off(self):
        server = self.on('h1')
        self.disable('h2')
        self.tell(None)
        self.assert_refused(server, self.live_migrate(server))

    def test_prefer_takes_no_other_volume_of_the_cluster_instead(self):
        self.flags(live_migration_scope='prefer', group='hv_sched')
        server = self.on('h1')
        self.disable('h2')
        self.assert_refused(server, self.live_migrate(server))

    def test_an_evacuation_goes_to_a_home_node_that_reaches_it(self):
        self.tell(('h2', *CUT_OFF))
        server = self.boot(self.big, host='h1')
        self.crash('h1')
        self.assertEqual('done', self.evacuate(server))
        # Made anew: its new disk is on the home of the node.
        self.assertIn(self.host_of(server), CUT_OFF)
        self.assertEqual({'CSV1': 300, 'CSV2': 300},
                         self.disk_of(server['id']))

    def test_the_twin_with_the_home_node_reached_keeps_one_share(self):
        server = self.boot(self.big, host='h1')
        self.crash('h1')
        self.assertEqual('done', self.evacuate(server))
        self.assertEqual('h2', self.host_of(server))
        self.assertEqual({'CSV1': 300}, self.disk_of(server['id']))

    def test_while_nobody_is_cut_off_a_move_costs_no_request_more(self):
        self.tell(())
        server = self.on('h1')

        def moved():
            self.assertEqual('completed', self.live_migrate(server))

        asked = [url for _method, url in self.requests_during(moved)
                 if 'CUT_OFF' in url]
        self.assertEqual(1, len(asked))
        self.assertTrue(asked[0].startswith('/allocation_candidates'))


class KeptColdMoves(cold_moves.ColdMoveCase, ReachCase):

    OPTIONS = {'cold_move_keeps_disk': True}

    def test_a_cold_migration_goes_to_no_node_that_is_cut_off(self):
        server = self.on('h1')
        self.disable('h2')
        self.api.api_post(
            f'/servers/{server["id"]}/action', {'migrate': None},
            check_response_status=[202, 400])
        self.assert_refused(server, self.until_over(server, 0))
