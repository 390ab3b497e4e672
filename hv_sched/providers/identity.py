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

"""Which cluster a volume or node stands under in Placement. Pure.

Ours is known by what is derived from GUIDs: a volume's provider uuid, its
home aggregate, the aggregate of a cluster's nodes, and the trait that names
the disk. A name is only for people: two clusters may bear the same one, and
one cluster another one tomorrow.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched import windows_names
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import Overview
from hv_sched.providers.layout import Layout
from hv_sched.providers.settings import Allow


@dataclasses.dataclass(frozen=True)
class Identity:
    """What stands in Placement beside what the source describes.

    :param departing: by the GUID of its cluster, the volumes that stand
        under it and that the source does not list
    :param strangers: volumes of clusters the source does not describe
    :param claims: by the uuid of a node or volume of the source, the name
        of the volume of another cluster it stands under
    :param disks: by volume, the GUID of its disk, where its traits name it
    :param replaced: strangers that give way to the source's volumes
    :param kept: by the GUID of its cluster, the volumes that stand under it
        and that a source with a partial list may know
    :param in_use: by volume of the source, the name of the volume of another
        cluster that is the same disk and that servers hold shares of
    """

    departing: Mapping[str, frozenset[str]]
    strangers: frozenset[str]
    claims: Mapping[str, str]
    disks: Mapping[str, str]
    replaced: frozenset[str] = frozenset()
    in_use: Mapping[str, str] = dataclasses.field(default_factory=dict)
    kept: Mapping[str, frozenset[str]] = dataclasses.field(
        default_factory=dict)

    def of_cluster(self, guid: str) -> frozenset[str]:
        """The volumes of a cluster that the source does not list."""
        return self.departing.get(guid, frozenset())

    def kept_of(self, guid: str) -> frozenset[str]:
        """The volumes of a cluster that stay because the list is partial."""
        return self.kept.get(guid, frozenset())


def identify(layouts: Iterable[Layout], overview: Overview, allow: Allow
             ) -> Identity:
    """Lay the volumes of Placement over those of the source."""
    layouts = tuple(layouts)
    described = frozenset(
        uuid for layout in layouts
        for uuid in (*layout.volumes, *layout.set_aside))
    departing: dict[str, set[str]] = {}
    strangers: set[str] = set()
    for uuid in our_volumes(overview) - described:
        guid = _cluster_of(uuid, layouts, overview)
        if guid is None:
            strangers.add(uuid)
        else:
            departing.setdefault(guid, set()).add(uuid)
    partial = {layout.cluster.guid for layout in layouts
               if not layout.is_volume_list_whole}
    kept = {guid: frozenset(departing.pop(guid))
            for guid in partial & departing.keys()}
    replaced = _replaced(strangers, layouts, overview, allow)
    strangers -= replaced.keys()
    for uuid, guid in replaced.items():
        departing.setdefault(guid, set()).add(uuid)
    return Identity(
        {guid: frozenset(uuids) for guid, uuids in departing.items()},
        frozenset(strangers), _claims(strangers, layouts, overview),
        {uuid: disk for uuid in overview.volumes
         if (disk := _disk_guid(uuid, overview))}, frozenset(replaced),
        _in_use(layouts, departing, overview), kept)


def _in_use(layouts: Iterable[Layout], departing: Mapping[str, Iterable[str]],
            overview: Overview) -> dict[str, str]:
    """Disks that go to another cluster of the source, with shares on them."""
    return {
        uuid: overview.listed[former].name
        for guid, leaving in departing.items()
        for layout in layouts if layout.cluster.guid != guid
        for uuid, volume in layout.volumes.items()
        if volume.guid
        and (former := ids.volume_uuid(guid, volume.guid)) in leaving
        and _is_used(former, overview)}


def our_volumes(overview: Overview) -> frozenset[str]:
    """Every volume: it has our trait, or stands in its home aggregate."""
    return frozenset(overview.volumes) | frozenset(
        uuid for uuid in overview.listed
        if uuid in overview.members.get(ids.home_aggregate(uuid), ()))


def users(uuid: str, overview: Overview) -> frozenset[str]:
    """The nodes that stand in a volume's home aggregate."""
    return overview.compute_nodes & overview.members.get(
        ids.home_aggregate(uuid), frozenset())


def _cluster_of(uuid: str, layouts: Iterable[Layout], overview: Overview
                ) -> str | None:
    """The GUID of the cluster a volume stands under, if it is described.

    The disk's trait proves it. A volume of an older release has none: it is
    its users' cluster's; one that nobody uses is nobody's to lose.
    """
    disk = _disk_guid(uuid, overview)
    nodes = users(uuid, overview)
    for layout in layouts:
        members = overview.members.get(layout.cluster_aggregate, frozenset())
        if disk is not None:
            if ids.volume_uuid(layout.cluster.guid, disk) == uuid:
                return layout.cluster.guid
        elif nodes & members or not nodes and _bears_name(
                uuid, layout, overview):
            return layout.cluster.guid
    return None


def _disk_guid(uuid: str, overview: Overview) -> str | None:
    summary = overview.volumes.get(uuid)
    return names.disk_of(summary.traits) if summary else None


def _bears_name(uuid: str, layout: Layout, overview: Overview) -> bool:
    cluster = names.cluster_of(overview.listed[uuid].name)
    return windows_names.key(cluster) == windows_names.key(
        layout.cluster.name)


def _replaced(strangers: Iterable[str], layouts: Iterable[Layout],
              overview: Overview, allow: Allow
              ) -> dict[str, str]:
    """Unused strangers that give way to a cluster, as an operator said.

    :returns: by their uuids, the GUID of the cluster
    """
    return {uuid: layout.cluster.guid for uuid in strangers
            if allow.covers('replace', overview.listed[uuid].name)
            and not _is_used(uuid, overview)
            for layout in layouts if _meets(uuid, layout, overview)}


def _is_used(uuid: str, overview: Overview) -> bool:
    summary = overview.volumes.get(uuid)
    return summary is not None and bool(summary.used_gb or summary.held_gb)


def _meets(uuid: str, layout: Layout, overview: Overview) -> bool:
    """Whether a stranger and a cluster share a node, a disk or the name."""
    disk = _disk_guid(uuid, overview)
    return bool(users(uuid, overview) & layout.nodes.keys()
                or any(volume.guid == disk
                       for volume in layout.volumes.values())
                or _bears_name(uuid, layout, overview))


def _claims(strangers: Iterable[str], layouts: Iterable[Layout],
            overview: Overview) -> dict[str, str]:
    """Nodes and volumes of the source that strangers stand for already."""
    claims: dict[str, str] = {}
    for stranger in sorted(strangers):
        name = overview.listed[stranger].name
        disk = _disk_guid(stranger, overview)
        for layout in layouts:
            claims.update(
                (uuid, name) for uuid in layout.nodes
                if uuid in users(stranger, overview))
            claims.update(
                (uuid, name) for uuid, volume in layout.volumes.items()
                if volume.guid == disk)
            if _bears_name(stranger, layout, overview):
                claims.update((uuid, name) for uuid in _new(layout, overview))
    return claims


def _new(layout: Layout, overview: Overview) -> frozenset[str]:
    """What of a cluster does not stand under it yet."""
    members = overview.members.get(layout.cluster_aggregate, frozenset())
    return frozenset(layout.nodes.keys() - members) | frozenset(
        layout.volumes.keys() - overview.listed.keys())
