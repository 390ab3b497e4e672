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

"""The full look and the quick look at one cloud, to be compared."""

from collections.abc import Iterable
from collections.abc import Mapping

from hv_sched import model
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers import plan_volume_space
from hv_sched.providers.changes import Widening
from hv_sched.providers.layout import Layout
from hv_sched.providers.layout import layout_of
from hv_sched.providers.plan import Plan
from hv_sched.providers.settings import Settings


class BothLooks:
    """Their plans, and what no summary could have told the quick one.

    :param providers: everything, as the full look read it
    :param nodes: provider uuids by name
    """

    def __init__(self, full: Plan, quick: Plan,
                 providers: Mapping[str, Provider], facts: model.Facts,
                 nodes: Mapping[str, str], settings: Settings) -> None:
        self._full = full
        self._quick = quick
        self._providers = providers
        self._settings = settings
        self._layouts = [layout_of(cluster, nodes)
                         for cluster in facts.clusters]

    def assert_equal(self) -> None:
        """What one writes the other writes, but for what is listed."""
        full, quick = _lines(self._full.changes), _lines(self._quick.changes)
        assert quick <= full, ('only in the quick look', quick - full)
        omitted = full - quick - _lines(
            change for change in self._full.changes
            if not change.uuid or self._is_listed(change))
        assert not omitted, ('omitted', omitted)

    @property
    def changed(self) -> set[str]:
        """The providers the full look would change, or must be sure of."""
        published = {change.uuid for change in self._full.changes
                     if Widening.PUBLISH in change.granted}
        return {change.uuid for change in self._full.changes} | {
            node for layout in self._layouts
            for volume in published & layout.volumes.keys()
            for node in layout.members[volume]}

    def _is_listed(self, change: changes.Change) -> bool:
        """What no summary tells, each by its name."""
        return self._opened_without_room(change) or isinstance(
            change, changes.SetInventories) and (
            self._same_capacities(change)
            or self._capacity_of_new(change)
            or self._shares_by_consumer(change))

    def _opened_without_room(self, change: changes.Change) -> bool:
        """A node's own disk that was opened, and takes no disk of 1 GB."""
        node = self._providers.get(change.uuid)
        disk = node and node.inventories.get(names.DISK_GB)
        return (node is not None and disk is not None
                and names.COMPUTE_NODE in node.traits and disk.capacity >= 1
                and (disk.capacity <= node.used(names.DISK_GB)
                     or max(disk.min_unit, disk.step_size) > 1))

    @staticmethod
    def _same_capacities(change: changes.SetInventories) -> bool:
        """min_unit, max_unit, step_size; and total, reserved and
        allocation_ratio that come to the same."""
        return change.before.keys() == change.after.keys() and all(
            change.before[rc].capacity == change.after[rc].capacity
            for rc in change.after)

    def _capacity_of_new(self, change: changes.SetInventories) -> bool:
        """total, reserved and allocation_ratio that come to the capacity a
        new volume would get."""
        layout = self._layout_of(change.uuid)
        before = change.before.get(names.DISK_GB)
        held = change.before.get(names.HELD_DISK_GB)
        return (layout is not None and before is not None
                and held is not None
                and held.capacity == names.HELD_TOTAL_GB
                and before.capacity == self._new(
                    layout, change.uuid).capacity)

    def _shares_by_consumer(self, change: changes.SetInventories) -> bool:
        """Whose share is how large, where a source lists VMs."""
        layout = self._layout_of(change.uuid)
        return layout is not None and bool(layout.cluster.vms)

    def _layout_of(self, volume: str) -> Layout | None:
        return next((layout for layout in self._layouts
                     if volume in layout.volumes), None)

    def _new(self, layout: Layout, uuid: str) -> Inventory:
        before = self._providers[uuid]
        return plan_volume_space.disk_inventory(layout, Provider(
            uuid, before.name, 0, {}, before.usages, before.traits,
            before.aggregates, escrows=before.escrows), self._settings)


def _lines(planned: Iterable[changes.Change]) -> set[tuple[object, ...]]:
    return {(type(change).__name__, change.uuid, change.name, *change.lines)
            for change in planned}
