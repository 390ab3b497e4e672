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

"""The clusters as Placement alone tells them, in few requests."""

from collections.abc import Collection
from collections.abc import Iterable
import dataclasses

from hv_sched.audit.context import NodeVolumes
from hv_sched.compute.servers import NovaRecords
from hv_sched.parallel import in_parallel
from hv_sched.placement import disk_moves
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.client import Placement


@dataclasses.dataclass(frozen=True)
class ClusterProviders:
    """Volumes by uuid with their provider's name, and nodes by uuid.

    Clusters that a node belongs to both of are one here.

    :param move_traits: of volumes, what says what a move does with a disk
    """

    volumes: dict[str, str]
    nodes: dict[str, NodeVolumes]
    move_traits: dict[str, frozenset[str]] = dataclasses.field(
        default_factory=dict)


def read(client: Placement, workers: int) -> list[ClusterProviders]:
    """All clusters, in (volumes) + 3 requests.

    One more for each trait that says what moves do with disks.

    A node that is cut off from its home has none; it is found by the other
    aggregates it shares, at two requests each.

    :raises PlacementError: when Placement cannot be read
    """
    in_use = client.all_traits(associated=True)
    volumes = _owners(client, names.VOLUME, in_use)
    marked = names.clustered_query(in_use)
    nodes = {listed.uuid: listed.name for listed in client.list_providers(
        required=marked)} if marked else {}
    listed = sorted(volumes)
    members = dict(zip(listed, in_parallel(
        workers, lambda volume: _members(
            client, ids.home_aggregate(volume)), listed), strict=True))
    strays = sorted(nodes.keys() - set().union(*members.values()))
    homes = dict(zip(strays, in_parallel(
        workers, lambda node: client.aggregates(node)[1], strays),
        strict=True))
    for volume, users in members.items():
        # What a node says of itself, where it was left out of an answer.
        users |= {node for node, aggregates in homes.items()
                  if ids.home_aggregate(volume) in aggregates}
    groups = _joined([
        *_by_cluster(volumes),
        *({volume, *(users & nodes.keys())}
          for volume, users in members.items()),
        *in_parallel(workers, lambda node: {
            node, *(_members_of_any(client, homes[node]) & nodes.keys())},
            strays)])
    move_traits = _move_traits(client, in_use)
    return [dataclasses.replace(cluster, move_traits={
        uuid: move_traits[uuid] for uuid in cluster.volumes
        if uuid in move_traits}) for cluster in (
            _cluster_of(group, volumes, nodes, members) for group in groups)]


def _move_traits(client: Placement, in_use: frozenset[str]
                 ) -> dict[str, frozenset[str]]:
    """By volume; no request where no volume has any."""
    owners = {trait: _owners(client, trait, in_use)
              for trait in sorted(disk_moves.DRIVER_TRAITS)}
    return {uuid: frozenset(trait for trait, on in owners.items()
                            if uuid in on)
            for uuid in frozenset[str]().union(*owners.values())}


def _owners(client: Placement, trait: str, in_use: frozenset[str]
            ) -> dict[str, str]:
    if trait not in in_use:
        return {}
    return {listed.uuid: listed.name
            for listed in client.list_providers(required=trait)}


def _members(client: Placement, aggregate: str) -> set[str]:
    return {listed.uuid
            for listed in client.list_providers(member_of=aggregate)}


def _members_of_any(client: Placement, aggregates: Collection[str]
                    ) -> set[str]:
    return _members(client, f'in:{",".join(sorted(aggregates))}'
                    ) if aggregates else set()


def _cluster(volume_name: str) -> str:
    return volume_name.partition('/')[0]


def _by_cluster(volumes: dict[str, str]) -> Iterable[set[str]]:
    clusters: dict[str, set[str]] = {}
    for uuid, name in volumes.items():
        clusters.setdefault(_cluster(name), set()).add(uuid)
    return clusters.values()


def _joined(groups: Iterable[set[str]]) -> list[set[str]]:
    """Groups that share a member become one."""
    group_of: dict[str, set[str]] = {}
    for group in groups:
        touching = {id(group_of[member]): group_of[member]
                    for member in group if member in group_of}
        joined = group.union(*touching.values())
        group_of.update(dict.fromkeys(joined, joined))
    return list({id(group): group for group in group_of.values()}.values())


def _cluster_of(group: set[str], volumes: dict[str, str],
                nodes: dict[str, str], members: dict[str, set[str]]
                ) -> ClusterProviders:
    mine = {uuid: volumes[uuid] for uuid in sorted(group)
            if uuid in volumes}

    def node(uuid: str) -> NodeVolumes:
        homes = frozenset(v for v in mine if uuid in members[v])
        return NodeVolumes(nodes[uuid], homes, frozenset(
            volume for volume in mine if not homes
            or _cluster(mine[volume]) in {_cluster(mine[home])
                                          for home in homes}))
    return ClusterProviders(mine, {uuid: node(uuid) for uuid in sorted(group)
                                   if uuid in nodes})


def move_traits(clusters: Iterable[ClusterProviders]
                ) -> dict[str, frozenset[str]]:
    """What says of the volumes of all clusters what moves do with disks."""
    return {uuid: traits for cluster in clusters
            for uuid, traits in cluster.move_traits.items()}


def evacuations(client: Placement, cloud: NovaRecords
                ) -> tuple[frozenset[str], frozenset[str]]:
    """Evacuated servers whose former node may come back, or may not.

    :raises PlacementError, NovaError: when they cannot be read
    """
    waiting = cloud.waiting_evacuations()
    compute_nodes = {listed.name for listed in client.list_providers(
        required=names.COMPUTE_NODE)} if waiting else frozenset()
    back = frozenset(server for server, migration in waiting.items()
                     if migration.source_node in compute_nodes)
    return back, frozenset(waiting) - back
