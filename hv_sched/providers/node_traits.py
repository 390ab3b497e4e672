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

"""All traits of ours a compute node's provider should have. Pure.

Except the one that remembers its former allocation_ratio, which hangs on
what Placement holds.
"""

from collections.abc import Iterable

import os_traits

from hv_sched import model
from hv_sched.features import catalogue
from hv_sched.placement import names
from hv_sched.providers.layout import uses

_KNOWN_CPU_TRAITS = frozenset(os_traits.get_traits(names.HW_CPU_PREFIX))
_NOTHING_NEW = (model.NodeState.PAUSED, model.NodeState.DRAINING)


def desired_node_traits(cluster: model.Cluster, node: model.Node,
                        observed: frozenset[str]) -> frozenset[str]:
    """The traits of a node.

    :param observed: what the provider has now. What the source cannot say,
        of a node that is down for instance, stays as it is.
    """
    traits = {names.HYPERV, names.CLUSTERED}
    if node.state in _NOTHING_NEW:
        traits.add(names.PAUSED)
    if _is_redirected(cluster, node):
        traits.add(names.REDIRECTED)
    traits.update(_build(node, observed))
    for feature in catalogue.ON_NODE:
        if _said_or_kept(feature.rule(node), feature.trait, observed):
            traits.add(feature.trait)
        ha_trait = catalogue.ha_trait(feature)
        if feature.survivable and _said_or_kept(
                survives(cluster, node, feature), ha_trait, observed):
            traits.add(ha_trait)
    return frozenset(traits | _cpu(node, observed))


def _said_or_kept(answer: bool | None, trait: str,
                  observed: frozenset[str]) -> bool:
    return trait in observed if answer is None else answer


def _is_redirected(cluster: model.Cluster, node: model.Node) -> bool:
    return any(node.name in (volume.redirected_nodes or ())
               for volume in cluster.volumes
               if uses(cluster, node, volume))


def _build(node: model.Node, observed: frozenset[str]) -> Iterable[str]:
    if node.build is not None:
        return (names.build_trait(node.build),)
    return (trait for trait in observed
            if trait.startswith(names.BUILD_PREFIX))


def survives(cluster: model.Cluster, node: model.Node,
             feature: catalogue.Feature) -> bool | None:
    """Whether a server with this feature would start again after a failover.

    True when the node and every other possible owner have the feature, None
    when that hangs on a node the source cannot speak for.
    """
    answers = [feature.rule(owner)
               for owner in (node, *possible_owners(cluster, node))]
    if False in answers:
        return False
    return None if None in answers else True


def possible_owners(cluster: model.Cluster, node: model.Node
                    ) -> tuple[model.Node, ...]:
    """The other nodes a server of this node may be restarted on.

    Those that reach the volumes the node uses and run the same build or a
    newer one (Microsoft: "Cluster Operating System Rolling Upgrade"). A node
    that is down or paused counts: it comes back.
    """
    cut_off = {name for volume in cluster.volumes
               if uses(cluster, node, volume)
               for name in volume.cut_off_nodes or ()}
    return tuple(
        owner for owner in cluster.nodes
        if owner.name != node.name and owner.name not in cut_off
        and (owner.build is None or node.build is None
             or owner.build >= node.build))


def _cpu(node: model.Node, observed: frozenset[str]) -> frozenset[str]:
    """HW_CPU_X86_*, unless somebody else already takes care of them.

    CUSTOM_HYPERV_CPU_MANAGED marks the providers whose CPU traits are ours:
    without it, those that are there are the virt driver's or an operator's.
    """
    present = frozenset(trait for trait in observed
                        if trait.startswith(names.HW_CPU_PREFIX))
    managed = names.CPU_MANAGED in observed
    if present and not managed:
        return frozenset()
    if node.cpu_features is None:
        return present | ({names.CPU_MANAGED} if managed else frozenset())
    desired = frozenset(names.HW_CPU_PREFIX + feature.upper()
                        for feature in node.cpu_features) & _KNOWN_CPU_TRAITS
    return desired | {names.CPU_MANAGED} if desired else frozenset()
