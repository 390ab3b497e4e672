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

import queue
import threading

from oslo_config import cfg
import oslo_messaging
import pytest

from hv_sched import exception
from hv_sched.agent import backoff
from hv_sched.agent.events import listener
from hv_sched.conf import events as options


def configuration():
    conf = cfg.ConfigOpts()
    conf.register_opts(options.OPTS, group=options.GROUP)
    conf([], default_config_files=[])
    conf.set_override('transport_url', 'fake://', options.GROUP)
    return conf


def test_a_listener_that_is_stopped_at_once_has_made_its_queue(monkeypatch):
    """What is sent until it listens again waits there."""
    made = []
    get_listener = oslo_messaging.get_notification_listener

    def make(*args, **kwargs):
        made.append(True)
        return get_listener(*args, **kwargs)

    monkeypatch.setattr(oslo_messaging, 'get_notification_listener', make)
    listening = listener.Listener(configuration(), print)
    stopped = threading.Event()
    stopped.set()
    # The thread that begins after the stop.
    listening._serve(stopped)
    assert made == [True]


def test_listening_that_ended_begins_again(monkeypatch):
    """A fault of the driver costs events until then, and no restart."""
    attempts: queue.Queue[bool] = queue.Queue()
    began: queue.Queue[bool] = queue.Queue()
    get_listener = oslo_messaging.get_notification_listener

    def fails_twice(*args, **kwargs):
        attempts.put(True)
        if attempts.qsize() < 3:
            raise RuntimeError('the driver broke')
        listening = get_listener(*args, **kwargs)
        began.put(True)
        return listening

    monkeypatch.setattr(backoff, 'FIRST_SECONDS', 0.01)
    monkeypatch.setattr(
        oslo_messaging, 'get_notification_listener', fails_twice)
    listening = listener.Listener(configuration(), print)
    listening.start()
    assert began.get(timeout=60)
    listening.stop(60)
    assert attempts.qsize() == 3


def test_what_ends_it_again_and_again_is_one_line(monkeypatch, caplog):
    """As a queue of another kind, which RabbitMQ refuses for ever."""
    attempts: queue.Queue[bool] = queue.Queue()

    def refuses(*args, **kwargs):
        attempts.put(True)
        raise RuntimeError('PRECONDITION_FAILED')

    monkeypatch.setattr(backoff, 'FIRST_SECONDS', 0.001)
    monkeypatch.setattr(backoff, 'LONGEST_SECONDS', 0.001)
    monkeypatch.setattr(oslo_messaging, 'get_notification_listener', refuses)
    listening = listener.Listener(configuration(), print)
    listening.start()
    for _number in range(10):
        assert attempts.get(timeout=60)
    listening.stop(60)
    assert caplog.text.count('listening ended') == 1


@pytest.mark.parametrize('name, value', [
    ('pool', ''), ('exchange', ''), ('topics', []), ('topics', ['a', ''])])
def test_an_empty_name_is_refused(name, value):
    """Without a pool of its own it would take what others wait for."""
    conf = configuration()
    conf.set_override(name, value, options.GROUP)
    with pytest.raises(exception.InvalidConfig, match=f'{name} is empty'):
        listener.Listener(conf, print)
