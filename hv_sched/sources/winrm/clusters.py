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

"""The clusters of an access file, each asked for itself.

A cluster that hangs or cannot be reached delays and freezes no other one.
"""

import dataclasses
import functools
import importlib
import threading
from typing import Any

from hv_sched import causes
from hv_sched import exception
from hv_sched import model
from hv_sched import parallel
from hv_sched import printable
from hv_sched.sources.windows import document
from hv_sched.sources.windows.raw import Answer
from hv_sched.sources.winrm import access as access_file
from hv_sched.sources.winrm import memory
from hv_sched.sources.winrm import rights
from hv_sched.sources.winrm.access import Access
from hv_sched.sources.winrm.asking import Asking
from hv_sched.sources.winrm.questions import Ask

LOG = printable.logger(__name__)

CLUSTERS_AT_A_TIME = 8
NODES_AT_A_TIME = 16
# Of a cluster that has answered before, the last answers are believed by
# their age when it takes longer; its new ones are there in a later pass. One
# that hangs delays the others by this once, and is not waited for while its
# question has not ended.
PASS_SECONDS = 15
# Whoever asks once wants all answers; whoever asks again gets the rest later.
ONLY_PASS_SECONDS = 600
FIRST_PASS_SECONDS = 30

Documents = list[tuple[str, Any]]


@dataclasses.dataclass(frozen=True)
class Collected:
    """What one asking of all clusters brought.

    :param documents: of each cluster that answered, by its name
    :param problems: why others have none
    :param at: when it ended, on the monotonic clock
    """

    accesses: tuple[Access, ...]
    documents: Documents
    problems: list[model.Problem]
    at: float


class Clusters:
    """What a process knows of the clusters of one file.

    :param path: of the access file, which is read again in each pass
    :param ask: asks one node; by default over PowerShell Remoting
    """

    def __init__(self, path: str, ask: Ask | None = None,
                 clock: memory.Clock | None = None) -> None:
        self._path = path
        self._ask = ask
        self._clock = clock or memory.Clock()
        self._asking: Asking[tuple[Answer, ...]] = Asking(
            CLUSTERS_AT_A_TIME, 'cluster')
        self._memories: dict[Access, memory.ClusterMemory] = {}
        self._last: Collected | None = None
        self._lock = threading.Lock()
        self._is_asked_again = False
        self._late = causes.Causes(LOG, self._clock.monotonic)

    def is_asked_again(self) -> None:
        """Say that a first answer that is late is not missed."""
        self._is_asked_again = True

    def collect(self, max_age: float = 0) -> Collected:
        """What the clusters answer, each asked at most once.

        Whoever waits for another part of the process that is asking gets
        what it is answered.

        :param max_age: in seconds; nobody is asked again when all were
            within this time
        :raises InvalidConfig: the file cannot be used, or pypsrp is missing
        """
        accesses = access_file.load(self._path)
        ask = self._ask or endpoint_ask()
        oldest = self._clock.monotonic() - max_age
        with self._lock:
            if (self._last is None or self._last.at <= oldest
                    or self._last.accesses != accesses):
                self._last = self._collect(accesses, ask)
            return self._last

    def _patience_seconds(self, knows_any: bool) -> float:
        if knows_any:
            return PASS_SECONDS
        return FIRST_PASS_SECONDS if self._is_asked_again else (
            ONLY_PASS_SECONDS)

    def text(self) -> str:
        """What the nodes of all clusters answered last, line by line.

        :raises InvalidFacts: none did
        :raises InvalidConfig: see ``collect``
        """
        problems = self.collect(memory.FILES_SECONDS).problems
        lines = ''.join(of.text() for of in self._memories.values())
        if not lines:
            raise exception.InvalidFacts('; '.join(map(str, problems)))
        return lines

    def _collect(self, accesses: tuple[Access, ...], ask: Ask) -> Collected:
        self._memories = {
            access: self._memories.get(access) or memory.ClusterMemory(
                access, ask, Asking(NODES_AT_A_TIME), self._clock)
            for access in accesses}
        by_name = {of.name: of for of in self._memories.values()}
        knows_any = any(of.last() for of in by_name.values())
        answers = self._asking.ask(
            {name: of.collect for name, of in by_name.items()},
            self._patience_seconds(knows_any))
        self._late.update({
            name: f'{answer}; its previous facts stay in use and age'
            for name, answer in answers.items()
            if isinstance(answer, exception.SourceUnavailable)
            and by_name[name].last()})
        results = [_result(of, answers[name]) for name, of in by_name.items()]
        return Collected(
            accesses,
            [each for each in results if isinstance(each, tuple)],
            [each for each in results if isinstance(each, model.Problem)],
            self._clock.monotonic())


def _result(of: memory.ClusterMemory,
            told: tuple[Answer, ...] | exception.HvSchedError
            ) -> tuple[str, Any] | model.Problem:
    try:
        if isinstance(told, exception.HvSchedError):
            told = _remembered(of, told)
        return of.name, document.document(told)
    except exception.HvSchedError as exc:
        return model.Problem(of.name, f'cluster {of.name}', str(exc),
                             'unreachable', freezes=True)


def _remembered(of: memory.ClusterMemory, failure: exception.HvSchedError
                ) -> tuple[Answer, ...]:
    """What a cluster said before.

    :raises HvSchedError: it is no matter of time, or it never said anything
    """
    if not isinstance(failure, exception.SourceUnavailable) or not of.last():
        raise failure
    return of.last()


def rights_of(path: str) -> list[rights.NodeRights]:
    """The rights on each node of each cluster of a file.

    :raises InvalidConfig: see ``Clusters.collect``
    """
    ask = endpoint_ask()

    def of_cluster(access: Access) -> list[rights.NodeRights]:
        return rights.of_cluster(access, ask, Asking(NODES_AT_A_TIME))
    return [node for nodes in parallel.in_parallel(
        CLUSTERS_AT_A_TIME, of_cluster, access_file.load(path))
        for node in nodes]


@functools.cache
def of(path: str) -> Clusters:
    """The clusters of a file; a process remembers them."""
    return Clusters(path)


@functools.cache
def endpoint_ask() -> Ask:
    """Asks over PowerShell Remoting.

    :raises InvalidConfig: the extra that does it is not installed
    """
    try:
        endpoint = importlib.import_module('hv_sched.sources.winrm.endpoint')
    except ImportError as exc:
        raise exception.InvalidConfig(
            f'source_type winrm needs a package that is missing ({exc.name})'
            ': run "pip install hv_sched[winrm]"') from exc
    ask: Ask = endpoint.ask
    return ask
