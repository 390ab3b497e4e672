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

"""Why a server has these hosts, or none."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

from hv_sched.explain import constraints
from hv_sched.explain import minimal_conflict
from hv_sched.explain import oracle
from hv_sched.explain.constraints import Constraint
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.query import candidate_rules
from hv_sched.query import candidates_query as requests
from hv_sched.query.build import BuiltQuery
from hv_sched.snapshot import volumes

_EXAMPLES = 5


@dataclasses.dataclass(frozen=True)
class Step:
    """:param hosts: how many are left under this and all before it"""

    constraint: Constraint
    hosts: int


@dataclasses.dataclass(frozen=True)
class WouldFit:
    """What there is instead.

    :param hosts: meet every other condition, some of them by name
    :param largest_free: by resource class, on one of these hosts
    :param owners: how many hosts have a trait that is asked, by trait
    :param largest_volumes: name and GB of room, largest first
    :param without: hosts there would be without one condition
    """

    hosts: int
    examples: tuple[str, ...]
    largest_free: Mapping[str, int]
    owners: Mapping[str, int]
    largest_volumes: tuple[tuple[str, int], ...]
    without: tuple[Step, ...]


@dataclasses.dataclass(frozen=True)
class Explanation:
    """Everything that can be said.

    :param refused: why the request never reaches Placement
    :param query: the request as it reaches Placement
    :param nodes: how many compute nodes there are, but for where the server is
    :param placement_hosts: names of the hosts Placement answers with
    :param hosts: those of them SharedVolumeFilter leaves, with their volumes
    :param filtered: why others are not among them, by name
    :param emptied_by: the smallest set of conditions that leaves none
    :param not_evaluated: what Nova looks at besides
    """

    refused: tuple[str, ...]
    query: str
    nodes: int
    funnel: tuple[Step, ...] = ()
    placement_hosts: tuple[str, ...] = ()
    hosts: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict)
    filtered: Mapping[str, str] = dataclasses.field(default_factory=dict)
    emptied_by: tuple[Constraint, ...] = ()
    would_fit: WouldFit | None = None
    notes: tuple[str, ...] = ()
    not_evaluated: tuple[str, ...] = ()
    requests: int = 0


@dataclasses.dataclass(frozen=True)
class Context:
    """What is known beside the question.

    :param nodes: names of all compute nodes by provider uuid
    :param places: see ``constraints.of``
    :param leaving: names of hosts the server cannot go to: where it is
    :param limit: [scheduler]max_placement_results
    """

    known: volumes.Snapshot
    nodes: Mapping[str, str]
    places: Mapping[str, str] = dataclasses.field(default_factory=dict)
    leaving: frozenset[str] = frozenset()
    limit: int = 1000
    not_evaluated: tuple[str, ...] = ()


def explain(placement: Placement, built: BuiltQuery, context: Context
            ) -> Explanation:
    """Ask Placement; at most ten requests a condition, mostly three.

    :raises PlacementError: Placement does not answer
    """
    return _Explaining(placement, built, context).explain()


class _Explaining:
    def __init__(self, placement: Placement, built: BuiltQuery,
                 context: Context) -> None:
        self._built = built
        self._context = context
        known = context.known
        self._others = {uuid: name for uuid, name in context.nodes.items()
                        if name not in context.leaving}
        self._oracle = oracle.Oracle(
            placement, built.request, self._others, frozenset().union(
                *(volume.traits for volume in known.volumes.values())))
        self._every = constraints.of(built, context.places)

    def explain(self) -> Explanation:
        found = Explanation(
            self._built.refused, 'GET ' + self._built.request.url(
                self._context.limit), len(self._others),
            not_evaluated=self._context.not_evaluated)
        if self._built.refused:
            return found
        answer = self._oracle.answer(constraints.atoms(self._every))
        found = dataclasses.replace(
            found, funnel=self._funnel(),
            placement_hosts=self._names(answer.hosts),
            notes=self._notes(answer), **self._filtered(answer))
        if not answer.hosts:
            emptied_by = minimal_conflict.emptying(
                self._every, self._leaves_any)
            found = dataclasses.replace(
                found, emptied_by=tuple(emptied_by),
                would_fit=self._would_fit(emptied_by))
        return dataclasses.replace(found, requests=self._oracle.asked)

    def _names(self, hosts: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(self._context.nodes[host] for host in hosts))

    def _hosts(self, some: Sequence[Constraint]) -> frozenset[str]:
        return self._oracle.hosts(constraints.atoms(some))

    def _leaves_any(self, some: Sequence[Constraint]) -> bool:
        return self._oracle.leaves_any(constraints.atoms(some))

    def _funnel(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        for number, one in enumerate(self._every):
            none_left = bool(steps) and not steps[-1].hosts
            steps.append(Step(one, 0 if none_left else len(
                self._hosts(self._every[:number + 1]))))
        return tuple(steps)

    def _notes(self, answer: oracle.Answer) -> tuple[str, ...]:
        found = []
        if answer.refusal:
            found.append('Placement refuses the query, which Nova takes for '
                         f'"no host": {answer.refusal}')
        if answer.count > self._context.limit:
            found.append(
                f'Placement has {answer.count} candidates, but Nova asks for '
                f'at most {self._context.limit} '
                '([scheduler]max_placement_results): it may not see all of '
                'these hosts')
        return tuple(found)

    def _filtered(self, answer: oracle.Answer) -> dict[str, Any]:
        """What SharedVolumeFilter makes of Placement's hosts."""
        left: dict[str, tuple[str, ...]] = {}
        dropped = dict.fromkeys(self._context.leaving,
                                'the server is there now')
        for host, candidates in answer.by_host.items():
            name = self._context.nodes[host]
            refusals = [
                candidate_rules.refusal(host, candidate, self._context.known)
                for candidate in candidates]
            if all(refusals) and refusals:
                dropped[name] = '; '.join(filter(None, refusals))
            else:
                left[name] = self._volumes(
                    candidate for candidate, refusal
                    in zip(candidates, refusals, strict=True) if not refusal)
        return {'hosts': dict(sorted(left.items())),
                'filtered': dict(sorted(dropped.items()))}

    def _volumes(self, candidates: Iterable[candidate_rules.Candidate]
                 ) -> tuple[str, ...]:
        disks = (candidate_rules.disk_of(candidate)
                 for candidate in candidates)
        known = self._context.known.volumes
        return tuple(sorted({
            known[disk.provider].name for disk in disks
            if disk is not None and disk.provider in known}))

    def _would_fit(self, emptied_by: Sequence[Constraint]) -> WouldFit:
        others = [one for one in self._every if one not in emptied_by]
        answer = self._oracle.answer(constraints.atoms(others))
        demanded = constraints.atoms(emptied_by)
        without = [(one, [each for each in self._every if each != one])
                   for one in emptied_by]
        return WouldFit(
            len(answer.hosts), self._names(answer.hosts)[:_EXAMPLES],
            {atom.name: _largest_free(atom.name, answer)
             for atom in sorted(demanded) if not atom.group
             and atom.kind == requests.RESOURCE
             and atom.name != names.DISK_GB},
            {atom.name: len(self._oracle.hosts((atom,)))
             for atom in sorted(demanded) if atom.kind == requests.REQUIRED
             and atom.group in ('', requests.ROOT)},
            self._largest_volumes() if any(
                atom.name == names.DISK_GB for atom in demanded) else (),
            tuple(Step(one, len(self._hosts(rest)))
                  for one, rest in without if self._leaves_any(rest)))

    def _largest_volumes(self) -> tuple[tuple[str, int], ...]:
        open_ones = [volume for volume in self._context.known.volumes.values()
                     if names.NO_NEW_DISKS not in volume.traits]
        open_ones.sort(key=lambda volume: (-volume.room_gb, volume.name))
        return tuple((volume.name, volume.room_gb)
                     for volume in open_ones[:_EXAMPLES])


def _largest_free(resource_class: str, answer: oracle.Answer) -> int:
    """What one host at most has left of a class."""
    found = [answer.summaries[host]['resources'].get(resource_class)
             for host in answer.hosts if host in answer.summaries]
    return max((one['capacity'] - one['used'] for one in found if one),
               default=0)
