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


"""What upkeep costs, and what looking after shares costs: measured.

``make bench`` prints what the records are: ``python -m benchmarks.upkeep
--output doc/upkeep.json``, and ``benchmarks.shares`` with ``doc/shares.json``.
"""

from collections.abc import Iterator
import json
import pathlib
from typing import Any

from doc import plot
from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/upkeep.rst'
RECORD = HERE / 'upkeep.json'
SHARES = HERE / 'shares.json'

Record = dict[str, Any]
FIRST = 'first sync'
# A node: two reads and three writes. A volume: made, filled, marked, shared.
FLOOR_OF_A_NODE, FLOOR_OF_A_VOLUME = 5, 4
CLUSTER_NODES, CLUSTER_VOLUMES = 16, 4

INTRODUCTION = """\
=================
What upkeep costs
=================

.. This page is written by python -m doc.generate.

Clusters of 16 nodes with 4 volumes each, on a Placement in processes of its
own with MariaDB. *Server seconds* are seconds of the processors that
Placement and its database used, *client seconds* those of hv_sched. The
machine ({machine}) did other work at the same time, so seconds of the clock
are not shown. *MiB more* is by how much the peak of resident memory is above
what the process had before. *Workers* are threads of hv_sched + processes of
Placement. ``python -m benchmarks.upkeep`` and ``python -m
benchmarks.shares`` measure it; commit {commit}, {date}.

"""

STORIES = """\
*Fresh* is a sync or an agent's pass in a process that has read nothing
before; the *agent* has looked twice before. *One cluster failed over*: half
of the nodes of one cluster are down, and cut off from its volumes.

Client seconds grow with the nodes since commit 8bf96de. Before, each volume's
plan looked at every node of the cloud: at 10,000 nodes a fresh no-op took 36.4
client seconds, and the agent's pass with a changed volume 38.2. A test counts
calls (``tests/unit/providers/test_work.py``): twice the clusters are twice the
work.

"""

HOMES = """\
What homes cost as names of traits
----------------------------------

Of each node the first sync makes one name of a trait,
``CUSTOM_CSV_HOME_<uuid>``, which its home volume has: {names} of {requests}
requests at {nodes:,} nodes, with two names for each volume (its disk, and its
reach). They take {names_share:.0%} of the time of all requests together. And
they cost more than their own requests: Placement reads all names of traits in
each request that is about traits (``Trait.get_by_name`` and what sets a
provider's traits fill a cache that lives as long as the request). With 10,000
names there, one more took {name_ms} ms of its processors. So a first sync
takes time by the square of the nodes.

With ``[hv_sched]nodes_per_home_trait = 7`` one trait names up to seven of the
nodes that use a volume (255 characters hold as many uuids), and a node costs
the {floor_of_a_node} requests that cannot be done without. Both forms with
{workers} threads of hv_sched and {placement_workers} processes of Placement,
beside other work; commit {homes_commit}:

"""

FORMS = """\
Unless it is set each node has its name, because plug-ins of release 0.1.0 do
not read the other form: they take each such node for one whose home is not
known (:doc:`/upgrading`).
All plug-ins since read both, and a sync changes one into the other with one
write for each volume. A first sync of 10,000 nodes with a name for each was
stopped after 35 minutes beside other work, with 9,300 of its 15,000 names
made and nothing else.

The scheduler's plug-ins must know which nodes write to which volume in a
number of requests that does not grow with the cloud. Placement could say so in
these ways, too:

* Members of aggregates: a request for each volume, or about twice the square
  root of the volumes (as the sync reads them), each time a snapshot is read.
* Allocation candidates pair nodes and volumes, in one request; but a node
  without memory or VCPUs left is in none, though its servers have disks to
  move, and the answer grows with nodes times volumes.
* A trait on the node that names its volume needs fewer names, but Placement
  lists owners of one trait at a time: a request for each volume again.

"""

WORKERS = """\
A first sync of {nodes:,} nodes, with nothing else on the machine ({machine};
commit {commit}, {date}). The clients, Placement and MariaDB share its
processors: that is the limit here, and *processors used* says how near it is.
With one process of Placement more threads make a first sync slower: they wait
for its one interpreter. Processes of Placement are what helps.

"""

SHORT = """\
What falls short
----------------

* A first sync is {over:.2f} times its floor of {floor} requests (two reads and
  three writes a node, four writes a volume); the rest are names of traits.
* A first sync of 10,000 nodes is measured with seven nodes in a name only.
  All other stories were measured with those nodes published.
* The first node that joins a volume does so alone: several providers that
  name a new aggregate at the same time deadlock in MySQL. That is a write for
  each volume one after the other, with any number of workers.
* Adopt takes {adopt_small} the requests of its floor at {small:,} servers, as
  checks, sweep, proof and publishing of 16 nodes cost some 35 requests a node
  for any number of servers, and {adopt_large} at {large:,}. At 3,000 it was
  1.25 times (commit 4a28f4f); with far fewer the aim of 1.3 is missed.
* Adopt's memory grows with the servers of one volume: Placement tells all
  shares of a provider in one answer, without pages. Of {large_mib} MiB more at
  {large:,} servers on one volume that answer is about half.
* A request whose answer is lost (the front end closed one connection of 9,591)
  made another first sync of 1,000 nodes read every node again: 2,000 reads.
  It was the name of a home, whose request could be repeated safely.
* A quarter of the requests went, and little of the servers' time: what is gone
  are reads, and the writes that remain cost Placement most.

"""


