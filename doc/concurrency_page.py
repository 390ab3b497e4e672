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

"""Makes reference/concurrency.rst of what writing all at once came to.

``CONCURRENCY_RECORD=doc/concurrency.json python -m pytest -m long
tests/functional/test_concurrency.py`` writes what the page is made of;
``WALKS_RECORD=doc/walks.json`` the part about random walks.
"""

from collections.abc import Mapping
import functools
import json
import pathlib
from typing import Any

from doc import rst
from hv_sched.adopt import adopt

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/concurrency.rst'
RECORD = HERE / 'concurrency.json'
WALKS = HERE / 'walks.json'
# Of the test: clients that claim, and the rest of each between two turns.
CLIENTS = 5
REST_SECONDS = 0.1
# Column: what the record calls it; of 'passes' and 'refusals' by part.
PARTS = ('agent', 'adopt', 'heal', 'retire', 'claims')

INTRODUCTION = """\
========================
Everybody writes at once
========================

.. This page is written by python -m doc.generate.

Eight agents, none of which leads, ``csv adopt``, ``csv heal`` and claims by
five clients write to one cluster of four nodes with a volume of 500 GB at
the same time, a second between two passes of each, for {seconds} seconds, on
a machine of two processors; then ``csv adopt`` beside a ``csv retire`` that
is begun again and again. Placement runs on a database of its own, in one
process and in four. An observer reads that database ten times a second, each
look in one transaction. A *violation* is a look at which one of thirty
servers that nobody touches holds more or less than its 10 GB.

*Conflicts*: how often an agent's write met one that was faster and the
cluster was planned again; it goes on at the next pass in any case.

*Claims and releases* are all turns of the five clients, also those that
got no candidate or were refused. Each rests a tenth of a second between two,
so {claims_a_second} a second is what they would come to if Placement answered
at once. They are threads of the one process that also runs the agents, the
commands and the observer, on the two processors that Placement and its
database run on: the row of the same clients *alone*, where nobody else
writes, says what this machine has for them. How long a turn took beside its
rest says how far they were from their own bound.

Adopt beside retire
===================

Do not give a cluster back beside an adopt, and keep the agents off it
(``--pause-cluster``). Where it happens nevertheless:

* No share is lost or counted twice. A node's own disk is opened at the
  generation at which the node is in no volume's home, so Placement never
  offers it together with the volume.
* Where nodes are given back, Placement counts the volume once for each of
  them again, as stock Nova does. So no bound is said for what is used then:
  520 GB were seen on a volume of 500 GB.
* Neither waits for the other. An adopt whose volume is deleted under it
  begins again, {attempts} times in all, with random pauses between. Then it
  gives up, as a retire does whose nodes are adopted again: "another command
  writes to cluster ... at the same time", exit code 1. What it moved stands;
  the same command again goes on from there once the other has ended. Beside
  a retire that never ends an adopt may never finish. The figures are of
  before that: an adopt then ended with Placement's 404.

Figures
=======


"""


WALKS_INTRODUCTION = """
Random walks
============

One step after the other, in random order, and after each the disks are the
judge: no share is lost or doubled, no more is offered than there is, RemoteFX
memory that is held stays and no more is offered than the source said. At the
end every fact is right again, and all is open that should be. *Walk*,
*PatientWalk* and those with cards (*GpuWalk*, *PatientGpuWalk*) are of the
planners, with sources that lie and agents that die between two writes. The
walk *operator* has ``sync``, ``adopt``, ``retire``, ``retire --node`` and
``heal --held`` on a real Placement, each of which may die at any write,
beside moves that arrive or fail; it has no row where it was not recorded.
Servers with RemoteFX memory are rare in these rows: three in *GpuWalk*, none
in *PatientGpuWalk*. ``HV_SCHED_SEED`` and
``HV_SCHED_EXAMPLES`` of the table walk them again (``pytest -m long
tests/unit/providers/test_plan_machine.py
tests/functional/test_operator_walk.py``).

"""


def page() -> str:
    """The page for the records that are kept."""
    return page_of(json.loads(RECORD.read_text())) + walks_of(
        json.loads(WALKS.read_text()))


def walks_of(record: Mapping[str, Any]) -> str:
    """The part about random walks."""
    return WALKS_INTRODUCTION + '\n'.join(rst.table(
        ('Walk', 'Seed', 'Examples', 'Steps a walk', 'What happened'),
        ((walk, str(figures['seed']), str(figures['examples']),
          str(figures['steps a walk']), ', '.join(
              f'{name} {count}' for name, count in sorted(
                  figures['counts'].items()) if not name.startswith('_')))
         for walk, figures in sorted(record.items()))))


def page_of(record: Mapping[str, Any]) -> str:
    """The page for these figures."""
    sites = record['sites']
    seconds = record['seconds']
    rows = {
        **_ROWS, 'claims and releases a second': functools.partial(
            _claims_a_second, seconds),
        'the same of the clients alone': functools.partial(
            _claims_alone, seconds),
        'seconds of a turn beside its rest': functools.partial(
            _turn_seconds, seconds)}
    return INTRODUCTION.format(
        seconds=seconds, claims_a_second=round(CLIENTS / REST_SECONDS),
        attempts=adopt.ATTEMPTS) + '\n'.join(rst.table(('Figure', *sites), (
            (title, *(str(value(figures)) for figures in sites.values()))
            for title, value in rows.items())))


def _claims_alone(seconds: float, figures: Mapping[str, Any]) -> str:
    return (f'{figures["claims alone"] / seconds:.0f}'
            if 'claims alone' in figures else '–')


def _claims_a_second(seconds: float, figures: Mapping[str, Any]) -> str:
    return f'{figures["passes"]["claims"] / seconds:.0f}'


def _turn_seconds(seconds: float, figures: Mapping[str, Any]) -> str:
    turns = figures['passes']['claims'] / CLIENTS
    return f'{seconds / turns - REST_SECONDS:.2f}'


def _passes(part: str) -> Any:
    return lambda figures: figures['passes'].get(part, '–')


def _refusals(figures: Mapping[str, Any]) -> str:
    return ', '.join(f'{name} {count}' for name, count in sorted(
        figures['refusals'].items())) or 'none'


_ROWS: dict[str, Any] = {
    **{f'passes of {part}' if part != 'claims' else 'claims and releases':
       _passes(part) for part in PARTS},
    'passes that ended with an error of ours': _refusals,
    'changes the agents wrote': lambda figures: figures['changes written'],
    'conflicts': lambda figures: figures['conflicts'],
    'conflicts per change': lambda figures: (
        figures['conflicts per change'] if figures['changes written']
        else '–'),
    'looks': lambda figures: figures['looks'],
    'most GB of the cluster at a look':
        lambda figures: figures['most GB at a look'],
    'violations': lambda figures: figures['violations']}
