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

"""One cluster of the source as the planners see it. Pure.

What the source says, what stands in Placement, and what an operator decided;
and from these the evidence the gate asks for.
"""

from collections.abc import Mapping
import dataclasses
import functools

from hv_sched import model
from hv_sched import windows_names
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import disk_ratio
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import Observed
from hv_sched.providers import changes
from hv_sched.providers import identity
from hv_sched.providers import scope as scoping
from hv_sched.providers import sections
from hv_sched.providers import sizes
from hv_sched.providers.gate import Evidence
from hv_sched.providers.layout import Layout
from hv_sched.providers.scope import Scope
from hv_sched.providers.settings import Settings


@dataclasses.dataclass(frozen=True)
class PlanningContext:
    """:param refused: nodes of the source that are left alone, and why
    :param blocked: nodes that still hold shares of their own disk
    :param is_stale: whether what is said of the volumes is too old; None
        when nobody says how old it is
    """

    layout: Layout
    scope: Scope
    observed: Observed
    settings: Settings
    refused: Mapping[str, str] = dataclasses.field(default_factory=dict)
    blocked: frozenset[str] = frozenset()
    is_stale: bool | None = False

    @property
    def name(self) -> str:
        return self.layout.cluster.name

    @property
    def departing_nodes(self) -> frozenset[str]:
        return scoping.departing_nodes(
            self.layout, self.scope, self.observed.overview)

    @property
    def departing_volumes(self) -> frozenset[str]:
        """The cluster's volumes in Placement that the source leaves out."""
        return self.scope.identity.of_cluster(self.layout.cluster.guid)

    @property
    def home_aggregates(self) -> frozenset[str]:
        """Of every volume of the cluster, those left out, too."""
        return frozenset(map(ids.home_aggregate, (
            *self.layout.volumes, *self.departing_volumes)))

    @functools.cached_property
    def without_refused(self) -> 'PlanningContext':
        """The same without the nodes that are left alone."""
        nodes = {uuid: node for uuid, node in self.layout.nodes.items()
                 if uuid not in self.refused}
        members = {uuid: users - self.refused.keys()
                   for uuid, users in self.layout.members.items()}
        return dataclasses.replace(self, layout=dataclasses.replace(
            self.layout, nodes=nodes, members=members))

    def notice(self, subject: str, kind: Kind, message: str, code: str
               ) -> Notice:
        return Notice(self.name, subject, kind, message, code)

    def evidence(self, change: changes.Change) -> Evidence:
        """What speaks for a change of this cluster."""
        if change.uuid in self.layout.volumes:
            return self.volume_evidence(change.uuid)
        if change.uuid in self.departing_nodes:
            return self.departing_evidence(change.uuid)
        if change.uuid in self.departing_volumes:
            return self.withdrawal_evidence(change.uuid)
        return Evidence(
            is_told=self._is_told(model.Section.NODES),
            identity_clear=change.uuid not in self.refused,
            disks_closed=change.uuid not in self.blocked, size_agrees=True,
            # The node itself shows that there is no RemoteFX any more.
            is_allowed=change.uuid in self._gpus)

    def _is_told(self, section: model.Section) -> bool:
        return not sections.is_unusable(self.layout.cluster, section)

    @functools.cached_property
    def _gpus(self) -> frozenset[str]:
        return frozenset(map(ids.remotefx_uuid, self.layout.nodes))

    def volume_evidence(self, uuid: str) -> Evidence:
        """For a volume the source lists."""
        provider = self.observed.providers.get(uuid)
        return Evidence(
            is_told=self._is_told(model.Section.VOLUMES),
            disks_closed=not self.layout.members[uuid] & self.blocked,
            identity_clear=not self._is_contested(uuid),
            size_agrees=self.size_vote(uuid) is True,
            is_allowed=self.settings.csv_allocation_ratio is not None,
            is_closed=provider is not None and bool(
                disk_ratio.overcommit_traits(provider.traits)))

    def _is_contested(self, uuid: str) -> bool:
        """Whether a volume, or a node of it, is another cluster's too."""
        listed = next(layout for layout in self.scope.layouts
                      if layout.cluster is self.layout.cluster)
        return bool(self.scope.identity.claims.keys() & {
            uuid, *listed.members[uuid]})

    def used_stranger(self, node: str) -> str:
        """The volume a node uses of a cluster nobody describes; its name.

        Empty when there is none.
        """
        overview = self.observed.overview
        return min((overview.listed[volume].name
                    for volume in self.scope.identity.strangers
                    if node in identity.users(volume, overview)), default='')

    def departing_evidence(self, uuid: str) -> Evidence:
        """For opening a node that the source no longer lists."""
        is_allowed = self.settings.allow.covers(
            'open', self.observed.overview.listed[uuid].name)
        return Evidence(
            is_told=is_allowed, is_allowed=is_allowed,
            held_gb=self.observed.node_held_gb(uuid))

    def withdrawal_evidence(self, uuid: str) -> Evidence:
        """For withdrawing a volume that the source no longer lists."""
        kind = 'replace' if self.is_replaced(uuid) else 'withdraw'
        return Evidence(
            is_allowed=self.settings.allow.covers(
                kind, self.observed.overview.listed[uuid].name),
            held_gb=self._held_gb(uuid))

    def _held_gb(self, uuid: str) -> int:
        """Everything anybody holds of a volume, escrow of moves, too."""
        provider = self.observed.providers.get(uuid)
        if provider is not None:
            return provider.used(names.DISK_GB) + provider.used(
                names.HELD_DISK_GB)
        summary = self.observed.overview.volumes.get(uuid)
        return summary.used_gb + summary.held_gb if summary else 0

    def is_replaced(self, uuid: str) -> bool:
        """Whether the source gives a volume's place to another disk."""
        return uuid in self.scope.identity.replaced or (
            windows_names.key(self.observed.overview.listed[uuid].name) in {
                windows_names.key(self.layout.volume_name(volume))
                for volume in self.layout.volumes})

    def size_vote(self, uuid: str) -> bool | None:
        """Whether a new or larger size agrees with what the nodes report.

        A node reports the disk its ``instances_path`` is on. One that is cut
        off, in maintenance or down does not vote; None when nobody does. A
        new volume needs nobody's word, but is not published against it, nor
        against what such nodes said last.
        """
        volume_gb = self.layout.volumes[uuid].total_gb
        is_allowed = self.settings.allow.covers(
            'size', self.layout.volume_name(uuid))
        is_new = self._is_new(uuid)
        if volume_gb is None or is_allowed or not (
                is_new or self._grows(uuid)) or (
                self.layout.cluster.placement_chooses_volume):
            return True
        for nodes in sizes.witnesses(self.layout, uuid, is_new):
            votes = [sizes.confirms(
                self.layout, uuid, self.observed.reported_gb[node])
                for node in nodes if node in self.observed.reported_gb]
            if votes:
                return any(votes)
        return is_new or None

    def is_unpublishable(self, node: str) -> bool:
        """Whether a node's new volumes have no size, or one nodes contradict,
        or are not known at all.

        Its own disk stays as it is until one of them is published.
        """
        homes = [uuid for uuid, members in self.layout.members.items()
                 if node in members]
        if not homes:
            return not self.layout.is_volume_list_whole
        return all(
            self._is_new(uuid)
            and (self.layout.volumes[uuid].total_gb is None
                 or self._is_contested(uuid)
                 or self.size_vote(uuid) is False) for uuid in homes)

    def _is_new(self, uuid: str) -> bool:
        return sizes.is_new(
            uuid, self.observed.providers, self.observed.overview)

    def _grows(self, uuid: str) -> bool:
        provider = self.observed.providers.get(uuid)
        disk = provider.inventories.get(names.DISK_GB) if provider else None
        total_gb = self.layout.volumes[uuid].total_gb
        return (disk is not None and total_gb is not None
                and total_gb > disk.total)

    def users(self, uuid: str) -> frozenset[str]:
        """The members a volume's home aggregate has now."""
        return self.observed.overview.members.get(
            ids.home_aggregate(uuid), frozenset())
