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

"""Which providers the bulk overview gives reason to read in full. Pure.

Steady state costs the overview alone. Each provider is sketched from its
summary, and the planner plans with the sketches: a provider it would write to
is read in full, and planned again. So there is one set of rules, and nothing
is written but from what was read.

A volume is sketched only where its capacity is what a new one would get, or
where its inventories were read before at the same generation: from a capacity
alone a volume that grew cannot be told from one of which less is
reserved.

What the summaries do not contain waits for a full look:

* ``min_unit``, ``max_unit`` and ``step_size`` of an inventory;
* ``total``, ``reserved`` and ``allocation_ratio`` that are not right one by
  one, but come to the capacity a new volume or RemoteFX child would get;
* whose share of a volume is how large, where the source lists VMs and the
  volume was not read before: a VM's provisioned size stands in for its share.
  One that was read before is read again when its generation or usage changed;
* a node's own disk that was opened and takes no disk of 1 GB: it is full
  already, or its ``min_unit`` or ``step_size`` is larger;
* CUSTOM_HYPERV_CSV on a compute node.

A write that raises no generation (aggregates at a microversion before 1.19)
waits for a full look, too, in a process that has looked before; a deleted
allocation does not, as usages are read each time.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched import model
from hv_sched.placement import disk_ratio
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import Provider
from hv_sched.placement.observed import VolumeSummary
from hv_sched.providers import changes
from hv_sched.providers import freshness
from hv_sched.providers import plan_frozen
from hv_sched.providers import plan_node
from hv_sched.providers import plan_volume_space
from hv_sched.providers import reserved_space
from hv_sched.providers import scope as scoping
from hv_sched.providers.changes import Widening
from hv_sched.providers.freshness import Moment
from hv_sched.providers.layout import Layout
from hv_sched.providers.plan import Plan
from hv_sched.providers.scope import Scope
from hv_sched.providers.settings import Settings

_OPEN = Inventory(1)
_CLOSED = Inventory(1, allocation_ratio=disk_ratio.closed_ratio(1))


@dataclasses.dataclass(frozen=True)
class Sketches:
    """Providers as far as the overview contains them.

    :param providers: sketches by uuid
    :param in_doubt: uuids of those of which no sketch can be made
    """

    providers: Mapping[str, Provider]
    in_doubt: frozenset[str]


class Sketcher:
    """Makes providers of the summaries of one overview.

    :param memory: volumes as they were last read in full
    """

    def __init__(self, scope: Scope, overview: Overview, settings: Settings,
                 memory: Mapping[str, Provider]) -> None:
        self._scope = scope
        self._overview = overview
        self._settings = settings
        self._memory = memory

    def sketches(self, moment: Moment) -> Sketches:
        """Of everything that may be changed at a moment."""
        sketches: dict[str, Provider | None] = {}
        for layout in self._scope.planned:
            if not freshness.unlikely(layout.cluster, moment):
                is_stale = freshness.is_stale(
                    layout.cluster, moment, self._settings)
                sketches.update(self._volumes(layout, is_stale))
                sketches.update(self._nodes(layout))
        sketches.update((uuid, self._marked(uuid)) for uuid in (
            plan_frozen.to_close(self._scope, self._overview, moment,
                                 self._settings)))
        return Sketches(
            {uuid: sketch for uuid, sketch in sketches.items() if sketch},
            frozenset(uuid for uuid, sketch in sketches.items()
                      if sketch is None))

    def _volumes(self, layout: Layout, is_stale: bool
                 ) -> Iterable[tuple[str, Provider | None]]:
        for uuid in layout.volumes.keys() & self._overview.listed.keys():
            # Old facts close a volume; its size has no part in that.
            yield uuid, (self._marked(uuid) if is_stale
                         else self._volume(layout, uuid))
        identity, guid = self._scope.identity, layout.cluster.guid
        for uuid in (*identity.of_cluster(guid), *identity.kept_of(guid),
                     *layout.aside(model.ItemKind.VOLUME)):
            yield uuid, self._marked(uuid)

    def _volume(self, layout: Layout, uuid: str) -> Provider | None:
        """A volume the source lists."""
        marked = self._marked(uuid)
        if marked is None:
            return None
        summary = self._overview.volumes[uuid]
        remembered = self._memory.get(uuid)
        if remembered is not None and _is_unchanged(remembered, marked):
            return dataclasses.replace(
                remembered, name=marked.name, traits=marked.traits,
                aggregates=marked.aggregates)
        if remembered is not None and layout.cluster.vms is not None:
            # A share may have gone and its files not: only shares tell.
            return None
        # Escrow is a server's share or a move's: only its owner tells.
        return None if summary.held_gb else self._as_new(
            layout, marked, summary)

    def _as_new(self, layout: Layout, marked: Provider,
                summary: VolumeSummary) -> Provider | None:
        """One with the inventories a new volume would get."""
        if layout.volumes[marked.uuid].size_bytes is None:
            return None  # it keeps a size that no summary tells
        disk = plan_volume_space.disk_inventory(layout, marked, self._settings)
        held = reserved_space.held_inventory()
        if (summary.capacity_gb, summary.held_capacity_gb) != (
                disk.capacity, held.capacity):
            return None
        return dataclasses.replace(marked, inventories={
            names.DISK_GB: disk, names.HELD_DISK_GB: held})

    def _marked(self, uuid: str) -> Provider | None:
        """A volume without its inventories."""
        summary = self._overview.volumes.get(uuid)
        if summary is None:
            return None
        return self._provider(uuid, summary.traits, {
            names.DISK_GB: summary.used_gb,
            names.HELD_DISK_GB: summary.held_gb})

    def _nodes(self, layout: Layout
               ) -> Iterable[tuple[str, Provider | None]]:
        for uuid in layout.nodes:
            sketch = self._node(uuid)
            yield uuid, sketch
            if ids.remotefx_uuid(uuid) in self._overview.listed:
                yield ids.remotefx_uuid(uuid), self._child(layout, sketch)
        for uuid in (*scoping.unlisted_nodes(
                layout, self._scope, self._overview),
                *layout.aside(model.ItemKind.NODE)):
            yield uuid, self._node(uuid)

    def _node(self, uuid: str) -> Provider:
        disk = _OPEN if uuid in self._overview.open_nodes else _CLOSED
        return dataclasses.replace(
            self._provider(uuid, self._overview.node_traits.get(
                uuid, frozenset()), {}), inventories={names.DISK_GB: disk})

    def _child(self, layout: Layout, node: Provider) -> Provider:
        """A node's RemoteFX adapters; empty when no summary shows them."""
        uuid = ids.remotefx_uuid(node.uuid)
        summary = self._overview.gpus.get(uuid)
        if summary is None:
            return self._provider(uuid, frozenset(), {})
        child = self._provider(uuid, summary.traits, summary.usages)
        new = _inventories(plan_node.plan_child(layout, node, child)[0])
        return dataclasses.replace(child, inventories={
            rc: new[rc] if rc in new and new[rc].capacity == capacity
            else Inventory(capacity)
            for rc, capacity in summary.capacities.items()})

    def _provider(self, uuid: str, traits: frozenset[str],
                  usages: Mapping[str, int]) -> Provider:
        listed = self._overview.listed[uuid]
        return Provider(
            uuid, listed.name, listed.generation, {}, usages, traits,
            self._overview.memberships.get(uuid, frozenset()),
            listed.parent_uuid)


def _inventories(planned: Iterable[changes.Change]
                 ) -> Mapping[str, Inventory]:
    """Those that changes write."""
    return next((change.after for change in planned
                 if isinstance(change, changes.SetInventories)), {})


def _is_unchanged(remembered: Provider, sketch: Provider) -> bool:
    """Whether nobody changed inventories or shares since it was read.

    An allocation that is deleted raises no generation.
    """
    return remembered.generation == sketch.generation and all(
        remembered.used(rc) == used for rc, used in sketch.usages.items())


def unread(plan: Plan, scope: Scope, sketches: Mapping[str, Provider]
           ) -> frozenset[str]:
    """The sketched providers a plan may not be applied without reading.

    Those it would write to; and the nodes of a volume it would publish,
    whose own disks must not hold servers.
    """
    written = {change.uuid for change in plan.changes}
    published = {change.uuid for change in plan.changes
                 if Widening.PUBLISH in change.granted}
    users = {uuid for layout in scope.planned
             for volume in published & layout.volumes.keys()
             for uuid in layout.members[volume]}
    return frozenset((written | users) & sketches.keys())
