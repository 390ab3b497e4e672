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

"""Notifications over a real broker, and what a broker may do."""

import json
import logging
import time

import pytest

from hv_sched import exception
from hv_sched.agent.events.notifications import Hint
from tests.functional import rabbitmq
from tests.functional.nova_events import Ear
from tests.functional.nova_events import emit
from tests.functional.nova_events import ended
from tests.functional.nova_events import PATIENCE_SECONDS
from tests.functional.nova_events import publish
from tests.functional.nova_events import UUIDS


@pytest.fixture(scope='module')
def broker(tmp_path_factory):
    with rabbitmq.running(tmp_path_factory.mktemp('rabbitmq')) as server:
        yield server


def test_what_nova_sends_is_heard_by_every_pool(broker):
    with Ear(broker.url) as ear, Ear(broker.url, 'telemetry') as other:
        # The first is heard once both queues are there.
        for each in (ear, other):
            each.listener.stop(PATIENCE_SECONDS)
        emit(broker, *UUIDS[:10])
        for each in (ear, other):
            each.listener.start()
        assert ear.hears(10) == other.hears(10) == set(UUIDS[:10])
        emit(broker, UUIDS[0], event='instance.resize.error')
        assert ear.next() == Hint(UUIDS[0])


def test_what_was_sent_while_no_agent_ran_is_heard_by_the_next(broker):
    with Ear(broker.url, 'killed'):
        pass
    emit(broker, *UUIDS)
    with Ear(broker.url, 'killed') as ear:
        assert ear.hears(100) == set(UUIDS)


def test_what_is_forged_is_passed_over(broker, caplog):
    with Ear(broker.url, 'forged'):
        pass  # the queue of the pool is there from now on
    with Ear(broker.url, 'forged') as ear:
        emit(broker, UUIDS[0])
        assert ear.next() == Hint(UUIDS[0])
        deep = '[' * 2000 + ']' * 2000
        message = {'event_type': 'instance.delete.end', 'priority': 'INFO',
                   'payload': ended('<script>'), 'publisher_id': 'x',
                   'message_id': '1', 'timestamp': 'now'}
        publish(broker, *((body, 'application/json') for body in (
            'no json', '[]', '7', 'null', '"text"', deep, '{}',
            json.dumps({'oslo.version': '2.0', 'oslo.message': 'no json'}),
            json.dumps({'oslo.version': '2.0', 'oslo.message': '[]'}),
            json.dumps({'oslo.version': '9.0', 'oslo.message': '{}'}),
            json.dumps({**message, 'priority': 7}),
            json.dumps({**message, 'event_type': ['x']}),
            json.dumps({**message, 'payload': ended('x' * 10 ** 6)}),
            json.dumps(message))), (b'\xff\xfe', 'application/x-nothing'))
        emit(broker, UUIDS[1])
        assert ear.next() == Hint(UUIDS[1])


@pytest.mark.long
def test_a_broker_that_is_away_at_first_or_goes_is_said_once(
        broker, caplog):
    caplog.set_level(logging.INFO)
    broker.stop()
    with Ear(broker.url) as ear:
        while 'does not answer' not in caplog.text:
            time.sleep(0.05)
        broker.start()
        while 'answers again' not in caplog.text:
            time.sleep(0.05)
        emit(broker, UUIDS[0])
        assert ear.next() == Hint(UUIDS[0])
        caplog.clear()
        broker.stop()
        broker.start()
        while 'answers again' not in caplog.text:
            time.sleep(0.05)
        emit(broker, UUIDS[1])
        assert ear.next() == Hint(UUIDS[1])
        assert caplog.text.count('does not answer') == 1


@pytest.mark.parametrize('url', [
    'nosuch://user:secret@host/', 'rabbit://user:secret@host:port/',
    'secret', '://secret'])
def test_a_url_of_no_driver_is_refused_without_its_password(url):
    with pytest.raises(exception.InvalidConfig) as caught:
        Ear(url)
    assert 'transport_url' in str(caught.value)
    assert 'secret' not in str(caught.value)
