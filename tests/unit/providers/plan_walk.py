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

"""What happens to two clusters and to the agent, step by step, and the judge.

After every single write the simulated disks are the judge.
"""

import collections
import datetime
import random

from hypothesis import stateful
from hypothesis import strategies as st

from doc import imagined_placement
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import gate
from hv_sched.providers.settings import Settings
from tests.unit.providers import lying_site
from tests.unit.providers import standing
from tests.unit.providers.lying_site import LIES
from tests.unit.providers.lying_site import NODES

SETTINGS = Settings(workers=1, reserved_step_gb=1, nodes_per_home_trait=2)
DISKS = st.integers(0, 2)
CLUSTERS = st.integers(0, 1)
# What the walks of this process came to, for the long run to print.
COUNTS = collections.Counter()


class Walk(stateful.RuleBasedStateMachine):
    """What happens to two clusters and to the agent that describes them."""

    @stateful.initialize(foreign=st.tuples(*[st.integers(0, 120)] * 3))
    def start(self, foreign):
        self.site = lying_site.Site()
        for disk, foreign_gb in zip(self.site.disks, foreign, strict=True):
            disk.foreign_gb = foreign_gb
        self.placement = standing.Standing(NODES, settings=SETTINGS)
        self.now = imagined_placement.NOW
        self.past = []
        self.closed = set()
        self.servers = 0
        self.begin_agent()

    def begin_agent(self):
        """One that remembers nothing; this one never does."""

    # -- the cloud

    @stateful.rule(number=DISKS, gb=st.integers(1, 200))
    def create_server(self, number, gb):
        """On a volume that Placement offers with that much room."""
        disk = self.site.disks[number]
        if self._room_gb(disk) >= gb:
            self._place(disk, self._new_name(), gb)

    def _new_name(self):
        self.servers += 1
        return lying_site.guid('server', str(self.servers))

    def _place(self, disk, consumer, gb):
        disk.servers[consumer] = gb
        self.placement.claim(volume_uuid(disk), consumer, gb)

    @stateful.rule(number=DISKS, place=st.integers(0, 9))
    def delete_server(self, number, place):
        disk = self.site.disks[number]
        if disk.servers:
            self._remove(disk, _picked(disk.servers, place))

    def _remove(self, disk, consumer):
        self.placement.release(volume_uuid(disk), consumer)
        return disk.servers.pop(consumer)

    @stateful.rule(source=DISKS, destination=DISKS, place=st.integers(0, 9))
    def move_server(self, source, destination, place):
        """With its storage: first it is on both, then on the new one."""
        old, new = self.site.disks[source], self.site.disks[destination]
        if old is new or not old.servers:
            return
        consumer = _picked(old.servers, place)
        if self._room_gb(new) >= old.servers[consumer]:
            self._place(new, consumer, old.servers[consumer])
            self._judge()
            self._remove(old, consumer)

    @stateful.rule(number=DISKS, state=st.sampled_from(
        lying_site.model.CsvState), maintenance=st.booleans())
    def change_volume(self, number, state, maintenance):
        disk = self.site.disks[number]
        disk.state, disk.maintenance = state, maintenance

    @stateful.rule(number=DISKS, place=st.integers(0, 2))
    def cut_off_or_connect(self, number, place):
        """A node of the cluster loses its way to a volume, or has it back."""
        disk = self.site.disks[number]
        nodes = lying_site.CLUSTERS[disk.cluster][0]
        disk.cut_off ^= {nodes[place % len(nodes)]}

    @stateful.rule(node=st.sampled_from(NODES))
    def pause_or_resume(self, node):
        self.site.paused ^= {node}

    # -- the agent

    def _answer(self):
        self.now += datetime.timedelta(minutes=1)
        facts = self.site.answer(self.now)
        self.past.append(facts)
        return facts

    @stateful.rule()
    def sync(self):
        self._pass(self._answer())
        self._judge_reach()

    @stateful.rule(share=st.floats(0, 1))
    def sync_and_die(self, share):
        """Between two writes, or before the first."""
        self._pass(self._answer(), share)

    @stateful.rule(number=CLUSTERS, lie=st.sampled_from(LIES),
                   share=st.just(1.0) | st.floats(0, 1))
    def sync_a_lie(self, number, lie, share):
        facts = self._answer()
        self.past.pop()
        COUNTS[lie.__name__] += 1
        self._pass(lying_site.lie_about(facts, number, lie), share)

    @stateful.precondition(lambda self: self.past)
    @stateful.rule(back=st.integers(1, 5))
    def replay(self, back):
        """An agent that remembers nothing is given an older answer."""
        self.now += datetime.timedelta(seconds=1)
        self._pass(self.past[-min(back, len(self.past))])

    @stateful.rule(hours=st.integers(1, 48))
    def time_passes(self, hours):
        self.now += datetime.timedelta(hours=hours)

    @stateful.rule(seed=st.integers(0, 2 ** 16))
    def plan_in_any_order(self, seed):
        facts = self._answer()
        plan = self._plan(facts)
        assert self._plan(facts) == plan
        again = self._plan(standing.permuted(facts, random.Random(seed)))
        assert standing.in_order(again) == standing.in_order(plan)

    def _plan(self, facts):
        return self.placement.copy().plan(facts, self.now)

    def _pass(self, facts, share=1.0):
        """Plan, and make that share of the writes."""
        plan = self.placement.plan(facts, self.now)
        ordered = sorted(plan.changes, key=lambda change: change.step)
        count = round(share * len(ordered))
        for change in ordered[:count]:
            gate.check(change)
            self.placement.apply(change)
            self._judge()
        COUNTS['writes'] += count
        COUNTS['killed'] += count < len(ordered)
        if count == len(ordered):
            again = self._plan(facts)
            assert again.changes == (), again.changes

    # -- the judge

    def _room_gb(self, disk):
        """GB of new disks Placement offers of a volume; 0 when closed."""
        provider = self.placement.providers.get(volume_uuid(disk))
        if provider is None or names.SHARING not in provider.traits or (
                names.NO_NEW_DISKS in provider.traits):
            return 0
        inventory = provider.inventories[names.DISK_GB]
        return inventory.capacity - provider.used(names.DISK_GB)

    @stateful.invariant()
    def holds(self):
        COUNTS['steps'] += 1
        self._judge()

    def _judge(self):
        for disk in self.site.disks:
            assert self._room_gb(disk) <= max(0, disk.free_gb), disk
            assert disk.free_gb >= 0, disk
            self._judge_shares(disk)
        self._judge_nodes()

    def _judge_shares(self, disk):
        """What servers hold stays, and fits into what Placement has."""
        provider = self.placement.providers.get(volume_uuid(disk))
        if not disk.servers:
            return
        used = provider.used(names.DISK_GB)
        assert used == sum(disk.servers.values())
        assert provider.inventories[names.DISK_GB].capacity >= used

    def _judge_reach(self):
        """After a whole pass: who is cut off is known, and in no home."""
        for disk in self.site.disks:
            volume = self.placement.providers.get(volume_uuid(disk))
            if volume is None or names.SHARING not in volume.traits:
                continue
            trait = names.cut_off_trait(volume_uuid(disk))
            listed = set(lying_site.CLUSTERS[disk.cluster][0])
            for name in listed - self.site.absent:
                node = self.placement.providers[
                    imagined_placement.node_uuid(name)]
                assert (trait in node.traits) == (name in disk.cut_off), (
                    name, disk)
                home = ids.home_aggregate(volume_uuid(disk))
                assert name not in disk.cut_off or (
                    home not in node.aggregates)

    def _judge_nodes(self):
        """A closed own disk stays closed, and no open one is in a home."""
        homes = set()
        for provider in self.placement.providers.values():
            if names.SHARING in provider.traits:
                homes |= provider.aggregates
                assert names.VOLUME in provider.traits, provider
        for name in NODES:
            uuid = imagined_placement.node_uuid(name)
            node = self.placement.providers[uuid]
            is_open = node.inventories[names.DISK_GB].capacity > 0
            assert not is_open or uuid not in self.closed, name
            assert not is_open or not homes & node.aggregates, name
            if not is_open:
                self.closed.add(uuid)

    # -- the twin

    @stateful.rule()
    def mend(self):
        """Two complete fresh answers later all is as a first sync has it.

        Nobody is cut off: a first sync publishes no volume without a home.
        """
        self._connect()
        for _number in range(2):
            facts = self._answer()
            self._pass(facts)
        self._open_where_it_should(facts)

    def _connect(self):
        for disk in self.site.disks:
            disk.cut_off.clear()

    def _open_where_it_should(self, facts):
        first = standing.Standing(NODES, settings=SETTINGS)
        first.sync(facts, self.now)
        self._claim(first)
        first.sync(facts, self.now)
        assert standing.shown(self.placement) == standing.shown(first)
        for disk in self.site.disks:
            if disk.state is lying_site.model.CsvState.ONLINE and not (
                    disk.maintenance) and disk.free_gb > 100:
                assert self._room_gb(disk) >= disk.free_gb - 2, disk

    def _claim(self, first):
        """What servers hold, in a Placement after a first sync."""
        for disk in self.site.disks:
            for consumer, gb in disk.servers.items():
                first.claim(volume_uuid(disk), consumer, gb)

    def teardown(self):
        if hasattr(self, 'placement'):
            self.mend()


def volume_uuid(disk):
    return ids.volume_uuid(lying_site.guid(disk.cluster), disk.guid)


def _picked(servers, place):
    return sorted(servers)[place % len(servers)]
