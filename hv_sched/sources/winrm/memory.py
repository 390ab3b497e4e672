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

"""One cluster, asked pass after pass: whom, what, and what is remembered.

Any live node answers for the cluster, then each node for itself. Where one
does not answer, or cannot list the nodes, the next is asked, and the one that
did is the first next time. What is asked seldom is remembered with the time
it came; time is that of the controller, as the clock of a node may be wrong.
"""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterator
import dataclasses
import datetime
import functools
import time

from hv_sched import causes
from hv_sched import exception
from hv_sched import printable
from hv_sched.sources.windows import raw
from hv_sched.sources.windows.raw import Answer
from hv_sched.sources.winrm import node_answer
from hv_sched.sources.winrm.access import Access
from hv_sched.sources.winrm.asking import Asking
from hv_sched.sources.winrm.questions import Ask
from hv_sched.sources.winrm.questions import CLUSTER
from hv_sched.sources.winrm.questions import CONNECT_BUDGET_SECONDS
from hv_sched.sources.winrm.questions import FILES_BUDGET_SECONDS
from hv_sched.sources.winrm.questions import NODE
from hv_sched.sources.winrm.questions import NodeQuestion

LOG = printable.logger(__name__)

# The state of the host guardian service is attested again whenever somebody
# asks for it; the files of a volume take their time.
GUARDED_SECONDS = 900
FILES_SECONDS = 600
HOSTS_AT_A_TIME = 16
_CLUSTER_TEXT = ''


