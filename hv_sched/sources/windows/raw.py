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

"""The lines collect.ps1 prints, one section each. Pure.

A section has its rows or its error, never both: what came in part is not
known. A line that did not arrive whole, and a section that should have come
before the missing end of an answer, are errors, too. A section nobody asked
for, or nobody may read, is not there at all, which is no failure.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime
import io
from typing import Any

from hv_sched import exception
from hv_sched.sources import json
from hv_sched.sources import naming
from hv_sched.sources import timestamp

FORMAT = '1'
CLUSTER = 'cluster'
NODE = 'node'
# What an answer holds that is whole; the rest of a node's is on demand.
PARTS: dict[str, tuple[str, ...]] = {
    CLUSTER: ('cluster', 'nodes', 'volumes', 'volume_states', 'groups'),
    NODE: ('host', 'features', 'fibre_channel', 'remotefx', 'conf'),
}
ON_DEMAND = ('guarded', 'files')
# Several times what Windows has: 64 nodes, 8,000 virtual machines. What is
# longer is no answer of a cluster, and would cost minutes to read.
_MOST_ROWS = {'nodes': 256, 'volumes': 2000, 'volume_states': 100000,
              'groups': 100000, 'files': 500000}
_MOST_ROWS_OF_OTHERS = 1000
# The longest text Windows has is a path.
_MOST_CHARACTERS = 32767
# Its HResult and category for a caller without the right; the texts are
# translated, these are not.
_DENIED = frozenset(('AuthenticationError', 'PermissionDenied',
                     'SecurityError'))
_ACCESS_DENIED = ('-2147024891', '2147942405')
_MISSING = 'ObjectNotFound'
_NO_REASON = 'no reason given'

Row = Mapping[str, str | None]


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a section has no rows.

    :param category: of PowerShell's ErrorCategory, empty when the section
        did not even arrive
    :param base_hresult: of the exception that PowerShell wrapped, such as
        that of a file which may not be read
    """

    text: str
    category: str = ''
    hresult: str = ''
    base_hresult: str = ''

    @property
    def is_denied(self) -> bool:
        """The right is missing: it was never delivered, and has not failed.
        """
        return (self.category in _DENIED
                or self.hresult in _ACCESS_DENIED
                or self.base_hresult in _ACCESS_DENIED)

    @property
    def is_missing(self) -> bool:
        """Windows has no such command: a role or feature is not there."""
        return self.category == _MISSING


@dataclasses.dataclass(frozen=True)
class Answer:
    """What one node answered to one of the two questions.

    :param part: ``cluster`` or ``node``
    :param node: the name the node gave itself
    :param collected_at: by the clock of the node; None when it is no time
    :param rows: by section
    :param failures: by section
    """

    part: str
    node: str
    collected_at: datetime.datetime | None
    rows: Mapping[str, tuple[Row, ...]]
    failures: Mapping[str, Failure]
    is_complete: bool


@dataclasses.dataclass
class _Open:
    """An answer of which more lines may come."""

    part: str
    node: str
    collected_at: datetime.datetime | None
    rows: dict[str, tuple[Row, ...]] = dataclasses.field(
        default_factory=dict)
    failures: dict[str, Failure] = dataclasses.field(default_factory=dict)
    is_complete: bool = False

    def add(self, section: str, line: Mapping[str, Any]) -> None:
        if section in self.rows or section in self.failures:
            self.rows.pop(section, None)
            self.failures[section] = Failure('it is listed twice')
            return
        content = _content(line)
        most = _MOST_ROWS.get(section, _MOST_ROWS_OF_OTHERS)
        if isinstance(content, Failure):
            self.failures[section] = content
        elif len(content) > most:
            self.failures[section] = Failure(
                f'it has {len(content)} rows, more than the {most} a cluster '
                'may have')
        else:
            self.rows[section] = content

    def closed(self) -> Answer:
        reason = ('its line is missing or cannot be read'
                  if self.is_complete else 'the answer ends before it')
        for section in PARTS[self.part]:
            if section not in self.rows:
                self.failures.setdefault(section, Failure(reason))
        return Answer(self.part, self.node, self.collected_at, self.rows,
                      self.failures, self.is_complete)


