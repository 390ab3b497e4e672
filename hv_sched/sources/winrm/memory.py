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
does not answer the next is asked, and the one that did is the first next
time. What is asked seldom is remembered with the time it came; time is that
of the controller, as the clock of a node may be wrong.
"""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import datetime
import functools
import time

from hv_sched import exception
from hv_sched import printable
from hv_sched import windows_names
from hv_sched.sources import naming
from hv_sched.sources.windows import document
from hv_sched.sources.windows import raw
from hv_sched.sources.windows import terms
from hv_sched.sources.windows.raw import Answer
from hv_sched.sources.winrm.access import Access
from hv_sched.sources.winrm.asking import Asking
from hv_sched.sources.winrm.endpoint import NodeQuestion

LOG = printable.logger(__name__)

CLUSTER = NodeQuestion('Get-HvSchedCluster', (), 45)
NODE = NodeQuestion('Get-HvSchedNode', (), 30)
# The state of the host guardian service is attested anew whenever somebody
# asks for it; the files of a volume take their time.
GUARDED_SECONDS = 900
FILES_SECONDS = 600
_FILES_BUDGET_SECONDS = 300
_CONNECT_BUDGET_SECONDS = 60
# What NetBIOS keeps of a name, and so Environment.MachineName.
_NETBIOS_LENGTH = 15

Ask = Callable[[str, Access, NodeQuestion], str]


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

    def __init__(self, access: Access, ask: Ask, asking: Asking,
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
        self._texts: dict[tuple[str, str], str] = {}

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
            LOG.warning('Cluster %s: %s; what it told before grows old',
                        self.name, exc)
        else:
            self._ask_nodes()
        assert self._cluster is not None
        return (self._cluster, *(answer for answers in self._answers.values()
                                 for answer in answers))

    def text(self) -> str:
        """What the nodes printed last, those that did."""
        return ''.join(self._texts.values())

    def _ask_cluster(self) -> None:
        reasons = []
        for host in tuple(self._hosts):
            try:
                self._cluster = self._cluster_answer(host)
            except exception.SourceUnavailable as exc:
                reasons.append(str(exc))
                continue
            self._hosts.remove(host)
            self._hosts.insert(0, host)
            return
        raise exception.SourceUnavailable(
            f'no node answers for the cluster: {"; ".join(reasons)}')

    def _cluster_answer(self, host: str) -> Answer:
        answers = self._asking.ask(
            {host: functools.partial(self._ask, host, self._access,
                                     CLUSTER)},
            CLUSTER.seconds + _CONNECT_BUDGET_SECONDS)
        answer = self._own_answer(host, answers[host], raw.CLUSTER)
        guid = document.guid_of(answer)
        if guid is None:
            failure = answer.failures.get('cluster')
            raise exception.SourceUnavailable(
                f'node {host}: it does not say which cluster it is of: '
                + (failure.text if failure else 'no GUID'))
        if self._guid not in (None, guid):
            raise exception.SourceUnavailable(
                f'node {host}: it is a node of the cluster with GUID {guid}, '
                f'not of {self.name} with {self._guid}: take it out of '
                '"nodes", or correct "guid"')
        self._guid = guid
        return answer

    def _own_answer(self, host: str, answer: str | exception.HvSchedError,
                    part: str) -> Answer:
        """The answer of this node about itself, received now.

        :raises HvSchedError: it is none
        """
        if isinstance(answer, exception.HvSchedError):
            raise answer
        try:
            parsed = [each for each in raw.answers(answer)
                      if each.part == part]
        except exception.InvalidFacts as exc:
            raise exception.SourceUnavailable(f'node {host}: {exc}') from exc
        if len(parsed) != 1:
            raise exception.SourceUnavailable(
                f'node {host}: what it prints is no answer of the collector')
        if not is_name_of(parsed[0].node, host):
            raise exception.SourceUnavailable(
                f'node {host}: node {naming.shown(parsed[0].node)} answers '
                'instead of it: correct the name or its address')
        self._texts[part, host] = answer
        return dataclasses.replace(parsed[0],
                                   collected_at=self._clock.now())

    def _ask_nodes(self) -> None:
        hosts = dict(self._node_hosts())
        questions = {host: self._question(name)
                     for name, host in hosts.items()}
        answers = self._asking.ask(
            {host: functools.partial(self._ask, host, self._access, question)
             for host, question in questions.items()},
            max((question.seconds for question in questions.values()),
                default=0) + _CONNECT_BUDGET_SECONDS)
        for name, host in hosts.items():
            self._remember(name, host, questions[host], answers[host])
        for name in self._answers.keys() - hosts.keys():
            if name not in self._listed():
                del self._answers[name]

    def _node_hosts(self) -> Iterator[tuple[str, str]]:
        """The nodes that are up, by what they are asked at.

        One that is not in the file is asked in the domain of the first that
        is.
        """
        by_name = {_label(host): host for host in self._access.nodes}
        _, _, domain = self._access.nodes[0].partition('.')
        for name, state in self._listed().items():
            label = _label(name)
            host = by_name.get(label) or (
                f'{label}.{domain}' if domain else label)
            if state != 'down':
                yield name, host

    def _listed(self) -> dict[str, str | None]:
        assert self._cluster is not None
        return {windows_names.key(row['name'] or ''): terms.node_state(
            row.get('state'), row.get('drain'), row.get('information'))
            for row in self._cluster.rows.get('nodes', ())
            if row.get('name')}

    def _question(self, name: str) -> NodeQuestion:
        switches = []
        if self._is_due(name, 'Guarded', GUARDED_SECONDS):
            switches.append('Guarded')
        if self._is_due(name, 'Files', FILES_SECONDS):
            switches.append('Files')
        return NodeQuestion(NODE.function, tuple(switches),
                        _FILES_BUDGET_SECONDS if 'Files' in switches
                        else NODE.seconds)

    def _is_due(self, name: str, switch: str, seconds: float) -> bool:
        last = self._asked.get((name, switch))
        return last is None or self._clock.monotonic() - last >= seconds

    def _remember(self, name: str, host: str, question: NodeQuestion,
                  answer: str | exception.HvSchedError) -> None:
        try:
            told = self._own_answer(host, answer, raw.NODE)
        except exception.SourceUnavailable as exc:
            LOG.warning('Cluster %s: %s', self.name, exc)
            told = self._silence(name, question, str(exc))
        else:
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


def _label(name: str) -> str:
    return name.partition('.')[0].lower()


def is_name_of(answered: str, host: str) -> bool:
    """Whether a node that was asked by a host name is the one that answered.

    An address says nothing of a name, so it is believed.
    """
    if host.replace('.', '').isdigit():
        return True
    return (windows_names.key(answered)[:_NETBIOS_LENGTH]
            == windows_names.key(_label(host))[:_NETBIOS_LENGTH])
