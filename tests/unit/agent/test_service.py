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


"""The daemon's loop: signals that come fast, and the watchdog."""

import gc
import signal
import weakref

import pytest

from hv_sched.agent import service


class Agent:
    def start(self):
        pass

    def stop(self):
        pass

    def status(self):
        return 'works'

    def stuck_parts(self, now):
        return []


class Notifier:
    """Takes down what systemd would be told; ends the daemon in time."""

    watchdog_seconds = 120.0

    def __init__(self):
        self.told = []

    def ready(self, status):
        self.told.append('ready')

    def reloading(self):
        self.told.append('reloading')

    def stopping(self):
        self.told.append('stopping')

    def alive(self, status):
        self.told.append('alive')


@pytest.fixture(autouse=True)
def handlers():
    numbers = (*service.STOPPING_SIGNALS, signal.SIGHUP)
    former = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


def told(arriving):
    """What systemd is told by a daemon.

    :param arriving: the signals that come during each reload
    """
    notifier = Notifier()

    def make_agent(former):
        for number in arriving.pop(0):
            signal.raise_signal(number)
        return Agent()

    daemon = service.Daemon(make_agent, notifier)
    daemon._signals.put(signal.SIGHUP)
    assert daemon.run(Agent()) == 0
    return notifier.told


def test_reloads_one_after_the_other_do_not_silence_the_watchdog():
    """systemd would kill an agent that only does what it is told."""
    assert told([[signal.SIGHUP], [signal.SIGHUP], [signal.SIGTERM]]).count(
        'alive') == 3


def test_signals_that_came_together_are_one_reload():
    lines = told([[signal.SIGHUP] * 100, [signal.SIGTERM]])
    assert lines.count('reloading') == 2


def test_what_a_former_agent_had_open_is_closed():
    """It is in cycles, and a quiet process collects none for days."""
    agents = []

    def make_agent(former):
        agent = Agent()
        agent.itself = agent
        agents.append(weakref.ref(agent))
        if len(agents) == 3:
            signal.raise_signal(signal.SIGTERM)
        else:
            signal.raise_signal(signal.SIGHUP)
        return agent

    daemon = service.Daemon(make_agent, Notifier())
    daemon._signals.put(signal.SIGHUP)
    gc.disable()
    try:
        daemon.run(Agent())
    finally:
        gc.enable()
    assert [agent() for agent in agents[:2]] == [None, None]
