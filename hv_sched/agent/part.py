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


"""One part of the agent's work, pass after pass, whatever an answer does.

An error ends a pass and nothing else: its cause is one line of the log, and
the next pass starts again from what stands then. When a part that failed
works again, that is said too.
"""

from collections.abc import Callable
import time

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import printable

LOG = printable.logger(__name__)


class Part:
    """:param name: what it does, for the log
    :param work: one pass, told which one it is, counted from 0; returns a
        code of ``hv_sched.exit_codes``
    """

    def __init__(self, name: str, work: Callable[[int], int]) -> None:
        self._name = name
        self._work = work
        self._passes = 0
        self._failed_passes = 0
        self._failing_since = 0.0

    def run(self) -> int:
        """One pass; nothing but the end of the process gets out of it."""
        number = self._passes
        self._passes += 1
        try:
            code = self._work(number)
        except exception.HvSchedError as exc:
            LOG.error('%s: failed: %s; the next pass tries again', self._name,
                      exc)
            code = exit_codes.ERROR
        except Exception as exc:
            # Nobody foresaw it, and the cloud still needs the next pass.
            LOG.error('%s: failed unexpectedly: %s: %s', self._name,
                      type(exc).__name__, exc)
            LOG.debug('%s: the unexpected failure', self._name, exc_info=True)
            code = exit_codes.ERROR
        self._note(code)
        return code

    def _note(self, code: int) -> None:
        if code == exit_codes.ERROR:
            if not self._failed_passes:
                self._failing_since = time.monotonic()
            self._failed_passes += 1
        elif self._failed_passes:
            LOG.info('%s: works again after %d failed passes (%d seconds)',
                     self._name, self._failed_passes,
                     time.monotonic() - self._failing_since)
            self._failed_passes = 0
