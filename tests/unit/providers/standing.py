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

"""What stands in an imagined Placement, with names and shares."""

import dataclasses

from doc import imagined_placement
from hv_sched.placement import names
from hv_sched.providers import changes


class Standing(imagined_placement.ImaginedPlacement):
    """A Placement that also has names, and tells whose the shares are."""

    known_names = frozenset()

    def apply(self, change):
        if isinstance(change, changes.EnsureTrait):
            self.known_names |= {change.name}
        elif isinstance(change, changes.DeleteTrait) and not any(
                change.name in provider.traits
                for provider in self.providers.values()):
            self.known_names -= {change.name}
        super().apply(change)

    def overview(self):
        overview = super().overview()
        return dataclasses.replace(
            overview, known_traits=overview.known_traits | self.known_names)

    def claim(self, volume, consumer, gb):
        self._share(volume, {consumer: gb})

    def _share(self, uuid, more, gone=()):
        provider = self.providers[uuid]
        shares = {consumer: gb for consumer, gb in {
            **(provider.shares_gb or {}), **more}.items()
            if consumer not in gone}
        self.providers[uuid] = dataclasses.replace(
            provider, shares_gb=shares, usages={
                **provider.usages, names.DISK_GB: sum(shares.values())})

    def admit(self, uuid, rc, amount):
        """As if it had been possible to ask for so much at once."""
        provider = self.providers[uuid]
        self.providers[uuid] = dataclasses.replace(
            provider, inventories={**provider.inventories, rc: (
                dataclasses.replace(
                    provider.inventories[rc], max_unit=amount))})

    def release(self, volume, consumer):
        self._share(volume, {}, (consumer,))

    def use(self, uuid, amounts):
        """Allocations of other classes, negative for what is released."""
        provider = self.providers[uuid]
        self.providers[uuid] = dataclasses.replace(
            provider, usages={**provider.usages, **{
                rc: provider.used(rc) + amount
                for rc, amount in amounts.items()}})


def permuted(facts, chooser):
    """The same said in another order."""
    def shuffled(items):
        items = list(items)
        chooser.shuffle(items)
        return tuple(items)
    return dataclasses.replace(facts, clusters=shuffled(
        dataclasses.replace(
            cluster, nodes=shuffled(cluster.nodes),
            volumes=shuffled(cluster.volumes),
            vms=None if cluster.vms is None else shuffled(cluster.vms))
        for cluster in facts.clusters))


def shown(placement):
    """What stands, but for what falls by whole steps."""
    return {provider.name: (
        provider.traits - {trait for trait in provider.traits
                           if trait.startswith(names.UNCOVERED_PREFIX)},
        provider.aggregates,
        {rc: dataclasses.replace(inventory, reserved=0)
         for rc, inventory in provider.inventories.items()})
        for provider in placement.providers.values()}


def in_order(plan):
    return sorted(plan.changes, key=lambda change: (
        change.step, change.uuid, change.name, str(change.lines)))
