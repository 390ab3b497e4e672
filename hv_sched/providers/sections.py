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

"""What of a source may be believed, section by section. Pure.

What an old or failed section says is taken out of the facts: absence keeps
what stands, see standing.py. Three close something beside that: the volumes
take no new disks when nothing was heard of them for too long, nothing new
comes to nodes nobody heard of, and a host whose attestation nobody confirmed
runs no new shielded servers. A section that was never delivered is neither
old nor failed: the right to read it may be missing for good.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses

from hv_sched import model
from hv_sched.model import Section
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.providers import freshness
from hv_sched.providers.freshness import Moment
from hv_sched.providers.settings import Settings

_EFFECTS = {
    Section.VOLUMES: 'its volumes stay as they are and close when that lasts '
                     'longer than [hv_sched]stale_after',
    Section.NODES: 'nothing new comes to its nodes',
    Section.GUARDED: 'no new shielded servers and virtual TPMs go there',
}
_KEPT = 'what stands of it is kept'


def believed(cluster: model.Cluster, moment: Moment, settings: Settings
             ) -> model.Cluster:
    """The cluster without what its old and failed sections say.

    Their reports have an error then, whatever they had before.
    """
    cluster = dataclasses.replace(
        cluster, sections=_judged(cluster.sections, cluster, moment, settings),
        nodes=tuple(_believed_node(dataclasses.replace(node, sections=_judged(
            node.sections, cluster, moment, settings)))
            for node in cluster.nodes))
    for section, mask in _MASKS.items():
        if is_unusable(cluster, section):
            cluster = mask(cluster)
    return _without_caches(cluster)


def is_unusable(item: model.Cluster | model.Node, section: Section) -> bool:
    """Whether a section was delivered and cannot be believed."""
    report = item.sections.get(section)
    return report is not None and bool(report.error)


def are_files_unknown(cluster: model.Cluster) -> bool:
    """Whether servers' files are not listed now, though they were to be."""
    return is_unusable(cluster, Section.GROUPS) or any(
        is_unusable(node, Section.FILES) for node in cluster.nodes)


def notices(cluster: model.Cluster) -> Iterator[Notice]:
    """One for each section that is not believed.

    :param cluster: from ``believed``
    """
    for section in Section:
        owners = [(node.name, node.sections[section].error)
                  for node in cluster.nodes if is_unusable(node, section)]
        if is_unusable(cluster, section):
            owners.append(('', cluster.sections[section].error))
        if owners:
            yield _notice(cluster, section, owners)


def _notice(cluster: model.Cluster, section: Section,
            owners: Iterable[tuple[str, str]]) -> Notice:
    texts = '; '.join(f'{node}: {error}' if node else error
                      for node, error in owners)
    text = (f'its facts of section {section.value} are not used ({texts}): '
            f'{_EFFECTS.get(section, _KEPT)}')
    if section in _EFFECTS:
        return Notice(cluster.name, cluster.name, Kind.SKIPPED, text,
                      'section-closes')
    return Notice(cluster.name, cluster.name, Kind.NOTE, text,
                  'section-not-used')


def _judged(reports: model.Sections, cluster: model.Cluster, moment: Moment,
            settings: Settings) -> dict[Section, model.SectionReport]:
    return {section: _judge(report, cluster, moment, settings)
            for section, report in reports.items()}


def _judge(report: model.SectionReport, cluster: model.Cluster,
           moment: Moment, settings: Settings) -> model.SectionReport:
    collected_at = report.collected_at or cluster.collected_at
    report = dataclasses.replace(report, collected_at=collected_at)
    if report.error or collected_at is None or not settings.stale_after:
        return report
    age = freshness.age(collected_at, moment.now)
    if age <= settings.stale_after:
        return report
    return dataclasses.replace(report, error=f'{int(age)} seconds old')


def _believed_node(node: model.Node) -> model.Node:
    silent: dict[str, bool | None] = {
        field: None for section, fields in _NODE_FIELDS.items()
        if is_unusable(node, section) for field in fields}
    if is_unusable(node, Section.GUARDED):
        silent['guarded_host'] = False
    return dataclasses.replace(node, **silent)  # type: ignore[arg-type]


_NODE_FIELDS: Mapping[Section, tuple[str, ...]] = {
    Section.HOST: ('build', 'cpu_vendor', 'cpu_features',
                   'nested_virtualization', 'fibre_channel', 'mpio', 'refs'),
    Section.REMOTEFX: ('remotefx_enabled', 'gpus'),
}


def _no_level(cluster: model.Cluster) -> model.Cluster:
    return dataclasses.replace(cluster, functional_level=None)


def _nothing_new(cluster: model.Cluster) -> model.Cluster:
    return dataclasses.replace(cluster, nodes=tuple(
        dataclasses.replace(node, state=model.NodeState.PAUSED)
        for node in cluster.nodes))


def _volumes_aside(cluster: model.Cluster) -> model.Cluster:
    """All volumes stay as they stand; the operator may close one even so."""
    return dataclasses.replace(
        cluster, volumes=(), set_aside=(*cluster.set_aside, *(
            model.SetAside(
                model.ItemKind.VOLUME, volume.name, volume.guid,
                'section-unusable', cluster.sections[Section.VOLUMES].error,
                resource_id=volume.resource_id,
                accepts_new_disks=volume.accepts_new_disks)
            for volume in cluster.volumes)))


def _no_node_states(cluster: model.Cluster) -> model.Cluster:
    return dataclasses.replace(cluster, volumes=tuple(
        dataclasses.replace(volume, cut_off_nodes=None, redirected_nodes=None,
                            silent_nodes=None)
        for volume in cluster.volumes))


def _no_vms(cluster: model.Cluster) -> model.Cluster:
    return dataclasses.replace(cluster, vms=None)


_MASKS: Mapping[Section, Callable[[model.Cluster], model.Cluster]] = {
    Section.CLUSTER: _no_level,
    Section.NODES: _nothing_new,
    Section.VOLUME_STATES: _no_node_states,
    Section.VOLUMES: _volumes_aside,
    Section.GROUPS: _no_vms,
}


def _without_caches(cluster: model.Cluster) -> model.Cluster:
    """Neither files nor caches of nodes that do not state them now."""
    silent = [node for node in cluster.nodes
              if is_unusable(node, Section.IMAGE_CACHE)]
    if silent:
        cluster = dataclasses.replace(cluster, volumes=tuple(
            dataclasses.replace(
                volume, cached_images=None, image_cache_bytes=None)
            if any(node.home in (None, volume.guid) for node in silent)
            else volume for volume in cluster.volumes))
    return _no_vms(cluster) if are_files_unknown(cluster) else cluster
