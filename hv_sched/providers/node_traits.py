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

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator

import os_traits

from hv_sched import model
from hv_sched.features import catalogue
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import functional_level
from hv_sched.providers import reach
from hv_sched.providers import sections
from hv_sched.providers.layout import uses

_KNOWN_CPU_TRAITS = frozenset(os_traits.get_traits(names.HW_CPU_PREFIX))
NOTHING_NEW = (model.NodeState.PAUSED, model.NodeState.DRAINING)


def desired_node_traits(cluster: model.Cluster, node: model.Node,
                        observed: frozenset[str],
                        left_out: Collection[str] = (),
                        lacks_nodes: bool = False) -> frozenset[str]:
    """The traits of a node.

    :param observed: what the provider has now. What the source cannot say,
        of a node that is down for instance, stays as it is.
    :param left_out: volumes of the cluster the source does not list
    :param lacks_nodes: the cluster has nodes the source does not list
    """
    traits = {*marks(cluster, observed),
              *reach.cut_off_traits(cluster, node, observed, left_out),
              *_unlisted_cut_offs(cluster, observed)}
    paused = None if node.state is None else node.state in NOTHING_NEW
    if _said_or_kept(paused, names.PAUSED, observed):
        traits.add(names.PAUSED)
    if _said_or_kept(is_redirected(cluster, node, lacks_nodes),
                     names.REDIRECTED, observed):
        traits.add(names.REDIRECTED)
    if cluster.driver.has_windows_features:
        traits |= _of_hyperv(cluster, node, observed)
    return frozenset(traits | _cpu(node, observed))


def marks(cluster: model.Cluster, observed: Collection[str] = ()
          ) -> frozenset[str]:
    """What says that a node is one of a cluster, and its own disk closed.

    The mark of older releases is never taken off a node, nor needed where
    there is no Hyper-V.
    """
    if cluster.driver.has_windows_features:
        return frozenset((names.HYPERV, *names.CLUSTERED_MARKS))
    return frozenset((names.CSV_CLUSTERED,)) | (
        {names.CLUSTERED} & frozenset(observed))


def _of_hyperv(cluster: model.Cluster, node: model.Node,
               observed: frozenset[str]) -> frozenset[str]:
    return functional_level.level_traits(cluster, observed).union(
        _build(node, observed), _features(cluster, node, observed))


def _features(cluster: model.Cluster, node: model.Node,
              observed: frozenset[str]) -> Iterator[str]:
    bound = functional_level.bound(cluster, observed)
    for feature in catalogue.ON_NODE:
        answer = functional_level.answer(feature, node, bound)
        if _said_or_kept(answer, feature.trait, observed):
            yield feature.trait
        ha_trait = catalogue.ha_trait(feature)
        if feature.survivable and _said_or_kept(
                survives(cluster, node, feature, bound), ha_trait, observed):
            yield ha_trait


def _unlisted_cut_offs(cluster: model.Cluster, observed: frozenset[str]
                       ) -> Iterable[str]:
    """What of reach stays because not every volume is described now."""
    is_whole = not sections.is_unusable(
        cluster, model.Section.VOLUMES) and not any(
        item.kind is model.ItemKind.VOLUME for item in cluster.set_aside
    ) and all(volume.guid for volume in cluster.volumes)
    described = {names.cut_off_trait(ids.volume_uuid(
        cluster.guid, volume.guid))
        for volume in cluster.volumes if volume.guid}
    return () if is_whole else (
        trait for trait in observed - described
        if trait.startswith(names.CUT_OFF_PREFIX))


def _said_or_kept(answer: bool | None, trait: str,
                  observed: frozenset[str]) -> bool:
    return trait in observed if answer is None else answer


def is_redirected(cluster: model.Cluster, node: model.Node,
                  lacks_nodes: bool = False) -> bool | None:
    """Whether it reaches a volume it uses by way of another node.

    ReFS on Storage Spaces Direct is redirected on every node, always, and
    healthy: that is how it works and no reason to go elsewhere. A node of
    which nothing is reported may reach the volume directly, though.

    :returns: None when the source does not say
    """
    volumes = [volume for volume in cluster.volumes
               if uses(cluster, node, volume)]
    if any(node.name in (volume.redirected_nodes or ())
           and not _redirected_by_design(cluster, volume)
           for volume in volumes):
        return True
    is_home_described = any(node.home == volume.guid
                            for volume in cluster.volumes)
    lacks_nodes |= any(item.kind is model.ItemKind.NODE
                       for item in cluster.set_aside)
    silent = any(volume.redirected_nodes is None
                 or 'redirected_nodes' in volume.incomplete_lists
                 or node.name in (volume.silent_nodes or ())
                 or lacks_nodes and node.name in volume.redirected_nodes
                 for volume in volumes)
    return None if silent or not (volumes or is_home_described) else False


def _redirected_by_design(cluster: model.Cluster, volume: model.Volume
                          ) -> bool:
    redirected = {*(volume.redirected_nodes or ()),
                  *(volume.cut_off_nodes or ()),
                  *(node.name for node in cluster.nodes
                    if node.state is model.NodeState.DOWN)}
    return volume.file_system == 'refs' and all(
        node.name in redirected for node in cluster.nodes)


def _build(node: model.Node, observed: frozenset[str]) -> Iterable[str]:
    if node.build is not None:
        return (names.build_trait(node.build),)
    return (trait for trait in observed
            if trait.startswith(names.BUILD_PREFIX))


def survives(cluster: model.Cluster, node: model.Node,
             feature: catalogue.Feature, bound: int | None = None
             ) -> bool | None:
    """Whether a server with this feature would start again after a failover.

    True when there is another possible owner and all of them, the node among
    them, have the feature; None when that hangs on a node the source cannot
    speak for.

    :param bound: the build whose features the nodes may claim at most
    """
    owners = possible_owners(cluster, node)
    if not owners and not cluster.set_aside:
        return False
    answers = [functional_level.answer(feature, owner, bound)
               for owner in (node, *owners)]
    if any(item.kind is not model.ItemKind.VM and not item.is_nobodys
           for item in cluster.set_aside):
        answers.append(None)  # who is an owner, nobody can say
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
