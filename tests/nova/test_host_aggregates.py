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

"""One host aggregate for each cluster, in a running Nova."""

import dataclasses

from hv_sched import exception
from hv_sched.notices import Kind
from hv_sched.providers import host_aggregates
from tests.nova import agent
from tests.nova import base
from tests.nova import publish


class HostAggregates(base.NovaCase):

    STOCK = True

    def setUp(self):
        super().setUp()
        self.start_hosts()
        self.own = host_aggregates.HostAggregates(
            agent.lookup_of(self.api))
        self.cluster = publish.cluster('c1', {'CSV1': ('h1', 'h2')})

    def sync(self, *clusters):
        plan = self.own.plan(clusters)
        for step in plan.steps:
            self.own.apply(step)
        return plan

    def seen(self):
        return {one['name']: one for one in
                self.api.api_get('/os-aggregates').body['aggregates']}

    def test_from_nothing_to_a_changed_cluster(self):
        self.aggregate('gold', ('h1', 'h3'), metadata={'gold': 'yes'})
        before = self.seen()['gold']
        self.sync(self.cluster)
        mine = self.seen()['c1']
        self.assertEqual(['h1', 'h2'], sorted(mine['hosts']))
        self.assertEqual({'hv_cluster': 'c1',
                          'hv_cluster_guid': self.cluster.guid},
                         mine['metadata'])
        self.assertIsNone(mine['availability_zone'])
        # Nothing more to do; and an operator's own property stays.
        self.assertEqual((), self.sync(self.cluster).steps)
        self.api.api_post(f'/os-aggregates/{mine["id"]}/action', {
            'set_metadata': {'metadata': {'ssd': 'true'}}})
        moved = dataclasses.replace(
            publish.cluster('renamed', {'CSV1': ('h2', 'h4')}),
            guid=self.cluster.guid)
        self.sync(moved)
        mine = self.seen()['renamed']
        self.assertEqual(['h2', 'h4'], sorted(mine['hosts']))
        self.assertEqual({'hv_cluster': 'renamed', 'ssd': 'true',
                          'hv_cluster_guid': self.cluster.guid},
                         mine['metadata'])
        self.assertEqual(before, self.seen()['gold'])
        # A name that is taken.
        finding, = self.sync(publish.cluster('gold', {'V': ('h1',)})).findings
        self.assertEqual(Kind.REFUSED, finding.kind)
        self.assertEqual(before, self.seen()['gold'])

    def test_without_the_admin_role(self):
        reader = host_aggregates.HostAggregates(
            agent.lookup_of(self.api_fixture.other_api, 'other'))
        with self.assertRaisesRegex(exception.NovaDenied, 'admin role'):
            reader.plan([self.cluster])
