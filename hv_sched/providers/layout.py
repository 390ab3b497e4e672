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

"""What Placement should say about a cluster.

From the source, and where the source is silent from what stands. Anything
that depends on numbers (ratios, reserved, what is in use) is decided in
plan_volume.py.
"""

from collections.abc import Mapping
import dataclasses
import functools
import types

from hv_sched import model
from hv_sched import windows_names
from hv_sched.placement import disk_moves
from hv_sched.placement import home_traits
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import NOTHING_STANDS
from hv_sched.placement.observed import Overview
from hv_sched.providers import reach
from hv_sched.providers import sections
from hv_sched.providers import standing
from hv_sched.providers.settings import Allow
from hv_sched.providers.settings import NOTHING_ALLOWED
from hv_sched.providers.settings import Settings

# What aggregates are called for people: those of nodes, and of homes.
NODES_OF = 'nodes of '
USERS_OF = 'users of '


@dataclasses.dataclass(frozen=True)
class Layout:
    """Who belongs where in one cluster.

    :param cluster: with what stands where the source is silent
    :param source: the cluster as the source describes it
    :param nodes: the nodes Nova knows, by provider uuid
    :param volumes: all volumes, by provider uuid
    :param members: by volume, the nodes that use it
    :param set_aside: nodes and volumes that are described and cannot be
        used, by provider uuid: they stay as they stand
    """

    cluster: model.Cluster
    nodes: Mapping[str, model.Node]
    volumes: Mapping[str, model.Volume]
    members: Mapping[str, frozenset[str]]
    source: model.Cluster
    set_aside: Mapping[str, model.SetAside] = dataclasses.field(
        default_factory=dict)

    @property
    def is_node_list_whole(self) -> bool:
        """Whether a node that is not listed is none of the cluster's."""
        return (not sections.is_unusable(self.cluster, model.Section.NODES)
                and self._knows_all(model.ItemKind.NODE))

    @property
    def is_volume_list_whole(self) -> bool:
        """Whether a volume that is not listed is none of the cluster's."""
        return (not sections.is_unusable(self.cluster, model.Section.VOLUMES)
                and self._knows_all(model.ItemKind.VOLUME)
                and all(volume.guid for volume in self.cluster.volumes))

    def _knows_all(self, kind: model.ItemKind) -> bool:
        """Whether what is set aside is known, or could be nobody's home.

        Where no volume is left beside those, their sizes have a wrong unit.
        """
        identified = self.set_aside.values()
        return all(item in identified
                   or item.is_nobodys and bool(self.cluster.volumes)
                   for item in self.cluster.set_aside if item.kind is kind)

    def aside(self, kind: model.ItemKind) -> Mapping[str, model.SetAside]:
        """Those of a kind that are set aside, as far as it is known which
        providers they are.
        """
        return {uuid: item for uuid, item in self.set_aside.items()
                if item.kind is kind}

    @functools.cached_property
    def key(self) -> str:
        """Of the cluster's name, as Windows compares it."""
        return windows_names.key(self.cluster.name)

    @functools.cached_property
    def cluster_aggregate(self) -> str:
        return ids.cluster_aggregate(self.cluster.guid)

    def node_aggregates(self, uuid: str) -> frozenset[str]:
        """The aggregates of ours a node should be in."""
        homes = (ids.home_aggregate(volume)
                 for volume, members in self.members.items()
                 if uuid in members)
        return frozenset((self.cluster_aggregate, *homes))

    def cut_off_homes(self, node: str) -> frozenset[str]:
        """The home aggregates of the volumes a node is cut off from."""
        return frozenset(
            ids.home_aggregate(uuid) for uuid, volume in self.volumes.items()
            if self.nodes[node].name in (volume.cut_off_nodes or ()))

    def is_nobodys(self, uuid: str) -> bool | None:
        """Whether no node of the source has a volume as its home.

        One that is cut off from it still has; None when the nodes or their
        homes are not all known.
        """
        cluster, volume = self.cluster, self.volumes[uuid]
        if cluster.placement_chooses_volume or any(
                _has_home(cluster, node, volume) for node in cluster.nodes):
            return False
        is_known = self.is_node_list_whole and all(
            node.home is not None for node in cluster.nodes) and not any(
            item.kind is model.ItemKind.NODE for item in cluster.set_aside)
        return True if is_known else None

    def volume_name(self, uuid: str) -> str:
        return names.volume_provider_name(
            self.cluster.name, self.volumes[uuid].name)

    @property
    def labels(self) -> dict[str, str]:
        """What each of the cluster's aggregates is, for people."""
        labels = {self.cluster_aggregate: NODES_OF + self.cluster.name}
        for uuid in self.volumes:
            labels[ids.home_aggregate(uuid)] = (
                USERS_OF + self.volume_name(uuid))
        return labels


