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

"""How far a command is: a bar on a terminal, nothing in a pipe."""

import sys
from typing import Any

import tqdm

from hv_sched.providers import changes
from hv_sched.providers import reconcile


class ProgressBar(reconcile.Progress):
    """A bar on a terminal, nothing in a pipe."""

    def __init__(self) -> None:
        self._bar: Any = None

    def start(self, total: int) -> None:
        self._bar = tqdm.tqdm(total=total, unit='change', file=sys.stderr,
                              disable=None, leave=False)

    def done(self, change: changes.Change) -> None:
        if self._bar is not None:
            self._bar.update(1)

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class SharesProgressBar(ProgressBar):
    """A bar of shares, with their rate and the time left."""

    def start(self, total: int) -> None:
        self._bar = tqdm.tqdm(total=total, unit='share', file=sys.stderr,
                              disable=None, leave=False)

    def advance(self, count: int) -> None:
        if self._bar is not None:
            self._bar.update(count)
