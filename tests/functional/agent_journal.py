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


"""What an agent's passes are based on, told by the agent itself.

It writes a line before and after each pass of a cluster, with when the facts
were collected that the pass uses. A SIGKILL loses no line. The agent is the
real one; only its entry is another.
"""

import dataclasses
import datetime
import json
import os
import pathlib
import sys

from hv_sched.agent import cmd
from hv_sched.notices import Kind
from hv_sched.providers import reconcile
from tests.functional import agent_faults

PROGRAM = 'from tests.functional import agent_journal\nagent_journal.main()\n'


@dataclasses.dataclass(frozen=True)
class Entry:
    """:param is_end: all that the pass had to write stands
    :param process: its id
    :param collected_at: of the facts
    """

    is_end: bool
    process: int
    collected_at: datetime.datetime


class Journal:
    """What the agents of a storm have told so far, one after the other."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._offset = 0
        self.entries: list[Entry] = []

    def read(self) -> int:
        """How many entries there are now."""
        if self._path.exists():
            with self._path.open('rb') as lines:
                lines.seek(self._offset)
                # The last line may be under way.
                text = lines.read().rpartition(b'\n')[0]
            if text:
                self._offset += len(text) + 1
                self.entries += map(_entry, text.split(b'\n'))
        return len(self.entries)

    def in_force(self, count: int) -> datetime.datetime | None:
        """When the facts were collected of the last pass that had ended.

        :param count: of entries there were
        """
        return next((entry.collected_at for entry
                     in reversed(self.entries[:count]) if entry.is_end), None)


def _entry(line: bytes) -> Entry:
    told = json.loads(line)
    return Entry(told['is_end'], told['process'],
                 datetime.datetime.fromisoformat(told['collected_at']))


def main() -> None:
    """The agent's entry: its options follow the journal and a fault."""
    path, fault, *options = sys.argv[1:]
    agent_faults.plant(fault)
    _tell_passes(path)
    sys.exit(cmd.main(options))


def _tell_passes(path: str) -> None:
    sync_cluster = reconcile.Reconciler.sync_cluster

    def told(reconciler, look, cluster):
        if not look.facts.clusters:
            return sync_cluster(reconciler, look, cluster)
        _append(path, look, is_end=False)
        result = sync_cluster(reconciler, look, cluster)
        if not result.failures and not any(
                notice.kind is Kind.FROZEN
                for notice in result.plan.all_findings):
            _append(path, look, is_end=True)
        return result

    reconcile.Reconciler.sync_cluster = told


def _append(path: str, look, is_end: bool) -> None:
    """One write, which others' do not mix with."""
    line = json.dumps({
        'is_end': is_end, 'process': os.getpid(),
        'collected_at': look.facts.clusters[0].collected_at.isoformat()})
    to = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(to, line.encode() + b'\n')
    finally:
        os.close(to)
