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

"""A question taken apart into what people would call its conditions. Pure."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

import os_traits

from hv_sched.placement import names
from hv_sched.query import candidates_query as requests
from hv_sched.query import rules
from hv_sched.query.build import BuiltQuery
from hv_sched.query.candidates_query import Atom
from hv_sched.requirements import Requirements

# More are reported as one: each costs requests.
MAX_CONSTRAINTS = 20
_TEXTS = {
    names.PAUSED: 'not paused or draining in its cluster',
    names.NO_NEW_DISKS: 'on a volume that takes new disks',
    os_traits.COMPUTE_STATUS_DISABLED: 'with its compute service enabled',
    os_traits.OWNER_NOVA: "on Nova's own provider",
}
# Where a trait has to be, by group.
_ON = {rules.GPU_SUFFIX: ' on the RemoteFX adapter',
       rules.DISK_SUFFIX: ' on the volume', '': '', requests.ROOT: ''}
# First what costs Placement little, last what hangs on another provider.
_ORDER = {'where': 0, 'root': 1, '': 2}


@dataclasses.dataclass(frozen=True)
class Constraint:
    """:param origin: the key, option or argument that makes it so"""

    text: str
    origin: str
    atoms: frozenset[Atom]

    def __str__(self) -> str:
        return f'{self.text} ({self.origin})' if self.origin else self.text


def of(built: BuiltQuery, places: Mapping[str, str]) -> list[Constraint]:
    """Every condition of a question, in the order they are reported.

    :param places: what aggregates, hosts and traits of reach are, by the
        value in the query
    """
    builds = frozenset(
        atom for atom in built.request.atoms()
        if atom.kind == requests.FORBIDDEN and atom.group == requests.ROOT
        and atom.name.startswith(names.BUILD_PREFIX))
    ranked = [(_rank(atom), _constraint(atom, built, places))
              for atom in built.request.atoms() if atom not in builds]
    if builds:
        ranked.append((_ORDER['root'], _builds(built.requirements, builds)))
    ranked.sort(key=lambda pair: pair[0])
    constraints = [constraint for _rank_of_it, constraint in ranked]
    if len(constraints) > MAX_CONSTRAINTS:
        last = MAX_CONSTRAINTS - 1
        constraints[last:] = [_combined(constraints[last:])]
    return constraints


def _rank(atom: Atom) -> int:
    if atom.group == '' and atom.kind in (
            requests.IN_TREE, requests.MEMBER_OF, requests.NOT_MEMBER_OF):
        return _ORDER['where']
    if atom.group == '' and atom.name in (names.DISK_GB, names.NO_NEW_DISKS):
        return 5
    if atom.group == '':
        return 2 if atom.kind == requests.RESOURCE else 3
    if atom.group == rules.DISK_SUFFIX:
        return 6
    return _ORDER.get(atom.group, 4)


def _constraint(atom: Atom, built: BuiltQuery, places: Mapping[str, str]
                ) -> Constraint:
    if (atom.kind, atom.name) == (requests.FORBIDDEN, names.HYPERV):
        return Constraint('not on a Hyper-V node',
                          _no_hyperv(built.requirements), frozenset((atom,)))
    return Constraint(_text(atom, built, places),
                      _origin(atom, built.requirements), frozenset((atom,)))


def _no_hyperv(requirements: Requirements) -> str:
    """The reason itself, where it is not the image that says so."""
    return '; '.join(
        reason.text or str(reason.setting) for reason in requirements.reasons
        if reason.trait == f'!{names.HYPERV}')


def _text(atom: Atom, built: BuiltQuery, places: Mapping[str, str]) -> str:
    of_group = '' if atom.group in _ON else f' of group {atom.group}'
    if atom.kind == requests.RESOURCE:
        amount = built.request.groups[atom.group].resources[atom.name]
        return f'{amount} {atom.name}{of_group}'
    if atom.kind in (requests.MEMBER_OF, requests.NOT_MEMBER_OF):
        negation = 'not ' if atom.kind == requests.NOT_MEMBER_OF else ''
        return negation + places.get(atom.name, f'in aggregate {atom.name}')
    if atom.kind == requests.IN_TREE:
        return places.get(atom.name, f'host {atom.name}')
    if atom.name in _TEXTS:
        return _TEXTS[atom.name]
    if atom.name.startswith(names.CUT_OFF_PREFIX):
        return places.get(atom.name, f'no {atom.name}')
    group = _ON.get(atom.group, of_group)
    return (f'no {atom.name}{group}' if atom.kind == requests.FORBIDDEN
            else f'{atom.name}{group}')


def _origin(atom: Atom, requirements: Requirements) -> str:
    trait = f'!{atom.name}' if atom.kind == requests.FORBIDDEN else atom.name
    if atom.kind == requests.RESOURCE:
        return _ASKED_BY.get(atom.name, '')
    if atom.name in _TEXTS or atom.kind not in (
            requests.REQUIRED, requests.FORBIDDEN):
        return ''
    if atom.name.startswith(names.CUT_OFF_PREFIX):
        return 'its disk stays there'
    if atom.name == os_traits.COMPUTE_SECURITY_UEFI_SECURE_BOOT:
        return 'Nova, for secure boot'
    if atom.group == rules.GPU_SUFFIX:
        return 'flavor os:resolution'
    return requirements.asked_by(trait) or _IMPLIED.get(atom.group, '')


_ASKED_BY = {'VCPU': 'flavor vcpus', 'MEMORY_MB': 'flavor ram',
             names.DISK_GB: 'flavor disk, ephemeral, swap'}
_IMPLIED = dict.fromkeys(('', rules.DISK_SUFFIX), 'flavor or image trait:')


def _builds(requirements: Requirements, atoms: frozenset[Atom]) -> Constraint:
    origin = '; '.join(dict.fromkeys(
        str(reason.text or reason.setting) for reason in requirements.reasons
        if reason.trait.startswith(f'!{names.BUILD_PREFIX}')))
    numbers = ', '.join(sorted(
        atom.name.removeprefix(names.BUILD_PREFIX) for atom in atoms))
    return Constraint(f'a Windows build other than {numbers}',
                      origin or 'Hyper-V moves to the same or a newer build',
                      atoms)


def _combined(constraints: list[Constraint]) -> Constraint:
    return Constraint(
        f'{len(constraints)} more: ' + ', '.join(
            constraint.text for constraint in constraints), '',
        atoms(constraints))


def atoms(constraints: Iterable[Constraint]) -> frozenset[Atom]:
    """All that these conditions demand."""
    return frozenset(atom for constraint in constraints
                     for atom in constraint.atoms)
