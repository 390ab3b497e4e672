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

"""Which rights an access file has on each node, by asking for everything.

Windows does not list rights. They show in what it delivers: a section that
is denied lacks the right, one that fails does not say.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import enum
import functools

from hv_sched import exception
from hv_sched.sources.windows import raw
from hv_sched.sources.windows.raw import Answer
from hv_sched.sources.windows.raw import Failure
from hv_sched.sources.winrm import node_answer
from hv_sched.sources.winrm import questions
from hv_sched.sources.winrm.access import Access
from hv_sched.sources.winrm.asking import Asking
from hv_sched.sources.winrm.questions import NodeQuestion

_Texts = dict[str, str | exception.HvSchedError]

NO_RIGHT = 'no right to it'
NO_COMMAND = 'this Windows has no command for it'
_DOWN = 'the cluster says that the node is down'
# Active Directory locks an account after five in what was its default.
_MOST_REFUSALS = 2
_LOCK = ('not asked: other nodes refuse the account, and more tries might '
         'lock it')


class Tier(enum.Enum):
    """:cvar LOG_IN: it may log in, and learns nothing of the cluster
    :cvar READ_ONLY: Grant-ClusterAccess -ReadOnly
    :cvar ADMINISTRATOR: full access to the cluster, which administrators of
        its nodes have
    """

    NONE = 'none'
    LOG_IN = 'log-in only'
    READ_ONLY = 'read only'
    ADMINISTRATOR = 'administrator'
    JEA = 'JEA'


# What is known by a section: fields of source.rst.
FIELDS: dict[str, tuple[str, ...]] = {
    'cluster': ('guid', 'functional_level'),
    'nodes': ('nodes', 'build', 'state'),
    'volumes': ('volumes', 'size_bytes', 'free_bytes', 'maintenance'),
    'volume_states': ('cut_off_nodes', 'redirected_nodes', 'file_system'),
    'groups': ('vms',),
    'host': ('cpu_vendor',),
    'features': ('mpio', 'remotefx_enabled'),
    'fibre_channel': ('fibre_channel',),
    'remotefx': ('gpus',),
    'conf': ('home', 'remotefx_enabled'),
    'guarded': ('guarded_host',),
    'files': ('disks', 'cached_images', 'image_cache_bytes'),
}
# The sections a tier delivers; read-only access to the cluster says nothing
# of rights on the nodes, so that what they add depends on the node.
_CLUSTER = frozenset(raw.PARTS[raw.CLUSTER])
_ALL = frozenset(FIELDS)
_DELIVERS = {Tier.NONE: _ALL, Tier.LOG_IN: _ALL, Tier.ADMINISTRATOR: _ALL,
             Tier.JEA: _ALL, Tier.READ_ONLY: _CLUSTER - {'volume_states'}}


@dataclasses.dataclass(frozen=True)
class NodeRights:
    """What the account has on one node.

    :param node: the host name it was asked by
    :param unknown: why by section, of those that were not delivered
    """

    cluster: str
    node: str
    tier: Tier
    unknown: Mapping[str, str]

    @property
    def is_sound(self) -> bool:
        """Whether it lacks nothing but what its tier cannot have."""
        lacking = {section for section, reason in self.unknown.items()
                   if reason != NO_COMMAND}
        denied = {section for section, reason in self.unknown.items()
                  if reason == NO_RIGHT}
        return (lacking == denied
                and not denied & _DELIVERS[self.tier])


def uneven(rights: Iterable[NodeRights]) -> list[str]:
    """Clusters whose nodes give the account different rights.

    Any of them answers for the cluster, so what is known comes and goes.
    """
    tiers: dict[str, set[Tier]] = {}
    for node in rights:
        if node.tier is not Tier.NONE:
            tiers.setdefault(node.cluster, set()).add(node.tier)
    return [cluster for cluster, found in tiers.items() if len(found) > 1]


def of_cluster(access: Access, ask: questions.Ask, asking: Asking[str]
               ) -> list[NodeRights]:
    """The rights on each node of the file, and on those the cluster names.

    Those that are down are not asked for their own facts.

    :param ask: asks one node
    """
    check = _Check(access, functools.partial(_ask, access, ask, asking))
    return check.rights()


def _ask(access: Access, ask: questions.Ask, asking: Asking[str],
         hosts: list[str], question: NodeQuestion,
         one_is_enough: bool = False) -> _Texts:
    return asking.ask(
        {host: functools.partial(ask, host, access, question)
         for host in hosts},
        question.seconds + questions.CONNECT_BUDGET_SECONDS, one_is_enough)


class _Check:
    """:param ask: asks nodes a question, all of them or until one answers
    """

    def __init__(self, access: Access,
                 ask: Callable[..., _Texts]) -> None:
        self._access = access
        self._ask = ask
        self._guid = access.guid
        self._answers: dict[str, list[Answer]] = {}
        self._reasons: dict[str, str] = {}

    def rights(self) -> list[NodeRights]:
        self._ask_clusters(list(self._access.nodes))
        states = self._listed()
        self._reasons.update((host, _DOWN) for host, state in states.items()
                             if state == 'down')
        self._ask_clusters([
            host for host, state in states.items()
            if state != 'down' and host not in self._access.nodes])
        answering = list(self._answers)
        own = self._ask(answering, questions.EVERYTHING)
        for host in answering:
            self._keep(host, own[host], raw.NODE)
        return [self._rights(host) for host in dict.fromkeys(
            (*self._access.nodes, *states))]

    def _ask_clusters(self, hosts: list[str]) -> None:
        """All of them, once one has let the account in."""
        refusals = 0
        while hosts and not self._answers and refusals < _MOST_REFUSALS:
            first = self._ask(hosts, questions.CLUSTER, one_is_enough=True)
            self._keep_clusters(first)
            hosts = [host for host in hosts if host not in first]
            refusals += sum(isinstance(text, exception.AccountRefused)
                            for text in first.values())
        if self._answers:
            self._keep_clusters(self._ask(hosts, questions.CLUSTER))
        else:
            self._reasons.update(dict.fromkeys(hosts, _LOCK))

    def _keep_clusters(self, texts: _Texts) -> None:
        for host, text in texts.items():
            self._keep(host, text, raw.CLUSTER)

    def _keep(self, host: str, text: str | exception.HvSchedError, part: str
              ) -> None:
        try:
            answer = node_answer.own_answer(host, text, part)
            if part == raw.CLUSTER and 'cluster' in answer.rows:
                self._guid = node_answer.cluster_guid(
                    host, answer, self._access, self._guid)
        except exception.HvSchedError as exc:
            self._reasons[host] = str(exc).removeprefix(f'node {host}: ')
        else:
            self._answers.setdefault(host, []).append(answer)

    def _listed(self) -> dict[str, str | None]:
        """The state of each node the cluster lists, by its host name."""
        listed: dict[str, str | None] = {}
        for answers in self._answers.values():
            for answer in answers:
                states = node_answer.node_states(answer)
                listed.update((host, states[name]) for name, host
                              in node_answer.hosts(self._access, states))
        return listed

    def _rights(self, host: str) -> NodeRights:
        answers = self._answers.get(host, [])
        unknown = {section: _reason(failure) for answer in answers
                   for section, failure in answer.failures.items()}
        delivered = {section for answer in answers for section in answer.rows}
        for section in sorted(_ALL - delivered - unknown.keys()):
            unknown[section] = self._reasons.get(host, 'it was not delivered')
        return NodeRights(self._access.name, host, _tier(
            self._access, answers, delivered), unknown)


def _reason(failure: Failure) -> str:
    if failure.is_denied:
        return NO_RIGHT
    return NO_COMMAND if failure.is_missing else failure.text


def _tier(access: Access, answers: list[Answer], delivered: set[str]
          ) -> Tier:
    if not answers:
        return Tier.NONE
    if access.is_jea:
        return Tier.JEA
    if 'volume_states' in delivered:
        return Tier.ADMINISTRATOR
    return (Tier.READ_ONLY if 'cluster' in delivered else Tier.LOG_IN)
