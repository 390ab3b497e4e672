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

"""The quick look equals the full look, over many random worlds.

The same with a real Placement, and its requests counted, stands in
``tests/functional/test_quick_look.py``.
"""

import dataclasses
import datetime
import uuid

import hypothesis
from hypothesis import strategies as st
import pytest

from hv_sched.placement import disk_ratio
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import changes
from hv_sched.providers import reconcile
from hv_sched.providers.layout import layout_of
from tests import both_looks
from tests import source_edits
from tests.unit.providers import world as worlds

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
NODES = {name: str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
         for name in source_edits.NODES}
TRAITS = ('CUSTOM_GOLD', names.NO_NEW_DISKS, names.PAUSED, names.SHARING,
          names.VOLUME, names.CLUSTERED, names.REDIRECTED,
          'STORAGE_DISK_SSD', 'HW_CPU_X86_AVX', names.CPU_MANAGED,
          'CUSTOM_HYPERV_GEN2', names.OVERCOMMITTED_PREFIX + '1_0',
          *(reason.trait for reason in names.Closed))


def reconciler(world, settings=source_edits.SETTINGS):
    made = reconcile.Reconciler(None, settings, clock=lambda: NOW)
    made._observer = worlds.Observer(world, settings)
    return made


def sync(world, by, facts, full=True):
    plan, _observed = by.plan(facts, full)
    world.apply(plan)


class ForeignWriter:
    """:ivar touched: the providers written to"""

    def __init__(self, world, data):
        self._world = world
        self._draw = data.draw
        self.touched = set()

    def write(self):
        """One facet of one provider, by somebody else."""
        target = self._draw(st.sampled_from(sorted(self._world.providers)))
        provider = self._world.providers[target]
        kind = self._draw(st.sampled_from((
            self._inventory, self._inventory, self._classes, self._traits,
            self._trait_set, self._aggregates, self._usage, self._escrow)))
        kind(target, provider)
        self.touched.add(target)

    def _inventory(self, target, provider):
        if not provider.inventories:
            return
        rc = self._draw(st.sampled_from(sorted(provider.inventories)))
        field, values = self._draw(st.sampled_from((
            ('total', (400, 496, 508, 600)), ('reserved', (0, 4, 8, 16)),
            ('allocation_ratio', (0.5, 1.0, 1.5, 0.984)),
            ('max_unit', (1, 7, 500)), ('step_size', (1, 2)))))
        self._world.write(target, inventories={
            **provider.inventories, rc: dataclasses.replace(
                provider.inventories[rc],
                **{field: self._draw(st.sampled_from(values))})})

    def _classes(self, target, provider):
        unused = sorted(rc for rc in provider.inventories
                        if not provider.used(rc))
        rc = self._draw(st.sampled_from((*unused, 'SRIOV_NET_VF')))
        after = dict(provider.inventories)
        if after.pop(rc, None) is None:
            after[rc] = Inventory(3)
        self._world.write(target, inventories=after)

    def _traits(self, target, provider):
        trait = self._draw(st.sampled_from(sorted(
            {*TRAITS, *provider.traits} - {names.COMPUTE_NODE})))
        if trait == names.VOLUME and target in NODES.values():
            return  # listed: nobody asks whether a node bears it
        self._world.write(target, traits=provider.traits ^ {trait})

    def _trait_set(self, target, provider):
        self._world.write(target, traits=frozenset(
            {'CUSTOM_GOLD'} | {names.COMPUTE_NODE} & provider.traits))

    def _aggregates(self, target, provider):
        aggregate = self._draw(st.sampled_from(sorted({
            *provider.aggregates, str(uuid.UUID(int=7)),
            ids.cluster_aggregate(source_edits.CLUSTER_GUID)})))
        self._world.write(target, raises=self._draw(st.booleans()),
                          aggregates=provider.aggregates ^ {aggregate})

    def _usage(self, target, provider):
        """Shares come, which raises the generation, or go."""
        used = provider.used(names.DISK_GB)
        disk = provider.inventories.get(names.DISK_GB)
        after = self._draw(st.sampled_from((0, 1, 30, 100, 300)))
        if disk is None or used < after > disk.capacity or (
                target in NODES.values()):
            return
        self._world.write(target, raises=after > used, usages={
            **provider.usages, names.DISK_GB: after})

    def _escrow(self, target, provider):
        if names.HELD_DISK_GB in provider.inventories:
            self._world.providers[target] = worlds.escrow(
                provider, str(uuid.UUID(int=9)), 5)


def edited(before, after):
    """The providers an edit of the source is about."""
    former, now = (layout_of(cluster, NODES) for cluster in (before, after))
    return {uuid for kind in ('nodes', 'volumes')
            for uuid in (*getattr(former, kind), *getattr(now, kind))
            if getattr(former, kind).get(uuid) != getattr(now, kind).get(uuid)
            } | (now.volumes.keys() if before.vms != after.vms else set())


