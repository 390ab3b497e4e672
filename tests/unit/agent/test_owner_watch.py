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

import datetime

import pytest

from hv_sched.agent import owner_watch
from hv_sched.audit import owners
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding

START = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.timezone.utc)
DIFFERS = Finding(Code.OWNER_DIFFERS, 's', 'hv2', 0, 'on hv2', '')
BACK = Finding(Code.OWNER_DIFFERS, 's', 'hv3', 0, 'on hv3', '')
OTHER = Finding(Code.MISSING, 's', 'csv:c/V1', 50, '', '')


def at(seconds):
    return START + datetime.timedelta(seconds=seconds)


@pytest.fixture
def watch():
    return owner_watch.OwnerWatch(300, lambda: START)


def seen(watch, seconds, *findings):
    return watch.lasting(findings, {'s': owners.Owner('hv2', at(seconds))})


def test_only_what_facts_minutes_apart_agree_on_is_told(watch):
    assert seen(watch, 0, DIFFERS, OTHER) == [OTHER]
    assert seen(watch, 299, DIFFERS) == []
    assert seen(watch, 300, DIFFERS) == [DIFFERS]


def test_the_same_old_facts_tell_nothing_more_however_often(watch):
    for _audit in range(5):
        assert seen(watch, 0, DIFFERS) == []


@pytest.mark.parametrize('between', [(), (BACK,)])
def test_what_was_over_in_between_begins_again(watch, between):
    seen(watch, 0, DIFFERS)
    seen(watch, 200, *between)
    assert seen(watch, 301, DIFFERS) == []


def test_facts_without_a_time_count_from_when_they_were_read():
    moments = iter((START, at(300)))
    watch = owner_watch.OwnerWatch(300, lambda: next(moments))
    undated = {'s': owners.Owner('hv2')}
    assert watch.lasting([DIFFERS], undated) == []
    assert watch.lasting([DIFFERS], undated) == [DIFFERS]
