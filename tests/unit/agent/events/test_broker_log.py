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

import logging

import pytest

from hv_sched.agent.events import broker_log

DRIVER = logging.getLogger('oslo.messaging._drivers.impl_rabbit')
AWAY = '[%s] AMQP server on %s is unreachable. Trying again in %d seconds.'


@pytest.fixture
def broker(caplog):
    caplog.set_level(logging.INFO)
    with broker_log.BrokerLog() as broker:
        yield broker


def lines(caplog):
    return [record.getMessage() for record in caplog.records]


def test_an_outage_is_said_once_and_its_end(broker, caplog):
    for seconds in range(50):
        DRIVER.error(AWAY, 'id', 'host', seconds)
    assert broker.is_away
    assert len(lines(caplog)) == 2
    assert 'wait for the next pass' in lines(caplog)[0]
    DRIVER.info('[%s] Reconnected to AMQP server', 'id')
    assert not broker.is_away
    assert 'Events: the broker answers again' in lines(caplog)
    DRIVER.error(AWAY, 'id', 'host', 1)
    assert broker.is_away


def test_another_failure_is_another_line(broker, caplog):
    DRIVER.error(AWAY, 'id', 'host', 1)
    DRIVER.error('Check login credentials')
    DRIVER.error('Check login credentials')
    assert lines(caplog)[2:] == ['Check login credentials']


def test_a_first_connection_is_said(broker, caplog):
    broker.connected()
    assert lines(caplog) == ['Events: listening to Nova']


def test_afterwards_the_log_is_as_it_was(caplog):
    with broker_log.BrokerLog():
        pass
    for _attempt in range(3):
        DRIVER.error(AWAY, 'id', 'host', 1)
    assert len(lines(caplog)) == 3
