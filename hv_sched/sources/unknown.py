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

"""What a source does not say, and why. Pure.

What is unknown is kept as it stands in Placement; somebody who sets a cluster
up has to see which of it only an operator can decide.
"""

from collections.abc import Iterator
import dataclasses
from typing import Any

from hv_sched import model
from hv_sched.model import Section

Fields = dict[str, Section | None]

# The section of the collector that tells a field.
_NODE_FIELDS: Fields = {
    'state': Section.NODES, 'build': Section.NODES, 'home': Section.HOST,
    'cpu_vendor': Section.HOST, 'cpu_features': None,
    'nested_virtualization': Section.HOST, 'fibre_channel': Section.HOST,
    'mpio': Section.HOST, 'guarded_host': Section.GUARDED,
    'remotefx_enabled': Section.REMOTEFX, 'gpus': Section.REMOTEFX}
_VOLUME_FIELDS: Fields = {
    'guid': Section.VOLUMES, 'state': Section.VOLUMES,
    'size_bytes': Section.VOLUMES, 'free_bytes': Section.VOLUMES,
    'maintenance': Section.VOLUMES, 'file_system': Section.VOLUME_STATES,
    'cut_off_nodes': Section.VOLUME_STATES,
    'redirected_nodes': Section.VOLUME_STATES,
    'cached_images': Section.FILES, 'image_cache_bytes': Section.FILES,
    'medium': None, 'reserve_gb': None, 'floor_percent': None,
    'floor_gb': None}
_CLUSTER_FIELDS: Fields = {'functional_level': Section.CLUSTER,
                   'vms': Section.GROUPS}
# What no section tells: Windows does not know it, or another service does.
_BY_OTHERS = {
    'medium': 'an operator decides it (overrides)',
    'reserve_gb': 'an operator decides it (overrides)',
    'floor_percent': 'an operator decides it (overrides)',
    'floor_gb': 'an operator decides it (overrides)',
    'cpu_features': 'a sync asks Nova for it',
}
_NOT_ASKED = 'not read: no right to it, or not asked yet'
_NOT_ONLINE = 'Windows tells it of a volume that is online'
_OF_ONLINE = frozenset(('guid', 'size_bytes', 'free_bytes', 'maintenance',
                        'cut_off_nodes', 'redirected_nodes',
                        'cached_images', 'image_cache_bytes',
                        'file_system'))


@dataclasses.dataclass(frozen=True)
class UnknownFact:
    """One field of a cluster, node or volume that a source does not state.

    :param kind: ``cluster``, ``node`` or ``volume``
    :param reason: why, as far as it can be known
    """

    cluster: str
    kind: str
    name: str
    field: str
    reason: str


def unknown(facts: model.Facts) -> Iterator[UnknownFact]:
    """All that the clusters of a source leave open."""
    for cluster in facts.clusters:
        yield from _of(cluster, 'cluster', cluster, _CLUSTER_FIELDS,
                       cluster.sections)
        for node in cluster.nodes:
            yield from _of(cluster, 'node', node, _NODE_FIELDS,
                           {**cluster.sections, **node.sections})
        for volume in cluster.volumes:
            yield from _of(cluster, 'volume', volume, _VOLUME_FIELDS,
                           cluster.sections)


def _of(cluster: model.Cluster, kind: str, item: Any,
        fields: Fields, sections: model.Sections
        ) -> Iterator[UnknownFact]:
    for field, section in fields.items():
        if getattr(item, field) is None:
            yield UnknownFact(cluster.name, kind, item.name, field,
                          _reason(item, field, section, sections))


def _reason(item: Any, field: str, section: Section | None,
            sections: model.Sections) -> str:
    if section is None:
        return _BY_OTHERS[field]
    state = getattr(item, 'state', None)
    if field in _OF_ONLINE and isinstance(state, model.CsvState) and (
            state is not model.CsvState.ONLINE):
        return f'{_NOT_ONLINE}, this one is {state.value}'
    report = sections.get(section)
    if report is None:
        return f'{_NOT_ASKED} (section {section.value})'
    return report.error or f'section {section.value} does not say it'
