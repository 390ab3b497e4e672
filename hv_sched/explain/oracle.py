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

"""Which hosts satisfy a question, or a part of it, asked of Placement."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any

import os_resource_classes as orc

from hv_sched import exception
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.query import candidates_query as requests
from hv_sched.query.candidates_query import Atom
from hv_sched.query.candidates_query import CandidatesQuery

_BAD_REQUEST = 400
# What every host has; a question that asks only for disks would be answered
# with volumes, not with hosts.
_OF_HOSTS = (orc.VCPU, orc.MEMORY_MB)


@dataclasses.dataclass(frozen=True)
class CandidateHosts:
    """Placement's answer.

    :param by_host: candidates by the provider uuid of the host
    :param summaries: provider_summaries
    :param refusal: Placement does not take the question at all
    """

    by_host: Mapping[str, tuple[Mapping[str, Any], ...]]
    summaries: Mapping[str, Mapping[str, Any]]
    refusal: str = ''

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset(self.by_host)

    @property
    def count(self) -> int:
        """How many candidates there are."""
        return sum(len(candidates) for candidates in self.by_host.values())


class Oracle:
    """Answers for parts of one question; each part is asked once.

    :param nodes: names of all compute nodes by provider uuid
    :param volume_traits: traits that some volume has
    """

    def __init__(self, placement: Placement, request: CandidatesQuery,
                 nodes: Mapping[str, str],
                 volume_traits: frozenset[str] = frozenset()) -> None:
        self._placement = placement
        self._request = request
        self._nodes = nodes
        self._volume_traits = volume_traits | {names.NO_NEW_DISKS}
        self._answers: dict[tuple[frozenset[Atom], bool], CandidateHosts] = {}
        self.asked = 0

    def answer(self, atoms: Iterable[Atom]) -> CandidateHosts:
        """What is left when no more is demanded than this."""
        return self._ask(frozenset(atoms), any_will_do=False)

    def whole_answer(self) -> CandidateHosts:
        """The answer to the question itself, asked as Nova asks it."""
        return self._candidates(self._request, any_will_do=False)

    def hosts(self, atoms: Iterable[Atom]) -> frozenset[str]:
        return self.answer(atoms).hosts

    def leaves_any(self, atoms: Iterable[Atom]) -> bool:
        """Whether there is a host at all; a small answer."""
        return bool(self._ask(frozenset(atoms), any_will_do=True).by_host)

    def _ask(self, atoms: frozenset[Atom], any_will_do: bool
             ) -> CandidateHosts:
        answer = self._answers.get((atoms, False)) or self._answers.get(
            (atoms, any_will_do))
        if answer is None:
            answer = self._new(self._part(atoms), any_will_do)
            self._answers[atoms, any_will_do] = answer
        return answer

    def _part(self, atoms: frozenset[Atom]) -> CandidatesQuery:
        """The question cut down.

        In a question without groups a trait may be the volume's. When no
        disk is asked any more it would have to be the host's, and a shorter
        question would have fewer answers than the long one.
        """
        part = self._request.only(atoms)
        if names.DISK_GB not in self._request.main.resources or (
                names.DISK_GB in part.main.resources):
            return part
        return part.with_main(
            required=part.main.required - self._volume_traits,
            forbidden=part.main.forbidden - self._volume_traits)

    def _new(self, request: CandidatesQuery, any_will_do: bool
             ) -> CandidateHosts:
        main = request.main
        if any(rc != names.DISK_GB for rc in main.resources):
            return self._candidates(request, any_will_do)
        if main.resources or main.required or len(request.groups) > 1:
            return self._beside_hosts(request, any_will_do)
        return self._providers(request)

    def _beside_hosts(self, request: CandidatesQuery, any_will_do: bool
                      ) -> CandidateHosts:
        """Hosts with a unit of anything left, and the rest as asked."""
        answers: list[CandidateHosts] = []
        for resource_class in _OF_HOSTS:
            answers.append(self._candidates(request.with_main(resources={
                **request.main.resources, resource_class: 1}), any_will_do))
            if any_will_do and answers[-1].by_host:
                break
        return CandidateHosts(
            {host: candidates for answer in answers
             for host, candidates in answer.by_host.items()},
            {uuid: summary for answer in answers
             for uuid, summary in answer.summaries.items()},
            next((a.refusal for a in answers if a.refusal), ''))

    def _candidates(self, request: CandidatesQuery, any_will_do: bool
                    ) -> CandidateHosts:
        self.asked += 1
        try:
            body = self._placement.candidates_at(
                request.url(1 if any_will_do else None))
        except exception.PlacementRefused as exc:
            return _refused(exc)
        by_host = self._by_host(body)
        if any_will_do and body['allocation_requests'] and not by_host:
            # The first was on something else than a compute node.
            return self._candidates(request, any_will_do=False)
        return CandidateHosts(by_host, body['provider_summaries'])

    def _by_host(self, body: Mapping[str, Any]
                 ) -> dict[str, tuple[Mapping[str, Any], ...]]:
        summaries = body['provider_summaries']
        by_host: dict[str, list[Mapping[str, Any]]] = {}
        for candidate in body['allocation_requests']:
            for host in {summaries[provider]['root_provider_uuid']
                         for provider in candidate['allocations']}:
                if host in self._nodes:
                    by_host.setdefault(host, []).append(candidate)
        return {host: tuple(candidates)
                for host, candidates in by_host.items()}

    def _providers(self, request: CandidatesQuery) -> CandidateHosts:
        """Nothing is asked but what a node is and where it belongs."""
        self.asked += 1
        main = request.main
        params = [('required', requests.trait_list(
            {names.COMPUTE_NODE, *request.root_required},
            request.root_forbidden | main.forbidden))]
        params += [param for param in main.params('')
                   if not param[0].startswith('required')]
        try:
            providers = self._placement.providers_with(params)
        except exception.PlacementRefused as exc:
            return _refused(exc)
        return CandidateHosts({
            provider.uuid: () for provider in providers
            if provider.uuid in self._nodes}, {})


def _refused(exc: exception.PlacementRefused) -> CandidateHosts:
    """Nova takes a question that is refused as "no hosts".

    :raises PlacementRefused: it was not the question that was wrong
    """
    if exc.status != _BAD_REQUEST:
        raise exc
    return CandidateHosts({}, {}, str(exc))
