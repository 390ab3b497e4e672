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

"""What Placement should say about a cluster, from the source alone.

Anything that also depends on what Placement holds now (ratios, reserved,
what is in use) is decided in plan.py.
"""

from collections.abc import Mapping
import dataclasses

from hv_sched import model
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import reach
from hv_sched.providers.settings import Settings


@dataclasses.dataclass(frozen=True)
class Layout:
    """Who belongs where in one cluster.

    :param nodes: the nodes Nova knows, by provider uuid
    :param volumes: all volumes, by provider uuid
    :param members: by volume, the nodes that use it
    """

    cluster: model.Cluster
    nodes: Mapping[str, model.Node]
    volumes: Mapping[str, model.Volume]
    members: Mapping[str, frozenset[str]]

    @property
    def cluster_aggregate(self) -> str:
        return ids.cluster_aggregate(self.cluster.guid)

    def node_aggregates(self, uuid: str) -> frozenset[str]:
        """The aggregates of ours a node should be in."""
        homes = (ids.home_aggregate(volume)
                 for volume, members in self.members.items()
                 if uuid in members)
        return frozenset((self.cluster_aggregate, *homes))

    def volume_name(self, uuid: str) -> str:
        return names.volume_provider_name(
            self.cluster.name, self.volumes[uuid].name)

    @property
    def labels(self) -> dict[str, str]:
        """What each of the cluster's aggregates is, for people."""
        labels = {self.cluster_aggregate: f'nodes of {self.cluster.name}'}
        for uuid in self.volumes:
            labels[ids.home_aggregate(uuid)] = (
                f'users of {self.volume_name(uuid)}')
        return labels


def layout_of(cluster: model.Cluster, uuids: Mapping[str, str],
              traits: Mapping[str, frozenset[str]] | None = None) -> Layout:
    """The layout of a cluster.

    :param uuids: provider uuid by node name, for nodes Nova knows
    :param traits: ours, by the uuid of the node that has them now
    """
    cluster = reach.with_standing(cluster, uuids, traits or {})
    nodes = {uuids[node.name]: node for node in cluster.nodes
             if node.name in uuids}
    volumes = {ids.volume_uuid(cluster.guid, volume.guid): volume
               for volume in cluster.volumes
               if volume.guid and volume.size_bytes is not None}
    members = {
        uuid: frozenset(node_uuid for node_uuid, node in nodes.items()
                        if uses(cluster, node, volume))
        for uuid, volume in volumes.items()}
    return Layout(cluster, nodes, volumes, members)


def uses(cluster: model.Cluster, node: model.Node,
         volume: model.Volume) -> bool:
    """Whether a node's servers get their disk from a volume.

    compute-hyperv writes to one ``instances_path``, so a node has one home
    volume, whatever else it could reach. A node that is cut off from the
    volume does not use it for the time being.
    """
    if reach.is_cut_off(node, volume):
        return False
    if cluster.placement_chooses_volume or len(cluster.volumes) == 1:
        return True
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
              *map(names.home_trait, layout.members[uuid]),
              *(observed & set(map(names.home_trait, undecided)))}
    if volume.guid:
        traits.add(names.disk_trait(volume.guid))
    if volume.file_system in names.FILE_SYSTEM:
        traits.add(names.FILE_SYSTEM[volume.file_system])
    if volume.medium in names.MEDIUM:
        traits.add(names.MEDIUM[volume.medium])
    return frozenset(traits | _images(volume, observed, settings))


def _images(volume: model.Volume, observed: frozenset[str],
            settings: Settings) -> frozenset[str]:
    if volume.cached_images is None:
        return frozenset(trait for trait in observed
                         if trait.startswith(names.IMAGE_PREFIX))
    newest = volume.cached_images[:settings.max_image_traits]
    return frozenset(names.image_trait(image) for image in newest)
