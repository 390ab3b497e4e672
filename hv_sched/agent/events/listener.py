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

"""The edge to oslo.messaging, which is an extra: imported when it is used."""

from collections.abc import Callable
import contextlib
import importlib
import logging
import threading
from typing import Any

from oslo_config import cfg

from hv_sched import causes
from hv_sched import exception
from hv_sched import printable
from hv_sched.agent import backoff
from hv_sched.agent.events import broker_log
from hv_sched.agent.events import notifications
from hv_sched.conf import events as options

LOG = printable.logger(__name__)
# Without a pool it would take the messages of other consumers; without the
# others RabbitMQ refuses it.
_NAMES = ('topics', 'exchange', 'pool')


class Endpoint:
    """What oslo.messaging calls for each notification.

    Raises nothing: the message would be delivered again, for ever.

    :param deliver: is given what the agent may want to look at
    """

    def __init__(self, deliver: Callable[[notifications.Hint], None]
                 ) -> None:
        self._deliver = deliver

    def info(self, context: Any, publisher: Any, event_type: Any,
             payload: Any, metadata: Any) -> None:
        """A notification of priority info."""
        hint = notifications.hint(event_type, payload)
        if hint is not None:
            self._deliver(hint)

    # Those of operations that failed.
    error = info


class Listener:
    """Listens from ``start`` to ``stop``, each of which returns at once.

    :param deliver: called from a thread of oslo.messaging
    :raises InvalidConfig: the section does not say how
    """

    def __init__(self, conf: cfg.ConfigOpts,
                 deliver: Callable[[notifications.Hint], None]) -> None:
        self._conf = conf
        self._messaging = _oslo_messaging()
        self._broker = broker_log.BrokerLog()
        self._endpoint = Endpoint(deliver)
        self._failures = causes.Causes(LOG)
        self._pauses = backoff.Backoff(0)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        _check(self._messaging, conf)

    def start(self) -> None:
        """The broker may be away: oslo.messaging then waits for it."""
        if self._thread is not None:
            return
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._serve, args=(self._stop,), daemon=True,
            name='events')
        self._thread.start()

    def stop(self, seconds: float = 0) -> None:
        """:param seconds: to wait until nothing is delivered any more"""
        if self._thread is not None:
            self._stop.set()
            self._thread.join(seconds)
            self._thread = None

    def _serve(self, stop: threading.Event) -> None:
        """Listen until the stop; what ends before begins again."""
        while (failure := self._ended(stop)) is not None:
            # The loop finds without events what they would have told.
            self._failures.update({causes.without_numbers(failure): (
                f'Events: listening ended: {failure}; until it begins again, '
                'changes wait for the next pass')}, logging.ERROR)
            if stop.wait(self._pauses.failed()):
                return

    def _ended(self, stop: threading.Event) -> str | None:
        """Listen; returns what ended it before the stop."""
        try:
            # Also when it is stopped at once: the queue is there then.
            self._listen(stop)
        except Exception as exc:
            return f'{type(exc).__name__}: {exc}'
        return None

    def _listen(self, stop: threading.Event) -> None:
        """In one thread, as oslo.messaging wants it."""
        transport = _transport(self._messaging, self._conf)
        with self._broker, contextlib.ExitStack() as stack:
            # Or each listening that fails leaves a connection behind.
            stack.callback(transport.cleanup)
            server = self._server(transport)
            server.start()
            self._broker.connected()
            self._pauses.succeeded()
            self._failures.update({})
            stop.wait()
            server.stop()
            server.wait()

    def _server(self, transport: Any) -> Any:
        group = self._conf[options.GROUP]
        return self._messaging.get_notification_listener(
            transport,
            [self._messaging.Target(topic=topic, exchange=group.exchange)
             for topic in group.topics],
            [self._endpoint], executor='threading', pool=group.pool)


def _oslo_messaging() -> Any:
    try:
        return importlib.import_module('oslo_messaging')
    except ImportError as exc:
        raise exception.InvalidConfig(
            f'section [{options.GROUP}] has a transport_url, and '
            'oslo.messaging is not installed: install hv_sched[agent], or '
            'take the option out') from exc


def _transport(messaging: Any, conf: cfg.ConfigOpts) -> Any:
    return messaging.get_notification_transport(
        conf, url=conf[options.GROUP].transport_url)


def _check(messaging: Any, conf: cfg.ConfigOpts) -> None:
    """:raises InvalidConfig: the section does not say how to listen"""
    for name in _NAMES:
        value = conf[options.GROUP][name]
        if not value or isinstance(value, list) and '' in value:
            raise exception.InvalidConfig(
                f'section [{options.GROUP}]: {name} is empty; take it out '
                'for the default')
    try:
        _transport(messaging, conf)
    except (messaging.MessagingException, ValueError):
        # What was raised names the URL, and the URL has a password.
        raise exception.InvalidConfig(
            f'section [{options.GROUP}]: oslo.messaging cannot use '
            'transport_url; it looks like '
            'rabbit://user:password@host:5672/') from None
