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

"""hv_sched's own requests fail while a move is scheduled.

Never half a hand-over: the move goes on or is refused, the server stays
ACTIVE, and one pass of the agent later everything is as the table says.
"""

import threading

from keystoneauth1 import exceptions as ks_exc
import pytest

from hv_sched.snapshot import nova_transport
from tests.nova import moving
from tests.nova import placement

pytestmark = pytest.mark.wide

BUSY = placement.answer(503)
CONFLICT = placement.answer(
    409, '{"errors": [{"code": "placement.concurrent_update"}]}')
FULL = placement.answer(
    409, '{"errors": [{"code": "placement.undefined_code"}]}')
PAGE = placement.answer(200, '<html>Welcome to nginx!</html>')
BROKEN = placement.answer(500, 'no json')
SLOW = placement.error(ks_exc.RequestTimeout('slow'))
AWAY = placement.error(ks_exc.ConnectFailure('gone'))
# A live migration inside the cluster: what the migration holds, and the
# hand-over's one write.
REQUESTS = 2


class _OurRequests(moving.MovingCase):

    def setUp(self):
        super().setUp()
        self.count = 0
        self.by_us = threading.local()
        original = nova_transport.NovaTransport.send

        def send(*args, **kwargs):
            self.by_us.now = True
            try:
                return original(*args, **kwargs)
            finally:
                self.by_us.now = False

        self.stub_out(
            'hv_sched.snapshot.nova_transport.NovaTransport.send', send)
        self.server = self.on('h1')

    def fail(self, hook, first, last=None):
        """Our requests from the first to the last (all) get this fault."""
        self.count = 0

        def once():
            if not getattr(self.by_us, 'now', False):
                return None
            self.count += 1
            late = last is not None and self.count > last
            return None if self.count < first or late else hook()

        self.mend_placement()
        self.add_fault('*', '', once)

    def assert_moved_or_not(self):
        before = self.host_of(self.server)
        status = self.live_migrate(self.server)
        self.mend_placement()
        self.assertIn(status, ('completed', 'error'))
        self.assertEqual(status == 'error',
                         before == self.host_of(self.server))
        self.assertEqual(
            'ACTIVE', self.api.get_server(self.server['id'])['status'])
        self.assertNotEqual(1, self.agent_pass())
        self.assert_at_rest(self.server, self.host_of(self.server))
        return status


class OurRequests(_OurRequests):

    def test_a_live_migration_makes_two(self):
        self.fail(lambda: None, 1)
        self.assertEqual('completed', self.live_migrate(self.server))
        self.assertEqual(REQUESTS, self.count)

    def test_no_answer_any_more_from_each_of_them_on(self):
        for first in range(1, REQUESTS + 1):
            self.fail(SLOW, first)
            self.assertEqual('error', self.assert_moved_or_not())
        self.assertTrue(self.logged(
            f'Server {self.server["id"]}: request_filter_.* refused the '
            'request: .*read the allocations of .*slow'))
        self.assertTrue(self.logged(
            f'Server {self.server["id"]}: SharedVolumeFilter refused the '
            'move, because its disk share cannot be handed over'))

    def test_no_answer_of_placements_is_believed(self):
        """A proxy's page, to the first read and to the write itself."""
        for first in (1, REQUESTS):
            self.fail(PAGE, first)
            self.assertEqual('error', self.assert_moved_or_not())
        self.assertTrue(self.logged(
            f'Server {self.server["id"]}: SharedVolumeFilter refused the '
            'move, because its disk share cannot be handed over: read the '
            'allocations of .*: Placement answered 200 with what is no '
            'answer'))
        self.assertTrue(self.logged(
            'write the allocations of 2 consumers: Placement answered 200 '
            'with what is no answer .*not known whether what was sent'))

    @pytest.mark.long
    def test_each_fault_at_each_of_them(self):
        for hook in (PAGE, BUSY, CONFLICT, FULL, BROKEN, SLOW, AWAY):
            for number in range(1, REQUESTS + 1):
                for last in (number, None):
                    self.fail(hook, number, last)
                    self.assert_moved_or_not()


class OurRequestsOfAnEvacuation(_OurRequests):

    @pytest.mark.long
    def test_each_fault_at_each_of_them(self):
        """One read of the server; with nothing held there is no write."""
        self.crash('h1')
        for hook in (BUSY, FULL, SLOW):
            self.fail(hook, 1)
            self.assertEqual('error', self.evacuate(self.server))
            self.mend_placement()
            self.assert_one_share(self.server)
            self.assertEqual('h1', self.host_of(self.server))
            self.api.post_server_action(self.server['id'], {
                'os-resetState': {'state': 'active'}})
        self.assertEqual('done', self.evacuate(self.server))
        self.come_back('h1')
        self.assert_at_rest(self.server, self.host_of(self.server))


class TheProbe(_OurRequests):
    """``prefer`` asks Placement whether a node inside has room."""

    OPTIONS = {'live_migration_scope': 'prefer'}

    def test_without_an_answer_the_move_is_refused(self):
        self.break_placement('GET', '^/allocation_candidates')
        self.assertEqual('error', self.assert_moved_or_not())
