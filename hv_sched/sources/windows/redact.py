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

"""The collector's lines without what tells whose they are. Pure.

What keeps its meaning without a name stays: states, reasons, sizes, times,
errors by their ids. Each name and GUID becomes another that is the same
wherever it was the same before; a field that is not listed here is left out.
"""

from collections.abc import Iterator
import io
import json
import ntpath
import re
from typing import Any
import uuid

from hv_sched import exception
from hv_sched import windows_names
from hv_sched.sources import json as strict_json

_GUID = re.compile(r'[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}')
_KEPT = frozenset((
    'format', 'part', 'ps', 'utc', 'functional_level', 'build', 'state',
    'drain', 'information', 'fault', 'maintenance', 'redirected', 'size',
    'free', 'file_system', 'file_reason', 'block_reason', 'type',
    'cpu_vendor', 'guarded', 'attestation', 'enabled', 'total', 'available',
    'mounted', 'bytes', 'written', 'group', 'category', 'hresult',
    'base_hresult'))
# Fields that name something, by what they name.
_NAMES = {'node': 'node', 'owner': 'node', 'folder': 'vm'}
_NAMES_OF_SECTION = {
    'cluster': 'cluster', 'nodes': 'node', 'volumes': 'disk',
    'groups': 'vm', 'fibre_channel': 'san', 'remotefx': 'gpu'}
_GUIDS = frozenset(('id', 'resource', 'volume', 'image'))
_PATHS = frozenset(('path', 'root', 'parent', 'value'))
_WORDS = frozenset(('instances_path', 'enable_remotefx', 'True', 'False',
                    'true', 'false', 'C:', 'ClusterStorage', 'instances',
                    'RDS-Virtualization', 'Multipath-IO', '_base'))


def redacted(text: str) -> str:
    """The lines that are sections, each with other names.

    :raises InvalidFacts: no line of the text is a section
    """
    names = _Names()
    lines = [json.dumps(_line(line, names)) for line in _sections(text)]
    if not lines:
        raise exception.InvalidFacts(
            'no line is a section of the collector: nothing to redact')
    return ''.join(f'{line}\n' for line in lines)


class _Names:
    """Other names, the same for the same name in any case."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        # Not to be found again by trying all names.
        self._salt = uuid.uuid4()

    def name(self, kind: str, name: str) -> str:
        if name in _WORDS:
            return name
        key = kind, windows_names.key(name)
        count = sum(each == kind for each, _ in self._names) + 1
        return self._names.setdefault(key, f'{kind}{count}')

    def guids(self, text: str) -> str | None:
        """The text with other GUIDs; None when it has none."""
        made, count = _GUID.subn(lambda match: str(
            uuid.uuid5(self._salt, match.group().lower())), text)
        return made if count else None

    def path(self, path: str) -> str:
        drive, rest = ntpath.splitdrive(path)
        steps = rest.split('\\')
        return drive + '\\'.join(
            self.name('folder', step) if step else '' for step in steps)


def _sections(text: str) -> Iterator[dict[str, Any]]:
    for line in io.StringIO(text):
        try:
            content = strict_json.parse(line)
        except exception.InvalidFacts:
            continue
        if isinstance(content, dict) and 'section' in content:
            yield content


def _line(line: dict[str, Any], names: _Names) -> dict[str, Any]:
    section = str(line['section'])
    made: dict[str, Any] = {'section': section}
    if 'part' in line:
        made['part'] = str(line['part'])
    if isinstance(line.get('error'), dict):
        made['error'] = _error(line['error'])
    rows = line.get('rows')
    if isinstance(rows, list):
        made['rows'] = [_row(row, section, names) for row in rows
                        if isinstance(row, dict)]
    return made


def _error(error: dict[str, Any]) -> dict[str, Any]:
    """Its text may name anything; the id says what it was."""
    return {field: str(error[field])
            for field in ('id', 'category', 'hresult', 'base_hresult')
            if field in error}


def _row(row: dict[str, Any], section: str, names: _Names
         ) -> dict[str, Any]:
    return {field: made for field, value in row.items()
            if (made := _value(field, value, section, names)) is not None}


def _value(field: str, value: Any, section: str, names: _Names) -> Any:
    if value is None or isinstance(value, list | dict):
        return None
    text = str(value)
    if field in _KEPT:
        return value
    if field in _GUIDS:
        return names.guids(text)
    if field in _PATHS:
        return names.path(text)
    if field == 'name':
        return names.name(_NAMES_OF_SECTION.get(section, 'name'), text)
    kind = _NAMES.get(field)
    return None if kind is None else names.name(kind, text)
