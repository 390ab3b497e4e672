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

"""A Placement that is only imagined: what plans make of it, without HTTP.

The planners are the real ones. For pages that show what they do, and for
tests that ask them thousands of times.
"""

from collections.abc import Iterable
import copy
import dataclasses
import datetime
import uuid as uuids

import os_traits

from hv_sched import model
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import ownership
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import Provider
from hv_sched.placement.observed import VolumeSummary
from hv_sched.providers import changes as change_types
from hv_sched.providers import freshness
from hv_sched.providers import plan as planning
from hv_sched.providers import plan_frozen
from hv_sched.providers import scope as scoping
from hv_sched.providers import sections
from hv_sched.providers.settings import Settings

_STANDARD = frozenset(os_traits.get_traits())
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def node_uuid(name: str) -> str:
    """The provider uuid of a node."""
    return str(uuids.uuid5(uuids.NAMESPACE_DNS, name))


class ImaginedPlacement:
    """Compute nodes as Nova reports them, and what plans write about them.

    :ivar providers: by uuid
    """

    def __init__(self, nodes: Iterable[str], disk_gb: int = 500,
                 settings: Settings | None = None) -> None:
        self.settings = settings or Settings(workers=1)
        self.providers = {
            node_uuid(name): Provider(
                node_uuid(name), name, 0,
                {names.DISK_GB: Inventory(disk_gb, max_unit=disk_gb)}, {},
                frozenset((names.COMPUTE_NODE,)), frozenset())
            for name in nodes}
        self._usable: dict[str, datetime.datetime] = {}

    def copy(self) -> 'ImaginedPlacement':
        """Another one in which the same stands."""
        made = copy.copy(self)
        made.providers = dict(self.providers)
        made._usable = dict(self._usable)
        return made

    def plan(self, facts: model.Facts, now: datetime.datetime = NOW
             ) -> planning.Plan:
        """What a sync of these facts would do at a time."""
        moment = freshness.Moment(now, usable=self._usable)
        self._usable = freshness.usable(facts, moment)
        moment = dataclasses.replace(moment, usable=self._usable)
        believed = dataclasses.replace(facts, clusters=tuple(
            sections.believed(cluster, moment, self.settings)
            for cluster in facts.clusters))
        overview = self.overview()
        scope = scoping.scope_of(believed, overview, self.settings.allow)
        concerned = scoping.providers_to_read(scope, overview)
        concerned |= plan_frozen.to_close(
            scope, overview, moment, self.settings)
        return planning.make(facts, scope, Observed(
            overview, {uuid: self.providers[uuid] for uuid in concerned},
            reported_gb={
                uuid: provider.inventories[names.DISK_GB].total
                for uuid, provider in self.providers.items()
                if names.COMPUTE_NODE in provider.traits},
        ), self.settings, moment)

    def sync(self, facts: model.Facts, now: datetime.datetime = NOW
             ) -> planning.Plan:
        """Plan, and write it."""
        plan = self.plan(facts, now)
        for change in plan.changes:
            self.apply(change)
        return plan

    def allocate(self, uuid: str, disk_gb: int) -> None:
        """A server's share."""
        provider = self.providers[uuid]
        self.providers[uuid] = dataclasses.replace(
            provider, usages={**provider.usages, names.DISK_GB:
                              provider.used(names.DISK_GB) + disk_gb})

    def overview(self) -> Overview:
        """What the bulk requests of a pass would contain."""
        nodes = frozenset(
            uuid for uuid, provider in self.providers.items()
            if names.COMPUTE_NODE in provider.traits)
        in_use = frozenset(trait for provider in self.providers.values()
                           for trait in provider.traits)
        return Overview(
            listed={uuid: Listed(uuid, provider.name, 0, provider.parent_uuid)
                    for uuid, provider in self.providers.items()},
            compute_nodes=nodes,
            node_traits={uuid: ownership.node_traits(
                self.providers[uuid].traits) for uuid in nodes},
            members=self._members(), volumes=self._summaries(),
            open_nodes=frozenset(
                uuid for uuid in nodes
                if self.providers[uuid].inventories[names.DISK_GB].capacity),
            known_traits=in_use | _STANDARD,
            known_classes=frozenset((names.DISK_GB, names.HELD_DISK_GB)),
            traits_in_use=in_use)

    def _members(self) -> dict[str, frozenset[str]]:
        members: dict[str, set[str]] = {}
        for uuid, provider in self.providers.items():
            for aggregate in provider.aggregates:
                members.setdefault(aggregate, set()).add(uuid)
        return {aggregate: frozenset(belonging)
                for aggregate, belonging in members.items()}

    def _summaries(self) -> dict[str, VolumeSummary]:
        return {uuid: VolumeSummary(
            provider.inventories[names.DISK_GB].capacity,
            provider.used(names.DISK_GB), provider.traits)
            for uuid, provider in self.providers.items()
            if names.VOLUME in provider.traits}

    def apply(self, change: change_types.Change) -> None:
        """Write one change."""
        before = self.providers.get(change.uuid)
        if isinstance(change, change_types.CreateProvider):
            self.providers[change.uuid] = Provider(
                change.uuid, change.name, 0, {}, {}, frozenset(), frozenset(),
                change.parent_uuid)
        elif isinstance(change, change_types.DeleteProvider):
            del self.providers[change.uuid]
        elif before is not None:
            self.providers[change.uuid] = _changed(before, change)


def _changed(provider: Provider, change: change_types.Change) -> Provider:
    if isinstance(change, change_types.SetInventories):
        return dataclasses.replace(provider, inventories=change.after)
    if isinstance(change, change_types.SetTraits):
        return dataclasses.replace(provider, traits=change.after)
    if isinstance(change, change_types.SetAggregates):
        return dataclasses.replace(provider, aggregates=change.after)
    if isinstance(change, change_types.RenameProvider):
        return dataclasses.replace(provider, name=change.new_name)
    return provider


def volume_uuid(cluster: model.Cluster, number: int = 0) -> str:
    """The provider uuid of a volume of a cluster, by its place."""
    guid = cluster.volumes[number].guid
    assert guid is not None
    return ids.volume_uuid(cluster.guid, guid)
