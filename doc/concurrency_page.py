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

from collections.abc import Callable
from collections.abc import Mapping
import json
import pathlib
from typing import Any

from doc import rst
from hv_sched.adopt import adopt

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/concurrency.rst'
RECORD = HERE / 'concurrency.json'
WALKS = HERE / 'walks.json'
# Whose passes are counted.
PARTS = ('agent', 'adopt', 'heal', 'retire')
BESIDE = ', adopt beside retire'
Value = Callable[[Mapping[str, Any]], Any]

INTRODUCTION = """\
========================
Everybody writes at once
========================

.. This page is written by python -m doc.generate.

Eight agents, none of which leads, ``csv adopt``, ``csv heal`` and claims of
servers write to one cluster of four nodes with a volume of 500 GB at the same
time, a second between two passes of each, for {seconds} seconds; then ``csv
adopt`` beside a ``csv retire`` that is begun again and again. Placement runs
on a database of its own, in one process and in four. The machine has two
processors for Placement, its database and all that write, and other work ran
on it: the figures compare one row with another and are no measure of what
Placement can do. Recorded {date}.

{processes} processes of their own with {claimers} clients together ask for
{claims_a_second} claims a second: servers that come and go, each by a request
of its own, which is neither made up for where it comes too late nor repeated
where it is refused. Candidates are asked for at most once a second, as for a
request for several servers. *Reached* is how many claims a second came to an
end: *granted*, or refused for a *conflict* (Placement gives up after ten
attempts of its own; Nova would ask again) or for lack of *room*, since what
the clients want together is about what the volume has left. *Alone* is the
same of the same clients before, where nobody else writes: every claim writes
to the one volume, and that bounds how many Placement grants. Beside a retire
it is taken from the same site; nodes that are open have disks of their own,
so that there may be more of it than alone.

An observer reads the database ten times a second, each look in one
transaction. A *violation* is one of thirty servers that nobody touches with
more or less than its 10 GB, a claimer's server with more or less than it
claimed, or more of the volume offered than it has. A look at an *overfull*
volume is one at which all its consumers together hold more than it has: see
below. *Lost updates* are claimers' servers that do not hold in the end what
their last successful write left them: exactly that, and beside a retire,
which moves shares between nodes and volumes, the same amounts. *Deadlocks*
are what the database counted meanwhile; Placement begins such a write again
after a second or more.

*Conflicts*: how often an agent's write met one that was faster and the
cluster was planned again; it goes on at the next pass in any case.

*Longest seconds without a pass* are those of one agent or command until a
pass of it ended well, or until it stopped: a pass that is under way when the
{seconds} seconds are over is finished.

What Placement lets in
======================

Claims for the last room of one volume can fill it beyond what it has, with
hv_sched or without. Placement begins a write that met another one again in
the same database transaction: with MariaDB it sees there what was used
before the other write, with PostgreSQL it takes what its own first attempt
wrote for held before. ``tests/functional/test_overfull_placement.py`` shows
520 GB on 500 with either, on Placement 16. With

.. code-block:: ini

   [placement]
   allocation_conflict_retry_count = 1

in Placement's configuration that claim is refused with 409. Nova answers
that by asking again three times, with pauses, and hv_sched by observing
again; more of either meets a conflict then, which was not measured. The
figures are with Placement's own ten attempts.

Adopt beside retire
===================

Do not give a cluster back beside an adopt, and keep the agents off it
(``--pause-cluster``). Where it happens nevertheless:

* No share is lost or counted twice. A node's own disk is opened at the
  generation at which the node is in no volume's home, so Placement never
  offers it together with the volume.
* Where nodes are given back, Placement counts the volume once for each of
  them again, as stock Nova does. So no bound is said for what all servers of
  the cluster hold then; {most_gb} GB was the most at a look of these figures.
* Neither waits for the other. An adopt whose volume is deleted under it
  begins again, {attempts} times in all, with random pauses between. Then it
  gives up, as a retire does whose nodes are adopted again: "another command
  writes to cluster ... at the same time", exit code 1. What it moved stands;
  the same command again goes on from there once the other has ended. Beside
  a retire that never ends an adopt may never finish.

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
beside moves that arrive or fail. *GpuWalk* and *PatientGpuWalk* begin with
servers that hold a part of the cards. ``HV_SCHED_SEED`` and
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
    sites = _completed(record)
    most_gb = max((figures['most GB at a look'] for title, figures
                   in sites.items() if title.endswith(BESIDE)), default='–')
    return INTRODUCTION.format(
        seconds=record['seconds'], date=record['date'],
        attempts=adopt.ATTEMPTS, claims_a_second=record['claims a second'],
        claimers=record['claimers'], processes=record['claiming processes'],
        most_gb=most_gb) + '\n'.join(rst.table(('Figure', *sites), (
            (title, *(str(value(figures)) for figures in sites.values()))
            for title, value in _ROWS.items())))


def _completed(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The figures of each site, with what there is once for several."""
    sites = record['sites']
    return {title: {
        'seconds': record['seconds'],
        'claims alone': sites.get(title.removesuffix(BESIDE), {}).get(
            'claims alone'), **figures} for title, figures in sites.items()}


