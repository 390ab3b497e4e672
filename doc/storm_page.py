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


"""Makes the page of the storm over a cloud.

``make cloud-storm`` writes ``.cloud-storm/storm.json``; copied to
``doc/storm.json`` it is what the page is made of.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import json
import pathlib
from typing import Any

from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/cloud-storm.rst'
RECORD = HERE / 'storm.json'
OUTCOMES = ('done', 'refused', 'disturbed')
EVENTS = 'events, by what came of them'
KNOWN = 'seconds until known'
PARTS = 'restarted or failed'
# Tables of their own.
APART = (EVENTS, KNOWN, PARTS)

INTRODUCTION = """\
==========================
A storm over a whole cloud
==========================

.. This page is written by python -m doc.generate.

``make cloud-storm`` starts the cloud of ``make cloud``, with an agent that
hears Nova's notifications, and lets 500 events come over it ({events} in the
run below): servers are created, deleted, migrated (with failures that roll
back), resized, confirmed and reverted; the cluster fails them over; the volume
fills up, goes offline and comes back; nodes are paused, die and are evacuated.
Meanwhile the agent gets 20 SIGKILLs at random moments ({kills} below),
Placement, Keystone, MariaDB and RabbitMQ are each restarted, and Keystone's
tokens are replaced every half minute. ``STORM_ARGS='--events 60 --kills 3
--seed 1'`` makes another storm.

An observer reads Placement's database every 100 ms, one snapshot a look, and
compares it with the files on the simulated disk. It has two rules:

* The room that is offered is never more than the disk had at any moment since
  the facts were collected that are in force, which are those of the last pass
  that has ended. An agent cannot know an event before it reads an answer that
  tells of it: a look at more than there is by then, and not more than since
  those facts, is counted as one at *what the agent could not know yet*.
* The shares of each server cover its files, whatever an agent knows: Nova
  gives a share before there are files and takes it when there are none, but
  for a server that is deleted while its node is down: from its deletion on it
  is not judged, and ``reserved`` covers what it leaves. Where
  the disk changed during a look, the files are judged that were there before
  and after. What is held of a server is a share, and what is held of its
  migration is none, with one exception: a move that begins before the escrow
  of the last one was restored takes it along, and until the scheduler hands
  the server its share it stands on the migration alone. Those looks are
  counted as *at a share on its way to a move*: Placement's own query would
  offer that room again.

In the end ``csv audit`` is clean and ``csv plan`` is empty. Before that, what
an audit leaves to an operator is done as it says, and counted: services died
while Nova worked, and what Nova then forgets to give back and nobody can tell
apart from a server's is only released by name. Then the observer
is shown two faults, which it has to see: a share that is deleted behind
everybody's back, and a volume that is widened. At last two agents share a
lock, the one that writes gets a SIGKILL, and the other one takes over.

Measured on 2026-11-27 (seed {seed}), on a machine with {processors} processors
that had other work. A part without a row below was not measured.

"""


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(RECORD.read_text()))


def page_of(record: Mapping[str, Any]) -> str:
    """The page for these figures."""
    return INTRODUCTION.format(**record) + tables(record)


def tables(record: Mapping[str, Any]) -> str:
    """The figures of a storm, what came of its events, and its time."""
    figures = record['figures']
    return '\n'.join((
        *rst.table(('Figure', 'Measured'), _figures(figures)),
        *rst.title('Events'),
        *rst.table(('Event', *OUTCOMES), (
            (kind.replace('_', ' '),
             *(str(came.get(outcome, 0)) for outcome in OUTCOMES))
            for kind, came in figures[EVENTS].items())),
        'What is refused found no valid host, or failed and was deleted; what '
        'is\ndisturbed met a service that was away.\n',
        *rst.title('Time'),
        *rst.table(('Part', 'Seconds'), (
            (name, str(seconds))
            for name, seconds in record['parts'].items()))))


def _figures(figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in figures.items():
        if name not in APART:
            yield name, (', '.join(f'{each}: {count}' for each, count
                                   in value.items()) or 'none'
                         if isinstance(value, dict) else str(value))
    for kind, seconds in json.loads(figures[KNOWN]).items():
        yield (f'seconds from "{kind}" to Placement, median / longest of '
               f'{seconds["events"]}',
               f'{seconds["p50"]} / {seconds["p100"]}')
    yield ('nodes that failed, with evacuation', str(sum(
        name.startswith('hv') for name in figures[PARTS])))
