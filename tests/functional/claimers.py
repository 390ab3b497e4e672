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

"""The processes that claim, and a Nova that knows whose the claims are."""

import dataclasses
import json
import pathlib
import subprocess
import sys
import threading
import time

from hv_sched.compute.servers import Changes
from hv_sched.compute.servers import Needs
from hv_sched.compute.servers import Server
from tests.functional import claimer
from tests.functional import nova_answers

PROCESSES = 2
# Of a process. All claims write to one provider: with more of them at once
# Placement refuses more and grants fewer.
CLIENTS = 2
CLAIMS_A_SECOND = 50
SIZE_GB = 10
ENOUGH_SECONDS = 300
Json = claimer.Json
# By consumer what it holds: by provider, by resource class.
Held = dict[str, dict[str, dict[str, int]]]


class Claimers:
    """Processes for some seconds, one after the other if called again.

    :ivar size_gb: of each server
    :ivar ledger: what the last write of each consumer left it, as the
        claimers know; empty for one that was released
    """

    def __init__(self, address: str, folder: pathlib.Path) -> None:
        self._address = address
        self._folder = folder
        self._read_bytes: dict[pathlib.Path, int] = {}
        self._runs = 0
        self.size_gb = SIZE_GB
        self.ledger: Held = {}

    def run(self, seconds: float) -> dict[str, int]:
        """Claim; how many came to what.

        :raises RuntimeError: one of them died
        """
        until = time.monotonic() + seconds
        processes = [self._start(until) for _number in range(PROCESSES)]
        counts: dict[str, int] = {}
        for process in processes:
            told, said = process.communicate(timeout=ENOUGH_SECONDS + seconds)
            if process.returncode:
                raise RuntimeError(f'a claimer died: {said}')
            for name, count in json.loads(told).items():
                counts[name] = counts.get(name, 0) + count
        return counts

    def _start(self, until: float) -> 'subprocess.Popen[str]':
        self._runs += 1
        journal = self._folder / f'claims-{self._runs}'
        journal.touch()
        self._read_bytes[journal] = 0
        return subprocess.Popen([
            sys.executable, claimer.program(), json.dumps(dataclasses.asdict(
                claimer.Parameters(
                    self._address, str(journal), self.size_gb, CLIENTS,
                    PROCESSES * CLIENTS / CLAIMS_A_SECOND, until,
                    self._runs)))],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def news(self) -> list[tuple[str, str, Json]]:
        """What they noted since the last call: state, consumer, held."""
        found = []
        for journal in list(self._read_bytes):
            with journal.open('rb') as lines:
                lines.seek(self._read_bytes[journal])
                for line in lines:
                    if not line.endswith(b'\n'):
                        break
                    self._read_bytes[journal] += len(line)
                    found.append(json.loads(line))
        for _state, consumer, held in found:
            self.ledger[consumer] = {} if held is None else {
                provider: part['resources'] for provider, part in held.items()}
        return found


class Nova(nova_answers.Answers):
    """Knows of a claimer's server before Placement does, until it is gone."""

    def __init__(self, nodes: dict[str, str], claimers_: Claimers) -> None:
        self._claimers = claimers_
        self._lock = threading.Lock()
        self._servers: dict[str, Server] = {}
        super().__init__(nodes)

    # Another dict each time there is news: others read the former one.
    @property
    def servers(self) -> dict[str, Server]:
        with self._lock:
            news = self._claimers.news()
            if news:
                self._servers = dict(self._servers)
            for state, consumer, held in news:
                self._learn(state, consumer, held)
            return self._servers

    @servers.setter
    def servers(self, servers: dict[str, Server]) -> None:
        self._servers = servers

    def _learn(self, state: str, consumer: str, held: Json | None) -> None:
        if held is None:
            self._servers.pop(consumer, None)
            self.deleted.add(consumer)
            return
        is_there = state == claimer.HELD
        node = next(name for name, uuid in self.nodes.items() if uuid in held)
        self._servers[consumer] = Server(
            consumer, 'active' if is_there else 'building',
            None if is_there else 'scheduling', launched=is_there,
            node=node if is_there else None, project_id='p', user_id='u',
            needs=Needs(self._claimers.size_gb, {'VCPU': 1}))

    def changes(self, seconds: float) -> Changes:
        """Those that were deleted, too."""
        changes = super().changes(seconds)
        return dataclasses.replace(changes, servers={
            **dict.fromkeys(list(self.deleted)), **changes.servers})
