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

"""Nova's notifications over a broker, and a listener that hears them."""

import contextlib
import queue

import kombu
from oslo_config import cfg
import oslo_messaging

from hv_sched.agent.events import listener
from hv_sched.conf import events

UUIDS = [f'178b0921-8f85-4257-88b6-2e743b5a{number:04x}'
         for number in range(100)]
PATIENCE_SECONDS = 120


def configuration(url, pool='hv_sched'):
    conf = cfg.ConfigOpts()
    conf.register_opts(events.OPTS, group=events.GROUP)
    conf([])
    conf.set_override('transport_url', url, group=events.GROUP)
    conf.set_override('pool', pool, group=events.GROUP)
    return conf


class Ear:
    """A listener, and what it heard."""

    def __init__(self, url, pool='hv_sched'):
        self._heard = queue.Queue()
        self.listener = listener.Listener(configuration(url, pool),
                                          self._heard.put)

    def __enter__(self):
        self.listener.start()
        return self

    def __exit__(self, *_exc):
        self.listener.stop(PATIENCE_SECONDS)

    def next(self):
        return self._heard.get(timeout=PATIENCE_SECONDS)

    def hears(self, number):
        return {self.next().server for _hint in range(number)}


@contextlib.contextmanager
def notifier(url):
    """As Nova makes its own: versioned, to its exchange.

    Its connection goes with it: the thread of its heartbeat would write of a
    broker that is gone into the output of later tests.
    """
    conf = cfg.ConfigOpts()
    conf([])
    oslo_messaging.set_transport_defaults('nova')
    transport = oslo_messaging.get_notification_transport(conf, url=url)
    yield oslo_messaging.Notifier(
        transport, 'nova-compute:hv01', driver='messagingv2',
        topics=['versioned_notifications'])
    transport.cleanup()


def ended(uuid):
    return {'nova_object.name': 'InstanceActionPayload',
            'nova_object.namespace': 'nova', 'nova_object.version': '1.8',
            'nova_object.data': {'uuid': uuid, 'host': 'hv01'}}


def emit(broker, *uuids, event='instance.live_migration_post.end'):
    with notifier(broker.url) as sender:
        for uuid in uuids:
            sender.info({}, event, ended(uuid))


def publish(broker, *bodies):
    """Whatever somebody else may write to the exchange."""
    with kombu.Connection(broker.url.replace('rabbit:', 'amqp:')
                          ) as connection:
        producer = connection.Producer()
        for body, content_type in bodies:
            producer.publish(
                body, exchange='nova',
                routing_key='versioned_notifications.info',
                content_type=content_type, content_encoding='utf-8')
