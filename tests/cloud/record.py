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

"""What the acceptance tests saw, kept from one test to the next.

``doc/cloud_page.py`` makes a page of it.
"""

import json
import os
import pathlib

# How the words of a test's name are written.
SPELLING = {'hv sched': 'hv_sched', ' gb ': ' GB ', 'stock nova':
            'stock Nova', 'nova manage': 'nova-manage'}


def title(test: str) -> str:
    """The sentence that a test's name is."""
    sentence = test.removeprefix('test_').replace('_', ' ')
    for word, written in SPELLING.items():
        sentence = sentence.replace(word, written)
    return sentence


class Record:
    """The record of one run, in a file that is written after each test.

    :param path: where it lies; who held what lies beside it
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        # Step: side (stock, hv_sched): what came of it.
        self.steps: dict[str, dict[str, str]] = {}
        self.figures: dict[str, float] = {}
        self._phases: dict[str, dict[str, float]] = {}
        self.before: dict[str, int] = {}

    @property
    def _shares(self) -> pathlib.Path:
        return self._path.with_name('shares-before.json')

    def phase(self, name: str, seconds: float) -> None:
        """Keep how long a phase took, and what else the machine did.

        :param seconds: of a clock on the wall
        """
        self._phases[name] = {'minutes': round(seconds / 60, 1),
                              'load': round(os.getloadavg()[1], 1)}
        self.write()

    def write(self) -> None:
        """Write the files."""
        self._path.write_text(json.dumps({
            'steps': self.steps, 'phases': self._phases,
            'figures': self.figures,
            'machine': {'processors': os.cpu_count()}}, indent=1) + '\n')
        self._shares.write_text(json.dumps(self.before))

    def read(self) -> None:
        """Go on with what an earlier run kept, if there was one."""
        if not self._path.exists():
            return
        kept = json.loads(self._path.read_text())
        self.steps.update(kept['steps'])
        self.figures.update(kept['figures'])
        self._phases.update(kept.get('phases', {}))
        if self._shares.exists():
            self.before.update(json.loads(self._shares.read_text()))
