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


"""Makes the page of two versions of hv_sched in one cloud.

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
=========================
Two versions in one cloud
=========================

.. This page is written by python -m doc.generate.

``make cloud-mixed`` is the storm of :doc:`cloud-storm` with two versions of
hv_sched: that of the checkout and the one of commit ``{earlier}``, which is
0.1.0. Two nova-schedulers, one of each version, take requests in turn. The
agent gets {kills} SIGKILLs and starts as the other version each time. The
{events} events take {minutes} minutes at least.

The observer's rules are those of the storm and hold at every look, whichever
version acted: never is more room offered than there is, and the shares of each
server cover its files. In the end the agent goes on as the checkout's alone,
an audit is clean and a plan is empty.

Measured on 2026-11-28 (seed {seed}), on a machine with {processors} processors
that had other work.

"""


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(RECORD.read_text()))


def page_of(record: Mapping[str, Any]) -> str:
    """The page for these figures."""
    return INTRODUCTION.format(**record) + storm_page.tables(record)
