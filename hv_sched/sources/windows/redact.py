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
The shape stays as PowerShell wrote it: a list of one that is its element is
part of what a sample shows.
"""

import collections
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
from hv_sched.sources.windows import raw

_A_GUID = r'[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}'
_GUID = re.compile(_A_GUID)
# What may stand around a GUID: braces, and the path of a volume.
_GUID_ALONE = re.compile(
    rf'(?:\\\\\?\\)?(?:Volume)?\{{?{_A_GUID}\}}?\\?', re.IGNORECASE)
# Of compute-hyperv's image cache; others have any name.
_IMAGE = re.compile(
    rf'{_A_GUID}(?:_\d{{1,10}})?(?:\.(?:vhdx?|iso))?(?:-cache\.lock)?',
    re.IGNORECASE)
# FullyQualifiedErrorId is the whole text of an error that a script throws.
_ERROR_IDS = re.compile(
    r'(?:[\w. -]{1,100},(?:Microsoft|System)\.[\w.]{1,200}'
    r'|\w{1,100}(?:Exception|Error))', re.ASCII)
_WORD_OR_NUMBER = re.compile(r'[A-Za-z]{1,100}|-?[0-9]{1,20}')
_DRIVE = re.compile(r'[A-Za-z]:')
_SECTIONS = frozenset(('begin', 'end', *raw.PARTS[raw.CLUSTER],
                       *raw.PARTS[raw.NODE], *raw.ON_DEMAND))
_KEPT = frozenset((
    'format', 'part', 'ps', 'utc', 'functional_level', 'build', 'state',
    'drain', 'information', 'fault', 'maintenance', 'redirected', 'size',
    'free', 'file_system', 'file_reason', 'block_reason', 'type',
    'cpu_vendor', 'guarded', 'attestation', 'enabled', 'total', 'available',
    'mounted', 'bytes', 'written', 'group'))
# Fields that name something, by what they name.
_NAMES = {'node': 'node', 'owner': 'node', 'folder': 'vm'}
_NAMES_OF_SECTION = {
    'cluster': 'cluster', 'nodes': 'node', 'volumes': 'disk',
    'groups': 'vm', 'fibre_channel': 'san', 'remotefx': 'gpu'}
_GUIDS = frozenset(('id', 'resource', 'volume'))
_PATHS = frozenset(('path', 'root', 'parent', 'value'))
_KNOWN = frozenset((*_KEPT, *_NAMES, *_GUIDS, *_PATHS, 'name', 'image'))
_WORDS = frozenset(('instances_path', 'enable_remotefx', 'True', 'False',
                    'true', 'false', 'ClusterStorage', 'instances',
                    'RDS-Virtualization', 'Multipath-IO', '_base'))
_STEPS = frozenset(('', '?', '.', '..', '\\', '/'))


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
        self._counts: collections.Counter[str] = collections.Counter()
        # Not to be found again by trying all names.
        self._salt = uuid.uuid4()

    def name(self, kind: str, name: str) -> str:
        if name in _WORDS:
            return name
        key = kind, windows_names.key(name)
        if key not in self._names:
            self._counts[kind] += 1
            self._names[key] = f'{kind}{self._counts[kind]}'
        return self._names[key]

    def guids(self, text: str) -> str | None:
        """The text with another GUID; None when it is no GUID."""
        return self._other_guids(text) if _GUID_ALONE.fullmatch(
            text) else None

    def image(self, file: str) -> str:
        return (self._other_guids(file) if _IMAGE.fullmatch(file)
                else self.name('image', file))

    def path(self, path: str) -> str:
        """A share of a server is names from its beginning."""
        drive, rest = ntpath.splitdrive(path)
        if not _DRIVE.fullmatch(drive):
            drive, rest = '', path
        return drive + ''.join(map(self._step, re.split(r'([\\/])', rest)))

    def _step(self, step: str) -> str:
        if step in _STEPS:
            return step
        return self.guids(step) or self.name('folder', step)

    def _other_guids(self, text: str) -> str:
        return _GUID.sub(lambda match: str(
            uuid.uuid5(self._salt, match.group().lower())), text)


def _sections(text: str) -> Iterator[dict[str, Any]]:
    for line in io.StringIO(text):
        try:
            content = strict_json.parse(line)
        except exception.InvalidFacts:
            continue
        if isinstance(content, dict) and str(
                content.get('section')) in _SECTIONS:
            yield content


def _line(line: dict[str, Any], names: _Names) -> dict[str, Any]:
    section = str(line['section'])
    made: dict[str, Any] = {'section': section}
    if str(line.get('part')) in raw.PARTS:
        made['part'] = line['part']
    if line.get('error') is not None:
        made['error'] = _error(line['error'])
    if 'rows' in line:
        made['rows'] = _rows(line['rows'], section, names)
    if _WORD_OR_NUMBER.fullmatch(str(line.get('ms', ''))):
        made['ms'] = str(line['ms'])
    return made


def _error(error: Any) -> dict[str, Any]:
    """Its text may name anything; the id says what it was."""
    if not isinstance(error, dict):
        return {}
    patterns = {'id': _ERROR_IDS, 'category': _WORD_OR_NUMBER,
                'hresult': _WORD_OR_NUMBER, 'base_hresult': _WORD_OR_NUMBER}
    return {field: str(error[field]) for field, pattern in patterns.items()
            if pattern.fullmatch(str(error.get(field, '')))}


def _rows(rows: Any, section: str, names: _Names) -> Any:
    """Rows as they came: listed, alone, wrapped, or none."""
    if isinstance(rows, list):
        return [_row(row, section, names) if isinstance(row, dict) else None
                for row in rows]
    if not isinstance(rows, dict):
        return None if rows is None else 0
    if set(rows) == {'value', 'Count'}:
        return {'value': _rows(rows['value'], section, names), 'Count': 0}
    return _row(rows, section, names)


def _row(row: dict[str, Any], section: str, names: _Names
         ) -> dict[str, Any]:
    return {field: _value(field, value, section, names)
            for field, value in row.items() if field in _KNOWN}


def _value(field: str, value: Any, section: str, names: _Names) -> Any:
    if isinstance(value, list | dict):
        return type(value)()
    if value is None or field in _KEPT:
        return value
    text = str(value)
    if field in _GUIDS:
        return names.guids(text)
    if field in _PATHS:
        return names.path(text)
    if field == 'image':
        return names.image(text)
    kind = (_NAMES_OF_SECTION.get(section, 'name') if field == 'name'
            else _NAMES[field])
    return names.name(kind, text)
