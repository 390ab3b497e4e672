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


"""A part is said to fail once a cause, and to work again with how long."""

import logging
import sys

import pytest

from hv_sched import causes
from hv_sched import exception
from hv_sched import exit_codes
from hv_sched.agent import in_hand
from hv_sched.agent import part


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr('hv_sched.agent.part.time.monotonic', made)
    return made


class Work:
    def __init__(self):
        self.error = None

    def __call__(self, number):
        if self.error is not None:
            raise self.error
        return exit_codes.OK


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, logger='hv_sched')

    def taken():
        messages = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return messages
    return taken


def test_one_line_a_cause_and_one_at_its_end(work, clock, lines):
    made = part.Part('Sync', work)
    for number in range(5):
        work.error = exception.PlacementUnavailable(
            f'Placement answered 503 after {number} seconds')
        assert made.run() == exit_codes.ERROR
        clock.now += 10
    line, = lines()
    assert line.startswith('Sync: failed: Placement answered 503')
    work.error = exception.PlacementDenied('Placement answered 403')
    made.run()
    line, = lines()
    assert 'for 50 seconds: Placement answered 403' in line
    work.error = None
    assert made.run() == exit_codes.OK
    line, = lines()
    assert line == 'Sync: works again after 6 failed passes (50 seconds)'
    made.run()
    assert lines() == []


def test_causes_that_take_turns_are_a_line_each(work, clock, lines):
    """As of two providers that are written side by side."""
    made = part.Part('Sync', work)
    for number in range(20):
        work.error = exception.PlacementUnavailable(
            f'{("one", "other")[number % 2]} provider')
        made.run()
        clock.now += 30
    assert len(lines()) == 2


@pytest.mark.parametrize('error', [
    exception.PlacementUnavailable('it is away'), RuntimeError('odd'),
    exception.PlacementError('')])
def test_no_exception_is_in_hand_while_it_is_said(work, error, monkeypatch):
    """oslo.log would put it at the end of the line, which names it."""
    in_hand_then = []
    monkeypatch.setattr(part.LOG.logger if hasattr(part.LOG, 'logger')
                        else part.LOG, 'error',
                        lambda *args: in_hand_then.append(sys.exc_info()[0]))
    work.error = error
    assert part.Part('Sync', work).run() == exit_codes.ERROR
    assert in_hand_then == [None]


def test_a_cause_that_lasts_is_said_again_seldom(work, clock, lines):
    made = part.Part('Sync', work)
    work.error = OSError('disk full')
    for _ in range(100):
        made.run()
        clock.now += causes.REMINDER_SECONDS / 10
    assert len(lines()) == 10


def test_stopping_is_no_failure(work, lines):
    made = part.Part('Sync', work)
    work.error = exception.Stopping('the process is stopping')
    assert made.run() == exit_codes.OK
    assert lines() == []


def test_a_pass_that_does_not_end_is_stuck_and_an_idle_one_is_not(clock):
    states = []

    def hangs(number):
        states.append(made.is_stuck(clock.now + 1))
        states.append(made.is_stuck(clock.now + in_hand.STUCK_SECONDS + 1))
        return exit_codes.OK
    made = part.Part('Sync', hangs)
    assert not made.is_stuck(clock.now + 1e9), 'it has not begun'
    made.run()
    assert states == [False, True]
    late = clock.now + 1e9
    assert made.is_stuck(late)
    assert not made.is_stuck(late, waits=True)
