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
class FunnelStep:
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
    :param largest_disks_gb: by name of such a volume, the most that it gives
        to one server at once (its max_unit), where that is less
    :param without: hosts there would be without one condition
    """

    hosts: int
    examples: tuple[str, ...]
    largest_free: Mapping[str, int]
    owners: Mapping[str, int]
    largest_volumes: tuple[tuple[str, int], ...]
    without: tuple[FunnelStep, ...]
    largest_disks_gb: Mapping[str, int] = dataclasses.field(
        default_factory=dict)


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
    funnel: tuple[FunnelStep, ...] = ()
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
    :param source_hosts: where the server is, so that it cannot go there
    :param limit: [scheduler]max_placement_results
    :param unreaching: names of nodes the disk cannot go to, and why
    :param is_partial: a service did not return all that the question needs
    :param is_filtered: whether SharedVolumeFilter drops candidates
    """

    snapshot: volumes.Snapshot
    nodes: Mapping[str, str]
    places: Mapping[str, str] = dataclasses.field(default_factory=dict)
    source_hosts: frozenset[str] = frozenset()
    limit: int = 1000
    not_evaluated: tuple[str, ...] = ()
    unreaching: Mapping[str, str] = dataclasses.field(default_factory=dict)
    is_partial: bool = False
    is_filtered: bool = True


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
        self._placement = placement
        self._context = context
        snapshot = context.snapshot
        self._targets = {uuid: name for uuid, name in context.nodes.items()
                         if name not in context.source_hosts}
        self._oracle = oracle.Oracle(
            placement, built.request, self._targets, frozenset().union(
                *(volume.traits for volume in snapshot.volumes.values())))
        self._constraints = constraints.of(built, context.places)

    def explain(self) -> Explanation:
        explanation = Explanation(
            self._built.refused, 'GET ' + self._built.request.url(
                self._context.limit), len(self._targets),
            not_evaluated=self._context.not_evaluated)
        if self._built.refused:
            return explanation
        answer = self._oracle.answer(constraints.atoms(self._constraints))
        explanation = dataclasses.replace(
            explanation, funnel=self._funnel(),
            placement_hosts=self._names(answer.hosts),
            notes=self._notes(answer), **self._filtered(answer))
        if not answer.hosts:
            emptied_by = minimal_conflict.emptying(
                self._constraints, self._leaves_any)
            explanation = dataclasses.replace(
                explanation, emptied_by=tuple(emptied_by),
                would_fit=self._would_fit(emptied_by),
                notes=(*explanation.notes, *self._closings(emptied_by)))
        return dataclasses.replace(explanation, requests=self._oracle.asked)

    def _names(self, hosts: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(self._context.nodes[host] for host in hosts))

    def _hosts(self, constraints_: Sequence[Constraint]) -> frozenset[str]:
        return self._oracle.hosts(constraints.atoms(constraints_))

    def _leaves_any(self, constraints_: Sequence[Constraint]) -> bool:
        return self._oracle.leaves_any(constraints.atoms(constraints_))

    def _funnel(self) -> tuple[FunnelStep, ...]:
        steps: list[FunnelStep] = []
        for number, constraint in enumerate(self._constraints):
            none_left = bool(steps) and not steps[-1].hosts
            steps.append(FunnelStep(constraint, 0 if none_left else len(
                self._hosts(self._constraints[:number + 1]))))
        return tuple(steps)

    def _notes(self, answer: oracle.CandidateHosts) -> tuple[str, ...]:
        notes = []
        if answer.refusal:
            notes.append('Placement refuses the query, which Nova treats as '
                         f'"no valid host": {answer.refusal}')
        if answer.count > self._context.limit:
            notes.append(
                f'Placement has {answer.count} candidates, but Nova asks for '
                f'at most {self._context.limit} '
                '([scheduler]max_placement_results): it may not see all of '
                'these hosts')
        return tuple(notes)

    def _closings(self, emptied_by: Sequence[Constraint]) -> list[str]:
        """Why volumes are closed, where that leaves none."""
        if not any(atom.name == names.NO_NEW_DISKS
                   for atom in constraints.atoms(emptied_by)):
            return []
        return [f'{volume.name} takes no new disks: '
                + '; '.join(reason.value for reason in reasons)
                for volume in sorted(self._context.snapshot.volumes.values(),
                                     key=lambda volume: volume.name)
                if (reasons := names.closed_reasons(volume.traits))
                ][:_EXAMPLES]

    def _filtered(self, answer: oracle.CandidateHosts) -> dict[str, Any]:
        """What SharedVolumeFilter makes of Placement's hosts."""
        passed: dict[str, tuple[str, ...]] = {}
        dropped = {**self._context.unreaching, **dict.fromkeys(
            self._context.source_hosts, 'the server is there now')}
        for host, candidates in answer.by_host.items():
            name = self._context.nodes[host]
            refusals = [candidate_rules.refusal(
                host, candidate, self._context.snapshot)
                if self._context.is_filtered else None
                for candidate in candidates]
            if all(refusals) and refusals:
                dropped[name] = '; '.join(filter(None, refusals))
            else:
                passed[name] = self._volumes(
                    candidate for candidate, refusal
                    in zip(candidates, refusals, strict=True) if not refusal)
        return {'hosts': dict(sorted(passed.items())),
                'filtered': dict(sorted(dropped.items()))}

    def _volumes(self, candidates: Iterable[candidate_rules.Candidate]
                 ) -> tuple[str, ...]:
        disks = (candidate_rules.disk_of(candidate)
                 for candidate in candidates)
        volumes_ = self._context.snapshot.volumes
        return tuple(sorted({
            volumes_[disk.provider].name for disk in disks
            if disk is not None and disk.provider in volumes_}))

    def _would_fit(self, emptied_by: Sequence[Constraint]) -> WouldFit:
        rest = [constraint for constraint in self._constraints
                if constraint not in emptied_by]
        answer = self._oracle.answer(constraints.atoms(rest))
        demanded = constraints.atoms(emptied_by)
        without = [(constraint, [
            member for member in self._constraints if member != constraint])
            for constraint in emptied_by]
        largest = self._largest_volumes() if any(
            atom.name == names.DISK_GB for atom in demanded) else ()
        return WouldFit(
            len(answer.hosts), self._names(answer.hosts)[:_EXAMPLES],
            {atom.name: _largest_free(atom.name, answer)
             for atom in sorted(demanded) if not atom.group
             and atom.kind == requests.RESOURCE
             and atom.name != names.DISK_GB},
            {atom.name: len(self._oracle.hosts((atom,)))
             for atom in sorted(demanded) if atom.kind == requests.REQUIRED
             and atom.group in ('', requests.ROOT)},
            tuple((volume.name, volume.room_gb) for volume in largest),
            tuple(FunnelStep(constraint, len(self._hosts(remaining)))
                  for constraint, remaining in without
                  if self._leaves_any(remaining)),
            self._largest_disks_gb(largest))

    def _largest_disks_gb(self, volumes_: Iterable[volumes.VolumeState]
                          ) -> dict[str, int]:
        """Where max_unit, and not the room, bounds what one server gets."""
        limits = {volume.name: self._placement.inventories(
            volume.uuid)[1].get(names.DISK_GB) for volume in volumes_}
        return {volume.name: limit.max_unit for volume in volumes_
                if (limit := limits[volume.name]) is not None
                and limit.max_unit < volume.room_gb}

    def _largest_volumes(self) -> tuple[volumes.VolumeState, ...]:
        open_volumes = [
            volume for volume in self._context.snapshot.volumes.values()
            if names.NO_NEW_DISKS not in volume.traits]
        open_volumes.sort(key=lambda volume: (-volume.room_gb, volume.name))
        return tuple(open_volumes[:_EXAMPLES])


def _largest_free(resource_class: str, answer: oracle.CandidateHosts) -> int:
    """What one host at most has left of a class."""
    amounts = [answer.summaries[host]['resources'].get(resource_class)
               for host in answer.hosts if host in answer.summaries]
    return max((amount['capacity'] - amount['used']
                for amount in amounts if amount), default=0)
