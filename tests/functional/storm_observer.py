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


"""What Placement may offer of a volume in a storm, and what it does offer.

An agent cannot know an event before it reads an answer that tells of it: what
it offers is judged by the disk as it was since the facts were collected that
are in force, which are those of the last pass that has ended. More than any
of these states had is a violation, however short.
"""

import collections
from collections.abc import Iterable
from collections.abc import Sequence
import dataclasses
import datetime
import json
import threading
import time

from tests.functional.agent_journal import Entry
from tests.functional.agent_journal import Journal

LOOK_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class DiskState:
    """The truth about one volume, from a moment on.

    :param capacity_gb: what is not foreign, or what servers were given where
        that is more: it is never reserved
    """

    at: datetime.datetime
    is_online: bool
    capacity_gb: float


@dataclasses.dataclass(frozen=True)
class Offer:
    """Of one volume.

    :param capacity_gb: what is not reserved, taken or not
    :param used_gb: by the shares of servers
    """

    capacity_gb: int
    used_gb: int
    is_closed: bool

    @property
    def room_gb(self) -> int:
        return 0 if self.is_closed else max(
            0, self.capacity_gb - self.used_gb)


NOTHING = Offer(0, 0, is_closed=True)


@dataclasses.dataclass(frozen=True)
class Violation:
    """:param facts_of: when the facts in force were collected
    :param states: the disk's since then
    :param entries: the agent's passes meanwhile
    """

    kind: str
    volume: str
    offer: Offer
    facts_of: datetime.datetime | None
    states: tuple[DiskState, ...]
    entries: tuple[Entry, ...] = ()


def since(states: Sequence[DiskState], at: datetime.datetime
          ) -> tuple[DiskState, ...]:
    """Those there were at a moment or after it."""
    first = max((number for number, state in enumerate(states)
                 if state.at <= at), default=0)
    return tuple(states[first:])


def excess(offer: Offer, states: Iterable[DiskState]) -> str:
    """In what an offer is more than any of these states had, if it is."""
    if not offer.room_gb:
        return ''
    online = [state for state in states if state.is_online]
    if not online:
        return 'open, and never online'
    if offer.capacity_gb > max(state.capacity_gb for state in online):
        return 'more room than there ever was'
    return ''


def may_open(states: Sequence[DiskState], entries: Sequence[Entry],
             begun: int) -> bool:
    """Whether a pass may open a volume that it, or one before, saw closed.

    Its answer and the one before tell that the volume is online.

    :param begun: the pass's entry
    """
    this = entries[begun]
    former = next((entry for entry in reversed(entries[:begun])
                   if entry.process == this.process
                   and entry.collected_at != this.collected_at), None)
    return former is None or all(
        since(states, entry.collected_at)[0].is_online
        for entry in (former, this))


def under_way(entries: Sequence[Entry], first: int, end: int) -> list[int]:
    """Passes, by their first entry, that may have written in between.

    A process has one at a time, and no two processes live at once.

    :param first: how many entries there were before what is in between
    :param end: and how many after it
    """
    return [number for number in range(end) if not entries[number].is_end
            and (number >= first or not any(
                later.is_end or later.process == entries[number].process
                for later in entries[number + 1:first]))]


class Observer(threading.Thread):
    """Looks at every volume ten times a second.

    :ivar looks: how many there were
    :ivar catching_up: offers of more than there was by then, and no more
        than there was since the facts in force were collected
    :ivar torn: looks during which what is read was written, which are not
        judged
    :ivar unanswered: looks that nobody answered
    :ivar violations: offers of more than there ever was since then
    :ivar seconds: by kind of event, until a pass that knew of it had ended
    """

    def __init__(self, disks, journal: Journal, reading) -> None:
        """:param reading: returns what is offered, and whether it is torn"""
        super().__init__(daemon=True)
        self._disks = disks
        self._journal = journal
        self._reading = reading
        self._stop_event = threading.Event()
        self._awaited: dict[str, tuple[str, float, datetime.datetime]] = {}
        self._closed_at: dict[str, int] = {}
        self.looks = 0
        self.catching_up = 0
        self.torn = 0
        self.unanswered = 0
        self.error: Exception | None = None
        self.violations: list[Violation] = []
        self.seconds = collections.defaultdict(list)

    def take_away(self, kind: str, volume: str, act) -> None:
        """Change the cluster so that there is less room, beside Nova."""
        with self._disks.lock:
            with self._disks.change() as cluster:
                act(cluster, volume)
            # While one is awaited, what follows it is not timed.
            self._awaited.setdefault(volume, (
                kind, time.monotonic(), self._disks.history[volume][-1].at))

    def is_waiting(self, volume: str) -> bool:
        with self._disks.lock:
            return volume in self._awaited

    def run(self) -> None:
        try:
            while not self._stop_event.wait(LOOK_SECONDS):
                self._look()
        except Exception as exc:
            self.error = exc

    def stop(self) -> None:
        self._stop_event.set()
        self.join(300)

    def _look(self) -> None:
        before = self._journal.read()
        offers, is_torn = self._reading()
        counts = before, self._journal.read()
        facts_of = self._journal.in_force(before)
        with self._disks.lock:
            history = {volume: tuple(states) for volume, states
                       in self._disks.history.items()}
            self._note_shown(facts_of)
        self.looks += 1
        self.torn += is_torn
        self.unanswered += offers is None
        if is_torn or offers is None:
            return
        for volume, states in history.items():
            self.violations += self._judged(
                volume, offers.get(self._disks.uuid(volume), NOTHING),
                facts_of, states, counts)

    def _judged(self, volume, offer, facts_of, states, counts
                ) -> Iterable[Violation]:
        """:param counts: of entries, before and after Placement answered"""
        entries = self._journal.entries
        lately = since(states, facts_of) if facts_of else states
        kind = excess(offer, lately)
        if kind:
            yield Violation(kind, volume, offer, facts_of, lately,
                            tuple(entries[max(0, counts[0] - 3):counts[1]]))
        elif excess(offer, states[-1:]):
            self.catching_up += 1
        if offer.is_closed:
            self._closed_at[volume] = counts[0]
            return
        closed_at = self._closed_at.pop(volume, None)
        if closed_at is not None and not any(
                may_open(states, entries, begun)
                for begun in under_way(entries, closed_at, counts[1])):
            yield Violation('opened by one answer', volume, offer, facts_of,
                            lately, tuple(entries[max(0, closed_at - 3):
                                          counts[1]]))

    def _note_shown(self, facts_of) -> None:
        for volume, (kind, begun, at) in list(self._awaited.items()):
            if facts_of is not None and facts_of >= at:
                del self._awaited[volume]
                self.seconds[kind].append(time.monotonic() - begun)


def percentiles(seconds: dict[str, list[float]]) -> str:
    """By kind: how many, and how long, as JSON."""
    return json.dumps({kind: {
        'events': len(times), **{f'p{part}': round(sorted(times)[min(
            len(times) - 1, len(times) * part // 100)], 2)
            for part in (50, 95, 100)}}
        for kind, times in sorted(seconds.items())})
