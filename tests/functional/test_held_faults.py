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

"""Restoring is killed, or Placement fails, at each of its requests."""

import contextlib

from keystoneauth1 import exceptions as ks_exc
import pytest

from hv_sched import exception
from hv_sched.placement import names
from hv_sched.recovery import restore
from tests.functional import base
from tests.functional import escrow_case

HELD, SHARE = escrow_case.HELD, escrow_case.SHARE


class Case(escrow_case.EscrowCase):
    """Two servers with escrow and room for one, and a migration's escrow."""

    def __init__(self, placement):
        super().__init__(placement)
        self.servers = [self.holds(HELD), self.holds(HELD)]
        self.migration = self.holds(HELD, known=False)

    def attempt(self):
        with contextlib.suppress(base.Killed, exception.HvSchedError):
            restore.Restorer(
                self.client, self.nova, restore.RestoreOptions(workers=1),
                sleep=self.slept.append).restore()

    def assert_nothing_is_half_done(self):
        disk = self.client.inventories(escrow_case.VOLUME)[1][names.DISK_GB]
        if disk.capacity > 500:
            assert names.NO_NEW_DISKS in self.client.traits(
                escrow_case.VOLUME)[1]
        for server in self.servers:
            assert self.on_volume(server) in (HELD, SHARE)

    def assert_restored(self):
        self.assert_nothing_is_half_done()
        assert [self.on_volume(server) for server in self.servers] == [
            SHARE, SHARE]
        assert self.on_volume(self.migration) == {}
        assert self.client.inventories(escrow_case.VOLUME)[1][
            names.DISK_GB].capacity == 600


def requests_of_a_restore():
    with base.running_placement() as placement:
        case = Case(placement)
        placement.sent.clear()
        case.attempt()
        return len(placement.sent)


@pytest.mark.parametrize('answered', [
    False, pytest.param(True, marks=pytest.mark.faults)])
def test_killed_at_each_request_the_next_pass_finishes(answered):
    for number in range(1, requests_of_a_restore() + 1):
        with base.running_placement() as placement:
            case = Case(placement)
            placement.kill_at = number
            placement.kill_after_answer = answered
            case.attempt()
            placement.kill_at = None
            case.assert_nothing_is_half_done()
            case.attempt()
            case.assert_restored()


@pytest.mark.faults
@pytest.mark.parametrize('fault', [
    ('503 Service Unavailable', 'placement.undefined_code'),
    ('500 Internal Server Error', 'placement.undefined_code'),
    ('409 Conflict', 'placement.concurrent_update'),
    ('409 Conflict', 'placement.undefined_code'),
    ks_exc.RequestTimeout('slow'), ks_exc.ConnectFailure('gone')], ids=str)
def test_a_fault_at_each_request_loses_nothing(fault):
    for number in range(1, requests_of_a_restore() + 1):
        with base.running_placement() as placement:
            case = Case(placement)
            fail_once(placement, number, fault)
            case.attempt()
            case.assert_nothing_is_half_done()
            case.attempt()
            case.assert_restored()


def fail_once(placement, number, fault):
    original, sent = placement.request, []

    def request(url, method, **kwargs):
        sent.append(url)
        if len(sent) == number and isinstance(fault, Exception):
            raise fault
        if len(sent) == number:
            placement.service.refuse_all(*fault)
        try:
            return original(url, method, **kwargs)
        finally:
            placement.service.before = None

    placement.request = request
