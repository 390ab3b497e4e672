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

"""Processes that outlive the command which started them.

Each has a record in a folder: its id and when the kernel says it started. A
process of the same id that started at another moment is somebody else's and
is never touched. Each has a mark in its environment, too, and so have its
children: when it is killed they are known by the mark.
"""

import collections.abc
import dataclasses
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import time

from tests.cloud import errors

STOP_SECONDS = 30
# Its value is the folder of the records.
MARK = 'HV_SCHED_CLOUD_RECORDS'


@dataclasses.dataclass(frozen=True)
class Program:
    """A command that runs until it is stopped.

    :param inputs: files it reads when it starts: a change restarts it
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    inputs: tuple[pathlib.Path, ...] = ()

    def fingerprint(self) -> str:
        """Changes when the process has to be started again."""
        digest = hashlib.sha256(json.dumps(
            [self.command, self.environment], sort_keys=True).encode())
        for path in self.inputs:
            digest.update(path.read_bytes())
        return digest.hexdigest()


@dataclasses.dataclass(frozen=True)
class Record:
    """What a record file tells of a process."""

    name: str
    pid: int
    started: str
    fingerprint: str = ''

    def is_alive(self) -> bool:
        """Whether that very process still runs."""
        return _started(self.pid) == self.started


@dataclasses.dataclass(frozen=True)
class Memory:
    """Memory of a group of processes.

    :param rss: a page that several share counts in each of them
    :param pss: it counts once, in parts
    """

    rss: int
    pss: int


def _started(pid: int) -> str | None:
    """The boot and the clock tick in which a process started.

    None when there is no such process, or only its remains.
    """
    try:
        stat = pathlib.Path(f'/proc/{pid}/stat').read_text()
        boot = pathlib.Path('/proc/sys/kernel/random/boot_id').read_text()
    except OSError:
        return None
    # The second field, the name, may hold blanks and parentheses.
    fields = stat.rpartition(')')[2].split()
    return None if fields[0] in 'ZX' else f'{boot.strip()} {fields[19]}'


class Processes:
    """The processes of one cloud, by their records in a folder."""

    def __init__(self, records: pathlib.Path, logs: pathlib.Path) -> None:
        self._records = records
        self._logs = logs

    def running(self) -> dict[str, Record]:
        """The processes that live, by name."""
        return {record.name: record for record in self._all()
                if record.is_alive()}

    def _all(self) -> list[Record]:
        return [_read(path) for path in sorted(self._records.glob('*.pid'))]

    def ensure(self, program: Program) -> bool:
        """Start a program unless it runs with the same inputs.

        :returns: whether it was started
        """
        fingerprint = program.fingerprint()
        former = self.running().get(program.name)
        if former and former.fingerprint == fingerprint:
            return False
        if former:
            self.stop([program.name])
        process = self._start(program)
        self._write(Record(program.name, process.pid,
                           _started(process.pid) or '', fingerprint))
        return True

    def _start(self, program: Program) -> subprocess.Popen[bytes]:
        with self.log(program.name).open('ab') as log:
            try:
                return subprocess.Popen(
                    program.command, stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log, start_new_session=True, cwd='/',
                    env={'PATH': os.environ.get('PATH', os.defpath),
                         'LC_ALL': 'C.UTF-8', **program.environment,
                         # A title that a process gives itself must not
                         # overwrite the mark.
                         'SPT_NOENV': '1', MARK: str(self._records)})
            except OSError as exc:
                raise errors.CloudError(
                    f'{program.name} cannot be started: {exc}') from exc

    def end_orphans(self) -> list[int]:
        """Kill what a process that has died left of itself.

        Workers outlive the service that started them, and hold its port.
        The same goes for a process that was started and not recorded.

        :returns: the ids of those that were killed
        """
        alive = {record.pid for record in self.running().values()}
        orphans = sorted(pid for pid in _marked(str(self._records))
                         if not alive & {pid, *_leaders(pid)})
        for pid in orphans:
            _signal(pid, signal.SIGKILL)
        return orphans

    def memory_mb(self) -> Memory:
        """MiB that the processes and their children hold."""
        groups = {record.pid for record in self.running().values()}
        held = [_memory_kb(path) for path in _members(groups)]
        return Memory(sum(each.rss for each in held) // 1024,
                      sum(each.pss for each in held) // 1024)

    def log(self, name: str) -> pathlib.Path:
        """Where a process writes."""
        return self._logs / f'{name}.out'

    def _write(self, record: Record) -> None:
        path = self._records / f'{record.name}.pid'
        partial = path.with_suffix('.partial')
        partial.write_text(json.dumps(dataclasses.asdict(record)))
        partial.rename(path)

    def check(self, name: str) -> None:
        """Raise with the end of its log when a process has died."""
        if name not in self.running():
            raise errors.CloudError(
                f'{name} has stopped; {self.log(name)} ends with:\n'
                f'{self.tail(name)}')

    def tail(self, name: str, lines: int = 12) -> str:
        """The last lines a process wrote."""
        if not self.log(name).exists():
            return ''
        text = self.log(name).read_text(errors='replace')
        return '\n'.join(text.splitlines()[-lines:])

    def stop(self, names: collections.abc.Iterable[str] | None = None,
             seconds: float = STOP_SECONDS) -> list[str]:
        """Stop these processes, or all, in the order given.

        Each gets a SIGTERM; what lives after this many seconds is killed
        with all of its group.

        :returns: those that had to be killed
        """
        records = {record.name: record for record in self._all()}
        chosen = [records[name]
                  for name in (records if names is None else names)
                  if name in records]
        for record in chosen:
            if record.is_alive():
                _signal(record.pid, signal.SIGTERM)
        killed = self._kill_after(chosen, time.monotonic() + seconds)
        for record in chosen:
            (self._records / f'{record.name}.pid').unlink(missing_ok=True)
        self.end_orphans()
        return killed

    @staticmethod
    def _kill_after(records: list[Record], deadline: float) -> list[str]:
        while any(record.is_alive() for record in records):
            if time.monotonic() > deadline:
                alive = [each for each in records if each.is_alive()]
                for record in alive:
                    os.killpg(record.pid, signal.SIGKILL)
                return [record.name for record in alive]
            _reap()
            time.sleep(0.05)
        return []


def _members(groups: set[int]) -> list[pathlib.Path]:
    """The folders in /proc of the processes of these groups."""
    members = []
    for path in pathlib.Path('/proc').glob('[0-9]*'):
        try:
            if os.getpgid(int(path.name)) in groups:
                members.append(path)
        except ProcessLookupError:
            continue
    return members


def _memory_kb(path: pathlib.Path) -> Memory:
    try:
        text = (path / 'smaps_rollup').read_text()
    except OSError:
        return Memory(0, 0)
    fields = {line.split()[0]: int(line.split()[1])
              for line in text.splitlines()[1:]}
    return Memory(fields['Rss:'], fields['Pss:'])


def _marked(mark: str) -> list[int]:
    """The processes whose environment has this mark."""
    entry = f'{MARK}={mark}'.encode()
    marked = []
    for path in pathlib.Path('/proc').glob('[0-9]*'):
        try:
            if entry in (path / 'environ').read_bytes().split(b'\0'):
                marked.append(int(path.name))
        except OSError:
            # It has ended, or is another user's.
            continue
    return marked


def _leaders(pid: int) -> list[int]:
    """The leader of the session of a process, and its ancestors."""
    try:
        leaders = [os.getsid(pid)]
        while pid > 1:
            stat = pathlib.Path(f'/proc/{pid}/stat').read_text()
            pid = int(stat.rpartition(')')[2].split()[1])
            leaders.append(pid)
    except OSError:
        return []
    return leaders


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _reap() -> None:
    """Let go of own children that have ended, if there are any."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        pass


def _read(path: pathlib.Path) -> Record:
    try:
        return Record(**json.loads(path.read_text()))
    except (ValueError, TypeError) as exc:
        raise errors.CloudError(
            f'{path} is no record of a process ({exc}): remove the file, and '
            f'stop {path.stem} if it runs') from exc


def wait(what: str, ready: collections.abc.Callable[[], object],
         seconds: float, check: collections.abc.Callable[[], None]
         = lambda: None) -> None:
    """Ask until it is ready.

    :param check: raises when waiting is of no use any more
    :raises errors.CloudError: not ready after this many seconds
    """
    deadline = time.monotonic() + seconds
    while not ready():
        check()
        if time.monotonic() > deadline:
            raise errors.CloudError(
                f'{what}: not ready after {seconds:.0f} seconds')
        time.sleep(0.1)
