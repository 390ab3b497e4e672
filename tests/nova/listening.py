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

"""The agent's ears in the harness: Nova's own notifications, over a bus.

What Nova's fixture captures is sent on by oslo.messaging, so that listener,
queue and looks are those of the agent.
"""

import random
import time
from typing import Any

from nova.tests.fixtures import notifications as nova_notifications
import oslo_messaging
from oslo_messaging import transport

from hv_sched.agent import cmd
from hv_sched.agent.events import wiring
from hv_sched.status import recorder
from tests.nova import agent
from tests.nova import auditing

PATIENCE_SECONDS = 180
URL = 'fake://'
SOURCE = '''\
version: 2
clusters:
  - name: c0
    guid: 3f2c7a10-5b8e-4c61-9d42-7e1a0b6c5d01
    nodes: [{{name: h1}}, {{name: h2}}, {{name: h3}}]
    volumes:
      - name: CSV1
        guid: '\\\\?\\Volume{{a1d0c3b2-4e5f-4a6b-8c7d-100000000001}}\\'
        size_gb: 500
        free_gb: 500
    vms:
{vms}
'''


class ListeningCase(auditing.AuditCase):
    """A cluster whose agent listens; no pass of its loop runs."""

    HEALS: tuple[str, ...] = ()

    def setUp(self) -> None:
        self.alters = lambda message: [message]
        self.emitted: list[tuple[float, str]] = []
        super().setUp()
        self.syncs = 0
        self.recorder = recorder.Recorder()
        self._sender = oslo_messaging.Notifier(
            oslo_messaging.get_notification_transport(
                self._sending_conf(), url=URL), 'nova', driver='messagingv2',
            topics=['versioned_notifications'])
        self._forward()
        self.events = self.listen()

    def conf(self) -> Any:
        conf = cmd.configure(['--once'])
        for name, value in {'held_settle_time': 0, 'workers': 1,
                            'heal_codes': list(self.HEALS)}.items():
            conf.set_override(name, value, group='hv_sched')
        conf.set_override('transport_url', URL, group='hv_sched_events')
        # The exchange of a fake bus is the process's: other tests have one.
        conf.set_override('exchange', self.id(), group='hv_sched_events')
        return conf

    def _sending_conf(self) -> Any:
        conf = self.conf()
        conf.register_opts(transport._transport_opts)
        conf.set_override('control_exchange', self.id())
        return conf

    def listen(self, source: str | None = None) -> wiring.Events:
        """An agent begins to listen, or another one after it."""
        conf = self.conf()
        conf.set_override('source', source, group='hv_sched')
        events = wiring.configured(
            conf, agent.placement_of(self.placement), agent.nova_of(self.api),
            lambda volume: False, self._wake, self.recorder)
        assert isinstance(events, wiring.Events)
        events.start()
        events.listen(True)
        self.addCleanup(events.stop)
        return events

    def _wake(self) -> None:
        self.syncs += 1

    def _forward(self) -> None:
        original = nova_notifications.FakeVersionedNotifier._notify

        def notify(notifier: Any, priority: str, context: Any,
                   event_type: str, payload: Any) -> None:
            original(notifier, priority, context, event_type, payload)
            sent = notifier.versioned_notifications[-1]
            for message in self.alters((event_type, sent['payload'])):
                self.send(*message)

        self.stub_out('nova.tests.fixtures.notifications.'
                      'FakeVersionedNotifier._notify', notify)

    def send(self, event_type: Any, payload: Any) -> None:
        """A message comes, of Nova or of anybody."""
        self.emitted.append((time.monotonic(), event_type))
        self._sender.info({}, event_type, payload)

    def soon(self, expected: Any, tell: Any) -> None:
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (now := tell()) != expected:
            if time.monotonic() > end:
                raise AssertionError(f'{now} is not {expected}')
            time.sleep(0.02)

    def restored(self, server: Any) -> None:
        """Wait until a server has its share again, and nothing is held."""
        self.soon(({'CSV1': 300}, {}), lambda: (
            self.disk_of(server['id']), self.held_of(server['id'])))


def mistreated(seed: int, forged: list[tuple[Any, Any]]) -> Any:
    """Some messages are lost, doubled, late or among forged ones."""
    dice = random.Random(seed)
    late: list[tuple[Any, Any]] = []

    def alter(message: tuple[Any, Any]) -> list[tuple[Any, Any]]:
        sent = [late.pop()] if late and dice.random() < 0.5 else []
        fate = dice.choice(('lost', 'doubled', 'late', 'right', 'right'))
        if fate == 'late':
            late.append(message)
        sent += {'doubled': [message] * 3, 'right': [message]}.get(fate, [])
        return [*sent, dice.choice(forged)]

    return alter