@pytest.mark.parametrize('is_agent', [False, True],
                         ids=['a command', 'the agent'])
@hypothesis.settings(max_examples=100, deadline=None, derandomize=True)
@hypothesis.given(data=st.data())
def test_what_the_full_look_changes_the_quick_look_changes(is_agent, data):
    """And it reads nothing that no edit was about."""
    world = worlds.World()
    for name, node in NODES.items():
        world.register(node, name)
    cluster, = source_edits.facts().clusters
    agent = reconciler(world)
    for _ in range(data.draw(st.integers(1, 3), label='syncs')):
        sync(world, agent, source_edits.facts_of(cluster))
        cluster = data.draw(source_edits.source_edit(cluster))
    sync(world, agent, source_edits.facts_of(cluster))
    before = plans(world, reconciler(world), cluster)
    writer = ForeignWriter(world, data)
    for _ in range(data.draw(st.integers(0, 3), label='foreign writes')):
        writer.write()
    touched = set(writer.touched)
    for _ in range(data.draw(st.integers(0, 2), label='edits')):
        former = cluster
        cluster = data.draw(source_edits.source_edit(cluster))
        touched |= edited(former, cluster)
    settings = data.draw(source_edits.settings_edit(), label='settings')
    if settings != source_edits.SETTINGS:
        touched |= layout_of(cluster, NODES).volumes.keys()
    quick = (agent if is_agent and settings == source_edits.SETTINGS
             else reconciler(world, settings))
    both, read = plans(world, quick, cluster, settings)
    both.assert_equal()
    may_read = both.changed | touched | before[0].changed | before[1]
    may_read |= set(map(worlds.child_of, may_read))
    if quick is agent and cluster.vms is not None:
        # Its own write raised their generation; shares are read after any.
        may_read |= layout_of(cluster, NODES).volumes.keys()
    assert read <= may_read


def plans(world, quick, cluster, settings=source_edits.SETTINGS):
    """Both looks, and what the quick one read."""
    facts = source_edits.facts_of(cluster)
    full, observed = reconciler(world, settings).plan(facts, full=True)
    quick._observer.read_uuids.clear()
    plan, _observed = quick.plan(facts, full=False)
    return both_looks.BothLooks(
        full, plan, observed.providers, facts, NODES, settings), set(
            quick._observer.read_uuids)


def published():
    """A world, and an agent that read and published all of it."""
    world = worlds.World()
    for name, node in NODES.items():
        world.register(node, name)
    agent = reconciler(world)
    facts = source_edits.facts()
    for _ in range(2):
        sync(world, agent, facts)
    return world, agent, facts


@pytest.mark.parametrize('is_agent', [False, True])
def test_a_node_that_somebody_opened_is_closed(is_agent):
    world, agent, facts = published()
    node = NODES['hv02']
    disk = world.providers[node].inventories[names.DISK_GB]
    world.write(node, inventories={
        **world.providers[node].inventories,
        names.DISK_GB: dataclasses.replace(disk, allocation_ratio=1.0)})
    looking = agent if is_agent else reconciler(world)
    plan, _observed = looking.plan(facts, full=False)
    closing, = (change for change in plan.changes if change.uuid == node)
    assert (closing.uuid, closing.step) == (node, changes.Step.CLOSE_NODE)


def test_escrow_that_went_opens_what_it_had_overcommitted():
    """An allocation that is deleted raises no generation."""
    world, agent, facts = published()
    volume = sorted(layout_of(facts.clusters[0], NODES).volumes)[0]
    world.providers[volume] = worlds.escrow(
        world.providers[volume], str(uuid.UUID(int=9)), 507)
    world.write(volume, traits=world.providers[volume].traits | {
        names.NO_NEW_DISKS, names.Closed.OVERCOMMITTED.trait,
        disk_ratio.overcommit_trait(1.0)})
    sync(world, agent, facts)
    assert names.NO_NEW_DISKS in world.providers[volume].traits
    agent.plan(facts, full=True)
    world.write(volume, raises=False, escrows=(), usages={
        **world.providers[volume].usages, names.HELD_DISK_GB: 0})
    sync(world, agent, facts, full=False)
    assert names.NO_NEW_DISKS not in world.providers[volume].traits


def test_escrow_of_which_nobody_knows_whose_it_is_has_its_volume_read():
    """Only its owner's type tells whether it covers what is used."""
    world, _agent, facts = published()
    volume = sorted(layout_of(facts.clusters[0], NODES).volumes)[0]
    world.providers[volume] = worlds.escrow(
        world.providers[volume], str(uuid.UUID(int=9)), 50)
    command = reconciler(world)
    command.plan(facts, full=False)
    assert command._observer.read_uuids == {volume}
