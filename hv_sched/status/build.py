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

"""Makes the status of what Placement and the source say. Pure."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import datetime

from hv_sched import features
from hv_sched import model
from hv_sched import windows_names
from hv_sched.placement import home_traits
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Provider
from hv_sched.providers import closing
from hv_sched.providers import free_space
from hv_sched.providers import settings
from hv_sched.status import volume_rules
from hv_sched.status.model import ClusterStatus
from hv_sched.status.model import NodeStatus
from hv_sched.status.model import ReservedSpace
from hv_sched.status.model import SectionStatus
from hv_sched.status.model import VolumeStatus

NO_REASON = 'closed, and nothing says why'


@dataclasses.dataclass(frozen=True)
class Observation:
    """What Placement says of volumes and nodes.

    :param volumes: read in full, with their shares, by provider uuid
    :param nodes: names of the compute nodes by provider uuid
    :param node_traits: our traits by the node's uuid
    """

    read_at: datetime.datetime
    volumes: Mapping[str, Provider] = dataclasses.field(default_factory=dict)
    nodes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    node_traits: Mapping[str, frozenset[str]] = dataclasses.field(
        default_factory=dict)


@dataclasses.dataclass(frozen=True)
class SourceView:
    """What a source says, and what a sync of it would change.

    :param facts: None without a source, or while it was not read yet
    :param drift: provider uuids; None where no plan was made
    """

    facts: model.Facts | None = None
    drift: frozenset[str] | None = None


def clusters(observation: Observation, described: SourceView,
             options: settings.Settings) -> tuple[ClusterStatus, ...]:
    """All that stand in Placement or in the source, by name."""
    by_name = _clusters_of_facts(described.facts)
    volumes = _volumes(observation, described, options)
    nodes = _nodes(observation, described.facts)
    keys = sorted({*by_name, *volumes, *nodes})
    return tuple(_cluster(
        by_name.get(key), volumes.get(key, ()), nodes.get(key, ()), key,
        described.facts is not None) for key in keys)


def _clusters_of_facts(facts: model.Facts | None
                       ) -> dict[str, model.Cluster]:
    return {windows_names.key(cluster.name): cluster
            for cluster in (facts.clusters if facts else ())}


def _cluster(cluster: model.Cluster | None, volumes: Iterable[VolumeStatus],
             nodes: Iterable[NodeStatus], key: str, has_source: bool
             ) -> ClusterStatus:
    volumes = tuple(sorted(volumes, key=lambda volume: volume.name))
    name = (cluster.name if cluster else volumes[0].cluster if volumes
            else key)
    return ClusterStatus(
        name, volumes, tuple(sorted(nodes, key=lambda node: node.name)),
        tuple(_sections(cluster)) if cluster else (),
        cluster.collected_at if cluster else None,
        cluster is not None if has_source else None,
        bool(cluster and cluster.volumes and not volumes))


def _sections(cluster: model.Cluster) -> Iterable[SectionStatus]:
    owners = [('', cluster.sections), *(
        (node.name, node.sections) for node in cluster.nodes)]
    for owner, reports in owners:
        for section, report in reports.items():
            yield SectionStatus(
                section.value, owner,
                report.collected_at or cluster.collected_at, report.error)


def _volumes(observation: Observation, described: SourceView,
             options: settings.Settings
             ) -> dict[str, list[VolumeStatus]]:
    facts = described.facts
    described_volumes = volume_rules.described(facts).volumes if facts else {}
    volumes: dict[str, list[VolumeStatus]] = {}
    for uuid, provider in observation.volumes.items():
        volume = _volume(provider, observation)
        if uuid in described_volumes:
            volume = _told(volume, provider, *described_volumes[uuid], options)
        if described.drift is not None:
            volume = dataclasses.replace(
                volume, has_drift=uuid in described.drift)
        volumes.setdefault(
            windows_names.key(volume.cluster), []).append(volume)
    return volumes


def _volume(provider: Provider, observation: Observation) -> VolumeStatus:
    """A volume as Placement has it."""
    disk = provider.inventories.get(names.DISK_GB, Inventory(0))
    cluster, _slash, name = names.plain_volume_name(
        provider.name).partition('/')
    return VolumeStatus(
        provider.uuid, cluster, name, volume_rules.state(provider),
        total_gb=disk.total, reserved_gb=disk.reserved,
        capacity_gb=disk.capacity, allocation_ratio=disk.allocation_ratio,
        allocated_gb=provider.used(names.DISK_GB),
        held_gb=provider.owed.held_gb, free_gb=volume_rules.free_gb(provider),
        closed=_closed(provider.traits, {}),
        nodes=_names_of(home_traits.nodes_of(provider.traits), observation),
        cut_off=_names_of(
            (uuid for uuid, traits in observation.node_traits.items()
             if names.cut_off_trait(provider.uuid) in traits), observation))


def _closed(traits: frozenset[str], texts: Mapping[names.Closed, str]
            ) -> dict[str, str]:
    """The reasons that stand, in the source's texts where it has some."""
    if names.NO_NEW_DISKS not in traits:
        return {}
    return {reason.name: texts.get(reason, reason.value)
            for reason in names.closed_reasons(traits)} or {'': NO_REASON}


