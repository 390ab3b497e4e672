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

"""Audit and heal in the midst of moves: nothing false is healed.

Nova asks Placement for each step of a move. At such requests, before they
are sent, a whole audit with heal of everything runs, so it sees the cloud as
it is between any two steps.
"""

import threading

from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import settings
from hypothesis import strategies as st
import pytest

from hv_sched.audit.findings import Code
from hv_sched.placement import names
from tests.nova import auditing
from tests.nova import moving

pytestmark = pytest.mark.wide

SIZES_GB = (40, 50, 60)
GROWN_GB = 70
# Nova closes a migration before it is done with what it holds: only the
# time an agent waits tells such a one from an orphan.
SETTLE_S = 10


class Storm(auditing.AuditCase):
    """Three servers that move, and one that stands still and lost its share.

    :ivar healed: all that was healed meanwhile
    """

    def setUp(self):
        super().setUp()
        self.servers = [self.boot(self.flavor(gb), host=host) for gb, host
                        in zip(SIZES_GB, self.HOSTS, strict=True)]
        self.still = self.boot(self.flavor(5), host='h1')
        self.grown = self.flavor(GROWN_GB)
        self.healed = []
        self.audits = 0
        self.turn = iter(())
        self.running = threading.Lock()
        self.add_fault('*', '.*', self.intervene)

    def intervene(self):
        """Audit and heal before a request of Nova's, at its turns."""
        if not next(self.turn, False) or not self.running.acquire(False):
            return
        try:
            self.audits += 1
            if self.audits % 2:
                self.healed += self.heal(auditing.ALL - {Code.ORPHANED})
            else:
                self.healed += self.heal(settle_seconds=SETTLE_S)
        finally:
            self.running.release()

    def drop_share(self):
        """The one that stands still loses its share."""
        body = self.placement.get(f'/allocations/{self.still["id"]}',
                                  version='1.28').body
        body['allocations'].pop(self.volumes['CSV1'], None)
        for held in body['allocations'].values():
            held.pop('generation', None)
        self.placement.put(f'/allocations/{self.still["id"]}', body,
                           version='1.28')

    # -- operations; each ends with a server that stands still

    def migrate_live(self, server):
        self.during_live_migration('post')
        self.live_migrate(server)

    def roll_back(self, server):
        self.during_live_migration('error')
        self.live_migrate(server)

    def no_host(self, server):
        self.refuse_pre_check(1)
        self.during_live_migration('post')
        self.live_migrate(server)

    def migrate_cold(self, server):
        self._migrate_server(server)
        self._confirm_resize(self.api.get_server(server['id']))

    def revert(self, server):
        self._migrate_server(server)
        self._revert_resize(self.api.get_server(server['id']))

    def resize(self, server):
        self.api.post_server_action(server['id'], {'resize': {
            'flavorRef': self.grown}})
        self._wait_for_state_change(server, 'VERIFY_RESIZE')
        self._revert_resize(self.api.get_server(server['id']))

    def shelve(self, server):
        self._shelve_server(server, expected_state='SHELVED_OFFLOADED')
        self._unshelve_server(self.api.get_server(server['id']))

    OPERATIONS = (migrate_live, roll_back, no_host, migrate_cold, revert,
                  resize, shelve)

    # -- what must be so

    def assert_whole(self):
        self.turn = iter(())
        self.rest()
        for server, gb in zip(self.servers, SIZES_GB, strict=True):
            self.assert_held_soon({
                self.host_of(server): moving.COMPUTE,
                'CSV1': {names.DISK_GB: gb}}, server)
        self.settle()
        self.heal({Code.MISSING})
        self.assertEqual([], self.findings())
        self.assertEqual({'CSV1': 5}, self.disk_of(self.still['id']))
        self.assertLessEqual({
            (finding.code, finding.consumer) for finding in self.healed},
            {(Code.MISSING, self.still['id'])})

    def rest(self):
        """Wait until Nova is done, as an agent does, and restore.

        What a migration then holds is escrow, and the agent's to release.
        """
        servers = {server['id'] for server in (*self.servers, self.still)}
        self.soon(set(), lambda: self.using() - servers)
        self.restore()

    def using(self):
        """The consumers that hold anything but escrow."""
        return {consumer for consumer, held in self.all_shares().items()
                if any(rc != names.HELD_DISK_GB for resources
                       in held.values() for rc in resources)}

    def assert_held_soon(self, expected, server):
        self.soon(expected, lambda: self.shares(server['id']))

    def test_a_live_migration_audited_at_every_step(self):
        self.drop_share()
        self.turn = iter(lambda: True, False)
        self.migrate_live(self.servers[0])
        self.assertGreater(self.audits, 2)
        self.assert_whole()
        self.assertEqual([self.still['id']],
                         [finding.consumer for finding in self.healed])

    @pytest.mark.long
    def test_any_moves_audited_at_any_step(self):
        @settings(max_examples=12, deadline=None, derandomize=True,
                  database=None, phases=(Phase.generate,),
                  suppress_health_check=list(HealthCheck))
        @given(st.lists(st.tuples(
            st.sampled_from(self.OPERATIONS), st.integers(0, 2)),
            min_size=2, max_size=4),
            st.lists(st.booleans(), min_size=10, max_size=60))
        def storm(operations, turns):
            self.drop_share()
            for operation, which in operations:
                self.turn = iter(turns)
                operation(self, self.servers[which])
                self.rest()
            self.assert_whole()
        storm()
        self.assertGreater(self.audits, 50)
