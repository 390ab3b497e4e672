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


"""What the source says, asked by threads of its own.

Each cluster of an access file has a thread, and the files of a source have
one together. Whoever plans takes what each said last: a source that hangs
delays nobody, and its previous facts stay in use and age by its own dates.
"""

from collections.abc import Callable
import os
import threading
import time
from typing import Any

from hv_sched import causes
from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import model
from hv_sched import printable
from hv_sched import sources
from hv_sched.agent import backoff
from hv_sched.agent import part
from hv_sched.compute import instance_names
from hv_sched.status.recorder import Recorder

LOG = printable.logger(__name__)
# How often files are checked for changes.
WATCH_SECONDS = 1.0
# How long the first look waits for answers of clusters.
FIRST_ANSWER_SECONDS = 30.0


class Gathering:
    """The last facts of a source.

    :param options: those of group hv_sched, with a source
    :param names: of the servers a source calls by name
    :param changed: called when there is something new
    """

    def __init__(self, options: Any, names: instance_names.InstanceNames,
                 interval_seconds: float,
                 changed: Callable[[], None] = lambda: None,
                 recorder: Recorder | None = None) -> None:
        self._options = options
        self._names = names
        self._interval_seconds = interval_seconds
        self._changed = changed
        self._recorder = recorder
        self._facts = model.Facts((), (model.Problem(
            None, options.source, 'it has not been read yet', 'unreadable'),))
        self._read_at = time.monotonic()
        self._first = threading.Event()
        self._slow = causes.Causes(LOG)
        self._stop = threading.Event()

    def read(self) -> model.Facts:
        """Ask now, and wait for the answer.

        :raises InvalidFacts: nothing in the source can be used; ``latest``
            says so, too
        """
        try:
            self._facts = self._names.resolved(
                sources.configured(self._options))
        except exception.InvalidFacts as exc:
            # Not to know anything for too long closes the volumes.
            source = self._options.source
            self._facts = model.Facts((), (model.Problem(
                None, source, str(exc).removeprefix(f'{source}: '),
                'unreadable'),))
            raise
        finally:
            self._read_at = time.monotonic()
            self._first.set()
        return self._facts

    def latest(self) -> model.Facts:
        """What was answered last, however long ago."""
        silent_seconds = time.monotonic() - self._read_at
        is_slow = silent_seconds > 3 * max(self._interval_seconds,
                                           backoff.LONGEST_SECONDS)
        self._slow.update({'slow': (
            f'Source {self._options.source}: it takes longer than '
            f'{silent_seconds:.0f} seconds to read; its previous facts stay '
            'in use and age')} if is_slow else {})
        return self._facts

    def start(self) -> None:
        """Read again and again, in a thread."""
        sources.is_asked_again(self._options)
        reading = part.Part('Reading the source', self._pass,
                            backoff.Backoff(self._interval_seconds),
                            self._recorder)
        threading.Thread(target=self._loop, args=(reading,), daemon=True,
                         name='source').start()

    def wait_first(self, seconds: float = FIRST_ANSWER_SECONDS) -> None:
        """Wait for the first answer, but not for long."""
        self._first.wait(seconds)

    def stop(self) -> None:
        """Ask no more; an answer that is awaited is let go."""
        self._stop.set()
        self._first.set()

    def _pass(self, _number: int) -> int:
        try:
            self.read()
        finally:
            self._changed()
        return exit_codes.OK

    def _loop(self, reading: part.Part) -> None:
        while not self._stop.is_set():
            signature = _signature(self._options)
            reading.run()
            end = time.monotonic() + reading.pause_seconds
            while (seconds := end - time.monotonic()) > 0 and (
                    signature == _signature(self._options)):
                if self._stop.wait(min(seconds, WATCH_SECONDS)):
                    return


def _signature(options: Any) -> tuple[object, ...]:
    """Changes when a file of the source or of the overrides is written."""
    return tuple(_stamp(path) for top in (options.source, *options.overrides)
                 for path in _files(top))


def _files(path: str) -> list[str]:
    try:
        return [path, *(entry.path for entry in os.scandir(path))]
    except OSError:
        return [path]


def _stamp(path: str) -> tuple[object, ...]:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return (path,)
    return (path, status.st_mtime_ns, status.st_size, status.st_ino)
