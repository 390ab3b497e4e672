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

"""Where hv-sched-agent hears of Nova's notifications; its own file alone."""

from oslo_config import cfg

from hv_sched.conf import numbers

GROUP = 'hv_sched_events'
OPTS = [
    cfg.StrOpt(
        'transport_url',
        secret=True,
        help="""
The message bus of Nova's versioned notifications, as [DEFAULT]transport_url
or [oslo_messaging_notifications]transport_url of nova.conf has it:
rabbit://user:password@host:5672/. A server whose move ended is then checked
at once and not with the next pass. Unset (the default), nothing listens.
Nova has to send them: [notifications]notification_format = versioned (or
both), and [oslo_messaging_notifications]driver = messagingv2. The
options of [oslo_messaging_rabbit] in nova.conf (TLS, durable or quorum
queues) belong in the same section of this file.
"""),
    cfg.ListOpt(
        'topics',
        default=['versioned_notifications'],
        help='[notifications]versioned_notifications_topics of nova.conf.'),
    cfg.StrOpt(
        'exchange',
        default='nova',
        help="""
The exchange Nova sends to: [DEFAULT]control_exchange of nova.conf, which is
"nova" there unless it is set.
"""),
    cfg.StrOpt(
        'pool',
        default='hv_sched',
        help="""
Name of the queue of its own in which this cloud's agents get every
notification, so that other consumers of the topic lose none. All agents of
a cloud share it. Messages wait in it while no agent runs: see the agent's
page for a bound.
"""),
    numbers.whole(
        'max_pending', 1, 1000000,
        default=10000,
        help="""
Number of servers that may wait to be checked. The next pass checks further
ones; the log tells how many.
"""),
]
