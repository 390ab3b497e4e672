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

"""Makes reference/accidents.rst of what was killed in the middle of what.

``make cloud-test`` writes ``.cloud-test/accidents.json``; copied to
``doc/accidents.json`` it is what the page is made of.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import json
import pathlib
from typing import Any

from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/accidents.rst'
RECORD = HERE / 'accidents.json'
Record = Mapping[str, Mapping[str, Mapping[str, Any]]]

INTRODUCTION = """\
=======================================
A service dies in the middle of a phase
=======================================

.. This page is written by python -m doc.generate.

On the cloud of ``make cloud-test`` a service got SIGKILL as soon as a command
had had its first effect, was started again, and the command was repeated
until it ended with 0. Each server's share was there once, in Placement's
database, after the accident and in the end (after *heal*: those that it had
to restore). *Exit code* is the one of the command that was disturbed: 0 when
it went on by itself, else it said what it could not do; *too fast* had ended
before the service was dead. *Seconds* is how long the repeated command took,
and for the agent, which is never started again, from the kill to its next
change in Placement.

"""


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(RECORD.read_text()))


def page_of(record: Record) -> str:
    """The page for what came of each accident."""
    return INTRODUCTION + '\n'.join(rst.table(
        ('Phase', 'Killed', 'Exit code', 'Seconds'), _rows(record)))


def _rows(record: Record) -> Iterator[tuple[str, ...]]:
    for phase, services in record.items():
        for service, came_of in services.items():
            code = str(came_of.get('exit_code', '–'))
            if not came_of.get('in_the_middle', True):
                code += ' (too fast)'
            yield (phase if phase == 'agent' else f'``csv {phase}``',
                   service, code, str(came_of['seconds_to_finish']))
