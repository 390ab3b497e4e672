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

"""What the status comes to, with reasons, and in an exit code."""

import dataclasses

import pytest

from hv_sched.status import verdict
from hv_sched.status.model import PartStatus
from hv_sched.status.model import Status
from hv_sched.status.verdict import Level
from tests import status_clouds
from tests.status_clouds import before
from tests.status_clouds import NOW


def judged(status):
    return verdict.judge(status, NOW)


def with_volume(**fields):
    cluster = dataclasses.replace(
        status_clouds.cluster(2, 1),
        volumes=(status_clouds.volume(**fields),))
    return status_clouds.healthy(clusters=(cluster,))


def with_part(**fields):
    return status_clouds.healthy(parts=(PartStatus('Sync', **fields),))


def test_all_is_well():
    assert judged(status_clouds.healthy()) == verdict.StatusVerdict(Level.OK)
    assert judged(status_clouds.healthy()).exit_code == 0


def test_findings_want_attention_and_notes_do_not():
    noted = status_clouds.healthy()
    noted = dataclasses.replace(noted, findings=status_clouds.FINDINGS[2:])
    assert judged(noted).level is Level.OK
    found = dataclasses.replace(noted, findings=status_clouds.FINDINGS)
    assert judged(found).reasons == ('1 error', '1 warning')
    assert judged(found).exit_code == 2


@pytest.mark.parametrize('fields', [
    {'state': 'full'}, {'state': 'over-full'}, {'state': 'hidden'},
    {'state': 'closed', 'closed': {'FLOOR': 'low'}},
    {'state': 'closed', 'closed': {'FLOOR': 'low', 'OPERATOR': 'closed'}},
    {'state': 'closed', 'closed': {'': 'nothing says why'}},
    {'cut_off': ('hv01',)}])
def test_a_volume_in_trouble_is_named(fields):
    assert judged(with_volume(**fields)).level is Level.ATTENTION
    assert 'hvc1/Volume1' in judged(with_volume(**fields)).reasons[0]


def test_a_cluster_that_was_never_published_is_named():
    cluster = dataclasses.replace(
        status_clouds.cluster(2, 0), is_unpublished=True)
    verdict_ = judged(status_clouds.healthy(clusters=(cluster,)))
    assert verdict_.level is Level.ATTENTION
    assert verdict_.reasons == (
        'clusters of the source without a volume in Placement: hvc1',)


@pytest.mark.parametrize('reason', ['OPERATOR', 'MAINTENANCE'])
def test_what_an_operator_closed_is_no_trouble(reason):
    status = with_volume(state='closed', closed={reason: 'decided'})
    assert judged(status).level is Level.OK


def test_no_data_yet_is_not_all_is_well():
    assert judged(Status()).level is Level.UNKNOWN
    assert judged(Status()).exit_code == 4
    assert 'no data yet' in judged(Status()).reasons[0]


def test_what_cannot_be_read_is_said():
    status = status_clouds.healthy(unread={'Placement': 'HTTP 503'})
    assert judged(status).reasons == (
        'Placement could not be read: HTTP 503',)


def test_an_agent_long_dead_is_said_with_its_age():
    status = status_clouds.healthy(read_at=before(12000), parts=(
        PartStatus('Sync', {'ok': 1}, 'ok', 1.0, before(12000),
                   before(12000)),))
    assert judged(status).level is Level.UNKNOWN
    assert judged(status).reasons == (
        'Sync: no pass for 3 h 20 min', 'what is shown is 3 h 20 min old')


def test_a_pass_that_hangs_is_said():
    assert 'has been running for 40 min' in judged(
        with_part(running_since=before(2400))).reasons[0]
    assert judged(with_part(running_since=before(60))).level is Level.OK


def test_a_part_that_failed_is_said_and_not_ready():
    failed = with_part(result='error', error='Nova: HTTP 500',
                       last_end=before(5))
    assert judged(failed).reasons == (
        'Sync: its last pass failed: Nova: HTTP 500',)
    assert verdict.unready(failed, NOW) == judged(failed).reasons
    assert verdict.stalled(failed, NOW) == ()


def test_it_is_not_ready_before_each_part_has_passed():
    assert verdict.unready(with_part(), NOW) == (
        'Sync: no pass has ended yet',)
    assert verdict.unready(status_clouds.healthy(), NOW) == ()


def test_findings_do_not_make_an_agent_unready():
    assert verdict.unready(status_clouds.status(), NOW) == ()


@pytest.mark.parametrize('seconds, text', [
    (0, '0 s'), (59.9, '59 s'), (60, '1 min'), (95, '1 min 35 s'),
    (3600, '1 h'), (3605, '1 h'), (12000, '3 h 20 min'), (90061, '1 d 1 h')])
def test_ages_are_said_in_two_units(seconds, text):
    assert verdict.ago(seconds) == text
