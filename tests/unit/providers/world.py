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

"""Placement as values: what the planners are given, without any request.

``overview`` tells what ``placement.bulk_read`` would make of it.
"""

from collections.abc import Callable
import dataclasses

from hv_sched import features
from hv_sched import model
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import owed
from hv_sched.placement import ownership
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import GpuSummary
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import Provider
from hv_sched.placement.observed import VolumeSummary
from hv_sched.providers import changes
from hv_sched.providers import drift
from hv_sched.providers import observe
from hv_sched.providers import scope as scoping
from hv_sched.providers import sections
from hv_sched.providers.freshness import Moment
from hv_sched.providers.plan import Plan
from hv_sched.providers.scope import Scope
from hv_sched.providers.settings import Settings


class World:
    """:ivar providers: all there is, by uuid"""

    def __init__(self) -> None:
        self.providers: dict[str, Provider] = {}

    def register(self, uuid: str, name: str) -> None:
        """A compute node, as nova-compute reports it."""
        self.providers[uuid] = Provider(
            uuid, name, 0, {
                'VCPU': Inventory(64, allocation_ratio=4.0),
                names.DISK_GB: Inventory(500, max_unit=500)}, {},
            frozenset((names.COMPUTE_NODE, 'HW_CPU_X86_VMX')), frozenset(),
            escrows=())

    def write(self, uuid: str, raises: bool = True, **fields: object) -> None:
        """Some facets of one provider.

        :param raises: its generation
        """
        provider = self.providers[uuid]
        self.providers[uuid] = dataclasses.replace(
            provider, generation=provider.generation + raises,
            **fields)  # type: ignore[arg-type]

    def apply(self, plan: Plan) -> None:
        """What ``providers.apply`` would write."""
        for change in sorted(plan.changes, key=lambda change: change.step):
            self._apply(change)

    def _apply(self, change: changes.Change) -> None:
        if isinstance(change, changes.CreateProvider):
            self.providers[change.uuid] = Provider(
                change.uuid, change.name, 0, {}, {}, frozenset(),
                frozenset(), change.parent_uuid, escrows=())
        elif isinstance(change, changes.DeleteProvider):
            del self.providers[change.uuid]
        elif isinstance(change, changes.RenameProvider):
            self.write(change.uuid, name=change.new_name)
        elif isinstance(change, changes.SetInventories):
            self.write(change.uuid, inventories=change.after)
        elif isinstance(change, changes.SetTraits):
            self.write(change.uuid, traits=change.after)
        elif isinstance(change, changes.SetAggregates):
            self.write(change.uuid, aggregates=change.after)

    # -- what the bulk requests tell

    def overview(self, facts: model.Facts) -> Overview:
        everything = self.providers.values()
        listed = {p.uuid: Listed(p.uuid, p.name, p.generation, p.parent_uuid)
                  for p in everything}
        in_use = frozenset(trait for p in everything for trait in p.traits)
        nodes = frozenset(p.uuid for p in everything
                          if names.COMPUTE_NODE in p.traits)
        return Overview(
            listed, nodes, {uuid: self._node_traits(uuid, in_use)
                            for uuid in nodes},
            {aggregate: frozenset(
                p.uuid for p in everything if aggregate in p.aggregates)
             for aggregate in scoping.our_aggregates(
                 facts.clusters, listed.values())},
            {p.uuid: _volume_summary(p) for p in everything
             if names.VOLUME in p.traits and _room(p, names.HELD_DISK_GB)},
            frozenset(p.uuid for p in everything if _room(p, names.DISK_GB)
                      and names.CLUSTERED in p.traits),
            in_use, frozenset((names.HELD_DISK_GB,)), in_use,
            {p.uuid: _gpu_summary(p) for p in everything
             if features.REMOTEFX.trait in in_use
             and _room(p, names.REMOTEFX_ADAPTER)
             and names.REMOTEFX_VRAM_MB in p.inventories})

    def _node_traits(self, uuid: str, in_use: frozenset[str]
                     ) -> frozenset[str]:
        owned = {trait for trait in self.providers[uuid].traits
                 if ownership.node_trait(trait, cpu_managed=True)
                 and not trait.startswith(names.FORMER_RATIO_PREFIX)
                 and trait != names.VOLUME}
        cpu = {trait for trait in owned
               if trait.startswith(names.HW_CPU_PREFIX)}
        if cpu and names.CPU_MANAGED not in in_use:
            owned = owned - cpu | {min(
                trait for trait in in_use
                if trait.startswith(names.HW_CPU_PREFIX))}
        return frozenset(owned)


def _room(provider: Provider, rc: str) -> bool:
    inventory = provider.inventories.get(rc)
    return (inventory is not None and inventory.min_unit <= 1
            and inventory.step_size == 1
            and inventory.capacity > provider.used(rc))


def _volume_summary(provider: Provider) -> VolumeSummary:
    disk = provider.inventories.get(names.DISK_GB)
    held = provider.inventories[names.HELD_DISK_GB]
    return VolumeSummary(
        disk and disk.capacity, provider.used(names.DISK_GB),
        provider.traits, provider.used(names.HELD_DISK_GB), held.capacity)


def _gpu_summary(provider: Provider) -> GpuSummary:
    return GpuSummary(
        {rc: inventory.capacity
         for rc, inventory in provider.inventories.items()},
        {rc: provider.used(rc) for rc in provider.inventories},
        provider.traits)


class Observer:
    """An observer of a world, in place of one of Placement.

    :ivar read_uuids: the providers that were read in full
    """

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self._memory: dict[str, Provider] = {}
        self.read_uuids: set[str] = set()

    def overview(self, facts: model.Facts, moment: Callable[[], Moment],
                 full: bool = True) -> tuple[Scope, Overview]:
        overview = self._world.overview(facts)
        now = moment()
        believed = dataclasses.replace(facts, clusters=tuple(
            sections.believed(cluster, now, self._settings)
            for cluster in facts.clusters))
        return scoping.scope_of(believed, overview), overview

    def sketches(self, scope: Scope, overview: Overview, moment: Moment
                 ) -> drift.Sketches:
        return drift.Sketcher(scope, overview, self._settings,
                              self._memory).sketches(moment)

    def read(self, scope: Scope, overview: Overview,
             uuids: frozenset[str]) -> Observed:
        return self.read_more(scope, Observed(overview, {}), uuids)

    def read_more(self, scope: Scope, observed: Observed,
                  uuids: frozenset[str]) -> Observed:
        self.read_uuids |= uuids
        providers = {uuid: self._world.providers[uuid] for uuid in uuids
                     if uuid in self._world.providers}
        self._memory |= providers
        providers = {**observed.providers, **providers}
        return dataclasses.replace(observed, providers=providers, reported_gb={
            node: 500 for layout, uuid in observe.growing(
                scope, providers, observed.overview)
            for node in layout.members[uuid]})


def escrow(provider: Provider, consumer: str, held_gb: int) -> Provider:
    """The provider with more escrow on it."""
    return dataclasses.replace(
        provider, generation=provider.generation + 1,
        usages={**provider.usages, names.HELD_DISK_GB: provider.used(
            names.HELD_DISK_GB) + held_gb},
        escrows=(*(provider.escrows or ()), owed.Escrow(consumer, held_gb)))


def child_of(uuid: str) -> str:
    """The uuid of a node's RemoteFX adapters."""
    return ids.remotefx_uuid(uuid)
