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

"""Single changes as rows: what ``--long`` and programs get."""

from collections.abc import Iterable

from hv_sched import exception
from hv_sched.notices import Notice
from hv_sched.providers import changes

COLUMNS = ('Change', 'Provider', 'What', 'From', 'To')
Row = tuple[str, str, str, str, str]


def rows(done: Iterable[changes.Change], findings: Iterable[Notice]
         ) -> list[Row]:
    """A row for each thing that changes, and one for each finding."""
    lines = [(sign, change.name, label, before, after)
             for change in done
             for sign, label, before, after in change.lines]
    return lines + [('!', finding.subject, finding.kind.value, finding.code,
                     finding.message) for finding in findings]


def failure_rows(failures: Iterable[tuple[str, Exception]]) -> list[Row]:
    """A row for each cluster that was not finished, and why."""
    return [('!', cluster or '(all clusters)', 'error', '',
             exception.told(failure))
            for cluster, failure in sorted(failures, key=lambda f: f[0])]