def layout_of(source: model.Cluster, uuids: Mapping[str, str],
              overview: Overview = NOTHING_STANDS,
              allow: Allow = NOTHING_ALLOWED,
              disks: Mapping[str, str] = types.MappingProxyType({})
              ) -> Layout:
    """The layout of a cluster.

    :param uuids: provider uuid by node name, for nodes Nova knows
    :param overview: what stands where the source is silent
    :param disks: the volumes of it that stand: uuid by volume GUID
    """
    cluster = reach.with_standing(
        standing.completed(source, uuids, overview, allow, disks), uuids,
        overview.node_traits)
    nodes = {uuids[node.name]: node for node in cluster.nodes
             if node.name in uuids}
    volumes = {ids.volume_uuid(cluster.guid, volume.guid): volume
               for volume in cluster.volumes if volume.guid}
    members = {
        uuid: frozenset(node_uuid for node_uuid, node in nodes.items()
                        if uses(cluster, node, volume))
        for uuid, volume in volumes.items()}
    return Layout(cluster, nodes, volumes, members, source, {
        uuid: item for item in cluster.set_aside
        if (uuid := _provider_of(item, cluster, uuids, overview))})


def _provider_of(item: model.SetAside, cluster: model.Cluster,
                 uuids: Mapping[str, str], overview: Overview) -> str | None:
    """The provider of what is set aside; None where it is not certain."""
    if item.kind is model.ItemKind.NODE:
        return uuids.get(item.name or '')
    if item.kind is not model.ItemKind.VOLUME:
        return None
    matched = standing.match(item, cluster, overview)
    guid = item.guid or (matched.guid if matched else None)
    uuid = guid and ids.volume_uuid(cluster.guid, guid)
    return uuid if uuid in overview.listed else None


def uses(cluster: model.Cluster, node: model.Node,
         volume: model.Volume) -> bool:
    """Whether a node's servers get their disk from a volume.

    compute-hyperv writes to one ``instances_path``, so a node has one home
    volume, whatever else it could reach. A node that is cut off from the
    volume does not use it for the time being.
    """
    if reach.is_cut_off(node, volume):
        return False
    return bool(cluster.placement_chooses_volume) or _has_home(
        cluster, node, volume)


def _has_home(cluster: model.Cluster, node: model.Node,
              volume: model.Volume) -> bool:
    if node.home is None:
        return cluster.only_volume is not None
    return node.home == volume.guid


def volume_traits(layout: Layout, uuid: str, closed: frozenset[str],
                  observed: frozenset[str], settings: Settings,
                  undecided: frozenset[str] = frozenset()) -> frozenset[str]:
    """The traits of ours a volume should have.

    :param uuid: the volume's
    :param closed: the traits that close it; see closing.py
    :param undecided: nodes the source does not list that keep what they have
    :param observed: what it has now; cached images the source does not list
        at all stay as they are
    """
    volume = layout.volumes[uuid]
    traits = {names.SHARING, names.VOLUME, *closed,
              *disk_moves.traits_of(layout.cluster.driver),
              *home_traits.traits_of(
                  layout.members[uuid]
                  | home_traits.nodes_of(observed) & undecided,
                  settings.nodes_per_home_trait
                  or home_traits.nodes_per_trait(observed))}
    if not layout.cluster.driver.has_windows_features:
        traits.add(names.OTHER_HYPERVISOR)
    if volume.guid:
        traits.add(names.disk_trait(volume.guid))
    if volume.reserve_gb:
        traits.add(names.reserve_trait(volume.reserve_gb))
    traits |= _floor(volume, observed)
    if volume.file_system in names.FILE_SYSTEM:
        traits.add(names.FILE_SYSTEM[volume.file_system])
    if volume.medium in names.MEDIUM:
        traits.add(names.MEDIUM[volume.medium])
    return frozenset(traits | _resource(volume, observed)
                     | _images(volume, observed, settings))


def _floor(volume: model.Volume, observed: frozenset[str]) -> frozenset[str]:
    """What remembers the operator's floor of this volume."""
    return names.floor_traits(
        names.floor_percent(observed) if volume.floor_percent is None
        else volume.floor_percent,
        names.floor_gb(observed) if volume.floor_gb is None
        else volume.floor_gb)


def _resource(volume: model.Volume, observed: frozenset[str]
              ) -> frozenset[str]:
    resource = names.resource_trait(volume.resource_id)
    if resource is not None:
        return frozenset((resource,))
    return frozenset(trait for trait in observed
                     if trait.startswith(names.RESOURCE_PREFIX))


def _images(volume: model.Volume, observed: frozenset[str],
            settings: Settings) -> frozenset[str]:
    if volume.cached_images is None:
        return frozenset(trait for trait in observed
                         if trait.startswith(names.IMAGE_PREFIX))
    newest = volume.cached_images[:settings.max_image_traits]
    return frozenset(names.image_trait(image) for image in newest)