def is_raw(text: str) -> bool:
    """Whether a text is what the collector prints, or begins like it."""
    start = text.lstrip()[:200].replace(' ', '')
    return start.startswith('{"section":"begin"')


def answers(text: str) -> tuple[Answer, ...]:
    """The answers in a text, in its order.

    Lines that are no section, or are not whole, are passed over: what they
    would have told is not known.

    :raises InvalidFacts: an answer is of a format this release does not know
    """
    return tuple(_answers(_lines(text)))


def dated(told: Iterable[Answer], modified_at: datetime.datetime
          ) -> tuple[Answer, ...]:
    """Answers of a file: as old as it, or as they say, what is older.

    A copy is newer than what it says, and the clock of a node may be ahead.
    """
    return tuple(dataclasses.replace(answer, collected_at=min(
        answer.collected_at or modified_at, modified_at)) for answer in told)


def _answers(lines: Iterable[Mapping[str, Any]]) -> Iterator[Answer]:
    current: _Open | None = None
    for line in lines:
        section = line['section']
        if section == 'begin':
            if current is not None:
                yield current.closed()
            current = _begun(line)
        elif current is None:
            continue
        elif section == 'end':
            current.is_complete = line.get('part') == current.part
            yield current.closed()
            current = None
        elif section in (*PARTS[current.part], *ON_DEMAND):
            current.add(section, line)
    if current is not None:
        yield current.closed()


def _lines(text: str) -> Iterator[Mapping[str, Any]]:
    """One at a time: an answer may have millions.

    A line ends where PowerShell ends one; what else str.splitlines takes
    for an end may be in a name.
    """
    for line in io.StringIO(text):
        if '"section"' not in line:
            continue
        try:
            content = json.parse(line)
        except exception.InvalidFacts:
            continue
        if isinstance(content, dict) and isinstance(
                content.get('section'), str):
            yield content


def _begun(line: Mapping[str, Any]) -> _Open | None:
    content = _content(line)
    if isinstance(content, Failure) or len(content) != 1:
        return None
    row = content[0]
    if row.get('format') != FORMAT:
        raise exception.InvalidFacts(
            f'the collector on node {naming.shown(row.get("node"))} writes '
            f'format {naming.shown(row.get("format"))}, this release reads '
            f'format {FORMAT}: print the script again with "openstack '
            'resource provider csv collect --print-script"')
    if row.get('part') not in PARTS or not row.get('node'):
        return None
    return _Open(str(row['part']), str(row['node']), _time(row.get('utc')))


def _time(text: str | None) -> datetime.datetime | None:
    """None where it is no time, or has no zone: it tells no age then."""
    try:
        time = None if text is None else timestamp.read(text)
    except ValueError:
        return None
    return time if time is not None and time.tzinfo else None


def _content(line: Mapping[str, Any]) -> tuple[Row, ...] | Failure:
    if line.get('error') is not None:
        return _failure(line['error'])
    rows = _list(line.get('rows', 0))
    if rows is None or not all(isinstance(row, dict) for row in rows):
        return Failure('it has no rows and no error')
    return tuple(map(_row, rows))


def _failure(error: Any) -> Failure:
    if not isinstance(error, dict):
        # A list may be nested as deep as its parser goes, and str() not.
        return Failure((_text(error) or _NO_REASON)[:_MOST_CHARACTERS])
    fields = _row(error)
    return Failure(fields.get('text') or fields.get('id') or _NO_REASON,
                   fields.get('category') or '', fields.get('hresult') or '',
                   fields.get('base_hresult') or '')


def _list(rows: Any) -> list[Any] | None:
    """A list as Windows PowerShell may write it.

    A list of one may be its element, an empty one null, and one that was
    wrapped, ``{"value": […], "Count": n}`` (PowerShell issue 5579).
    """
    while isinstance(rows, dict) and set(rows) == {'value', 'Count'}:
        rows = rows['value']
    if rows is None:
        return []
    if isinstance(rows, dict):
        return [rows]
    return rows if isinstance(rows, list) else None


def _row(row: dict[str, Any]) -> Row:
    """Each value as text: numbers, names and yes or no may be either."""
    return {name: _text(value) for name, value in row.items()}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    return text if text and len(text) <= _MOST_CHARACTERS else None
