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

"""The agent's listener, with each fault of a broker and its messages.

After each: the notifications of servers that were sent meanwhile are heard
where the queue was there, those sent later are, nothing else is; the log says
that the broker is away, and no password; the listener stops when it is told.
"""

import contextlib
import json
import logging
import time

import pytest

from tests import fault_record
from tests.chaos import relay as relays
from tests.functional import nova_events
from tests.functional import rabbitmq
from tests.functional.nova_events import UUIDS

pytestmark = pytest.mark.wide

TABLE = 'Broker of the events'
NAME = 'hv-sched-agent, [hv_sched_events]'
AWAY, BACK = 'does not answer', 'answers again'
HUGE_BYTES = 12 * 1024 ** 2
HEARTBEAT_SECONDS = 4


@pytest.fixture(scope='module')
def broker(tmp_path_factory):
    with rabbitmq.running(tmp_path_factory.mktemp('rabbitmq')) as server:
        yield server


class Bus:
    """A broker behind a relay.

    :param pool: of the listeners, whose queue no other case has
    """

    def __init__(self, broker, caplog, pool):
        self.broker = broker
        self.relay = relays.Relay(broker.port)
        self._caplog = caplog
        self._pool = pool
        self.url = broker.url.replace(
            f':{broker.port}/', f':{self.relay.port}/')
        self.password = broker.url.split('@')[0].rpartition(':')[2]

    def ear(self, url=None):
        made = nova_events.Ear(url or self.url, self._pool)
        conf = made.listener._conf
        conf.set_override('heartbeat_timeout_threshold', HEARTBEAT_SECONDS,
                          'oslo_messaging_rabbit')
        return made

    def logs(self, text):
        end = time.monotonic() + nova_events.PATIENCE_SECONDS
        while text not in self._caplog.text:
            assert time.monotonic() < end, f'"{text}" is not logged'
            time.sleep(0.05)

    def emit(self, *uuids, **kwargs):
        nova_events.emit(self.broker, *uuids, **kwargs)

    def publish(self, *bodies):
        nova_events.publish(self.broker, *(
            (body, 'application/json') for body in bodies))


def hears(ear, *uuids, again=()):
    """These, each once or more often, and nobody else.

    :param again: those that may be delivered once more
    """
    missing = set(uuids)
    while missing:
        hint = ear.next()
        assert hint.server in (*uuids, *again), hint
        missing.discard(hint.server)


def away_at_first(bus):
    bus.relay.refuse()
    with bus.ear() as ear:
        bus.logs(AWAY)
        bus.relay.listen()
        bus.logs(BACK)
        bus.emit(UUIDS[0])
        hears(ear, UUIDS[0])


def refused_credentials(bus):
    wrong = 'not-the-password'
    with bus.ear(bus.url.replace(bus.password, wrong)):
        bus.logs('listening ended: AccessRefused')
    assert wrong not in bus._caplog.text
    with hearing(bus):
        pass


def silent_at_first(bus):
    bus.relay.fall_silent()
    with bus.ear() as ear:
        bus.logs(AWAY)
        bus.relay.move()
        bus.logs(BACK)
        bus.emit(UUIDS[0])
        hears(ear, UUIDS[0])


def started(bus):
    """A listener whose queue is there."""
    with bus.ear():
        pass
    return bus.ear()


@contextlib.contextmanager
def hearing(bus):
    """A listener that has heard the first notification."""
    with started(bus) as ear:
        bus.emit(UUIDS[0])
        hears(ear, UUIDS[0])
        yield ear


def dies_in_between(bus):
    with hearing(bus) as ear:
        bus.relay.refuse()
        bus.emit(UUIDS[1])
        bus.logs(AWAY)
        bus.relay.listen()
        bus.logs(BACK)
        bus.emit(UUIDS[2])
        hears(ear, UUIDS[1], UUIDS[2])


def half_open(bus):
    with hearing(bus) as ear:
        bus.relay.fall_silent()
        bus.emit(UUIDS[1])
        bus.logs(AWAY)
        bus.relay.cut()
        bus.relay.move()
        bus.logs(BACK)
        bus.emit(UUIDS[2])
        hears(ear, UUIDS[1], UUIDS[2])


