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

"""A shared directory, as the nodes' ``statvfs`` sees it. Pure.

Each node writes lines of this form; its newest one counts:

    {"node": "kvm01", "collected_at": "2026-11-27T18:00:00Z",
     "export": "6f1c…", "f_frsize": 4096, "f_blocks": 268435456,
     "f_bavail": 104857600}

``export`` is what a file in the root of the directory says: the directory's
own uuid. Where the export is not mounted that file is not there (null), and
the numbers are those of a local disk.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

from hv_sched import exception
from hv_sched.sources import json
from hv_sched.sources import naming
from hv_sched.sources import timestamp
from hv_sched.sources.ceph import fields

# A node whose line is older than this before the newest one is silent.
_SILENT_AFTER = datetime.timedelta(hours=1)
# Of one directory, sizes differ by what it grew meanwhile.
_LARGEST_FACTOR = 2


@dataclasses.dataclass(frozen=True)
class Directory:
    """:param cut_off: nodes that reported and have not mounted it
    :param silent: nodes that did not report of late
    :param collected_at: when the numbers were read
    """

    size_bytes: int
    free_bytes: int
    cut_off: tuple[str, ...]
    silent: tuple[str, ...]
    collected_at: datetime.datetime


@dataclasses.dataclass(frozen=True)
class _Line:
    node: str
    collected_at: datetime.datetime
    export: str | None
    size_bytes: int
    free_bytes: int


def directory(text: str, export: str, nodes: Iterable[str]) -> Directory:
    """What the nodes say of a shared directory.

    :param text: lines of JSON
    :param export: the directory's own uuid, in its one form
    :param nodes: those whose home it is
    :raises InvalidFacts: a line cannot be read, or no node has mounted it
    """
    newest = _newest(text)
    at = max((line.collected_at for line in newest.values()), default=None)
    lines = {node: newest[node] for node in nodes if node in newest
             and at is not None
             and at - newest[node].collected_at <= _SILENT_AFTER}
    mounted = [line for line in lines.values() if line.export == export]
    if not mounted:
        raise exception.InvalidFacts(
            f'no node reports that export {export} is mounted, of '
            f'{naming.shown_list(nodes)}{_others(newest, lines)}')
    _check_sizes(mounted, export)
    last = max(mounted, key=lambda line: line.collected_at)
    return Directory(
        last.size_bytes, last.free_bytes,
        tuple(node for node, line in lines.items() if line.export != export),
        tuple(node for node in nodes if node not in lines),
        last.collected_at)


def _others(newest: Mapping[str, _Line], lines: Mapping[str, _Line]) -> str:
    """Whose lines there are, where none is of a node that was asked for."""
    if lines or not newest:
        return ''
    return (f'; there are lines of {naming.shown_list(sorted(newest))} only: '
            'node has to be the name in the source')


def _newest(text: str) -> dict[str, _Line]:
    newest: dict[str, _Line] = {}
    for number, row in enumerate(text.splitlines(), 1):
        if row.strip():
            line = _line(json.parse(row), f'line {number}')
            former = newest.get(line.node)
            if former is None or former.collected_at <= line.collected_at:
                newest[line.node] = line
    return newest


def _line(row: Any, place: str) -> _Line:
    node = fields.of(row, 'node', str, place)
    collected_at = fields.of(row, 'collected_at', str, place)
    reason = timestamp.refusal(collected_at)
    read_at = None if reason else timestamp.read(collected_at)
    if read_at is None or read_at.tzinfo is None:
        raise exception.InvalidFacts(
            f'{place}.collected_at: {reason or "has no time zone"}')
    if row.get('export') is None:
        return _Line(node, read_at, None, 0, 0)
    block = fields.size_bytes(row, 'f_frsize', place)
    return _Line(
        node, read_at,
        naming.normal_guid(fields.of(row, 'export', str, place)),
        block * fields.size_bytes(row, 'f_blocks', place),
        block * fields.size_bytes(row, 'f_bavail', place))


def _check_sizes(mounted: list[_Line], export: str) -> None:
    """Two directories with one uuid: the file with it was copied."""
    smallest = min(mounted, key=lambda line: line.size_bytes)
    largest = max(mounted, key=lambda line: line.size_bytes)
    if largest.size_bytes > smallest.size_bytes * _LARGEST_FACTOR:
        raise exception.InvalidFacts(
            f'{smallest.node} and {largest.node} report export {export} with '
            f'{smallest.size_bytes} and {largest.size_bytes} bytes: they are '
            'two directories with one uuid; give each its own')
