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

from keystoneauth1 import exceptions as ks_exc
import pytest

from tests.functional import base
from tests.functional import escrow_case


def requests_of_a_restore():
    with base.running_placement() as placement:
        case = escrow_case.CrowdedCase(placement)
        placement.sent.clear()
        case.attempt()
        return len(placement.sent)


@pytest.mark.parametrize('answered', [
    False, pytest.param(True, marks=pytest.mark.faults)])
def test_killed_at_each_request_the_next_pass_finishes(answered):
    for number in range(1, requests_of_a_restore() + 1):
        with base.running_placement() as placement:
            case = escrow_case.CrowdedCase(placement)
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
            case = escrow_case.CrowdedCase(placement)
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
