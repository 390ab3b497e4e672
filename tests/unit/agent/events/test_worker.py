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

import itertools
import logging
import time

import pytest

from hv_sched import exception
from hv_sched.agent import in_hand
from hv_sched.agent.events import server_queue
from hv_sched.agent.events import worker
from hv_sched.agent.events.notifications import Hint


class Looks:
    """Looks at servers as it is told, and closes the queue after the last.

    :param outcomes: what each look returns or raises
    """

    def __init__(self, *outcomes):
        self._outcomes = list(outcomes)
        # A minute between two looks at the clock: all waiting is over.
        minutes = itertools.count(0, 60)
        self.queue = server_queue.ServerQueue(2, lambda: next(minutes))
        self.worker = worker.Worker(self.queue, self, self.wake)
        self.seen = []
        self.syncs = 0

    def __call__(self, servers):
        self.seen.append(sorted(servers))
        outcome = self._outcomes.pop(0)
        if not self._outcomes:
            self.queue.close()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def wake(self):
        self.syncs += 1


def test_servers_are_looked_at_and_services_wake_the_sync():
    looks = Looks(())
    looks.worker.deliver(Hint(syncs=True))
    looks.worker.deliver(Hint('s'))
    looks.worker.run()
    assert (looks.seen, looks.syncs) == ([['s']], 1)


def test_a_server_that_was_moving_is_looked_at_again():
    looks = Looks(['s'], ())
    looks.worker.deliver(Hint('s'))
    looks.worker.deliver(Hint('t'))
    looks.worker.run()
    assert looks.seen == [['s', 't'], ['s']]


@pytest.mark.parametrize('failure', [
    exception.PlacementError('away'), RuntimeError('odd')])
def test_a_failure_is_said_once_and_its_end_too(failure, caplog):
    caplog.set_level(logging.INFO)
    looks = Looks(failure, failure, failure, ())
    looks.worker.deliver(Hint('s'))
    looks.worker.run()
    assert looks.seen == [['s']] * 4
    assert [record.levelname for record in caplog.records] == [
        'ERROR', 'INFO']


def test_a_look_that_does_not_end_is_stuck():
    states = []

    def look(_servers):
        looks.queue.close()
        now = time.monotonic()
        states.extend(looks.worker.is_stuck(now + seconds)
                      for seconds in (0, in_hand.STUCK_SECONDS + 1))
        return ()

    looks = Looks(())
    looks.worker = worker.Worker(looks.queue, look, looks.wake)
    looks.worker.deliver(Hint('s'))
    looks.worker.run()
    assert states == [False, True]
    assert not looks.worker.is_stuck(time.monotonic() + 1e9)


def test_what_is_dropped_is_logged(caplog):
    looks = Looks(())
    for server in 'stuv':
        looks.worker.deliver(Hint(server))
    looks.worker.run()
    assert looks.seen == [['s', 't']]
    assert '2 notifications were dropped' in caplog.text


def test_a_flood_is_said_once_a_minute(caplog):
    now = [0.0]
    queue = server_queue.ServerQueue(1)

    def look(servers):
        now[0] += 15
        if now[0] >= 75:
            queue.close()
        for server in 'xyz':
            hands.deliver(Hint(server))
        return ()

    hands = worker.Worker(queue, look, lambda: None, lambda: now[0])
    for server in 'xyz':
        hands.deliver(Hint(server))
    hands.run()
    assert [record.args[0] if record.args else record.getMessage().split()[1]
            for record in caplog.records] == ['2', '8']
