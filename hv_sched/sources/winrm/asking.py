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

"""Questions that run side by side, each with an end of its own.

A node that hangs costs its own answer only: whoever waits goes on at the
deadline, and the node is not asked again before its former question ended.
The threads are daemons, since no library's time-out is proof against a peer
that sends one byte a second.
"""

from collections.abc import Callable
from collections.abc import Mapping
import queue
import threading
import time

from hv_sched import exception

Answers = dict[str, str | exception.HvSchedError]
_Queue = queue.Queue[tuple[str, str | exception.HvSchedError]]
_BUSY = ('its former question has not ended: it is asked again when it has')


class Asking:
    """:param workers: questions at a time"""

    def __init__(self, workers: int) -> None:
        self._slots = threading.Semaphore(workers)
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    def ask(self, questions: Mapping[str, Callable[[], str]],
            seconds: float) -> Answers:
        """What each node answers, or why it does not.

        :param questions: by name of the node
        :param seconds: until nobody is waited for any more
        """
        answers: _Queue = queue.Queue()
        result: Answers = {}
        for name, question in questions.items():
            if self._begin(name):
                threading.Thread(target=self._run, daemon=True, args=(
                    name, question, answers)).start()
            else:
                result[name] = exception.SourceUnavailable(
                    f'node {name}: {_BUSY}')
        self._gather(answers, result, len(questions),
                     time.monotonic() + seconds)
        for name in questions.keys() - result.keys():
            result[name] = exception.SourceUnavailable(
                f'node {name}: no answer within {seconds:g} seconds')
        return result

    @staticmethod
    def _gather(answers: _Queue, result: Answers, count: int,
                end: float) -> None:
        while len(result) < count:
            try:
                name, answer = answers.get(
                    timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                return
            result[name] = answer

    def _begin(self, name: str) -> bool:
        with self._lock:
            if name in self._busy:
                return False
            self._busy.add(name)
            return True

    def _run(self, name: str, question: Callable[[], str],
             answers: _Queue) -> None:
        with self._slots:
            try:
                answers.put((name, question()))
            except exception.HvSchedError as exc:
                answers.put((name, exc))
            except Exception as exc:
                answers.put((name, exception.SourceUnavailable(
                    f'node {name}: {type(exc).__name__}')))
            finally:
                with self._lock:
                    self._busy.discard(name)
