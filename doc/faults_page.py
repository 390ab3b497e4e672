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

"""Makes reference/faults.rst of what became of each fault.

``HV_SCHED_FAULTS_RECORD=doc/faults.json make test-faults`` writes what the
page is made of; a command that is run again replaces its own part.
"""

import collections
from collections.abc import Iterable
from collections.abc import Mapping
import json
import pathlib
from typing import Any

from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/faults.rst'
RECORD = HERE / 'faults.json'
# The column of an outcome; exit codes follow in order.
_FIRST = ('violation', 'not reached', 'as undisturbed')
_TITLES = {'violation': 'violations',
           'as undisturbed': 'done as without it'}
Record = Mapping[str, Any]
# What else meets faults, and what must not be then.
_OTHERS = {
    'Requests to nova-scheduler': """\
Our request filters, filters and weighers serve a request with a fault on the
way to Placement, once with a snapshot that was read before and once without.
Nothing but Nova's own refusals leaves them, and no share is lost or doubled.
With a snapshot nothing is offered that is not offered without the fault,
unless nobody can tell the answer from a true one; without, nothing that Nova
does not offer without us.""",
    'Broker of the events': """\
The agent's listener, with each fault of the broker and of what is sent: what
is sent once its queue is there is heard, and nothing else; no password is
logged; it stops when it is told."""}

INTRODUCTION = """\
======================
Faults and what became
======================

.. This page is written by python -m doc.generate.

Each command and a pass of the agent runs with a fault on its way to
Keystone, Placement, Nova, Glance or the nodes. The call sites are those that
a run without a fault shows: service, method, path and parameters without the
names in them. A case is a fault at the first or the last request of a site,
once or from there on; a seed chooses. After it

* the exit code is one the command documents, the message names the service
  and says what to do, and there is no traceback;
* no share in Placement is lost, doubled or changed, nothing is opened, grown,
  withdrawn or freed beyond what the undisturbed command does, at any moment;
* the nodes of another region, where a request was led to its services, are
  as they were;
* the same command once more ends as if nothing had happened.

A case that fails one of these is a *violation*. ``make test-faults`` runs
all cases of all commands; the second column of the first table says how many
of them the run of that date took; a command that has no row was not run yet.
{cases} cases of {space} are in these tables, with {violations} violations.

"""


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(RECORD.read_text()))


def page_of(record: Record) -> str:
    """The page for these figures."""
    counts = {command: _count(figures['outcomes'].values())
              for command, figures in record.items()}
    total = _count(counts.values())
    commands = _of_table(record, '')
    return INTRODUCTION.format(
        cases=total.total(), violations=total['violation'],
        space=sum(figures['space'] for figures in record.values())
    ) + '\n'.join([
        *_section('By command', _by_command(commands, counts)),
        *(line for table, text in _OTHERS.items()
          if _of_table(record, table)
          for line in _section(table, [text, '', *_by_command(
              _of_table(record, table), counts, 'What')])),
        *_section('By fault', _by_fault(commands)),
        *(line for command, figures in sorted(record.items())
          for line in _section(command, _of_command(figures)))]).rstrip(
              ) + '\n'


def _of_table(record: Record, table: str) -> Record:
    """What is no command has a table of its own."""
    return {name: figures for name, figures in record.items()
            if figures.get('table', '') == table}


def _count(outcomes: Iterable[Mapping[str, int]]
           ) -> 'collections.Counter[str]':
    counted: collections.Counter[str] = collections.Counter()
    for each in outcomes:
        counted.update(each)
    return counted


def _section(title: str, table: list[str]) -> list[str]:
    return [title, '=' * len(title), '', *table, '']


def _columns(outcomes: Iterable[str]) -> list[str]:
    """Those that occur, in a fixed order; violations always."""
    present = {*outcomes, 'violation'}
    return [*(name for name in _FIRST if name in present), *sorted(
        present - {*_FIRST}, key=lambda name: (len(name), name))]


def _cells(counted: Mapping[str, int], columns: Iterable[str]) -> list[str]:
    return [str(counted.get(name) or ('0' if name == 'violation' else ''))
            for name in columns]


def _table(first: tuple[str, ...], columns: list[str],
           rows: Iterable[tuple[str, ...]]) -> list[str]:
    return rst.table((*first, *(_TITLES.get(name, name)
                                for name in columns)), rows)


def _by_command(record: Record,
                counts: Mapping[str, 'collections.Counter[str]'],
                title: str = 'Command') -> list[str]:
    columns = _columns(_count(counts[command] for command in record))
    return _table(
        (title, 'Cases', 'Call sites', 'Requests', 'Run'), columns, (
            (command, f'{counts[command].total()} of {figures["space"]}',
             str(figures['sites']), str(figures['requests']),
             f'{figures["date"]}, seed {figures["seed"]}',
             *_cells(counts[command], columns))
            for command, figures in sorted(record.items())))


def _by_fault(record: Record) -> list[str]:
    by_fault: dict[str, collections.Counter[str]] = (
        collections.defaultdict(collections.Counter))
    for figures in record.values():
        for fault, outcomes in figures['outcomes'].items():
            by_fault[fault].update(outcomes)
    return _faults(by_fault)


def _of_command(figures: Mapping[str, Any]) -> list[str]:
    return _faults(figures['outcomes'])


def _faults(outcomes: Mapping[str, Mapping[str, int]]) -> list[str]:
    columns = _columns(_count(outcomes.values()))
    return _table(('Fault', 'Cases'), columns, (
        (fault, str(sum(counted.values())), *_cells(counted, columns))
        for fault, counted in sorted(outcomes.items())))
