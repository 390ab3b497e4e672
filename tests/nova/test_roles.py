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

"""Adopt, heal and retire as the documented role, and as roles that are not.

The policies of Placement are its own defaults, Nova's are those of
examples/nova. The servers are another project's.
"""

from hv_sched import exception
from hv_sched.audit import auditor
from hv_sched.audit import heal
from hv_sched.audit.findings import Code
from hv_sched.placement import names
from tests.nova import adopting
from tests.nova import agent

DOCUMENTED = 'service,hv_sched'
OTHERS = ('service', 'hv_sched', 'manager,member,reader', 'member,reader',
          'reader')
GB = {'h1': 10, 'h2': 20}


class Roles(adopting.AdoptCase):

    def setUp(self):
        super().setUp()
        self.policy.set_rules(agent.documented_policy(), overwrite=False)
        self.admin = self.own, self.servers
        self.booted = {self.boot(self.flavor(gb), host=host)['id']: gb
                       for host, gb in GB.items()}

    def become(self, roles):
        self.own = agent.placement_of(self.placement, roles)
        self.servers = agent.nova_of(self.api, roles, 'another')

    def be_admin(self):
        self.own, self.servers = self.admin

    def standing(self):
        """Everything in Placement, generations too."""
        api = self.admin[0]
        providers = api.list_providers()
        return (api.all_traits(), api.resource_classes(), [
            (provider, api.inventories(provider.uuid),
             api.traits(provider.uuid), api.aggregates(provider.uuid),
             api.allocations_on(provider.uuid)) for provider in providers])

    def without_generations(self):
        """What retire has to bring back."""
        return [(provider.name, inventories[1], traits[1], aggregates[1],
                 allocations) for provider, inventories, traits, aggregates,
                allocations in self.standing()[2]]

    def heal(self):
        """What was healed."""
        reports = list(auditor.Auditor(
            self.own, self.servers, auditor.AuditOptions(
                workers=1, settle_seconds=0)).audit())
        healer = heal.Healer(self.own, self.servers, heal.HealOptions(
            frozenset(Code), workers=1, settle_seconds=0))
        results = [healer.heal(report) for report in reports]
        return [(finding.code, finding.consumer)
                for result in results for finding in result.done]

    def lose_a_share(self):
        """As an allocation that an operator deleted; returns whose it was."""
        lost = min(self.booted)
        self.placement.delete(f'/allocations/{lost}')
        self.assertEqual({}, self.disk_of(lost))
        return lost

    def assert_refused(self, work):
        for roles in OTHERS:
            before = self.standing()
            self.become(roles)
            with self.subTest(roles=roles):
                with self.assertRaises(exception.HvSchedError) as caught:
                    work()
                self.assertTrue(str(caught.exception))
                self.assertEqual(before, self.standing())
        self.be_admin()

    def assert_adopted(self):
        for server, gb in self.booted.items():
            self.assertEqual({'CSV1': gb}, self.disk_of(server))

    def test_the_documented_role_adopts_heals_and_retires(self):
        before = self.without_generations()
        self.become(DOCUMENTED)
        report = self.adopt()
        self.assertEqual(((), ()), (report.skipped, report.findings))
        self.assert_adopted()
        for host in GB:
            self.assertIn(names.CLUSTERED, self.admin[0].traits(
                self.node(host))[1])
        lost = self.lose_a_share()
        self.assertEqual([(Code.LOST, lost)], self.heal())
        self.assert_adopted()
        report = self.retire()
        self.assertEqual(((), ()), (report.skipped, report.findings))
        self.assertEqual(before, self.without_generations())

    def test_a_role_that_does_not_suffice_adopts_nothing(self):
        self.assert_refused(self.adopt)
        self.adopt()
        self.assert_adopted()

    def test_nor_does_it_heal(self):
        self.adopt()
        lost = self.lose_a_share()
        self.assert_refused(self.heal)
        self.assertEqual([(Code.LOST, lost)], self.heal())

    def test_nor_does_it_retire(self):
        self.adopt()
        self.assert_refused(self.retire)
        self.assert_adopted()
