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

"""Makes the page of when each target of the Makefile ran last.

``python -m tests.target_runs TARGET -- COMMAND`` writes ``doc/targets.json``,
which the page is made of.
"""

from collections.abc import Mapping
import json
import pathlib
from typing import Any

from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/targets.rst'
RECORD = HERE / 'targets.json'
NOT_RECORDED = 'not recorded'

INTRODUCTION = """\
====================
When each target ran
====================

.. This page is written by python -m doc.generate.

``.ci/run`` is run for every change that lands. The other targets are for the
changes that they concern; this is the last run of each that was written down.

"""


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(RECORD.read_text()))


def page_of(record: Mapping[str, Mapping[str, Any]]) -> str:
    """The page for these runs, by target."""
    return INTRODUCTION + '\n'.join(rst.table(
        ('Target', 'Run on', 'Minutes', 'Result', 'Commit'), (
            (f'``{target}``', run.get('date', NOT_RECORDED),
             str(round(run['seconds'] / 60)) if 'seconds' in run else '',
             run.get('result', ''), run.get('commit', ''))
            for target, run in record.items())))
