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

"""Cells that are lines for people and structures for programs."""

from collections.abc import Iterable
import dataclasses
import enum
import textwrap
from typing import Any

from cliff import columns

from hv_sched import model
from hv_sched import printable
from hv_sched.sources.winrm.rights import FIELDS

# What the lines between four columns and the longest name of a tier leave
# of 100 columns.
_TABLE_WIDTH = 100 - 13 - len('administrator')
_NARROWEST = 24
# So many nodes are named; more of them are counted.
_NAMED = 2


class Lines(columns.FormattableColumn):
    """A list: one line an item, or a JSON array."""

    def __init__(self, items: Iterable[str]) -> None:
        super().__init__(list(items))

    def human_readable(self) -> str:
        return '\n'.join(map(printable.text, self._value))

    def machine_readable(self) -> Any:
        return self._value


class Listing(Lines):
    """A list of names: how many there are, and which, or a JSON array."""

    def human_readable(self) -> str:
        if not self._value:
            return 'none'
        return f'{len(self._value)}: ' + ', '.join(
            map(printable.text, self._value))


class CapableNodesColumn(columns.FormattableColumn):
    """How many nodes can run it for people, or a JSON array of names."""

    def human_readable(self) -> str:
        judged = self._value
        counts = [f'{len(judged.nodes)} of {judged.hyperv_count} Hyper-V']
        if judged.others:
            counts.append(f'{len(judged.others)} other')
        if 0 < len(judged.nodes) <= _NAMED:
            counts[0] += f' ({", ".join(map(printable.text, judged.nodes))})'
        return ', '.join(counts)

    def machine_readable(self) -> Any:
        return list(self._value.nodes)


class AgeColumn(columns.FormattableColumn):
    """How old facts are: in the largest unit for people, or seconds."""

    def human_readable(self) -> str:
        if self._value is None:
            return 'not stated'
        seconds = max(int(self._value), 0)
        for name, size in (('days', 86400), ('hours', 3600), ('minutes', 60)):
            if seconds >= 2 * size:
                return f'{seconds // size} {name}'
        return f'{seconds} seconds'

    def machine_readable(self) -> Any:
        return None if self._value is None else int(self._value)


class Mapping(columns.FormattableColumn):
    """A mapping: one "key: value" line an item, or a JSON object."""

    def human_readable(self) -> str:
        return '\n'.join(printable.text(f'{key}: {value}')
                         for key, value in sorted(self._value.items()))

    def machine_readable(self) -> Any:
        return dict(self._value)


class DecisionsColumn(columns.FormattableColumn):
    """Who decided what: a line a field, or a JSON object of each."""

    def human_readable(self) -> str:
        return '\n'.join(printable.text(
            f'{decision.field}: {_decided(decision)}')
            for decision in self._value)

    def machine_readable(self) -> Any:
        return {decision.field: {'value': _json(decision.value),
                                 'origin': decision.origin.value}
                for decision in self._value}


def _decided(decision: model.Decision) -> str:
    if decision.value is None:
        return 'kept as it stands in Placement'
    if _json(decision.value) is None:
        return f'as configured ({decision.origin.value})'
    return f'{_plain(decision.value)} ({decision.origin.value})'


def _json(value: Any) -> Any:
    if value == model.AS_CONFIGURED:
        return None
    return value.value if isinstance(value, enum.Enum) else value


def _plain(value: Any) -> str:
    """As it is written in a source."""
    plain = _json(value)
    return str(plain).lower() if isinstance(plain, bool) else str(plain)


class UnknownSectionsColumn(columns.FormattableColumn):
    """What rights on a node leave unknown: fields and why."""

    def human_readable(self) -> str:
        rights = self._value
        by_reason: dict[str, list[str]] = {}
        for section, reason in rights.unknown.items():
            by_reason.setdefault(reason, []).append(section)
        names = max(len(rights.cluster), len('Cluster')) + len(rights.node)
        width = max(_TABLE_WIDTH - names, _NARROWEST)
        return '\n'.join(
            textwrap.fill(printable.text(
                f'{_fields(sections)}: {reason}'), width)
            for reason, sections in by_reason.items())

    def machine_readable(self) -> Any:
        return {section: {'fields': list(FIELDS[section]), 'reason': reason}
                for section, reason in self._value.unknown.items()}


def _fields(sections: list[str]) -> str:
    if len(sections) == len(FIELDS):
        return 'everything'
    return ', '.join(dict.fromkeys(
        field for section in sections for field in FIELDS[section]))


class RestartRoomColumn(columns.FormattableColumn):
    """What is left, or missing, when the largest node fails."""

    def human_readable(self) -> str:
        room = self._value
        if room is None:
            return ''
        if room.lacking:
            return printable.text(f'{", ".join(room.lacking)} missing')
        return f'{room.memory_mb // 1024:,} GB, {room.vcpus:,} VCPU left'

    def machine_readable(self) -> Any:
        return None if self._value is None else dataclasses.asdict(
            self._value)
