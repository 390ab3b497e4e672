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

"""The form of an overrides file: what an operator decides, thing by thing.

A fault costs the entry it is in: what the operator says of that cluster, node
or volume is not known then, and the other entries are in force. Where it
cannot be told what an entry is about, or a part of the file cannot be read,
the file is incomplete: what it does not say means nothing.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from typing import Any

from hv_sched import model
from hv_sched.placement import names
from hv_sched.sources import naming
from hv_sched.sources.overrides.fields import FIELDS
from hv_sched.sources.overrides.fields import OverrideKind

VERSION = 1
# By these a thing is called.
_LABELS = {OverrideKind.CLUSTER: ('name', 'guid'),
           OverrideKind.NODE: ('name',),
           OverrideKind.VOLUME: ('name', 'guid')}
# More than this helps nobody to mend a file.
MAX_PROBLEMS = 20


@dataclasses.dataclass(frozen=True)
class OverrideEntry:
    """What the operator says of one cluster, node or volume.

    :param where: file and place, such as ``overrides.yaml: volumes[0]``
    :param name: None where ``guid`` alone says which one it is
    :param cluster: name or GUID of the cluster it is in, where that is given
    :param values: by field, read
    :param is_faulty: it is not known what the operator says of it
    """

    kind: OverrideKind
    where: str
    name: str | None
    guid: str | None
    cluster: str | None
    values: Mapping[str, Any]
    is_faulty: bool = False

    @property
    def label(self) -> str:
        """``volume 'Volume1' of cluster 'c1'``."""
        text = f'{self.kind.noun} {naming.shown(self.name or self.guid)}'
        return (f'{text} of cluster {naming.shown(self.cluster)}'
                if self.cluster else text)


@dataclasses.dataclass(frozen=True)
class Overrides:
    """All the operator's decisions, or what can be read of them.

    :param standalone: names of Hyper-V nodes that are in no cluster on
        purpose
    :param is_complete: it is the operator's whole word, so that a line that
        is not there means the default
    """

    entries: tuple[OverrideEntry, ...] = ()
    standalone: tuple[str, ...] = ()
    problems: tuple[model.Problem, ...] = ()
    is_complete: bool = True

    def __add__(self, other: 'Overrides') -> 'Overrides':
        return Overrides(
            self.entries + other.entries, self.standalone + other.standalone,
            self.problems + other.problems,
            self.is_complete and other.is_complete)


def unreadable(file: str, message: str) -> Overrides:
    """A file of which nothing can be read."""
    return Overrides(problems=(_problem(
        file, f'{message}. What it decides is not known: what stands in '
        'Placement is kept', 'overrides-not-read'),), is_complete=False)


def read(file: str, document: Any) -> Overrides:
    """What one file says.

    :param document: parsed, of any type
    """
    fault = _envelope(document)
    if fault:
        return unreadable(file, fault)
    reader = _Reader(file)
    for kind in OverrideKind:
        for i, raw in enumerate(reader.list_of(document, kind.value)):
            reader.entry(kind, i, raw)
    standalone = tuple(reader.standalone(document))
    return Overrides(tuple(reader.entries), standalone,
                     tuple(reader.shown_problems()), reader.is_complete)


def _envelope(document: Any) -> str:
    if not isinstance(document, dict):
        return ('is empty' if document is None else
                f'is {naming.shown(document)}') + (
            ', but has to be a mapping with version')
    if document.get('version') != VERSION or isinstance(
            document['version'], bool):
        return (f'version is {naming.shown(document.get("version"))}, but '
                f'has to be {VERSION}')
    lists = [kind.value for kind in OverrideKind] + ['standalone']
    for field in document:
        if field not in ('version', *lists):
            return (f'has an unknown field {naming.shown(field)}; '
                    + _suggestion(field, lists))
    return ''


def _suggestion(field: Any, fields: list[str]) -> str:
    return naming.suggestion(str(field)[:100], fields, 'fields')


def _problem(where: str, message: str, code: str) -> model.Problem:
    return model.Problem(None, where, message, code, freezes=False)


class _Reader:
    """Reads a file whose envelope is sound."""

    def __init__(self, file: str) -> None:
        self.entries: list[OverrideEntry] = []
        self.is_complete = True
        self._file = file
        self._problems: list[model.Problem] = []

    def shown_problems(self) -> Iterator[model.Problem]:
        yield from self._problems[:MAX_PROBLEMS]
        rest = len(self._problems) - MAX_PROBLEMS
        if rest > 0:
            yield _problem(self._file, f'and {rest} more faults',
                           'overrides-not-read')

    def list_of(self, document: dict[str, Any], field: str) -> list[Any]:
        value = document.get(field, [])
        if isinstance(value, list):
            return value
        self._lose(field, f'{field} is {naming.shown(value)}, but has to be '
                   'a list')
        return []

    def standalone(self, document: dict[str, Any]) -> Iterator[str]:
        for i, name in enumerate(self.list_of(document, 'standalone')):
            if _is_name(name):
                yield name
            else:
                self._lose(f'standalone[{i}]', f'{naming.shown(name)} is no '
                           'name of a node')

    def entry(self, kind: OverrideKind, index: int, raw: Any) -> None:
        place = f'{kind.value}[{index}]'
        fault = _identity_fault(kind, raw)
        if fault:
            self._lose(place, fault)
            return
        values, faults = _values(kind, raw)
        guid = (naming.normal_guid(raw['guid'])
                if 'guid' in raw and 'guid' in _LABELS[kind] else None)
        entry = OverrideEntry(
            kind, f'{self._file}: {place}', raw.get('name'), guid,
            raw.get('cluster'), values, bool(faults))
        self.entries.append(entry)
        if faults:
            self._problems.append(_problem(
                entry.where, f'{entry.label}: {"; ".join(faults[:5])}. '
                'Nothing of this entry is in force; what stands is kept',
                'override-invalid'))

    def _lose(self, place: str, message: str) -> None:
        self.is_complete = False
        self._problems.append(_problem(
            f'{self._file}: {place}', f'{message}. What it decides is not '
            'known, so nothing returns to its default', 'overrides-not-read'))


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= names.MAX_NAME_LENGTH


def _identity_fault(kind: OverrideKind, raw: Any) -> str:
    """Why it cannot be told what an entry is about."""
    if not isinstance(raw, dict):
        return f'is {naming.shown(raw)}, but has to be a mapping'
    labels = _LABELS[kind]
    if not any(field in raw for field in labels):
        return f'says of no {kind.noun}: give {" or ".join(labels)}'
    for field in _identity_fields(kind):
        if field in raw and not _is_name(raw[field]):
            return f'{field} is {naming.shown(raw[field])}, but has to be text'
    if 'guid' in labels and 'guid' in raw and not naming.normal_guid(
            raw['guid']):
        return f'guid is {naming.shown(raw["guid"])}, which is no GUID'
    return ''


def _identity_fields(kind: OverrideKind) -> tuple[str, ...]:
    return _LABELS[kind] + (
        () if kind is OverrideKind.CLUSTER else ('cluster',))


def _values(kind: OverrideKind, raw: dict[Any, Any]
            ) -> tuple[dict[str, Any], list[str]]:
    fields = {field.name: field for field in FIELDS[kind]}
    values, faults = {}, []
    for name, value in raw.items():
        if name in fields:
            try:
                values[name] = fields[name].read(value)
            except ValueError as exc:
                faults.append(f'{name} is {naming.shown(value)}, but has to '
                              f'be {exc}')
        elif name not in _identity_fields(kind):
            faults.append(f'unknown field {naming.shown(name)}; '
                          + _suggestion(name, [*fields]))
    return values, faults
