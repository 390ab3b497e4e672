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


"""The process around the agent: signals, and notifications of systemd.

SIGHUP reads configuration, source and overrides again. SIGTERM and SIGINT
end it after the writes in hand; a second one ends it at once.
"""

from collections.abc import Callable
import gc
import os
import queue
import signal
import time
from types import FrameType

from oslo_config import cfg

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import printable
from hv_sched.agent import systemd
from hv_sched.agent.passes import Agent

LOG = printable.logger(__name__)

STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# How often it looks whether its loops progress.
LOOK_SECONDS = 10.0
# A second signal ends a process that a service holds up.
_FORCED_EXIT = 1

# Makes an agent of what the files say now; takes over from a former one.
MakeAgent = Callable[[Agent | None], Agent]


class Daemon:
    """:param make_agent: raises InvalidConfig or cfg.Error where a file is
        wrong
    """

    def __init__(self, make_agent: MakeAgent,
                 notifier: systemd.Notifier | None = None) -> None:
        self._make_agent = make_agent
        self._notifier = notifier or systemd.Notifier()
        # Its put may interrupt its get, as a handler of a signal does.
        self._signals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._is_stopping = False

    def keep_reloads(self) -> None:
        """What is asked for while the first agent is made is done by ``run``;
        it would end the process.
        """
        signal.signal(signal.SIGHUP, self._on_signal)

    def run(self, agent: Agent) -> int:
        """Until a signal ends it; returns the exit code."""
        for number in (*STOPPING_SIGNALS, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        agent.start()
        self._notifier.ready(agent.status())
        agent = self._until_stopped(agent)
        LOG.info('hv-sched-agent: stopping: what is being written is '
                 'finished')
        self._notifier.stopping()
        agent.stop()
        LOG.info('hv-sched-agent: stopped')
        return exit_codes.OK

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number in STOPPING_SIGNALS:
            if self._is_stopping:
                os._exit(_FORCED_EXIT)
            self._is_stopping = True
        self._signals.put(number)

    def _until_stopped(self, agent: Agent) -> Agent:
        """Returns the agent that runs then."""
        watchdog_seconds = self._notifier.watchdog_seconds
        seconds = LOOK_SECONDS if watchdog_seconds is None else min(
            LOOK_SECONDS, watchdog_seconds / 2)
        while not self._is_stopping:
            if self._is_reload(seconds) and not self._is_stopping:
                agent = self._reloaded(agent)
                # A former one's connections and log file are in cycles.
                gc.collect()
            self._tell_watchdog(agent)
        return agent

    def _is_reload(self, seconds: float) -> bool:
        """Wait for signals; one reload serves all that came meanwhile."""
        numbers = []
        try:
            numbers.append(self._signals.get(timeout=seconds))
            while True:
                numbers.append(self._signals.get_nowait())
        except queue.Empty:
            return signal.SIGHUP in numbers

    def _tell_watchdog(self, agent: Agent) -> None:
        stuck = agent.stuck_parts(time.monotonic())
        if stuck:
            self._notifier.stuck('stuck: ' + ', '.join(stuck))
        else:
            self._notifier.alive(agent.status())

    def _reloaded(self, agent: Agent) -> Agent:
        """The agent of the new files; the former one where one is wrong."""
        self._notifier.reloading()
        try:
            new = self._make_agent(agent)
        except Exception as exc:
            # Whatever a library makes of an option: what works goes on.
            LOG.error('SIGHUP: the new configuration is rejected, the '
                      'previous one stays in effect: %s', exception.told(exc)
                      if isinstance(exc, (exception.HvSchedError, cfg.Error))
                      else f'{type(exc).__name__}: {exc}')
        else:
            agent.stop()
            agent = new
            agent.start()
            LOG.info('SIGHUP: configuration, source and overrides are read '
                     'again')
        self._notifier.ready(agent.status())
        return agent
