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

"""What a source does not say stays as it stands in Placement. Pure.

Absence is no statement: a field that is left out, or that no collector could
read, keeps what was published of it. Here such fields are filled in from
Placement, so that whoever plans sees one complete cluster. What closes a
volume is kept where it is decided, see closing.py.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import itertools

from hv_sched import model
from hv_sched import windows_names
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import Overview
from hv_sched.providers.settings import Allow


@dataclasses.dataclass(frozen=True)
class Match:
    """Which volume in Placement is meant by one without a GUID.

    :param guid: its volume GUID
    :param by: what tells so, ``resource id`` or ``name``
    """

    guid: str
    by: str


def completed(cluster: model.Cluster, uuids: Mapping[str, str],
              overview: Overview, allow: Allow, disks: Mapping[str, str]
              ) -> model.Cluster:
    """The cluster, with what stands in Placement where the source is silent.

    :param uuids: provider uuid by node name, for nodes Nova knows
    :param disks: its volumes in Placement, see ``disks_of``
    """
    disks = {guid: uuid for guid, uuid in disks.items()
             if not _is_going(overview.listed[uuid].name, allow)}
    volumes = tuple(_volume(volume, cluster, uuids, overview)
                    for volume in cluster.volumes)
    homes = {node.name: _homes(uuids[node.name], disks, overview)
             for node in cluster.nodes if node.name in uuids}
    nodes = tuple(_node(node, homes.get(node.name, frozenset()))
                  for node in cluster.nodes)
    chooses = cluster.placement_chooses_volume
    if chooses is None:
        chooses = any(len(homes.get(node.name, ())) > 1
                      for node in cluster.nodes)
    return dataclasses.replace(
        cluster, nodes=nodes, volumes=volumes,
        placement_chooses_volume=chooses,
        has_undescribed_volumes=bool(
            disks.keys() - {volume.guid for volume in volumes}))


def disks_of(cluster: model.Cluster, overview: Overview) -> dict[str, str]:
    """The volumes of a cluster in Placement: provider uuid by volume GUID."""
    return {disk: uuid for uuid, disk in overview.disks.items()
            if ids.volume_uuid(cluster.guid, disk) == uuid}


def disks_of_each(clusters: Iterable[model.Cluster], overview: Overview
                  ) -> dict[str, dict[str, str]]:
    """The same of all clusters, by their GUIDs.

    A volume's name says whose it most likely is: to try each cluster with
    each volume takes seconds at 10,000 nodes.
    """
    guids: dict[str, str] = {}
    disks: dict[str, dict[str, str]] = {}
    for cluster in clusters:
        guids[windows_names.key(cluster.name)] = cluster.guid
        disks[cluster.guid] = {}
    for uuid, disk in overview.disks.items():
        likely = guids.get(windows_names.key(overview.cluster_of(uuid)))
        for guid in itertools.chain(filter(None, (likely,)), disks):
            if ids.volume_uuid(guid, disk) == uuid:
                disks[guid][disk] = uuid
                break
    return disks


def match(volume: model.Volume | model.SetAside, cluster: model.Cluster,
          overview: Overview) -> Match | None:
    """Which volume in Placement one is that has no GUID; None: none.

    By its resource id, else by its name; never one that the source describes
    under its GUID.
    """
    described = {other.guid for other in cluster.volumes}
    disks = {guid: uuid for guid, uuid in disks_of(cluster, overview).items()
             if guid not in described}
    resource = names.resource_trait(volume.resource_id)
    for guid, uuid in sorted(disks.items()):
        if resource in overview.volumes[uuid].traits:
            return Match(guid, 'resource id')
    name = windows_names.key(names.volume_provider_name(
        cluster.name, volume.name or ''))
    for guid, uuid in sorted(disks.items()):
        if windows_names.key(overview.listed[uuid].name) == name:
            return Match(guid, 'name')
    return None


def sized(volume: model.Volume, total_gb: int) -> model.Volume:
    """The volume, with the size it has in Placement where none is stated."""
    if volume.size_bytes is not None:
        return volume
    return dataclasses.replace(
        volume, size_bytes=total_gb * model.GIB, free_bytes=None)


def _is_going(name: str, allow: Allow) -> bool:
    """Whether an operator lets a volume go: it is no node's home then."""
    return any(allow.covers(kind, name) for kind in ('withdraw', 'replace'))


def _volume(volume: model.Volume, cluster: model.Cluster,
            uuids: Mapping[str, str], overview: Overview) -> model.Volume:
    guid = volume.guid
    if guid is None:
        matched = match(volume, cluster, overview)
        if matched is None:
            return volume
        guid = matched.guid
        # What Windows calls it then is not what its folder is called.
        volume = dataclasses.replace(volume, name=_standing_name(
            overview.listed[ids.volume_uuid(cluster.guid, guid)].name,
            cluster.name) or volume.name)
    uuid = ids.volume_uuid(cluster.guid, guid)
    summary = overview.volumes.get(uuid)
    traits = summary.traits if summary else frozenset()
    reserve_gb = volume.reserve_gb
    if reserve_gb is None:
        reserve_gb = names.reserve_gb(traits)
    return dataclasses.replace(
        volume, guid=guid, reserve_gb=reserve_gb,
        file_system=volume.file_system or _file_system(traits))


def _standing_name(provider: str, cluster: str) -> str:
    """A volume's name by that of its provider; empty where it is another
    cluster's.
    """
    prefix = names.volume_provider_name(cluster, '')
    return provider.removeprefix(prefix) if provider.startswith(
        prefix) else ''


def _file_system(traits: frozenset[str]) -> str | None:
    return next((name for name, trait in names.FILE_SYSTEM.items()
                 if trait in traits), None)


def _homes(node: str, disks: Mapping[str, str], overview: Overview
           ) -> frozenset[str]:
    """The GUIDs of the volumes a node stands in the home aggregate of."""
    return frozenset(
        guid for guid, uuid in disks.items()
        if node in overview.members.get(ids.home_aggregate(uuid), ()))


def _node(node: model.Node, homes: frozenset[str]) -> model.Node:
    if node.home is not None or len(homes) != 1:
        return node
    return dataclasses.replace(node, home=min(homes))
