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

"""Servers of others come and go, from a process of its own.

``python claimer.py PARAMETERS`` with a JSON object of ``Parameters``. What
it is about to do and what came of it is in its journal by then, so that
Nova can know a server before Placement does and forget it before Placement
does, as the real one. It prints how often it came to what.

It imports nothing but Python's own: it is to cost the machine little.
"""

import collections
import dataclasses
import http.client
import json
import os
import pathlib
import random
import sys
import threading
import time
import traceback
from typing import Any
import urllib.parse
import uuid

# Of one client at a time: where all have many, the volume is full.
MOST_HELD = 9
# A request for several servers asks for candidates once, too.
CANDIDATES_SECONDS = 1
PATIENCE_SECONDS = 60
QUERY = '/allocation_candidates?resources=VCPU:1,DISK_GB:{size_gb}&limit=20'
Json = dict[str, Any]
CLAIMING, HELD, RELEASING, GONE = 'claiming', 'held', 'releasing', 'gone'


@dataclasses.dataclass(frozen=True)
class Parameters:
    """:param size_gb: of each server
    :param until: of the monotonic clock, which processes have in common
    :param period: seconds between two claims of one client
    """

    address: str
    journal: str
    size_gb: int
    clients: int
    period: float
    until: float
    seed: int


class Placement:
    """One connection; its requests are few and plain."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(
            urllib.parse.urlsplit(address).netloc, timeout=PATIENCE_SECONDS)

    def ask(self, method: str, path: str, body: Json | None = None
            ) -> tuple[int, Json]:
        """The status of an answer, and what it says."""
        self._connection.request(
            method, path, json.dumps(body) if body else None, {
                'X-Auth-Token': 'admin', 'Content-Type': 'application/json',
                'Accept': 'application/json',
                'OpenStack-API-Version': 'placement 1.39'})
        answer = self._connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}


class Client:
    """Claims, and releases what it has held for some time.

    :ivar counts: how often it came to what
    """

    def __init__(self, address: str, journal: int, size_gb: int, seed: str
                 ) -> None:
        self._query = QUERY.format(size_gb=size_gb)
        self._placement = Placement(address)
        self._journal = journal
        self._random = random.Random(seed)
        self._held: list[str] = []
        self._candidates: list[Json] = []
        self._forget_at = 0.0
        self.counts: collections.Counter[str] = collections.Counter()

    def run(self, first: float, period: float, until: float) -> None:
        """A claim a period; one that comes late is not made up for."""
        due = first
        while due < until:
            time.sleep(max(0, due - time.monotonic()))
            self.turn()
            due = max(due + period, time.monotonic())

    def turn(self) -> None:
        keeps = self._random.randrange(MOST_HELD + 1)
        while len(self._held) > keeps:
            self._release(self._held.pop(0))
        self._claim()

    def _claim(self) -> None:
        self.counts['tried'] += 1
        if not self._offered():
            self.counts['no room'] += 1
            return
        consumer = str(uuid.UUID(int=self._random.getrandbits(128)))
        allocations = self._random.choice(self._candidates)['allocations']
        self._note(CLAIMING, consumer, allocations)
        status, answer = self._placement.ask(
            'PUT', f'/allocations/{consumer}', {
                'allocations': allocations, 'consumer_generation': None,
                'project_id': 'p', 'user_id': 'u',
                'consumer_type': 'INSTANCE'})
        self.counts[_outcome(status, answer)] += 1
        if status == 204:
            self._held.append(consumer)
            self._note(HELD, consumer, allocations)
            return
        self._candidates = []
        if status >= 500:  # it may stand
            self._release(consumer)
        else:
            self._note(GONE, consumer)

    def _offered(self) -> list[Json]:
        if not self._candidates or time.monotonic() >= self._forget_at:
            status, answer = self._placement.ask('GET', self._query)
            self._candidates = answer.get('allocation_requests', [])
            self._forget_at = time.monotonic() + CANDIDATES_SECONDS
        return self._candidates

    def _release(self, consumer: str) -> None:
        """Until Placement says that it has nothing of it any more."""
        self._note(RELEASING, consumer)
        while True:
            status, _answer = self._placement.ask(
                'DELETE', f'/allocations/{consumer}')
            if status in (204, 404):
                break
            self.counts['releases tried again'] += 1
        self._note(GONE, consumer)

    def _note(self, state: str, consumer: str,
              allocations: Json | None = None) -> None:
        # In one write: the clients of a process have one journal.
        os.write(self._journal, json.dumps(
            [state, consumer, allocations]).encode() + b'\n')


def _outcome(status: int, answer: Json) -> str:
    """What a claim came to."""
    if status == 204:
        return 'granted'
    if status == 400:  # its volume was deleted since it was offered
        return 'provider gone'
    code = answer.get('errors', [{}])[0].get('code')
    if status == 409:
        return ('conflict' if code == 'placement.concurrent_update'
                else 'no room')
    return f'answer {status}'


def main(told: Parameters) -> dict[str, int]:
    """All clients at once; what they came to together."""
    journal = os.open(told.journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    clients = [Client(told.address, journal, told.size_gb,
                      f'{told.seed} {number}')
               for number in range(told.clients)]
    threads = [threading.Thread(target=client.run, args=(
        time.monotonic() + number * told.period / told.clients, told.period,
        told.until)) for number, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum((client.counts for client in clients), collections.Counter())


def _die(args: threading.ExceptHookArgs) -> None:
    traceback.print_exception(args.exc_value)
    sys.stderr.flush()
    os._exit(1)


def program() -> str:
    """Where this is, to be run."""
    return str(pathlib.Path(__file__))


if __name__ == '__main__':
    # A client that dies is missed: its process fails.
    threading.excepthook = _die
    print(json.dumps(main(Parameters(**json.loads(sys.argv[1])))))
