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


"""The callers of the judge side by side: audit, heal, agent and restore."""

from hv_sched.audit.findings import SAFE
from tests.nova import agent
from tests.nova import auditing


class JudgedCase(auditing.AuditCase):
    """A cloud in one state, and what each caller makes of it."""

    KEEPS_DISK = False

    def assert_one_verdict(self, findings, shares):
        """All callers tell the same, and come to the same shares.

        The state is put back between two of them.

        :param findings: codes with the consumers they are about
        :param shares: what all hold after each that may heal all
        """
        self.settle()
        options = {'cold_moves_keep_disk': self.KEEPS_DISK}
        self.assertEqual(findings, self.findings(**options))
        before = self.read_consumers()
        restored = {code for code, _consumer in findings} <= set(
            auditing.RESTORED)
        callers = [lambda: self.heal(**options), self.agent_heals]
        callers += [self.restore] if restored else []
        for caller in callers:
            caller()
            self.assertEqual(shares, self.all_shares())
            self.assertEqual([], self.findings(**options))
            self.write_back(before)

    def assert_only_told(self, findings):
        """All callers tell it, and none touches anything."""
        self.settle()
        self.assertEqual(findings, self.findings())
        before = self.all_shares()
        for caller in (self.heal, self.agent_heals, self.restore):
            caller()
            self.assertEqual(before, self.all_shares())

    def agent_heals(self):
        self.settle()
        return agent.once(self.placement, self.api, self.KEEPS_DISK,
                          heal_codes=[code.value for code in SAFE])

    def restore(self):
        self.settle()
        return agent.restorer(self.placement, self.api,
                              self.KEEPS_DISK).restore()

    def read_consumers(self):
        """All consumers there are, as Placement tells them."""
        return {uuid: self.placement.get(
            f'/allocations/{uuid}', version='1.28').body
            for uuid in self.all_shares()}

    def write_back(self, consumers):
        """Make Placement hold exactly what it held."""
        for uuid in self.all_shares().keys() - consumers.keys():
            self.placement.delete(f'/allocations/{uuid}')
        for uuid, body in consumers.items():
            now = self.placement.get(f'/allocations/{uuid}',
                                     version='1.28').body
            answer = self.placement.put(f'/allocations/{uuid}', {
                'allocations': body['allocations'],
                'project_id': body['project_id'],
                'user_id': body['user_id'],
                'consumer_generation': now.get('consumer_generation')},
                version='1.28')
            assert answer.status == 204, answer.body
