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


"""Makes the page of an hour with two releases of hv_sched in one cloud.

``make cloud-mixed`` writes ``.cloud-mixed/storm.json``; copied to
``doc/mixed.json`` it is what the page is made of.
"""

from collections.abc import Mapping
import json
import pathlib
from typing import Any

from doc import storm_page

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/mixed-versions.rst'
RECORD = HERE / 'mixed.json'

INTRODUCTION = """\
==========================
Two releases in one cloud
==========================

.. This page is written by python -m doc.generate.

``make cloud-mixed`` is the storm of :doc:`cloud-storm` for {minutes} minutes,
in the middle of an upgrade: two nova-schedulers take requests in turn, one
with the plug-ins of the commit {earlier}, one with those of the checkout; the
agent gets {kills} SIGKILLs, and each that follows is of the other release.
The observer judges by the same two rules all the time. Then the agent is
upgraded: the audit is clean, and the plan of the commands, which are of the
checkout, is empty.

Measured on {date} (seed {seed}, commit {commit}), on a machine with
{processors} processors that had other work.

"""


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(RECORD.read_text()))


def page_of(record: Mapping[str, Any]) -> str:
    """The page for these figures."""
    return (INTRODUCTION.format(**record)
            + storm_page.tables(record['figures']))
