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

"""What Windows and PowerShell write, in the form's own words.

Only where the meaning is plain: what cannot be read so stays as it is, and
the schema says what is wrong with it.
"""

from collections.abc import Callable
import dataclasses
import re
from typing import Any

from hv_sched.sources import naming
from hv_sched.sources import schema
from hv_sched.sources.fault import Cost
from hv_sched.sources.fault import Fault
from hv_sched.sources.fault import Path

_DECIMAL = re.compile(r'-?(?:0|[1-9][0-9]{0,18})')
# [bool] as text; WMI over WS-Man writes FALSE, OMI false.
_BOOLEANS = {'true': True, 'false': False, 'yes': True, 'no': False}
_GUIDS = ('guid', 'volume_guid', 'uuid')
# What ConvertTo-Json of Windows PowerShell makes of a list inside an object
# (PowerShell issue 5579).
_WRAPPED_LIST = {'value', 'Count'}
# So many places are named; more say nothing new.
_MAX_PLACES = 3
_UNKNOWN = object()


class Reader:
    """Reads a document, and notes what was not in the form's own words."""

    def __init__(self) -> None:
        self._single: list[Path] = []
        self._odd: list[Fault] = []

    def read(self, document: Any) -> Any:
        """A document of the form; what it does not know stays as it is."""
        return self._value(document, schema.load(), ())

    def notes(self) -> list[Fault]:
        """Where one object stood for a list of one."""
        if not self._single:
            return []
        listed = ', '.join(map(naming.where, self._single[:_MAX_PLACES]))
        more = len(self._single) - _MAX_PLACES
        listed += f' and {more} more' if more > 0 else ''
        return [Fault((), f'{listed}: one value where a list belongs is read '
                      'as a list of one', 'list-of-one', Cost.NOTHING,
                      is_note=True)]

    def odd_names(self, under: Path) -> list[Fault]:
        """What was left out of an object, its path inside that."""
        return [dataclasses.replace(fault, path=fault.path[len(under):])
                for fault in self._odd if fault.path[:len(under)] == under]

    def _value(self, value: Any, form: schema.Schema, path: Path) -> Any:
        name = form.get('$ref', '').rpartition('/')[2]
        full = schema.resolve(form)
        if 'windows_words' in form and _is_word(value):
            return _word(value, form)
        if name in _GUIDS and isinstance(value, str):
            return naming.normal_guid(value) or value
        reads = _READERS.get(full.get('type', 'integer'))
        return reads(self, value, full, path) if reads else value

    def _object(self, value: Any, form: schema.Schema, path: Path) -> Any:
        if not isinstance(value, dict):
            return value
        fields = form['properties']
        value = self._with_names(value, path)
        read = {name: self._value(below, fields[name], (*path, name))
                if name in fields else below
                for name, below in value.items()}
        return {name: below for name, below in read.items()
                if below is not None and below is not _UNKNOWN}

    def _with_names(self, value: dict[Any, Any], path: Path
                    ) -> dict[str, Any]:
        """Without fields whose name is not text."""
        odd = [name for name in value if not isinstance(name, str)]
        self._odd += [Fault(path, 'has a field whose name is not text: '
                            f'{naming.shown(name)}', 'field-unknown',
                            Cost.NOTHING) for name in odd]
        return {name: below for name, below in value.items()
                if isinstance(name, str)} if odd else value

    def _list(self, value: Any, form: schema.Schema, path: Path) -> Any:
        if value is None:
            return None
        if isinstance(value, dict) and value.keys() == _WRAPPED_LIST:
            value = value['value']
        items = form['items']
        if not isinstance(value, list) and _may_be(value, items):
            self._single.append(path)
            value = [value]
        if not isinstance(value, list):
            return value
        return [self._value(item, items, (*path, i))
                for i, item in enumerate(value)]

    def _integer(self, value: Any, form: schema.Schema, path: Path) -> Any:
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            return int(value)
        return value

    def _boolean(self, value: Any, form: schema.Schema, path: Path) -> Any:
        if isinstance(value, str):
            return _BOOLEANS.get(value.lower(), value)
        return value


_READERS: dict[str, Callable[[Reader, Any, schema.Schema, Path], Any]] = {
    'object': Reader._object, 'array': Reader._list,
    'integer': Reader._integer, 'boolean': Reader._boolean}


def _is_word(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _word(value: str | int, form: schema.Schema) -> Any:
    """The form's word for a word or number of Windows."""
    text = str(value).strip().lower()
    words = {word.lower(): meaning
             for word, meaning in form['windows_words'].items()}
    if text in words:
        return _UNKNOWN if words[text] is None else words[text]
    return text if text in form['enum'] else value


def _may_be(value: Any, items: schema.Schema) -> bool:
    """Whether a value could be an item of a list."""
    full = schema.resolve(items)
    return isinstance(value, {'object': dict, 'string': str}.get(
        full.get('type', ''), ()))
