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

"""Listening to Nova, put together as configured."""

from collections.abc import Callable

from oslo_config import cfg

from hv_sched.agent import audit_pass
from hv_sched.agent.events import listener
from hv_sched.agent.events import server_pass
from hv_sched.agent.events import server_queue
from hv_sched.agent.events import worker
from hv_sched.compute import instance_names
from hv_sched.compute.servers import NovaRecords
from hv_sched.conf import events as options
from hv_sched.conf import references
from hv_sched.placement.client import Placement
from hv_sched.recovery import restore
from hv_sched.status.recorder import Recorder

_LAST_LOOK_SECONDS = 30
_LAST_MESSAGE_SECONDS = 10


class NoEvents:
    """The passes of the loop alone."""

    def start(self) -> None:
        """See Events."""

    def listen(self, leads: bool) -> None:
        """See Events."""

    def is_stuck(self, _now: float) -> bool:
        """See Events."""
        return False

    def stop(self) -> None:
        """See Events."""


class Events:
    """Listens while this agent writes; looks at what it heard."""

    def __init__(self, ear: listener.Listener, hands: worker.Worker) -> None:
        self._listener = ear
        self._worker = hands

    def start(self) -> None:
        """Begin to look at servers."""
        self._worker.start()

    def listen(self, leads: bool) -> None:
        """:param leads: whether this agent writes; the queue in the broker
        is all agents', so one that does not write takes nothing from it
        """
        if leads:
            self._listener.start()
        else:
            self._listener.stop()

    def is_stuck(self, now: float) -> bool:
        """Whether a look at servers does not end.

        Listening waits for the broker as long as that takes.

        :param now: of the monotonic clock
        """
        return self._worker.is_stuck(now)

    def stop(self) -> None:
        """End after the look in hand."""
        # Nothing is taken from the broker that nobody looks at.
        self._listener.stop(_LAST_MESSAGE_SECONDS)
        self._worker.stop(_LAST_LOOK_SECONDS)


def configured(conf: cfg.ConfigOpts, placement: Placement,
               servers: NovaRecords, skips: Callable[[str], bool],
               wake_sync: Callable[[], None],
               recorder: Recorder) -> NoEvents | Events:
    """As section [hv_sched_events] says.

    :param skips: whether a volume, by its provider's name, is left alone
    :param recorder: what is done is reported to it
    :raises InvalidConfig: the bus cannot be listened to so
    """
    with references(f'[{options.GROUP}]transport_url'):
        if not conf[options.GROUP].transport_url:
            return NoEvents()
    # The passes have threads and memory of their own.
    names = instance_names.InstanceNames(servers)
    looks = server_pass.ServerPass(
        placement, restore.Restorer(placement, servers, restore.options(
            conf, skips, lambda: audit_pass.known_on(conf.hv_sched, names))),
        audit_pass.Audits(conf.hv_sched, placement, servers, skips, names,
                          recorder),
        conf.hv_sched.workers, recorder)
    hands = worker.Worker(
        server_queue.ServerQueue(conf[options.GROUP].max_pending),
        looks.look, wake_sync)
    return Events(listener.Listener(conf, hands.deliver), hands)
