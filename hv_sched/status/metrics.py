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

"""The status as Prometheus metrics; ``/metrics`` of hv-sched-agent.

doc/source/reference/metrics.rst lists them with their meaning.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime

import prometheus_client
from prometheus_client import core
from prometheus_client import registry

from hv_sched import model
from hv_sched import printable
from hv_sched.providers import reconcile
from hv_sched.status import ages
from hv_sched.status.model import ClusterStatus
from hv_sched.status.model import Status
from hv_sched.status.model import VolumeStatus
from hv_sched.status.recorder import Recorder

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST
_DAY_SECONDS = 24 * 60 * 60
_VOLUME = ('cluster', 'volume')
Families = Iterator[core.Metric]


class StatusCollector(registry.Collector):
    """Made again at each scrape, of values that nobody changes.

    :param version: of hv_sched
    :param clock: the time now, in UTC
    """

    def __init__(self, recorder: Recorder, version: str,
                 clock: Callable[[], datetime.datetime] = reconcile.utcnow
                 ) -> None:
        self._recorder = recorder
        self._version = version
        self._clock = clock

    def describe(self) -> Families:
        """Nothing: or a registry would collect to learn the names."""
        return iter(())

    def collect(self) -> Families:
        status = self._recorder.status()
        now = self._clock()
        yield _gauge('hv_sched_info', 'The agent that runs.', ('version',),
                     [((self._version,), 1)])
        yield from _space(status)
        yield from _states(status)
        yield from _facts(status, now)
        yield from _parts(status)
        yield from self._plans()
        yield _findings(status)

    def _plans(self) -> Families:
        counters = self._recorder.counters()
        yield _gauge('hv_sched_plan_changes',
                     'Changes in the last plan of a cluster.', ('cluster',),
                     [((cluster,), size) for cluster, size
                      in sorted(self._recorder.plan_sizes().items())])
        yield _counter('hv_sched_writes', 'Changes written to Placement.',
                       'kind', counters.writes)
        yield _counter('hv_sched_heals', 'Shares put right, by the code of '
                       'the finding; escrow as "restored", "released" or '
                       '"resized".', 'code', counters.heals)
        yield core.CounterMetricFamily(
            'hv_sched_conflicts', 'Writes with which somebody else was '
            'faster.', value=counters.conflicts)
        yield core.CounterMetricFamily(
            'hv_sched_retries', 'Times a sync observed and planned again.',
            value=counters.retries)


def rendered(recorder: Recorder, version: str) -> bytes:
    """What a scrape is answered."""
    collected = registry.CollectorRegistry()
    collected.register(StatusCollector(recorder, version))
    return bytes(prometheus_client.generate_latest(collected))


def _gauge(name: str, text: str, labels: tuple[str, ...],
           samples: Sequence[tuple[tuple[str, ...], float]]) -> core.Metric:
    family = core.GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        family.add_metric(
            [printable.encodable(text) for text in values], value)
    return family


def _counter(name: str, text: str, label: str, counts: Mapping[str, int]
             ) -> core.Metric:
    family = core.CounterMetricFamily(name, text, labels=(label,))
    for value, count in sorted(counts.items()):
        family.add_metric((value,), count)
    return family


def _space(status: Status) -> Families:
    volumes = status.volumes
    yield _gauge(
        'hv_sched_volume_bytes', 'Space of a volume, by kind.',
        (*_VOLUME, 'kind'),
        [((volume.cluster, volume.name, kind), gb * model.GIB)
         for volume in volumes for kind, gb in _sizes(volume)
         if gb is not None])
    yield _gauge(
        'hv_sched_volume_reserved_bytes', 'Where reserved space comes from.',
        (*_VOLUME, 'reason'),
        [((volume.cluster, volume.name, part.label), part.gb * model.GIB)
         for volume in volumes for part in volume.reserved])
    yield _gauge(
        'hv_sched_volume_full_seconds', 'Time until a volume is full; only '
        'where six hours show real growth.', (*_VOLUME, 'of'),
        [((volume.cluster, volume.name, volume.forecast.of),
          volume.forecast.days * _DAY_SECONDS)
         for volume in volumes if volume.forecast])


def _sizes(volume: VolumeStatus) -> tuple[tuple[str, float | None], ...]:
    return (('total', volume.total_gb), ('reserved', volume.reserved_gb),
            ('capacity', volume.capacity_gb),
            ('allocated', volume.allocated_gb), ('held', volume.held_gb),
            ('free', volume.free_gb), ('physical', volume.size_gb),
            ('physical_free', volume.physical_free_gb),
            ('floor', volume.floor_gb))


def _states(status: Status) -> Families:
    volumes = status.volumes
    yield _gauge(
        'hv_sched_volume_state', '1: what a scheduler may do with it.',
        (*_VOLUME, 'state'),
        [((volume.cluster, volume.name, volume.state), 1)
         for volume in volumes])
    yield _gauge(
        'hv_sched_volume_closed', '1: a reason why it takes no new disks.',
        (*_VOLUME, 'reason'),
        [((volume.cluster, volume.name, reason.lower() or 'unknown'), 1)
         for volume in volumes for reason in volume.closed])
    yield _gauge(
        'hv_sched_volume_drift', '1: the last sync left something undone.',
        _VOLUME,
        [((volume.cluster, volume.name), volume.has_drift)
         for volume in volumes if volume.has_drift is not None])
    yield _gauge(
        'hv_sched_volume_cut_off_nodes', 'Nodes that do not reach it.',
        _VOLUME,
        [((volume.cluster, volume.name), len(volume.cut_off))
         for volume in volumes])
    yield _gauge(
        'hv_sched_nodes', 'Nodes of a cluster, by state.',
        ('cluster', 'state'),
        [((cluster.name, state), count) for cluster in status.clusters
         for state, count in _node_states(cluster)])


def _node_states(cluster: ClusterStatus) -> tuple[tuple[str, int], ...]:
    nodes = cluster.nodes
    down = sum(node.state == model.NodeState.DOWN.value for node in nodes)
    return (('any', len(nodes)),
            ('paused', sum(node.is_paused for node in nodes)),
            ('redirected', sum(node.is_redirected for node in nodes)),
            *((('down', down),) if any(node.state for node in nodes) else ()))


def _facts(status: Status, now: datetime.datetime) -> Families:
    sections = [(cluster.name, age) for cluster in status.clusters
                for age in ages.by_section(cluster, now)]
    yield _gauge(
        'hv_sched_section_age_seconds', 'Age of the oldest facts of a '
        'section.', ('cluster', 'section'),
        [((cluster, age.section), age.seconds) for cluster, age in sections
         if age.seconds is not None])
    yield _gauge(
        'hv_sched_section_errors', 'Owners of a section (the cluster, or '
        'nodes) that could not be read.', ('cluster', 'section'),
        [((cluster, age.section), age.failed) for cluster, age in sections])


def _parts(status: Status) -> Families:
    passes = core.CounterMetricFamily(
        'hv_sched_passes', 'Passes of a part of the agent, by result.',
        labels=('part', 'result'))
    for part in status.parts:
        for result, count in sorted(part.passes.items()):
            passes.add_metric((part.name, result), count)
    yield passes
    yield _gauge(
        'hv_sched_pass_seconds', 'How long the last pass took.', ('part',),
        [((part.name,), part.seconds) for part in status.parts
         if part.last_end])
    yield _gauge(
        'hv_sched_last_success_timestamp_seconds',
        'When a pass last ended without an error.', ('part',),
        [((part.name,), part.last_success.timestamp())
         for part in status.parts if part.last_success])
    dates = [((event,), date.timestamp()) for event, date in (
        ('placement', status.read_at), ('agent', status.started_at)) if date]
    yield _gauge(
        'hv_sched_timestamp_seconds', 'When Placement was last read for '
        'these metrics, and when the agent started.', ('of',), dates)
    yield _gauge('hv_sched_leader', '1: this agent writes; 0: another one '
                 'does.', (), [] if status.is_leader is None
                 else [((), status.is_leader)])
    yield _gauge('hv_sched_interval_seconds', 'Seconds between two passes.',
                 (), [((), status.interval)])


def _findings(status: Status) -> core.Metric:
    counts: dict[tuple[str, ...], int] = {}
    for finding in status.findings:
        key = (finding.origin, finding.severity.value, finding.code)
        counts[key] = counts.get(key, 0) + 1
    return _gauge('hv_sched_findings', 'What is wrong, by code.',
                  ('origin', 'severity', 'code'),
                  [(key, float(count)) for key, count in counts.items()])
