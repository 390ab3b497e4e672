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


"""What breaks first at 100,000 nodes, from the measured slopes."""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import json
import pathlib
from typing import Any

from doc import rst
from doc import upkeep_page
from hv_sched.conf import passes
from hv_sched.placement import keystone_transport
from hv_sched.placement import memberships

PAGE = pathlib.Path(__file__).parent / 'source/reference/limits.rst'
NODES = 100_000
VOLUMES = NODES // upkeep_page.CLUSTER_NODES * upkeep_page.CLUSTER_VOLUMES
CLUSTERS = NODES // upkeep_page.CLUSTER_NODES
IDLE, FRESH = 'idle pass', 'fresh no-op'
_DAY_HOURS = 24

INTRODUCTION = """\
==================================
What breaks first at 100,000 nodes
==================================

.. This page is written by python -m doc.generate.

100,000 nodes in clusters of 16 are {clusters:,} clusters and {volumes:,}
volumes. Nobody has run hv_sched at that size. This is arithmetic: the figures
of :doc:`upkeep` continued along the line through the two largest sizes at
which each was measured ({machine}; commit {commit}). The worst comes first. A
limit that is exceeded breaks; a figure below 1 in the last column has that
much to spare.

"""

ADVICE = """\
Seconds of the slowest request are those of a busy machine's clock. What a node
of a first sync costs grows with the nodes: Placement reads all names of traits
in each request that is about traits, and there are two names for each volume
and one for each node, or for seven of them (:doc:`upkeep`). The scheduler's
queries for allocation candidates are such requests, too.

What to do about it
-------------------

* Raise ``[hv_sched]agent_interval`` and ``request_timeout``
  (:doc:`configuration`): a pass is level-triggered, so one every five minutes
  loses nothing but time.
* Set ``[hv_sched]nodes_per_home_trait = 7`` before the first sync.
* Begin cluster by cluster (``csv sync --cluster``). The first sync is done
  once, and one that is interrupted is finished by the next.
* Beyond that Placement itself has to be divided: a region of its own has a
  Placement of its own.

"""

Record = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Limit:
    """:param value: at 100,000 nodes
    :param limit: None where there is none
    """

    what: str
    arithmetic: str
    value: float
    unit: str
    limit: float | None = None
    limit_is: str = ''

    @property
    def share(self) -> float:
        """Of the limit."""
        return self.value / self.limit if self.limit else 0.0

    @property
    def row(self) -> tuple[str, ...]:
        """Of the table."""
        return (self.what, self.arithmetic, f'{self.value:,.0f} {self.unit}',
                self.limit_is, f'{self.share:.2f}' if self.limit else '–')


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(upkeep_page.RECORD.read_text()))


def page_of(record: Record) -> str:
    """The page for these figures."""
    return INTRODUCTION.format(
        clusters=CLUSTERS, volumes=VOLUMES, **record) + '\n'.join(rst.table(
            ('What', 'Arithmetic', 'At 100,000 nodes', 'Limit',
             'Of the limit'),
            (limit.row for limit in limits(record)))) + '\n' + ADVICE


def limits(record: Record) -> list[Limit]:
    """The worst first."""
    return sorted(_limits(record), key=lambda limit: -limit.share)


def _limits(record: Record) -> Iterator[Limit]:
    interval = next(option.default for option in passes.OPTS
                    if option.name == 'agent_interval')
    deadline = keystone_transport.DEFAULT_TIMEOUT
    for story, side, what in (
            (IDLE, 'client seconds', 'processor of the agent, an idle pass'),
            (IDLE, 'server seconds', 'processors of Placement and its '
             'database, an idle pass')):
        value, arithmetic = continued(record, story, side)
        yield Limit(what, arithmetic, value, 'seconds', interval,
                    f'agent_interval of {interval} seconds, one processor')
    value, arithmetic = continued(record, IDLE, 'longest answer',
                                  lambda answer: answer[1] / 2**20)
    yield Limit('longest answer of an idle pass', arithmetic, value, 'MiB')
    value, arithmetic = continued(record, FRESH, 'slowest request',
                                  lambda answer: answer[1])
    yield Limit('slowest request of a fresh pass', arithmetic, value,
                'seconds', deadline, f'timeout of {deadline:.0f} seconds')
    value, arithmetic = continued(record, FRESH, 'MiB more')
    yield Limit('memory of a fresh pass', arithmetic, value, 'MiB')
    yield _memberships()
    yield from _first_sync(record)
    yield Limit(
        'names of traits', f'{NODES:,} homes + 2 x {VOLUMES:,} volumes',
        NODES + 2 * VOLUMES, 'names', 2**31 - 1,
        'the integer Placement numbers them by')


def _memberships() -> Limit:
    kinds = [[(f'c{number}',) for number in range(CLUSTERS)],
             [tuple(f'v{number}.{volume}' for volume in range(
                 upkeep_page.CLUSTER_VOLUMES)) for number in range(CLUSTERS)]]
    return Limit(
        'requests for members of aggregates, a fresh pass',
        f'rows and columns of grids of {memberships.WIDTH} x '
        f'{memberships.WIDTH}, instead of {CLUSTERS + VOLUMES:,}',
        memberships.requests_for(kinds), 'requests')


def _together(record: Record) -> Record:
    """The runs with as many nodes in a name as it holds."""
    return {'runs': [run for run in record['homes']['runs']
                     if run['nodes per home trait'] > 1]}


def _first_sync_processors(part: Record, form: str) -> Iterator[Limit]:
    for side, what in (
            ('server seconds', 'processors of Placement and its database'),
            ('client seconds', 'processor of hv_sched')):
        each_ms, arithmetic = continued(
            part, upkeep_page.FIRST, side, is_each=True)
        yield Limit(
            f'a first sync, {form}, {what}',
            f'ms a node: {arithmetic}; {each_ms:,.0f} ms x {NODES:,}',
            each_ms * NODES / 3_600_000, 'hours', _DAY_HOURS,
            'one day of one processor')


def _first_sync(record: Record) -> Iterator[Limit]:
    """Of each node the same, and more the more names there are."""
    for part, form in ((record, 'a name for each node'),
                       (_together(record), 'seven nodes in a name')):
        yield from _first_sync_processors(part, form)
    run = upkeep_page.runs_of(record, upkeep_page.FIRST)[-1]
    figures = run['stories'][upkeep_page.FIRST]
    joined = 'PUT /resource_providers/UUID/aggregates'
    each = (figures['seconds by request'][joined]
            / figures['by request'][joined])
    yield Limit(
        'a first sync, first nodes of volumes one after the other',
        f'{each * 1000:.0f} ms of a busy clock x {VOLUMES:,}',
        each * VOLUMES / 3600, 'hours', _DAY_HOURS, 'one day')


def continued(record: Record, story: str, figure: str,
              value_of: Callable[[Any], float] = float,
              is_each: bool = False) -> tuple[float, str]:
    """A figure at 100,000 nodes, and how it was reckoned.

    :param is_each: of a node, a thousandth of the figure
    """
    largest = {run['nodes']: value_of(run['stories'][story][figure]) * (
        1000 / run['nodes'] if is_each else 1)
        for run in upkeep_page.runs_of(record, story)
        if figure in run['stories'][story]}
    (x1, y1), (x2, y2) = sorted(largest.items())[-2:]
    slope = max(0.0, (y2 - y1) / (x2 - x1))
    return y2 + slope * (NODES - x2), (
        f'{y1:.3g} at {x1:,}, {y2:.3g} at {x2:,} nodes: '
        f'{slope * 1000:.3g} for 1,000 more')
