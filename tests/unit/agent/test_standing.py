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

import pytest

from hv_sched.agent import standing


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def agent(clock):
    return standing.Standing(60, clock)


MINE = {'overrides': 'a', 'clusters': 'b'}


def test_who_has_the_lock_writes(agent):
    assert not agent.leads
    agent.answered(True)
    assert agent.leads
    agent.answered(False)
    assert not agent.leads


def test_who_wrote_goes_on_without_an_answer(agent, clock):
    agent.answered(True)
    clock.now += 10 ** 6
    assert agent.leads


def test_without_an_answer_for_long_everybody_writes(agent, clock):
    agent.answered(False)
    clock.now += 59
    assert not agent.leads
    clock.now += 1
    assert agent.leads
    agent.answered(False)
    assert not agent.leads


def test_a_backend_that_never_answered_is_lost_too(agent, clock):
    clock.now += 60
    assert agent.leads


def test_settings_that_differ_for_long_are_named(agent, clock):
    others = {'hv:1': {**MINE, 'overrides': 'c', 'clusters': 'd'},
              'hv:2': MINE, 'older': {}}
    agent.compare(MINE, others)
    clock.now += 119
    agent.compare(MINE, others)
    assert agent.differing == {}
    clock.now += 1
    agent.compare(MINE, others)
    assert agent.differing == {'hv:1': 'clusters and overrides'}
    agent.compare(MINE, {'hv:1': MINE})
    assert agent.differing == {}


def test_who_knows_another_with_other_settings_waits_for_the_lock(
        agent, clock):
    others = {'hv:1': {'overrides': 'c'}}
    agent.compare(MINE, others)
    clock.now += 120
    agent.compare(MINE, others)
    assert agent.is_lost and not agent.leads
    agent.answered(True)
    assert agent.leads
