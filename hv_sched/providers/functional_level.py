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

"""What a cluster's functional level lets its nodes claim. Pure.

A cluster whose nodes were upgraded acts at its former level until
Update-ClusterFunctionalLevel has run: new virtual machines get the former
configuration version, and have none of what came later (Microsoft: "Cluster
operating system rolling upgrade").
"""

from collections.abc import Iterable
import dataclasses

from hv_sched import model
from hv_sched.features import catalogue
from hv_sched.features import windows_builds
from hv_sched.placement import names


def level_traits(cluster: model.Cluster, observed: Iterable[str]
                 ) -> frozenset[str]:
    """The traits that say the level; what nobody says stays.

    :param observed: the node's traits now
    """
    if cluster.functional_level is not None:
        return frozenset((names.level_trait(cluster.functional_level),))
    return frozenset(trait for trait in observed
                     if trait.startswith(names.LEVEL_PREFIX))


def bound(cluster: model.Cluster, observed: Iterable[str]) -> int | None:
    """The build whose features a node may claim at most; None: no bound.

    By the level the source states, else by the one that stands in Placement;
    where nobody ever stated one and the builds differ, by the lowest.

    :param observed: the node's traits now
    """
    level = cluster.functional_level
    if level is None:
        level = names.level_of(observed)
    if level is not None:
        return windows_builds.build_of_level(level).number
    return min(mixed_builds(cluster), default=None)


def mixed_builds(cluster: model.Cluster) -> frozenset[int]:
    """The builds of the nodes, where they are of different releases."""
    builds = frozenset(node.build for node in cluster.nodes
                       if node.build is not None)
    releases = frozenset(map(windows_builds.build_of, builds))
    return builds if len(releases) > 1 else frozenset()


def answer(feature: catalogue.Feature, node: model.Node,
           highest_build: int | None) -> bool | None:
    """Whether a node has a feature, at the level of its cluster.

    Both as what it is and as what the cluster acts as: RemoteFX is gone from
    newer builds whatever the level.
    """
    own = feature.rule(node)
    if own is False:
        return False
    limited = feature.rule(limit(node, highest_build))
    return False if limited is False else own


def limit(node: model.Node, highest_build: int | None) -> model.Node:
    """The node as its cluster acts."""
    if highest_build is None or node.build is None:
        return node
    return dataclasses.replace(node, build=min(node.build, highest_build))


def with_gpus(cluster: model.Cluster, node: model.Node,
              observed: Iterable[str]) -> model.Node:
    """The node as far as its RemoteFX adapters go.

    :param observed: its traits now
    """
    if not catalogue.REMOTEFX.rule(node):
        return node
    return limit(node, bound(cluster, observed))
