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


"""A process that ends begins nothing new, and finishes what it has begun."""

from collections.abc import Iterator
import contextlib
import threading

from hv_sched import exception


class Interruption:
    """Asked before each request; for all threads of a client."""

    def __init__(self) -> None:
        self._is_set = threading.Event()
        self._thread = threading.local()

    def set(self) -> None:
        """From now on no request begins."""
        self._is_set.set()

    def check(self) -> None:
        """:raises Stopping: a request may not begin any more"""
        if self._is_set.is_set() and not getattr(self._thread, 'held', 0):
            raise exception.Stopping('the process is stopping')

    def sleep(self, seconds: float) -> None:
        """As time.sleep, but no longer than the process goes on.

        :raises Stopping: it ends
        """
        self._is_set.wait(seconds)
        self.check()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """This thread finishes what belongs together."""
        self.check()
        self._thread.held = getattr(self._thread, 'held', 0) + 1
        try:
            yield
        finally:
            self._thread.held -= 1
