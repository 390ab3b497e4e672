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

"""A published cloud, and random writes of somebody else to its Placement."""

from collections.abc import Callable
import dataclasses
import uuid

from hypothesis import strategies as st

from hv_sched import exception
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from tests import source_edits
from tests.functional import base
from tests.functional import cloud as clouds


def published(placement: base.Placement) -> clouds.Cloud:
    """That source, published, with servers."""
    cloud = clouds.Cloud(placement)
    cloud.register(*source_edits.NODES)
    for _ in range(2):
        cloud.sync(source_edits.facts())
    for host, size_gb in (('hv01', 100), ('hv02', 30)):
        cloud.create(size_gb, host)
    cloud.sync(source_edits.facts())
    return cloud


class ForeignWriter:
    """Somebody else who writes to the same Placement.

    :ivar touched: the providers written to
    """

    def __init__(self, cloud: clouds.Cloud) -> None:
        self._cloud = cloud
        self._api = cloud.api
        self.touched: set[str] = set()

    @property
    def _ours(self) -> list[str]:
        """Volumes, nodes and the child, in a fixed order."""
        return sorted(p.uuid for p in self._api.list_providers())

    def write(self, data: st.DataObject) -> None:
        """One random write; one that Placement refuses is none."""
        kind = data.draw(st.sampled_from(_WRITES), label='write')
        target = data.draw(st.sampled_from(self._ours), label='provider')
        try:
            kind(self, data, target)
        except exception.PlacementError:
            return
        self.touched.add(target)

    def _volume(self, target: str) -> bool:
        return names.HELD_DISK_GB in self._api.inventories(target)[1]

    def inventory(self, data: st.DataObject, target: str) -> None:
        """One field of one class."""
        generation, inventories = self._api.inventories(target)
        rc = data.draw(st.sampled_from(sorted(inventories)))
        field, values = data.draw(st.sampled_from((
            ('total', (400, 496, 508, 600)), ('reserved', (0, 4, 8, 16)),
            ('allocation_ratio', (0.5, 1.0, 1.5, 0.984)),
            ('max_unit', (1, 7, 500)), ('min_unit', (1, 2)),
            ('step_size', (1, 2)))))
        value = data.draw(st.sampled_from(values))
        self._api.set_inventories(target, generation, {
            **inventories, rc: dataclasses.replace(
                inventories[rc], **{field: value})})

    def classes(self, data: st.DataObject, target: str) -> None:
        """A class gone, or one of somebody's own."""
        generation, inventories = self._api.inventories(target)
        rc = data.draw(st.sampled_from((*sorted(inventories), 'SRIOV_NET_VF')))
        if rc in inventories:
            del inventories[rc]
        else:
            inventories[rc] = Inventory(3)
        self._api.set_inventories(target, generation, inventories)

    def trait(self, data: st.DataObject, target: str) -> None:
        """One trait more or less."""
        generation, traits = self._api.traits(target)
        trait = data.draw(st.sampled_from(sorted({
            *traits, 'CUSTOM_GOLD', names.NO_NEW_DISKS, names.PAUSED,
            'STORAGE_DISK_SSD', 'HW_CPU_X86_AVX', names.CPU_MANAGED,
            *(reason.trait for reason in names.Closed),
            names.OVERCOMMITTED_PREFIX + '1_0'})))
        self._api.ensure_trait(trait)
        self._api.set_traits(target, generation, traits ^ {trait})

    def trait_set(self, data: st.DataObject, target: str) -> None:
        """``openstack resource provider trait set``: the others go."""
        self._api.ensure_trait('CUSTOM_GOLD')
        generation, traits = self._api.traits(target)
        kept = {'CUSTOM_GOLD', names.COMPUTE_NODE} & {*traits, 'CUSTOM_GOLD'}
        self._api.set_traits(target, generation, frozenset(kept))

    def aggregates(self, data: st.DataObject, target: str) -> None:
        """Out of an aggregate or into one, with or without a generation."""
        generation, aggregates = self._api.aggregates(target)
        aggregate = data.draw(st.sampled_from(sorted({
            *aggregates, ids.cluster_aggregate(clouds.CLUSTER_GUID),
            ids.home_aggregate(clouds.VOLUME), str(uuid.UUID(int=7))})))
        after = sorted(aggregates ^ {aggregate})
        if data.draw(st.booleans()):
            self._api.set_aggregates(target, generation, frozenset(after))
        else:
            self._cloud.admin.put(
                f'/resource_providers/{target}/aggregates', json=after,
                microversion='1.1')

    def server(self, data: st.DataObject, target: str) -> None:
        """A new server, on whichever node has room."""
        candidates = self._cloud.candidates(data.draw(
            st.sampled_from((1, 8, 300))))
        if candidates:
            place = data.draw(st.integers(0, len(candidates) - 1))
            allocations = candidates[place]['allocations']
            self._cloud.allocate(str(data.draw(st.uuids(version=4))),
                                 allocations)
            self.touched |= set(allocations)

    def escrow(self, data: st.DataObject, target: str) -> None:
        """Escrow of nobody knows whom."""
        if self._volume(target):
            self._cloud.allocate(
                str(data.draw(st.uuids(version=4))),
                {target: {'resources': {names.HELD_DISK_GB: 5}}})

    def end(self, data: st.DataObject, target: str) -> None:
        """Everybody leaves a provider; that raises no generation."""
        for consumer in self._api.allocations_on(target):
            self._cloud.admin.delete(f'/allocations/{consumer}')

    def reopen(self, data: st.DataObject, target: str) -> None:
        """A nova-compute whose nova.conf sets disk_allocation_ratio."""
        generation, inventories = self._api.inventories(target)
        if names.DISK_GB in inventories and not self._volume(target):
            self._api.set_inventories(target, generation, {
                **inventories, names.DISK_GB: dataclasses.replace(
                    inventories[names.DISK_GB], allocation_ratio=1.0)})

    def rename(self, data: st.DataObject, target: str) -> None:
        if self._volume(target):
            self._api.rename_provider(target, 'csv:hvc1/By hand')

    def delete(self, data: st.DataObject, target: str) -> None:
        """Of a volume or child; Placement refuses while it is used."""
        if target not in self._cloud.nodes.values():
            self._api.delete_provider(target)


_WRITES: tuple[Callable[..., None], ...] = (
    ForeignWriter.inventory, ForeignWriter.inventory, ForeignWriter.classes,
    ForeignWriter.trait, ForeignWriter.trait, ForeignWriter.trait_set,
    ForeignWriter.aggregates, ForeignWriter.server, ForeignWriter.server,
    ForeignWriter.escrow, ForeignWriter.end, ForeignWriter.reopen,
    ForeignWriter.rename, ForeignWriter.delete)
