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

# eventlet's Queue, which older Novas put in the place of Python's, cannot be
# subscripted.
from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import queue
import threading
import time
from typing import Generic
from typing import TypeVar

from hv_sched import exception

Answer = TypeVar('Answer')
# How long the others are waited for once an answer is enough.
GRACE_SECONDS = 5
# After which the next is asked, too, when one answer is enough.
GAP_SECONDS = 0.5
_BUSY = ('its previous query has not ended: it is asked again after that')


class Asking(Generic[Answer]):
    """:param workers: questions at a time
    :param kind: what is asked, for messages
    """

    def __init__(self, workers: int, kind: str = 'node') -> None:
        self._slots = threading.Semaphore(workers)
        self._kind = kind
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    def ask(self, questions: Mapping[str, Callable[[], Answer]],
            seconds: float, one_is_enough: bool = False
            ) -> dict[str, Answer | exception.HvSchedError]:
        """What each answers that is asked, or why it does not.

        :param questions: by name of the node
        :param seconds: until nobody is waited for any more
        :param one_is_enough: they are asked one after the other, each when
            the former failed or takes its time. After an answer, or one that
            refuses the account, no other is asked, and those that have been
            have a grace only
        """
        answers: queue.Queue[tuple[
            str, Answer | exception.HvSchedError]] = queue.Queue()
        result: dict[str, Answer | exception.HvSchedError] = {}
        waiting = list(questions)
        asked: set[str] = set()
        end = time.monotonic() + seconds
        while waiting or asked - result.keys():
            if waiting:
                name = waiting.pop(0)
                asked.add(name)
                self._start(name, questions[name], answers)
            if waiting and not one_is_enough:
                continue
            left = end - time.monotonic()
            try:
                name, answer = answers.get(timeout=max(0.0, min(
                    left, GAP_SECONDS) if waiting else left))
            except queue.Empty:
                if not waiting or left <= 0:
                    break
                continue
            result[name] = answer
            if one_is_enough and _settles(answer):
                waiting.clear()
                end = min(end, time.monotonic() + GRACE_SECONDS)
        for name in asked - result.keys():
            result[name] = self._unavailable(
                name, f'no answer within {seconds:g} seconds')
        return result

    def _start(self, name: str, question: Callable[[], Answer],
               answers: queue.Queue[tuple[
                   str, Answer | exception.HvSchedError]]) -> None:
        if self._begin(name):
            threading.Thread(target=self._run, daemon=True, args=(
                name, question, answers)).start()
        else:
            answers.put((name, self._unavailable(name, _BUSY)))

    def _unavailable(self, name: str, reason: str
                     ) -> exception.SourceUnavailable:
        return exception.SourceUnavailable(f'{self._kind} {name}: {reason}')

    def _begin(self, name: str) -> bool:
        with self._lock:
            if name in self._busy:
                return False
            self._busy.add(name)
            return True

    def _run(self, name: str, question: Callable[[], Answer],
             answers: queue.Queue[tuple[
                 str, Answer | exception.HvSchedError]]) -> None:
        with self._slots:
            try:
                answer: Answer | exception.HvSchedError = question()
            except exception.HvSchedError as exc:
                answer = exc
            except Exception as exc:
                answer = self._unavailable(name, type(exc).__name__)
            # Whoever gets the answer may ask again at once.
            with self._lock:
                self._busy.discard(name)
            answers.put((name, answer))


def _settles(answer: object) -> bool:
    """Whether it makes more questions needless, or harmful."""
    return (not isinstance(answer, exception.HvSchedError)
            or isinstance(answer, exception.AccountRefused))
