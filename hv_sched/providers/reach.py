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

"""Which nodes reach which volumes, as far as anybody says.

A node's trait says that it does not reach a volume. Where the source says
nothing of it, what stands in Placement goes on.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
import dataclasses

from hv_sched import model
from hv_sched.placement import ids
from hv_sched.placement import names


def with_standing(cluster: model.Cluster, uuids: Mapping[str, str],
                  node_traits: Mapping[str, AbstractSet[str]]
                  ) -> model.Cluster:
    """The cluster; where it does not say who is cut off, who is now.

    :param uuids: provider uuid by node name, for nodes Nova knows
    :param node_traits: our traits by the uuid of the node that has them
    """
    def standing(volume: model.Volume) -> model.Volume:
        trait = _trait(cluster, volume)
        if trait is None or not (
                _may_lack_nodes(volume) or volume.silent_nodes):
            return volume
        return dataclasses.replace(volume, cut_off_nodes=tuple(
            node.name for node in cluster.nodes if is_cut_off(node, volume)
            or _may_be_cut_off(node, volume)
            and trait in node_traits.get(uuids.get(node.name, ''), ())))
    return dataclasses.replace(
        cluster, volumes=tuple(map(standing, cluster.volumes)))


def is_cut_off(node: model.Node, volume: model.Volume) -> bool:
    """Whether the source says that a node does not reach a volume."""
    return node.name in (volume.cut_off_nodes or ())


def cut_off_traits(cluster: model.Cluster, node: model.Node,
                   observed: Iterable[str],
                   left_out: Collection[str] = ()) -> frozenset[str]:
    """The traits of a node that name the volumes it does not reach.

    :param observed: what the provider has now
    :param left_out: volumes of the cluster, by provider uuid, of which the
        source says nothing and that stay
    """
    told: set[str] = set()
    kept = set(map(names.cut_off_trait, left_out))
    for volume in cluster.volumes:
        trait = _trait(cluster, volume)
        if trait is None:
            continue  # which volume it is, only its provider says
        if is_cut_off(node, volume):
            told.add(trait)
        elif _may_be_cut_off(node, volume):
            kept.add(trait)
    return frozenset(told | kept.intersection(observed))


def _may_be_cut_off(node: model.Node, volume: model.Volume) -> bool:
    """Whether this node, which is not reported as cut off, may be it."""
    return _may_lack_nodes(volume) or node.name in (
        volume.silent_nodes or ())


def _may_lack_nodes(volume: model.Volume) -> bool:
    """Whether a node that is not reported as cut off may be it even so."""
    return (volume.cut_off_nodes is None
            or 'cut_off_nodes' in volume.incomplete_lists)


def _trait(cluster: model.Cluster, volume: model.Volume) -> str | None:
    if volume.guid is None:
        return None
    return names.cut_off_trait(ids.volume_uuid(cluster.guid, volume.guid))