def stopped_while_away(bus):
    """stop() does not wait for a broker."""
    bus.relay.refuse()
    ear = bus.ear()
    ear.listener.start()
    bus.logs(AWAY)
    begin = time.monotonic()
    ear.listener.stop()
    assert time.monotonic() - begin < nova_events.PATIENCE_SECONDS
    bus.relay.listen()


def lost_before_it_is_acknowledged(bus):
    with started(bus) as ear:
        put = ear.listener._endpoint._deliver

        def deliver(hint):
            put(hint)
            ear.listener._endpoint._deliver = put
            bus.relay.cut()
        ear.listener._endpoint._deliver = deliver
        bus.emit(UUIDS[0])
        hears(ear, UUIDS[0])
        bus.emit(UUIDS[1])
        # oslo.messaging knows by its id what comes twice.
        hears(ear, UUIDS[1], again=(UUIDS[0],))


def body(uuid, **fields):
    return json.dumps({
        'event_type': 'instance.resize.end', 'priority': 'INFO',
        'publisher_id': 'x', 'message_id': '1', 'timestamp': 'now',
        'payload': nova_events.ended(uuid), **fields})


def between(bus, *bodies):
    """Bodies nobody hears, between two notifications that are heard."""
    with hearing(bus) as ear:
        bus.publish(*bodies)
        bus.emit(UUIDS[1])
        hears(ear, UUIDS[1])


def garbage(bus):
    between(bus, '', 'no json', '[]', '7', 'null', '"text"', '{}', '[' * 5000,
            '{"a":' * 5000, json.dumps({'oslo.version': '2.0'}),
            json.dumps({'oslo.version': '2.0', 'oslo.message': '[]'}),
            json.dumps({'oslo.version': '9.0', 'oslo.message': '{}'}))


def hostile(bus):
    between(bus, body('../../servers'), body('\x1b[2J\n'), body(UUIDS[9] * 2),
            body(UUIDS[9].upper()), body([UUIDS[9]]), body({'a': 1}),
            body(UUIDS[9], payload=[UUIDS[9]]), body(UUIDS[9], priority=7),
            body(UUIDS[9], event_type=['instance.resize.end']),
            body(UUIDS[9], event_type='compute.instance.resize.end'),
            body(UUIDS[9], payload={'nova_object.data': None}))


def huge(bus):
    between(bus, body('x' * HUGE_BYTES), 'x' * HUGE_BYTES)


def duplicates(bus):
    with started(bus) as ear:
        bus.publish(*[body(UUIDS[0])] * 20)
        bus.emit(UUIDS[1])
        hears(ear, UUIDS[0], UUIDS[1])


def out_of_order(bus):
    with started(bus) as ear:
        bus.emit(UUIDS[0], event='instance.delete.end')
        bus.emit(UUIDS[0], event='instance.resize.end')
        bus.emit(UUIDS[1], event='instance.evacuate')
        hears(ear, UUIDS[0], UUIDS[1])


CASES = (away_at_first, refused_credentials, silent_at_first, dies_in_between,
         half_open, stopped_while_away, lost_before_it_is_acknowledged,
         garbage, hostile, huge, duplicates, out_of_order)


def wrong_with(case, broker, caplog):
    bus = Bus(broker, caplog, f'pool-{case.__name__}')
    caplog.clear()
    try:
        case(bus)
    except Exception as exc:
        return [f'{type(exc).__name__}: {exc}']
    finally:
        bus.relay.close()
    return ['the password is logged'] if bus.password in caplog.text else []


@pytest.mark.faults
def test_every_fault_of_the_broker_costs_no_later_notification(
        broker, caplog, record_property):
    caplog.set_level(logging.INFO)
    counts = fault_record.Counts(NAME, 1, len(CASES), len(CASES), TABLE)
    found = {}
    for case in CASES:
        wrong = wrong_with(case, broker, caplog)
        counts.add(case.__name__.replace('_', ' '),
                   fault_record.VIOLATION if wrong else 'heard')
        if wrong:
            found[case.__name__] = wrong
    counts.note(record_property)
    assert not found, found
