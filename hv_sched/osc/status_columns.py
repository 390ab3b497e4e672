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

"""Cells of ``csv status``: a few lines for people, all of it for programs."""

from collections.abc import Iterable
from typing import Any

from cliff import columns

from hv_sched import printable
from hv_sched.providers import reconcile
from hv_sched.status import amounts
from hv_sched.status import bar
from hv_sched.status import verdict
from hv_sched.status.model import ClusterStatus
from hv_sched.status.model import VolumeStatus

# One screen of 24 lines or little more.
_SHOWN = 8
_BAR_WIDTH = 20
_MARKS = {'allocated': '#', 'held': 'h', 'free': '.'}
_RESERVED = 'r'


class _Cell(columns.FormattableColumn):
    """One that shows a part of the status."""

    def lines(self) -> Iterable[str]:
        raise NotImplementedError

    def human_readable(self) -> str:
        return '\n'.join(map(printable.text, self.lines()))


class ReasonsColumn(_Cell):
    """The sentences of a verdict."""

    def lines(self) -> Iterable[str]:
        return _shown(list(self._value))

    def machine_readable(self) -> Any:
        return list(self._value)


class SpaceColumn(_Cell):
    """GiB over all volumes."""

    def lines(self) -> Iterable[str]:
        return (', '.join(f'{key} {amounts.gb(value)}' for key, value
                          in amounts.totals(self._value).items()),)

    def machine_readable(self) -> Any:
        return dict(amounts.totals(self._value))


class ClustersColumn(_Cell):
    """A line for each cluster."""

    def lines(self) -> Iterable[str]:
        return _shown(list(map(_cluster, self._value.clusters)))

    def machine_readable(self) -> Any:
        return {cluster.name: {
            'volumes': len(cluster.volumes), 'nodes': len(cluster.nodes),
            'collected_at': cluster.collected_at
            and cluster.collected_at.isoformat()}
            for cluster in self._value.clusters}


class VolumesColumn(_Cell):
    """The volumes with most trouble, and those with least room."""

    def lines(self) -> Iterable[str]:
        volumes = sorted(self._value.volumes, key=lambda volume: (
            not verdict.is_trouble(volume), volume.free_gb))
        return ((_legend(),) if volumes else ()) + tuple(
            _shown(list(map(_volume, volumes))))

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

    def lines(self) -> Iterable[str]:
        return _shown([
            f'{finding.severity.value}: {finding.code}: {finding.subject}'
            for finding in self._value.findings])

    def machine_readable(self) -> Any:
        return [{'origin': finding.origin,
                 'severity': finding.severity.value, 'code': finding.code,
                 'subject': finding.subject, 'evidence': finding.evidence,
                 'remedy': finding.remedy}
                for finding in self._value.findings]


def _shown(lines: list[str]) -> list[str]:
    omitted = len(lines) - _SHOWN
    return lines[:_SHOWN] + ([f'and {omitted} more'] if omitted > 0 else [])


def _cluster(cluster: ClusterStatus) -> str:
    age = ('' if cluster.collected_at is None else ', facts '
           + verdict.ago(verdict.seconds_since(
               cluster.collected_at, reconcile.utcnow())) + ' old')
    undescribed = (', not in the source' if cluster.is_described is False
                   else '')
    trouble = sum(map(verdict.is_trouble, cluster.volumes))
    return (f'{cluster.name}: {len(cluster.volumes)} volumes, {trouble} in '
            f'trouble, {len(cluster.nodes)} nodes{age}{undescribed}')


def _legend() -> str:
    return '# allocated, h held, r reserved, . free'


def _volume(volume: VolumeStatus) -> str:
    reasons = '; '.join(volume.closed.values())
    cut_off = (f'; {len(volume.cut_off)} nodes do not reach it'
               if volume.cut_off else '')
    return (f'{_drawn(volume)} {volume.cluster}/{volume.name} {volume.state}'
            f', {amounts.gb(volume.free_gb)} free'
            + (f' ({reasons})' if reasons else '') + cut_off)


def _drawn(volume: VolumeStatus) -> str:
    """The bar of the page in one line of text."""
    text = ''
    for segment in bar.placement(volume).segments:
        end = round((segment.start + segment.width) * _BAR_WIDTH / 100)
        text += _MARKS.get(segment.kind, _RESERVED) * (end - len(text))
    return f'[{text:.<{_BAR_WIDTH}}]'
