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

"""What became of the faults of a test run, counted and kept.

A test notes with ``note`` what it put in. At the end of the run the counts
are printed; with HV_SCHED_FAULTS_RECORD=doc/faults.json those of whole
commands replace what that file has of them.
"""

import collections
import os
import pathlib
import typing

from tests import records

VIOLATION = 'violation'
_PROPERTY = 'faults of a command'
# Of the whole run; a worker's reports arrive here, too.
_notes: list[dict[str, typing.Any]] = []


class Counts:
    """What became of the faults of one command.

    :param command: what the page calls it
    :param sites: call sites of a clean run
    :param requests: how many requests it made there
    :param space: the number of (call site, fault)
    :param table: of the page, where it is no command
    """

    def __init__(self, command: str, sites: int, requests: int, space: int,
                 table: str = '') -> None:
        self._of_command = {'command': command, 'sites': sites,
                            'requests': requests, 'space': space,
                            'table': table}
        self._outcomes: dict[str, collections.Counter[str]] = (
            collections.defaultdict(collections.Counter))

    def add(self, fault: str, outcome: str) -> None:
        self._outcomes[fault][outcome] += 1

    def note(self, record_property: typing.Any, is_sample: bool = False
             ) -> None:
        """Hand it over to the process that writes the record."""
        record_property(_PROPERTY, {
            **self._of_command, 'sample': is_sample,
            'outcomes': {fault: dict(outcomes) for fault, outcomes
                         in self._outcomes.items()}})


def collect(report: typing.Any) -> None:
    """Take what a test noted, and keep it."""
    path = os.environ.get('HV_SCHED_FAULTS_RECORD')
    for name, note in report.user_properties:
        if report.when == 'call' and name == _PROPERTY:
            _notes.append(note)
            # Of a worker's report the process that it is sent to keeps it.
            if path and 'PYTEST_XDIST_WORKER' not in os.environ and (
                    not note['sample']):
                _keep(pathlib.Path(path), note)


def summary() -> str:
    """One line on what was put in, empty for nothing."""
    outcomes: collections.Counter[str] = collections.Counter()
    for note in _notes:
        for of_fault in note['outcomes'].values():
            outcomes.update(of_fault)
    _notes.clear()
    return f'{outcomes.total()} faults put in; ' + ', '.join(
        f'{outcome}: {count}' for outcome, count in outcomes.most_common()
    ) if outcomes else ''


def _keep(path: pathlib.Path, note: dict[str, typing.Any]) -> None:
    records.keep(path, (note['command'],), {
        'date': records.today(), 'seed': seed(), **{
            name: note[name]
            for name in ('sites', 'requests', 'space', 'outcomes', 'table')
            if note[name] != ''}})


def at_most() -> int:
    """How many cases of a command are run, where all are asked for."""
    return int(os.environ.get('HV_SCHED_FAULTS_AT_MOST', '100000'))


def seed() -> str:
    """Says at which request of its kind a fault is, and for how long."""
    return os.environ.get('HV_SCHED_FAULTS_SEED', '1')
