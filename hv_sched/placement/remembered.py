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


"""What bulk reads told of single providers, by the provider's generation.

Placement raises a provider's generation with each change of its traits, and
of its aggregates from microversion 1.19 on. What an aggregate's or a trait's
owners were is therefore asked again only of the providers whose generation
rose, or of all at once where that takes fewer requests. A write that raises
no generation is seen when everything is forgotten, which a full pass begins
with.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched import exception
from hv_sched.parallel import in_parallel
from hv_sched.placement.observed import Listed

Owners = dict[str, frozenset[str]]


@dataclasses.dataclass(frozen=True)
class Questions:
    """How to learn which providers have what.

    :param names: of what is asked for, such as aggregates
    :param owners: who has each of these names; the generations are those of
        the providers when they were listed
    :param of_provider: which of them one provider has; a request each
    :param requests: how many it takes to learn the owners of these names
    """

    names: frozenset[str]
    owners: Callable[[frozenset[str], Mapping[str, int]], Owners]
    of_provider: Callable[[str], frozenset[str]]
    requests: Callable[[frozenset[str]], int] = len


@dataclasses.dataclass(frozen=True)
class _Told:
    """:param generations: of the providers when they were listed, which was
        before the owners were asked for
    """

    generations: Mapping[str, int] = dataclasses.field(default_factory=dict)
    owners: Mapping[str, frozenset[str]] = dataclasses.field(
        default_factory=dict)


class Remembered:
    """Owners as they were read last; for several threads.

    What is remembered is replaced as a whole: whoever reads at the same time
    has an older one, and asks more.
    """

    def __init__(self) -> None:
        self._told = _Told()

    def forget(self) -> None:
        """The next one asks for everything."""
        self._told = _Told()

    def read(self, listed: Iterable[Listed], questions: Questions,
             workers: int) -> Owners:
        """The owners of each name, as of now.

        :param listed: every provider they may be, listed before this
        """
        answers = self._told
        generations = {p.uuid: p.generation for p in listed}
        changed = sorted(
            uuid for uuid, generation in generations.items()
            if answers.generations.get(uuid) != generation)
        recalled = questions.names & answers.owners.keys()
        new = questions.names - recalled
        owners: Owners = {}
        if len(changed) < questions.requests(recalled):
            owners = _updated(
                {name: answers.owners[name] for name in recalled}, changed,
                questions, workers)
        else:
            new = questions.names
        owners.update(questions.owners(new, generations))
        self._told = _Told(generations, owners)
        return {name: uuids & generations.keys()
                for name, uuids in owners.items()}


def _updated(owners: Owners, changed: list[str], questions: Questions,
             workers: int) -> Owners:
    """The owners, with what the changed providers have now."""
    answers = dict(zip(changed, in_parallel(
        workers, lambda uuid: _of_provider(questions, uuid), changed),
        strict=True))
    return {name: frozenset((
        *(uuid for uuid in uuids if uuid not in answers),
        *(uuid for uuid in changed if name in answers[uuid])))
        for name, uuids in owners.items()}


def _of_provider(questions: Questions, uuid: str) -> frozenset[str]:
    """Nothing where it is gone meanwhile."""
    try:
        return questions.of_provider(uuid)
    except exception.PlacementNotFound:
        return frozenset()
