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

"""Cells of ``csv status``: a screen for people, all of it for programs."""

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from cliff import columns

from hv_sched import printable
from hv_sched.osc import fitting
from hv_sched.providers import reconcile
from hv_sched.status import amounts
from hv_sched.status import bar
from hv_sched.status import verdict
from hv_sched.status.model import ClusterStatus
from hv_sched.status.model import FindingStatus
from hv_sched.status.model import Status
from hv_sched.status.model import VolumeStatus

NAMES = ('status', 'reasons', 'space', 'clusters', 'volumes', 'findings')
# Beside the value: the name of the field, and what a table draws.
_FRAME_COLUMNS = 15
# Four of the table, the verdict, two of the space, and the prompt after it.
_FRAME_LINES = 8
_FEWEST_LINES = 8
_BAR_WIDTH = 20
_MARKS = {'allocated': '#', 'held': 'h', 'free': '.'}
_RESERVED = 'r'
_LEGEND = '# allocated, h held, r reserved, . free'
_ELLIPSIS = '...'


class _Cell(columns.FormattableColumn):
    """:param lines: what people see of the value"""

    def __init__(self, value: Any, lines: Iterable[str]) -> None:
        super().__init__(value)
        self._lines = tuple(lines)

    def human_readable(self) -> str:
        return '\n'.join(self._lines)


class ReasonsColumn(_Cell):
    """The sentences of a verdict."""

    def machine_readable(self) -> Any:
        return list(self._value)


class SpaceColumn(_Cell):
    """GiB over all volumes."""

    def machine_readable(self) -> Any:
        return dict(amounts.totals(self._value))


class ClustersColumn(_Cell):
    """A line for each cluster."""

    def machine_readable(self) -> Any:
        return {cluster.name: {
            'volumes': len(cluster.volumes), 'nodes': len(cluster.nodes),
            'collected_at': cluster.collected_at
            and cluster.collected_at.isoformat()}
            for cluster in self._value.clusters}


class VolumesColumn(_Cell):
    """The volumes with most trouble, and those with least room."""

    def machine_readable(self) -> Any:
        return {f'{volume.cluster}/{volume.name}': {
            'state': volume.state, 'free_gb': volume.free_gb,
            'total_gb': volume.total_gb, 'reserved_gb': volume.reserved_gb,
            'allocated_gb': volume.allocated_gb, 'held_gb': volume.held_gb,
            'physical_free_gb': volume.physical_free_gb,
            'closed_reasons': dict(volume.closed),
            'drift': volume.has_drift, 'cut_off_nodes': list(volume.cut_off)}
            for volume in self._value.volumes}


class FindingsColumn(_Cell):
    """The gravest of them."""

    def machine_readable(self) -> Any:
        return [{'origin': finding.origin,
                 'severity': finding.severity.value, 'code': finding.code,
                 'subject': finding.subject, 'evidence': finding.evidence,
                 'remedy': finding.remedy}
                for finding in self._value.findings]


def cells(status: Status, judged: verdict.StatusVerdict, width: int,
          height: int) -> tuple[Any, ...]:
    """The values of ``NAMES``, which fit a screen where people see them.

    :param width: columns of the terminal; 0: as many as it takes
    :param height: its lines
    """
    room = width and max(width - _FRAME_COLUMNS, 1)
    texts = (list(judged.reasons), list(map(_cluster, sorted(
        status.clusters, key=lambda cluster: not _trouble(cluster)))),
        _volumes(status), list(map(_finding, status.findings)))
    reasons, clusters, volumes, findings = (
        [_shortened(line, room) for line in _first(lines, limit)]
        for lines, limit in zip(texts, shares(
            list(map(len, texts)), max(height - _FRAME_LINES, _FEWEST_LINES)),
            strict=True))
    space = ', '.join(f'{key} {amounts.gb(value)}' for key, value
                      in amounts.totals(status).items())
    return (judged.level.value, ReasonsColumn(judged.reasons, reasons),
            SpaceColumn(status, [space]), ClustersColumn(status, clusters),
            VolumesColumn(status, volumes), FindingsColumn(status, findings))


def shares(sizes: Sequence[int], lines: int) -> list[int]:
    """How many lines each of some lists gets: as many as the others, or all.

    What a short one does not need goes to the longer ones. One without
    entries still takes a line of the table.
    """
    granted = [1] * len(sizes)
    for _ in range(lines - len(sizes)):
        wanting = [index for index, size in enumerate(sizes)
                   if granted[index] < size]
        if not wanting:
            break
        granted[min(wanting, key=granted.__getitem__)] += 1
    return granted


def _first(lines: list[str], limit: int) -> list[str]:
    if len(lines) <= limit:
        return lines
    return [*lines[:limit - 1], f'and {len(lines) - limit + 1} more']


def _shortened(line: str, width: int) -> str:
    """:param width: columns of a terminal; 0: any"""
    text = printable.text(line)
    if not width or fitting.width_of(text) <= width:
        return text
    while fitting.width_of(text) > max(width - len(_ELLIPSIS), 0):
        text = text[:-1]
    return text + _ELLIPSIS


def _trouble(cluster: ClusterStatus) -> int:
    return sum(map(verdict.is_trouble, cluster.volumes))


def _cluster(cluster: ClusterStatus) -> str:
    age = ('' if cluster.collected_at is None else ', facts '
           + verdict.ago(verdict.seconds_since(
               cluster.collected_at, reconcile.utcnow())) + ' old')
    undescribed = (', not in the source' if cluster.is_described is False
                   else '')
    return (f'{cluster.name}: {_counted(len(cluster.volumes), "volume")}, '
            f'{_trouble(cluster)} in trouble, '
            f'{_counted(len(cluster.nodes), "node")}{age}{undescribed}')


def _counted(number: int, noun: str) -> str:
    return f'{number} {noun}{"" if number == 1 else "s"}'


def _volumes(status: Status) -> list[str]:
    volumes = sorted(status.volumes, key=lambda volume: (
        not verdict.is_trouble(volume), volume.free_gb))
    return [_LEGEND, *map(_volume, volumes)] if volumes else []


def _volume(volume: VolumeStatus) -> str:
    parts = [f'{volume.cluster}/{volume.name} {_state(volume)}']
    if volume.cut_off:
        parts.append(f'not reached by {_counted(len(volume.cut_off), "node")}')
    if not volume.closed and volume.free_gb >= 0:
        parts.append(f'{amounts.gb(volume.free_gb)} free')
    return f'{_drawn(volume)} {", ".join(parts)}'


def _state(volume: VolumeStatus) -> str:
    if volume.closed:
        return f'{volume.state}: {"; ".join(volume.closed.values())}'
    return volume.state if volume.free_gb >= 0 else (
        f'{volume.state} by {amounts.gb(-volume.free_gb)}')


def _finding(finding: FindingStatus) -> str:
    return f'{finding.severity.value}: {finding.code}: {finding.subject}'


def _drawn(volume: VolumeStatus) -> str:
    """The bar of the page in one line of text."""
    text = ''
    for segment in bar.placement(volume).segments:
        end = round((segment.start + segment.width) * _BAR_WIDTH / 100)
        text += _MARKS.get(segment.kind, _RESERVED) * (end - len(text))
    return f'[{text:.<{_BAR_WIDTH}}]'
