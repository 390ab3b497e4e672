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

"""Which of several agents writes, on real backends of tooz."""

import logging
import threading
import time

import pytest

from hv_sched import exception
from hv_sched.agent import in_hand
from hv_sched.agent import leadership
from tests.functional import candidates

pytestmark = pytest.mark.wide


@pytest.fixture
def redis(tmp_path):
    if candidates.Redis.missing():
        pytest.skip(candidates.Redis.missing())
    pytest.importorskip('redis')
    server = candidates.Redis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=['file', 'redis'])
def url(request, tmp_path):
    if request.param == 'file':
        return candidates.file_url(tmp_path)
    return request.getfixturevalue('redis').url


def test_one_leads_and_another_takes_over_when_it_is_killed(url):
    with candidates.candidates(1, url) as (first,):
        assert first.line() == 'leads'
        with candidates.candidates(1, url) as (second,):
            first.kill()
            began = time.monotonic()
            assert second.line() == 'leads'
            print(f'take-over after SIGKILL, {url.partition(":")[0]}: '
                  f'{time.monotonic() - began:.2f} s')


def test_one_that_ends_lets_another_lead(url):
    with candidates.candidates(1, url) as (first,):
        assert first.line() == 'leads'
        with candidates.candidates(1, url) as (second,):
            first.end()
            assert second.line() == 'leads'


def test_only_one_of_many_leads(url):
    with candidates.candidates(4, url) as agents:
        leaders = [agent for agent in agents if not agent.is_silent]
        while not leaders:
            time.sleep(0.01)
            leaders = [agent for agent in agents if not agent.is_silent]
        leader, = leaders
        assert leader.line() == 'leads'
        leader.kill()
        others = [agent for agent in agents if agent is not leader]
        while not (leaders := [a for a in others if not a.is_silent]):
            time.sleep(0.01)
        assert len(leaders) == 1


@pytest.mark.long  # redis-py tries for a minute
def test_the_leader_goes_on_without_its_backend_and_all_do_in_the_end(redis):
    with candidates.candidates(1, redis.url, lost_after=1) as (first,):
        assert first.line() == 'leads'
        with candidates.candidates(1, redis.url, lost_after=1) as (second,):
            redis.stop()
            assert second.line() == 'leads'
            assert first.is_silent
            redis.start()
            lines = []
            while 'follows' not in lines:
                lines += [agent.line(1) for agent in (first, second)
                          if not agent.is_silent]
                time.sleep(0.01)
            assert lines == ['follows']


def test_a_backend_that_comes_later_is_taken(redis):
    redis.stop()
    with candidates.candidates(1, redis.url) as (agent,):
        redis.start()
        assert agent.line() == 'leads'


@pytest.mark.parametrize('url', [
    'redis://:secret@[', 'nosuch://u:secret@host', 'secret'])
def test_a_url_of_no_driver_is_refused_without_its_password(url):
    with pytest.raises(exception.InvalidConfig) as caught:
        leadership.configured(candidates.configuration(url), dict, print)
    assert 'backend_url' in str(caught.value)
    assert 'secret' not in str(caught.value)


@pytest.mark.long  # as above
def test_a_password_stands_in_no_line_of_the_log(redis, caplog):
    caplog.set_level(logging.DEBUG)
    url = redis.url.replace('secret', 'another')
    agent = leadership.configured(
        candidates.configuration(url, lost_after=1), dict, lambda: None)
    agent.start()
    while 'does not answer' not in caplog.text:
        time.sleep(0.01)
    agent.stop()
    assert 'another' not in caplog.text
    assert 'secret' not in caplog.text


def test_what_cannot_be_compared_is_told_once_and_keeps_the_lock(
        tmp_path, monkeypatch, caplog):
    caplog.set_level('INFO')
    monkeypatch.setattr(leadership, '_COMPARE_SECONDS', 0)
    calls, is_enough = [], threading.Event()

    def digests():
        calls.append(agent.leads)
        if len(calls) == 4:
            is_enough.set()
        raise RuntimeError('they cannot be read')

    agent = leadership.Leadership(candidates.configuration(
        f'file://{tmp_path}'), digests, lambda: None, beat_seconds=0.01)
    agent.start()
    assert is_enough.wait(60)
    agent.stop()
    assert all(calls)
    assert [record.getMessage() for record in caplog.records
            if record.name == leadership.__name__] == [
        'Leadership: the configuration of this agent and of others cannot be '
        'compared (RuntimeError: they cannot be read)',
        'Leadership: this agent writes']


def test_what_fails_unexpectedly_does_not_end_the_thread(
        tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(leadership, '_COMPARE_SECONDS', 0)
    goes_on = threading.Event()

    def digests():
        goes_on.set()
        return {}

    def changed():
        raise RuntimeError('a part cannot be woken')

    agent = leadership.Leadership(candidates.configuration(
        f'file://{tmp_path}'), digests, changed, beat_seconds=0.01)
    agent.start()
    while 'failed unexpectedly' not in caplog.text:
        time.sleep(0.01)
    goes_on.clear()
    assert goes_on.wait(60)
    agent.stop()
    assert agent.leads


def test_a_backend_that_keeps_the_thread_is_seen_by_the_watchdog(
        tmp_path, monkeypatch):
    monkeypatch.setattr(leadership, '_COMPARE_SECONDS', 0)
    hangs, goes_on = threading.Event(), threading.Event()

    def digests():
        hangs.set()
        goes_on.wait(60)
        return {}

    agent = leadership.Leadership(candidates.configuration(
        f'file://{tmp_path}'), digests, lambda: None, beat_seconds=0.01)
    agent.start()
    assert hangs.wait(60)
    now = time.monotonic()
    assert not agent.is_stuck(now)
    assert agent.is_stuck(now + in_hand.STUCK_SECONDS + 1)
    goes_on.set()
    agent.stop()
    assert not agent.is_stuck(now + 1e9)


def test_without_a_backend_everybody_writes():
    agent = leadership.configured(candidates.configuration(None), dict, print)
    agent.start()
    assert agent.leads
    agent.stop()