def _names_of(uuids: Iterable[str], observation: Observation
              ) -> tuple[str, ...]:
    return tuple(sorted(observation.nodes.get(uuid, uuid) for uuid in uuids))


def _told(status: VolumeStatus, provider: Provider, cluster: model.Cluster,
          volume: model.Volume, options: settings.Settings) -> VolumeStatus:
    """The volume with what the source says of it."""
    texts = closing.closed_reasons(
        volume, provider.traits, provider.owed.total_gb, options)
    floor = (free_space.floor_bytes(volume, provider.traits, options, False)
             if volume.size_bytes else None)
    return dataclasses.replace(
        status, size_gb=_gb(volume.size_bytes),
        physical_free_gb=_gb(volume.free_bytes), floor_gb=_gb(floor),
        closed=_closed(provider.traits, texts),
        reserved=tuple(ReservedSpace(label, gb) for label, gb in
                       volume_rules.reserved_gb(
                           provider, cluster, volume, options).items()))


def _gb(size_bytes: int | None) -> float | None:
    return None if size_bytes is None else size_bytes / model.GIB


def _nodes(observation: Observation, facts: model.Facts | None
           ) -> dict[str, list[NodeStatus]]:
    """The clusters' nodes as Placement has them, by cluster."""
    cluster_of = _clusters_of_nodes(observation, facts)
    states = {windows_names.key(node.name): node.state.value
              for cluster in (facts.clusters if facts else ())
              for node in cluster.nodes if node.state is not None}
    nodes: dict[str, list[NodeStatus]] = {}
    for uuid, traits in observation.node_traits.items():
        name = observation.nodes.get(uuid)
        if name is not None and names.is_clustered(traits):
            nodes.setdefault(cluster_of.get(name, ''), []).append(
                _node(name, traits, states.get(windows_names.key(name), '')))
    return nodes


def _clusters_of_nodes(observation: Observation, facts: model.Facts | None
                       ) -> dict[str, str]:
    """Keys of clusters by the node's name, of home volumes and the source."""
    cluster_by_node = {
        windows_names.key(node.name): windows_names.key(cluster.name)
        for cluster in (facts.clusters if facts else ())
        for node in cluster.nodes}
    clusters_of = {name: cluster_by_node[windows_names.key(name)]
                   for name in observation.nodes.values()
                   if windows_names.key(name) in cluster_by_node}
    for provider in observation.volumes.values():
        for uuid in home_traits.nodes_of(provider.traits):
            if uuid in observation.nodes:
                clusters_of.setdefault(
                    observation.nodes[uuid], windows_names.key(
                        names.cluster_of(provider.name)))
    return clusters_of


def _node(name: str, traits: frozenset[str], state: str) -> NodeStatus:
    builds = sorted(trait.removeprefix(names.BUILD_PREFIX)
                    for trait in traits
                    if trait.startswith(names.BUILD_PREFIX))
    return NodeStatus(
        name,
        frozenset(feature.name for feature in features.CATALOGUE
                  if feature.trait in traits),
        frozenset(feature.name for feature in features.CATALOGUE
                  if features.ha_trait(feature) in traits),
        ', '.join(builds), state, names.PAUSED in traits,
        names.REDIRECTED in traits)
