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


"""A number of events, done by several hands at a time."""

import collections
import random
import threading
import time

from tests.functional import storm_observer
from tests.storm import disks as disks_module
from tests.storm import nova
from tests.storm import servers
from tests.storm import site
from tests.storm import weather

HANDS = 5
# How often each comes, by name of the method that does it.
SERVER_EVENTS = {
    'create': 7, 'delete': 4, 'live_migrate': 5, 'roll_back': 4,
    'resize_and_confirm': 3, 'resize_and_revert': 3, 'fail_over': 4,
    'grow': 2}
CLUSTER_EVENTS = {
    'fill': 2, 'empty': 4, 'go_offline': 1, 'come_online': 4, 'pause': 1,
    'resume': 2}
CLUSTER_PART = 0.25


class Storm:
    """Events until there were enough.

    :ivar outcomes: by kind and what came of it, how many
    :ivar error: what was none of the outcomes
    """

    def __init__(self, cloud: site.Site, disks: disks_module.Disks,
                 observer: storm_observer.Observer, events: int, seed: int,
                 minutes: int = 0) -> None:
        """:param minutes: how long the events take at least"""
        self._say = cloud.say
        self._events = events
        self._pause_seconds = 60 * minutes * HANDS / events
        # Hands take turns; which one takes which event is up to the machine.
        self._chance = random.Random(seed)
        self.servers = servers.Servers(cloud, disks, self._chance)
        self.weather = weather.Weather(disks, observer, self._chance)
        self.outcomes: dict[str, collections.Counter[str]] = (
            collections.defaultdict(collections.Counter))
        self.error: Exception | None = None
        self._changed = threading.Condition()
        self._working = 0
        self._paused = False
        self._hands = [threading.Thread(target=self._work, daemon=True)
                       for _ in range(HANDS)]

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(map(sum, map(collections.Counter.values,
                                self.outcomes.values())))

    def start(self) -> None:
        for hand in self._hands:
            hand.start()

    def join(self) -> None:
        for hand in self._hands:
            hand.join()

    def wait_for(self, count: int) -> bool:
        """Until there were so many events; whether there were."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.count >= count or self.error is not None)
            return self.error is None

    def pause(self) -> None:
        """Nothing happens after this, until ``resume``."""
        with self._changed:
            self._paused = True
            self._changed.wait_for(lambda: not self._working)

    def resume(self) -> None:
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def note(self, kind: str, outcome: str) -> None:
        """One event, whoever did it."""
        with self._changed:
            self.outcomes[kind][outcome] += 1
            self._changed.notify_all()
            if self.count % 10 == 0:
                self._say(f'{self.count} events, {self.servers.count()} '
                          'servers')

    def _work(self) -> None:
        try:
            while self._begin():
                try:
                    self._do(*self._next())
                finally:
                    with self._changed:
                        self._working -= 1
                        self._changed.notify_all()
                time.sleep(self._pause_seconds)
        except Exception as exc:
            self.error = exc
            with self._changed:
                self._changed.notify_all()

    def _begin(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: not self._paused)
            if self.error or self.count + self._working >= self._events:
                return False
            self._working += 1
            return True

    def _next(self) -> tuple[object, str]:
        """Those beside Nova take no time: else there were no others."""
        with self._changed:
            beside = sum(sum(self.outcomes[kind].values())
                         for kind in CLUSTER_EVENTS)
            actor, weights = (
                (self.weather, CLUSTER_EVENTS)
                if beside < CLUSTER_PART * self.count
                else (self.servers, SERVER_EVENTS))
            kind, = self._chance.choices(
                list(weights), list(weights.values()))
        return actor, kind

    def _do(self, actor: object, kind: str) -> None:
        try:
            getattr(actor, kind)()
        except servers.Nothing:
            # What it could happen to is being made, or worked on.
            time.sleep(0.1)
        except nova.Refused:
            self.note(kind, 'refused')
        except (nova.Disturbed, nova.Stuck) as exc:
            self._say(f'{kind}: {type(exc).__name__}: {str(exc)[:120]}')
            self.note(kind, 'disturbed')
        else:
            self.note(kind, 'done')