@dataclasses.dataclass(frozen=True)
class Clock:
    """The two times there are: how long ago, and when."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime.datetime] = functools.partial(
        datetime.datetime.now, datetime.timezone.utc)


class ClusterMemory:
    """What a process knows of one cluster between two passes.

    :param ask: asks one node
    :param asking: bounds how many are asked at a time
    """

    def __init__(self, access: Access, ask: Ask, asking: Asking[str],
                 clock: Clock) -> None:
        self._access = access
        self._ask = ask
        self._asking = asking
        self._clock = clock
        self._hosts = list(access.nodes)
        self._guid = access.guid
        self._cluster: Answer | None = None
        self._answers: dict[str, list[Answer]] = {}
        self._asked: dict[tuple[str, str], float] = {}
        self._seconds: dict[str, float] = {}
        self._texts: dict[str, str] = {}
        self._last: tuple[Answer, ...] = ()
        self._failures = causes.Causes(LOG, clock.monotonic)
        self._silent: dict[Hashable, str] = {}

    @property
    def name(self) -> str:
        return self._access.name

    def collect(self) -> tuple[Answer, ...]:
        """The answers of now, and of what is not asked now the last ones.

        :raises SourceUnavailable: no node answers for the cluster, and none
            has since the process started
        :raises InvalidConfig: a secret cannot be read
        """
        try:
            self._ask_cluster()
        except exception.SourceUnavailable as exc:
            if self._cluster is None:
                raise
            self._silent[''] = (f'Cluster {self.name}: {exc}; its previous '
                                'facts stay in use and age')
        else:
            self._silent = {}
            self._ask_nodes()
        self._failures.update(self._silent)
        assert self._cluster is not None
        self._last = (self._cluster, *(
            answer for answers in self._answers.values()
            for answer in answers))
        return self._last

    def last(self) -> tuple[Answer, ...]:
        """What ``collect`` answered last; empty when it never did."""
        return self._last

    def text(self) -> str:
        """What the nodes printed last, those that did."""
        return ''.join(self._texts.values())

    def _ask_cluster(self) -> None:
        """Of the node that answered last, else of any of the next ones."""
        reasons: list[str] = []
        without_nodes: list[tuple[Answer, str]] = []
        for hosts in self._turns():
            for host, text in self._turn(hosts).items():
                try:
                    answer = self._cluster_answer(host, text)
                except exception.AccountRefused:
                    self._hosts.remove(host)
                    self._hosts.append(host)
                    raise
                except exception.SourceUnavailable as exc:
                    reasons.append(str(exc))
                    continue
                self._hosts.remove(host)
                if node_answer.node_states(answer):
                    self._hosts.insert(0, host)
                    self._keep(answer, str(text))
                    return
                self._hosts.append(host)
                without_nodes.append((answer, str(text)))
        if not without_nodes:
            raise exception.SourceUnavailable(
                f'no node answers for the cluster: {"; ".join(reasons)}')
        self._keep(*without_nodes[0])

    def _keep(self, answer: Answer, text: str) -> None:
        self._cluster = answer
        self._texts[_CLUSTER_TEXT] = text

    def _turn(self, hosts: list[str]
              ) -> dict[str, str | exception.HvSchedError]:
        """Of these the first answer, and what came beside it.

        A refused account is tried on no other, as many refusals lock it.
        What a node tells outweighs that another refuses.
        """
        texts = self._asking.ask(
            {host: functools.partial(self._ask, host, self._access, CLUSTER)
             for host in hosts},
            CLUSTER.seconds + CONNECT_BUDGET_SECONDS, one_is_enough=True)
        return dict(sorted(texts.items(), key=lambda of: (
            isinstance(of[1], exception.AccountRefused),
            hosts.index(of[0]))))

    def _turns(self) -> Iterator[list[str]]:
        """One host alone, then many at a time: dead ones cost one wait."""
        hosts = list(self._hosts)
        yield hosts[:1]
        for first in range(1, len(hosts), HOSTS_AT_A_TIME):
            yield hosts[first:first + HOSTS_AT_A_TIME]

    def _cluster_answer(self, host: str, text: str | exception.HvSchedError
                        ) -> Answer:
        answer = self._own_answer(host, text, raw.CLUSTER)
        self._guid = node_answer.cluster_guid(host, answer, self._access,
                                              self._guid)
        return answer

    def _own_answer(self, host: str, text: str | exception.HvSchedError,
                    part: str) -> Answer:
        """The answer of this node about itself, received now.

        :raises HvSchedError: it is none
        """
        return dataclasses.replace(node_answer.own_answer(host, text, part),
                                   collected_at=self._clock.now())

    def _ask_nodes(self) -> None:
        if not self._listed():
            # Which nodes there are is not known: what they said is kept.
            return
        hosts = dict(self._node_hosts())
        questions = {host: self._question(name)
                     for name, host in hosts.items()}
        answers = self._asking.ask(
            {host: functools.partial(self._timed_answer, host, question)
             for host, question in questions.items()},
            max((question.seconds for question in questions.values()),
                default=0) + CONNECT_BUDGET_SECONDS)
        for name, host in hosts.items():
            self._remember(name, host, questions[host], answers[host])
        for name in self._answers.keys() - hosts.keys():
            if name not in self._listed():
                self._forget(name)

    def _forget(self, name: str) -> None:
        """A node the cluster does not have any more."""
        del self._answers[name]
        self._texts.pop(name, None)
        for asked in [each for each in self._asked if each[0] == name]:
            del self._asked[asked]

    def _timed_answer(self, host: str, question: NodeQuestion) -> str:
        self._seconds.pop(host, None)
        start = self._clock.monotonic()
        try:
            return self._ask(host, self._access, question)
        finally:
            self._seconds[host] = self._clock.monotonic() - start

    def _node_hosts(self) -> Iterator[tuple[str, str]]:
        """The nodes that are up, by what they are asked at."""
        return node_answer.hosts(self._access, [
            name for name, state in self._listed().items()
            if state != 'down'])

    def _listed(self) -> dict[str, str | None]:
        assert self._cluster is not None
        return node_answer.node_states(self._cluster)

    def _question(self, name: str) -> NodeQuestion:
        switches = []
        if self._is_due(name, 'Guarded', GUARDED_SECONDS):
            switches.append('Guarded')
        if self._is_due(name, 'Files', FILES_SECONDS):
            switches.append('Files')
        return NodeQuestion(NODE.function, tuple(switches),
                        FILES_BUDGET_SECONDS if 'Files' in switches
                        else NODE.seconds)

    def _is_due(self, name: str, switch: str, seconds: float) -> bool:
        last = self._asked.get((name, switch))
        return last is None or self._clock.monotonic() - last >= seconds

    def _remember(self, name: str, host: str, question: NodeQuestion,
                  answer: str | exception.HvSchedError) -> None:
        try:
            told = self._own_answer(host, answer, raw.NODE)
        except exception.SourceUnavailable as exc:
            self._silent[name] = f'Cluster {self.name}: {exc}'
            told = self._silence(name, question, str(exc))
            # A question that hangs delays a pass: not in the next one again.
            has_been_asked = self._seconds.get(
                host, NODE.seconds) >= NODE.seconds
        else:
            self._texts[name] = str(answer)
            has_been_asked = True
        if has_been_asked:
            self._asked.update({(name, switch): self._clock.monotonic()
                                for switch in question.switches})
        self._answers[name] = list(_needed(
            [told, *self._answers.get(name, ())]))

    def _silence(self, name: str, question: NodeQuestion, reason: str
                 ) -> Answer:
        """No answer, as one whose sections have all failed."""
        sections = [*raw.PARTS[raw.NODE],
                    *(switch.lower() for switch in question.switches)]
        return Answer(raw.NODE, name, self._clock.now(), {},
                      dict.fromkeys(sections, raw.Failure(reason)),
                      is_complete=False)


def _needed(answers: list[Answer]) -> Iterator[Answer]:
    """Those that say something no newer one speaks of.

    :param answers: of one node, newest first
    """
    told: set[str] = set()
    for answer in answers:
        sections = answer.rows.keys() | answer.failures.keys()
        if not sections <= told:
            yield answer
        told |= sections