def _of_part(what: str, part: str) -> Value:
    return lambda figures: figures[what].get(part, '–')


def _refusals(figures: Mapping[str, Any]) -> str:
    return ', '.join(f'{name} {count}' for name, count in sorted(
        figures['refusals'].items())) or 'none'


def _claims(*outcomes: str) -> Value:
    return lambda figures: sum(
        figures['claims'].get(outcome, 0) for outcome in outcomes)


def _other_claims(figures: Mapping[str, Any]) -> str:
    return ', '.join(f'{name} {count}' for name, count in sorted(
        figures['claims'].items()) if name not in _OUTCOMES) or 'none'


def _a_second(claims: str, outcome: str) -> Value:
    """:param claims: which of the record's"""
    return lambda figures: (
        f'{figures[claims].get(outcome, 0) / figures["seconds"]:.1f}'
        if figures[claims] else '–')


def _granted_ratio(figures: Mapping[str, Any]) -> str:
    alone = (figures['claims alone'] or {}).get('granted', 0)
    granted = figures['claims'].get('granted', 0)
    return f'{granted / alone:.2f}' if alone else '–'


_OUTCOMES = ('tried', 'granted', 'conflict', 'no room')
_ROWS: dict[str, Value] = {
    **{f'passes of {part}': _of_part('passes', part) for part in PARTS},
    'passes that ended with an error of ours': _refusals,
    **{f'longest seconds without a pass of {part}': _of_part(
        'longest seconds without a pass', part) for part in PARTS},
    'changes the agents wrote': lambda figures: figures['changes written'],
    'conflicts': lambda figures: figures['conflicts'],
    'conflicts per change': lambda figures: (
        figures['conflicts per change'] if figures['changes written']
        else '–'),
    'claims reached a second': _a_second('claims', 'tried'),
    'claims reached a second, alone': _a_second('claims alone', 'tried'),
    'claims granted a second': _a_second('claims', 'granted'),
    'claims granted a second, alone': _a_second('claims alone', 'granted'),
    'granted, as a part of those granted alone': _granted_ratio,
    'GB of a claim': lambda figures: figures['GB of a claim'],
    'claims refused for a conflict': _claims('conflict'),
    'claims refused for lack of room': _claims('no room'),
    'claims with another end': _other_claims,
    'deadlocks': lambda figures: figures['deadlocks'],
    'deadlocks of the claims alone':
        lambda figures: figures.get('deadlocks alone', '–'),
    'looks': lambda figures: figures['looks'],
    'most GB of the cluster at a look':
        lambda figures: figures['most GB at a look'],
    'looks at an overfull volume':
        lambda figures: figures['looks at an overfull volume'],
    'looks at an overfull volume, claims alone':
        lambda figures: figures.get('overfull alone', '–'),
    'violations': lambda figures: figures['violations'],
    'lost updates': lambda figures: figures['lost updates']}