def page() -> str:
    """The page for the records that are kept."""
    record, shares = (json.loads(path.read_text())
                      for path in (RECORD, SHARES))
    return page_of(record, shares)


def page_of(record: Record, shares: Record) -> str:
    """The page for these figures."""
    return INTRODUCTION.format(**record) + '\n'.join((
        *rst.title('A first sync'), *_first_syncs(record),
        *rst.title('Each story, by size'), STORIES, *_stories(record),
        plot.lines('nodes', 'requests', _series(record)),
        *rst.title('How much faster several workers are'),
        *_faster(record['workers']),
        *rst.title('Where the requests of a first sync go'),
        *_by_request(record), HOMES.format(**_names(record)),
        *_forms(record), FORMS,
        *rst.title('Shares'), *_shares(shares), SHORT.format(**_short(
            record), **_short_of_adopt(shares))))


def floor(nodes: int) -> int:
    """The requests of a first sync that cannot be done without."""
    volumes = -(-nodes // CLUSTER_NODES) * CLUSTER_VOLUMES
    return FLOOR_OF_A_NODE * nodes + FLOOR_OF_A_VOLUME * volumes


def runs_of(record: Record, story: str) -> list[Record]:
    """The runs in which it was measured, the smallest first."""
    return sorted((run for run in record['runs'] if story in run['stories']),
                  key=lambda run: run['nodes'])


def workers_of(run: Record) -> str:
    """Threads of hv_sched, and processes of Placement."""
    return f'{run["workers"]} + {run["Placement workers"]}'


def _first_syncs(record: Record) -> tuple[str, ...]:
    rows = [(f'before ({record["before"]["commit"]})', run)
            for run in runs_of(record['before'], FIRST)]
    rows += [('now', run) for run in runs_of(record, FIRST)]
    return rst.table(
        ('Nodes', 'Workers', '', 'Times the floor', 'Requests a node',
         'Writes a node', 'Server ms a node', 'Client ms a node', 'MiB more'),
        (_first_row(what, run) for what, run in sorted(
            rows, key=lambda row: row[1]['nodes'])))


def _first_row(what: str, run: Record) -> tuple[str, ...]:
    nodes, figures = run['nodes'], run['stories'][FIRST]
    return (f'{nodes:,}', workers_of(run), what,
            f'{figures["requests"] / floor(nodes):.2f}',
            f'{figures["requests"] / nodes:.2f}',
            f'{figures["writes"] / nodes:.2f}',
            f'{figures["server seconds"] / nodes * 1000:.0f}',
            f'{figures["client seconds"] / nodes * 1000:.0f}',
            str(figures.get('MiB more', '–')))


def _stories(record: Record) -> tuple[str, ...]:
    return rst.table(
        ('Story', 'Nodes', 'Workers', 'Commit', 'Requests', 'Writes',
         'Server seconds', 'Client seconds', 'Peak MiB', 'MiB more'),
        ((story, f'{run["nodes"]:,}', workers_of(run),
          run['stories'][story].get('commit', record['commit']), *(
            str(run['stories'][story][figure]) for figure in (
                'requests', 'writes', 'server seconds', 'client seconds',
                'peak MiB', 'MiB more')))
         for story in story_names(record)
         for run in runs_of(record, story)))


def story_names(record: Record) -> list[str]:
    """In the order they were measured in."""
    return list(dict.fromkeys(
        story for run in sorted(record['runs'], key=lambda run: run['nodes'])
        for story in run['stories']))


def _series(record: Record) -> dict[str, plot.Points]:
    return {story: sorted({(run['nodes'], run['stories'][story]['requests'])
                           for run in runs_of(record, story)})
            for story in story_names(record)}


def _faster(record: Record) -> tuple[str, ...]:
    runs = record['runs']
    first = [run['stories'][FIRST] for run in runs]
    return (WORKERS.format(**{**record, 'nodes': runs[0]['nodes']}),
            *rst.table(
        ('Threads of hv_sched', 'Processes of Placement', 'Seconds',
         'Times faster', 'Processors used', 'Server seconds',
         'Client seconds'),
        ((str(run['workers']), str(run['Placement workers']),
          f'{figures["seconds"]:.0f}',
          f'{first[0]["seconds"] / figures["seconds"]:.2f}',
          f'{_processors(figures):.2f}', f'{figures["server seconds"]:.0f}',
          f'{figures["client seconds"]:.0f}')
         for run, figures in zip(runs, first, strict=True))))


def _processors(figures: Record) -> float:
    busy: float = figures['server seconds'] + figures['client seconds']
    return busy / figures['seconds']


def _by_request(record: Record) -> tuple[str, ...]:
    before, now = (runs_of(part, FIRST)[0]
                   for part in (record['before'], record))
    counts = [run['stories'][FIRST]['by request'] for run in (before, now)]
    return rst.table(
        ('Request', f'Before, {before["nodes"]:,} nodes',
         f'Now, {now["nodes"]:,} nodes'),
        ((f'``{name}``', *(str(count.get(name, 0)) for count in counts))
         for name in dict.fromkeys((*counts[0], *counts[1]))))


def _forms(record: Record) -> tuple[str, ...]:
    """First syncs with one node in a name and with several, side by side."""
    return rst.table(
        ('Nodes', 'Nodes in a name', 'Times the floor', 'Requests a node',
         'Names made', 'Server ms a node', 'Client ms a node'),
        (_form_row(run) for run in sorted(
            record['homes']['runs'], key=lambda run: (
                run['nodes'], run['nodes per home trait']))))


def _form_row(run: Record) -> tuple[str, ...]:
    nodes, figures = run['nodes'], run['stories'][FIRST]
    return (f'{nodes:,}', str(run['nodes per home trait']),
            f'{figures["requests"] / floor(nodes):.2f}',
            f'{figures["requests"] / nodes:.2f}',
            f'{figures["by request"]["PUT /traits/NAME"]:,}',
            f'{figures["server seconds"] / nodes * 1000:.0f}',
            f'{figures["client seconds"] / nodes * 1000:.0f}')


def _names(record: Record) -> Record:
    run = runs_of(record, FIRST)[-1]
    figures = run['stories'][FIRST]
    seconds = figures['seconds by request']
    return {'nodes': run['nodes'], 'requests': f'{figures["requests"]:,}',
            'name_ms': record['ms a name at 10,000'],
            'floor_of_a_node': FLOOR_OF_A_NODE,
            'workers': record['homes']['runs'][0]['workers'],
            'placement_workers':
                record['homes']['runs'][0]['Placement workers'],
            'homes_commit': record['homes']['commit'],
            'names_share': seconds['PUT /traits/NAME'] / sum(seconds.values()),
            'names': f'{figures["by request"]["PUT /traits/NAME"]:,}'}


def _short(record: Record) -> Record:
    run = runs_of(record, FIRST)[-1]
    least = floor(run['nodes'])
    return {'floor': f'{least:,}',
            'over': run['stories'][FIRST]['requests'] / least}


def _short_of_adopt(shares: Record) -> Record:
    """Of the fewest and of the most servers."""
    small, large = shares['adopted'][0], shares['adopted'][-1]
    return {'small': small['servers'], 'large': large['servers'],
            'adopt_small': f'{over_floor(small)["requests"]} times',
            'adopt_large': f'{over_floor(large)["requests"]} times',
            'large_mib': large['stories']['adopt']['MiB more']}


def _shares(shares: Record) -> Iterator[str]:
    yield from rst.table(
        ('Adopt', 'Servers', 'Requests', 'Writes', 'Server seconds',
         'Client seconds', 'MiB more'),
        ((name, f'{run["servers"]:,}', *(str(figures[column]) for column in (
            'requests', 'writes', 'server seconds', 'client seconds',
            'MiB more')))
         for run in shares['adopted']
         for name, figures in (*run['stories'].items(),
                               ('adopt / floor', over_floor(run)))))
    yield ('The floor is one read of each server and one write of each '
           f'{shares["batch"]} servers, nothing checked.')
    yield ''
    yield from rst.table(
        ('Audit, heal', 'Servers', 'Requests for 1,000',
         'Requests to Nova for 1,000', 'Server seconds for 1,000',
         'Client seconds for 1,000', 'MiB more'),
        ((name, f'{run["servers"]:,}', *_for_thousand(run, figures),
          str(figures['MiB more']))
         for name in shares['runs'][0]['stories'] for run in shares['runs']
         if (figures := run['stories'].get(name)) is not None))
    yield shares['note']
    yield ''
    yield plot.lines('servers', 'MiB more', {
        name: [(run['servers'], run['stories'][name]['MiB more'])
               for run in shares['runs'] if name in run['stories']]
        for name in shares['runs'][0]['stories']})


def over_floor(run: Record) -> Record:
    """How many times its floor adopt took."""
    adopt, least = (run['stories'][name] for name in ('adopt', 'floor'))
    return {column: f'{adopt[column] / least[column]:.2f}'
            if column != 'MiB more' else '' for column in (
        'requests', 'writes', 'server seconds', 'client seconds', 'MiB more')}


def _for_thousand(run: Record, figures: Record) -> Iterator[str]:
    for value in (figures['requests'], figures['result']['requests to Nova'],
                  figures['server seconds'], figures['client seconds']):
        yield f'{value / run["servers"] * 1000:.2f}'
