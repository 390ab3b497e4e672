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


"""Who is in which of many aggregates, in few requests. Pure.

Placement answers for one aggregate at a time, or for several as ``in:A,B``
without saying in which. So the aggregates are laid out as a grid, and asked
for row by row and column by column: whoever is in one row and in one column
is in the aggregate where they cross. That takes about ``2 * sqrt(n)``
requests for n aggregates.

Whoever is in several rows of a grid and in several columns could be in some
of their crossings only, and whoever changed meanwhile may be told once as it
was and once as it is: these are asked for by themselves.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools
import math

from hv_sched import exception
from hv_sched.parallel import in_parallel

# Aggregates of one request: a URL of 2 KB, which every server takes.
WIDTH = 50

# Aggregates of which a provider may be in several at once.
Bundle = Sequence[str]
Generations = Mapping[str, int]
Owners = dict[str, frozenset[str]]


@dataclasses.dataclass(frozen=True)
class AggregateReads:
    """How one learns of members.

    :param members: of any of several aggregates, each with its generation
    :param of_provider: the aggregates of one provider
    """

    members: Callable[[Sequence[str]], Generations]
    of_provider: Callable[[str], frozenset[str]]


@dataclasses.dataclass(frozen=True)
class Grid:
    """:param rows: aggregates, at most WIDTH rows of at most as many"""

    rows: tuple[tuple[str, ...], ...]

    @functools.cached_property
    def columns(self) -> tuple[tuple[str, ...], ...]:
        """Empty where asking for each by itself takes no more requests."""
        width = max(map(len, self.rows))
        if len(self.rows) + width >= sum(map(len, self.rows)):
            return ()
        return tuple(tuple(row[column] for row in self.rows
                           if column < len(row)) for column in range(width))

    @property
    def questions(self) -> tuple[tuple[str, ...], ...]:
        """The aggregates of each request, columns last."""
        if self.columns:
            return (*self.rows, *self.columns)
        return tuple((name,) for row in self.rows for name in row)


def grids(bundles: Iterable[Bundle]) -> Iterator[Grid]:
    """Lay aggregates out, each bundle in one row where it fits.

    Whoever is in several of one row is told apart without being asked.
    """
    todo = [tuple(bundle) for bundle in bundles if bundle]
    count = sum(map(len, todo))
    width = max(1, min(WIDTH, math.ceil(math.sqrt(count))))
    rows: list[tuple[str, ...]] = []
    for bundle in todo:
        if not rows or len(rows[-1]) + len(bundle) > width:
            rows.append(())
        rows[-1] += bundle
    rows = [row[start:start + width] for row in rows
            for start in range(0, len(row), width)]
    for start in range(0, len(rows), WIDTH):
        yield Grid(tuple(rows[start:start + WIDTH]))


def requests_for(kinds: Iterable[Iterable[Bundle]]) -> int:
    """How many requests it takes at least."""
    return sum(len(grid.questions) for bundles in kinds
               for grid in grids(bundles))


def read(reader: AggregateReads, kinds: Iterable[Iterable[Bundle]],
         listed: Generations, workers: int) -> Owners:
    """The members of each aggregate, of the providers that are listed.

    :param kinds: bundles, apart where a provider is in one of each kind
    :param listed: generations as they were before this
    """
    laid_out = [grid for bundles in kinds for grid in grids(bundles)]
    questions = [question for grid in laid_out for question in grid.questions]
    answers = dict(zip(questions, in_parallel(
        workers, reader.members, questions), strict=True))
    owners: dict[str, set[str]] = {
        name: set() for grid in laid_out for row in grid.rows for name in row}
    doubtful: set[str] = set()
    for grid in laid_out:
        doubtful |= _decode(grid, answers, listed, owners)
    owners = {name: uuids - doubtful for name, uuids in owners.items()}
    again = sorted(doubtful)
    for uuid, aggregates in zip(again, in_parallel(
            workers, functools.partial(_aggregates_of, reader), again),
            strict=True):
        for name in aggregates & owners.keys():
            owners[name].add(uuid)
    return {name: frozenset(uuids) for name, uuids in owners.items()}


def _aggregates_of(reader: AggregateReads, uuid: str) -> frozenset[str]:
    """Of one provider; nothing where it is gone meanwhile."""
    try:
        return reader.of_provider(uuid)
    except exception.PlacementNotFound:
        return frozenset()


def _decode(grid: Grid, answers: Mapping[tuple[str, ...], Generations],
            listed: Generations, owners: Mapping[str, set[str]]) -> set[str]:
    """Add who is in which; the rest is returned.

    Where each aggregate was asked for by itself, there is nothing to tell
    apart.
    """
    if not grid.columns:
        for question in grid.questions:
            owners[question[0]].update(answers[question].keys()
                                       & listed.keys())
        return set()
    rows, columns = (_places(lines, answers) for lines in (
        grid.rows, grid.columns))
    doubtful = {uuid for line in grid.questions
                for uuid, generation in answers[line].items()
                if listed.get(uuid, generation) != generation}
    for uuid in ((rows.keys() | columns.keys()) & listed.keys()) - doubtful:
        crossings = [(row, column) for row in rows.get(uuid, ())
                     for column in columns.get(uuid, ())]
        if _is_certain(grid, crossings):
            for row, column in crossings:
                owners[grid.rows[row][column]].add(uuid)
        else:
            doubtful.add(uuid)
    return doubtful


def _is_certain(grid: Grid, crossings: Sequence[tuple[int, int]]) -> bool:
    """Whether a provider is in the aggregate of each crossing."""
    rows = {row for row, _column in crossings}
    columns = {column for _row, column in crossings}
    return 1 in (len(rows), len(columns)) and all(
        column < len(grid.rows[row]) for row, column in crossings)


def _places(lines: Iterable[tuple[str, ...]],
            answers: Mapping[tuple[str, ...], Generations]
            ) -> dict[str, list[int]]:
    """The numbers of the lines that each provider is in."""
    places: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        for uuid in answers[line]:
            places.setdefault(uuid, []).append(number)
    return places
