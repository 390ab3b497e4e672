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

"""How the sections of a cluster's facts were collected.

What a section that failed or is old does, is the planner's part.
"""

from collections.abc import Iterator
import datetime

from hv_sched import model
from hv_sched.sources import timestamp
from hv_sched.sources.draft import Draft
from hv_sched.sources.draft import Raw
from hv_sched.sources.fault import Fault
from hv_sched.sources.fault import Path


def check(draft: Draft) -> Iterator[Fault]:
    """Reports that cannot be read: those sections are taken to have failed."""
    yield from _times(draft.raw, ('sections',))
    for i, node in draft.items('nodes'):
        yield from _times(node, ('nodes', i, 'sections'))


def _times(raw: Raw, path: Path) -> Iterator[Fault]:
    for name, report in raw.get('sections', {}).items():
        reason = timestamp.refusal(report.get('collected_at'))
        if reason:
            yield Fault((*path, name, 'collected_at'), reason)


def reports(raw: Raw) -> model.Sections:
    """The sections of a cluster or node as the model has them."""
    return {model.Section(name): model.SectionReport(
        _time(report), report.get('error', ''))
        for name, report in raw.get('sections', {}).items()}


def _time(report: Raw) -> datetime.datetime | None:
    text = report.get('collected_at')
    return None if text is None else timestamp.read(text)
