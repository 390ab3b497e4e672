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

"""A question to ``GET /allocation_candidates``, as a value that can be cut.

The parameters are those of Nova's ``ResourceRequest.to_querystring`` and
``RequestGroup.to_queryparams``.
"""

from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from urllib import parse

RESOURCE = 'resource'
REQUIRED = 'required'
FORBIDDEN = 'forbidden'
MEMBER_OF = 'member_of'
NOT_MEMBER_OF = 'not_member_of'
IN_TREE = 'in_tree'
# Of the root provider of the host, whatever group gives the resources.
ROOT = 'root'


@dataclasses.dataclass(frozen=True, order=True)
class Atom:
    """One demand, the smallest thing a question can be relaxed by.

    :param group: the suffix of its group, '' for the unsuffixed one and
        ``ROOT`` for what is asked of the root provider
    :param kind: one of the words above
    :param name: a class, a trait, or aggregates between commas
    """

    group: str
    kind: str
    name: str


@dataclasses.dataclass(frozen=True)
class Group:
    """One request group; every member_of must hold, any uuid in it will do."""

    resources: Mapping[str, int] = dataclasses.field(default_factory=dict)
    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    member_of: tuple[frozenset[str], ...] = ()
    not_member_of: frozenset[str] = frozenset()
    in_tree: str | None = None

    def atoms(self, suffix: str) -> Iterator[Atom]:
        for kind, names in (
                (RESOURCE, self.resources), (REQUIRED, self.required),
                (FORBIDDEN, self.forbidden),
                (MEMBER_OF, map(joined, self.member_of))):
            yield from (Atom(suffix, kind, name) for name in sorted(names))
        if self.not_member_of:
            yield Atom(suffix, NOT_MEMBER_OF, joined(self.not_member_of))
        if self.in_tree:
            yield Atom(suffix, IN_TREE, self.in_tree)

    def only(self, suffix: str, atoms: Container[Atom]) -> 'Group':
        """The group with no other demands than these."""
        def stays(kind: str, name: str) -> bool:
            return Atom(suffix, kind, name) in atoms

        return Group(
            {rc: amount for rc, amount in self.resources.items()
             if stays(RESOURCE, rc)},
            frozenset(t for t in self.required if stays(REQUIRED, t)),
            frozenset(t for t in self.forbidden if stays(FORBIDDEN, t)),
            tuple(aggregates for aggregates in self.member_of
                  if stays(MEMBER_OF, joined(aggregates))),
            self.not_member_of if stays(
                NOT_MEMBER_OF, joined(self.not_member_of)) else frozenset(),
            self.in_tree if self.in_tree and stays(
                IN_TREE, self.in_tree) else None)

    def params(self, suffix: str) -> Iterator[tuple[str, str]]:
        if self.resources:
            yield f'resources{suffix}', ','.join(sorted(
                f'{rc}:{amount}' for rc, amount in self.resources.items()))
        traits = trait_list(self.required, self.forbidden)
        if traits:
            yield f'required{suffix}', traits
        for aggregates in sorted(map(joined, self.member_of)):
            yield f'member_of{suffix}', f'in:{aggregates}'
        if self.in_tree:
            yield f'in_tree{suffix}', self.in_tree
        if self.not_member_of:
            yield f'member_of{suffix}', f'!in:{joined(self.not_member_of)}'


@dataclasses.dataclass(frozen=True)
class CandidatesQuery:
    """The whole question.

    :param groups: by suffix; '' is the unsuffixed one
    :param group_policy: what the flavor says, or what Nova falls back to
    :param suffixed_by_flavor: how many of the groups the flavor itself made
    """

    groups: Mapping[str, Group]
    root_required: frozenset[str] = frozenset()
    root_forbidden: frozenset[str] = frozenset()
    group_policy: str | None = None
    suffixed_by_flavor: int = 0

    @property
    def main(self) -> Group:
        """The unsuffixed group."""
        return self.groups.get('', Group())

    def amount(self, resource_class: str) -> int:
        """What all groups together ask of a class."""
        return sum(group.resources.get(resource_class, 0)
                   for group in self.groups.values())

    def with_group(self, suffix: str, group: Group) -> 'CandidatesQuery':
        return dataclasses.replace(
            self, groups={**self.groups, suffix: group})

    def without(self, resource_class: str) -> 'CandidatesQuery':
        """The question that asks for none of a class, in no group.

        A suffixed group that asked for nothing else is gone.
        """
        groups = {suffix: dataclasses.replace(group, resources={
            rc: amount for rc, amount in group.resources.items()
            if rc != resource_class}) for suffix, group in self.groups.items()}
        return dataclasses.replace(self, groups={
            suffix: group for suffix, group in groups.items()
            if not suffix or group.resources
            or resource_class not in self.groups[suffix].resources})

    def with_main(self, **fields: object) -> 'CandidatesQuery':
        """Other fields of the unsuffixed group."""
        return self.with_group('', dataclasses.replace(
            self.main, **fields))  # type: ignore[arg-type]

    def with_root(self, required: Iterable[str] = (),
                  forbidden: Iterable[str] = ()) -> 'CandidatesQuery':
        """More demands on the root provider."""
        return dataclasses.replace(
            self, root_required=self.root_required.union(required),
            root_forbidden=self.root_forbidden.union(forbidden))

    def atoms(self) -> tuple[Atom, ...]:
        """Every demand, the unsuffixed group first."""
        atoms = [atom for suffix in sorted(self.groups)
                 for atom in self.groups[suffix].atoms(suffix)]
        atoms += [Atom(ROOT, REQUIRED, t) for t in sorted(self.root_required)]
        atoms += [Atom(ROOT, FORBIDDEN, t)
                  for t in sorted(self.root_forbidden)]
        return tuple(atoms)

    def only(self, atoms: Container[Atom]) -> 'CandidatesQuery':
        """The question with no other demands than these.

        A suffixed group that asks for no resource any more is gone, for
        Placement takes none without.
        """
        groups = {suffix: group.only(suffix, atoms)
                  for suffix, group in self.groups.items()}
        return dataclasses.replace(
            self,
            groups={suffix: group for suffix, group in groups.items()
                    if group.resources or not suffix},
            root_required=frozenset(
                t for t in self.root_required
                if Atom(ROOT, REQUIRED, t) in atoms),
            root_forbidden=frozenset(
                t for t in self.root_forbidden
                if Atom(ROOT, FORBIDDEN, t) in atoms))

    def params(self, limit: int | None = None) -> list[tuple[str, str]]:
        """The query's parameters, sorted as Nova sorts them."""
        params = [] if limit is None else [('limit', str(limit))]
        policy = self._policy()
        if policy:
            params.append(('group_policy', policy))
        root = trait_list(self.root_required, self.root_forbidden)
        if root:
            params.append(('root_required', root))
        for suffix, group in self.groups.items():
            params.extend(group.params(suffix))
        return sorted(params)

    def url(self, limit: int | None = None) -> str:
        return '/allocation_candidates?' + parse.urlencode(
            self.params(limit), safe=':,!')

    def _policy(self) -> str | None:
        """Nova adds ``none`` when it made all groups but one itself."""
        suffixed = sum(1 for suffix in self.groups if suffix)
        if self.group_policy or suffixed < 2 or self.suffixed_by_flavor > 1:
            return self.group_policy
        return 'none'


def joined(uuids: Iterable[str]) -> str:
    return ','.join(sorted(uuids))


def trait_list(required: Iterable[str], forbidden: Iterable[str]) -> str:
    """The value of a ``required`` parameter."""
    return ','.join((*sorted(required), *(
        f'!{trait}' for trait in sorted(forbidden))))
