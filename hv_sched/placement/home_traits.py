#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.

"""Which nodes use a volume, as the volume's traits name them.

Placement lists the members of an aggregate one aggregate at a time, but the
traits of all volumes in one request. And it reads all names of traits in each
request that is about traits, so in a large cloud one trait may name several
nodes. Both forms are always read; ``[hv_sched]nodes_per_home_trait`` says
which one is written, else the one that stands is kept.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import itertools
import uuid

from hv_sched.placement import names

_HEX_DIGITS = len(uuid.UUID(int=0).hex)
_MAX_TRAIT_LENGTH = 255
MAX_NODES = (_MAX_TRAIT_LENGTH - len(names.HOMES_PREFIX)) // _HEX_DIGITS


def traits_of(nodes: Iterable[str], nodes_per_trait: int = 1
              ) -> frozenset[str]:
    """The traits of a volume that nodes, by their providers' uuids, use.

    :param nodes_per_trait: how many a trait names, up to MAX_NODES
    """
    return frozenset(map(_trait, _batches(sorted(nodes), nodes_per_trait)))


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[start:start + size]
            for start in range(0, len(items), size))


def _trait(nodes: Sequence[str]) -> str:
    prefix = names.HOME_PREFIX if len(nodes) == 1 else names.HOMES_PREFIX
    return prefix + ''.join(node.replace('-', '').upper() for node in nodes)


def nodes_of(traits: Iterable[str]) -> frozenset[str]:
    """The nodes, as provider uuids, that a volume's traits name."""
    return frozenset(itertools.chain.from_iterable(map(_named_by, traits)))


def nodes_per_trait(traits: Iterable[str]) -> int:
    """How many nodes one of a volume's traits names at most, but 1 if none.
    """
    return max((1, *map(len, map(_named_by, traits))))


def without(traits: Iterable[str], node: str) -> frozenset[str]:
    """A volume's traits when it names a node no longer.

    One that names others, too, is replaced by one that names them only.
    """
    return frozenset(itertools.chain.from_iterable(
        _without(trait, node) for trait in traits))


def _without(trait: str, node: str) -> Iterable[str]:
    nodes = _named_by(trait)
    if node not in nodes:
        return (trait,)
    return traits_of(nodes - {node}, MAX_NODES)


def _named_by(trait: str) -> frozenset[str]:
    for prefix in names.HOME_PREFIXES:
        if trait.startswith(prefix):
            # One not of our making says nothing; the publisher removes it.
            with contextlib.suppress(ValueError):
                return frozenset(_uuids(trait.removeprefix(prefix)))
    return frozenset()


def _uuids(digits: str) -> Iterator[str]:
    """From a trait's name.

    :raises ValueError: it is made of something else
    """
    return (str(uuid.UUID(''.join(part)))
            for part in _batches(digits, _HEX_DIGITS))
