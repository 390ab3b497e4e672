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

"""The hand-over has one budget of attempts, however it fails.

Whoever asked Nova for a move waits so long.
"""

import json

import pytest
import tenacity

from hv_sched import exception
from hv_sched.filters import hand_over
from hv_sched.placement import names
from hv_sched.placement import transport
from hv_sched.request_filters.pending_move import PendingMove
from hv_sched.snapshot import nova_transport

VOLUME = 'v1'
SERVER, MIGRATION = 'server', 'migration'
ATTEMPTS = 8
MOVE = PendingMove(SERVER, MIGRATION, frozenset({VOLUME}),
                   frozenset({VOLUME}))
# The server's escrow of a move that failed; the migration has the share.
HELD = {SERVER: {names.HELD_DISK_GB: 10}, MIGRATION: {names.DISK_GB: 10}}


def fault(status, code, detail=''):
    return transport.Response(
        status, {'Content-Type': 'application/json'}, json.dumps({'errors': [{
            'status': status, 'title': str(status), 'detail': detail,
            'code': code, 'request_id': 'req-0'}]}).encode())


CONFLICT = fault(409, 'placement.concurrent_update')
NO_ROOM = fault(409, 'placement.undefined_code', 'no room')
AWAY = fault(503, 'placement.undefined_code')
WRITTEN = transport.Response(204, {}, b'')


class Service:
    """Placement, with the answers to come.

    :param writes: the answers to POST; the last one is repeated
    :param read: instead of every answer to GET
    :ivar sent: (method, url)
    """

    def __init__(self, writes, read=None):
        self._writes = list(writes)
        self._read = read
        self.sent = []

    def send(self, method, url, *args, **kwargs):
        self.sent.append((method, url))
        if method == 'GET':
            return self._read or self._consumer(url.rpartition('/')[2])
        return self._writes.pop(0) if len(self._writes) > 1 else (
            self._writes[0])

    @staticmethod
    def _consumer(uuid):
        return transport.Response(
            200, {'Content-Type': 'application/json'}, json.dumps({
                'allocations': {VOLUME: {
                    'generation': 1, 'resources': HELD[uuid]}},
                'consumer_generation': 1, 'project_id': 'p',
                'user_id': 'u', 'consumer_type': 'unknown'}).encode())

    def count(self, method):
        return sum(sent == method for sent, _url in self.sent)


@pytest.fixture
def hand_over_with(monkeypatch):
    """Make the hand-over with a service; what was raised, or None."""
    # Pauses are no part of the budget here.
    monkeypatch.setattr(tenacity.nap, 'time', _NoTime)

    def make(service):
        monkeypatch.setattr(nova_transport.NovaTransport, 'send',
                            lambda self, *args, **kwargs: service.send(
                                *args, **kwargs))
        try:
            hand_over._make(MOVE)
        except exception.PlacementError as exc:
            return type(exc)
        return None
    return make


class _NoTime:
    @staticmethod
    def sleep(seconds):
        """Nobody waits."""


def test_a_placement_that_is_away_is_asked_once_an_attempt(hand_over_with):
    service = Service([WRITTEN], read=AWAY)
    assert hand_over_with(service) is exception.PlacementUnavailable
    assert service.count('GET') == ATTEMPTS
    assert service.count('POST') == 0


def test_a_conflict_costs_two_reads_and_a_write_an_attempt(hand_over_with):
    service = Service([CONFLICT])
    assert hand_over_with(service) is exception.PlacementConflict
    assert service.count('POST') == ATTEMPTS
    assert service.count('GET') == 2 * ATTEMPTS


def test_escrow_without_room_stays_and_begins_no_second_budget(
        hand_over_with):
    """Conflicts before and after the refusal count together."""
    service = Service([CONFLICT] * 3 + [NO_ROOM] + [CONFLICT])
    assert hand_over_with(service) is exception.PlacementConflict
    # The refusal and the write without the escrow are one attempt.
    assert service.count('POST') == ATTEMPTS + 1
    assert service.count('GET') == 2 * (ATTEMPTS + 1)


def test_escrow_without_room_is_not_tried_again(hand_over_with):
    service = Service([NO_ROOM, WRITTEN])
    assert hand_over_with(service) is None
    assert service.count('POST') == 2


def test_a_hand_over_without_any_room_is_refused_at_once(hand_over_with):
    service = Service([NO_ROOM])
    assert hand_over_with(service) is exception.PlacementRefused
    assert service.count('POST') == 2
