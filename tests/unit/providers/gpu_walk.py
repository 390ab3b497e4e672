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

"""The walk with cards that come and go, and nodes that leave with theirs."""

from hypothesis import stateful
from hypothesis import strategies as st

from doc import imagined_placement
from hv_sched import features
from hv_sched.features import remotefx
from hv_sched.placement import ids
from hv_sched.placement import names
from tests import whole_adapters
from tests.unit.providers import lying_site
from tests.unit.providers import patient_walk
from tests.unit.providers import plan_walk

NODE_NAMES = st.sampled_from(lying_site.NODES)
CARDS_MB = st.lists(st.sampled_from((63, 64, 1000, 1024, 4096)), max_size=3)
MEMORY, ADAPTERS = names.REMOTEFX_VRAM_MB, names.REMOTEFX_ADAPTER


class GpuWalk(plan_walk.Walk):
    """What servers hold of a card, and what is offered of it.

    :ivar adapters_mb: video memory by server, by node
    :ivar stated_mb: what was said of a node's cards since the last whole
        pass of the truth, and then
    """

    @stateful.initialize(
        foreign=st.tuples(*[st.integers(0, 120)] * 3),
        cards_mb=st.lists(CARDS_MB, max_size=len(lying_site.NODES)),
        held_mb=st.lists(st.tuples(
            NODE_NAMES, st.sampled_from(remotefx.VRAM_SIZES_MB)), max_size=6))
    def start(self, foreign, cards_mb=(), held_mb=()):
        """Most walks begin with cards that servers hold a part of."""
        super().start(foreign)
        self.adapters_mb = {node: {} for node in lying_site.NODES}
        self.stated_mb = {node: {0} for node in lying_site.NODES}
        for node, cards in zip(lying_site.NODES, cards_mb, strict=False):
            self.change_cards(node, cards)
        if held_mb:
            for _number in range(3):  # as many as the patient agent waits for
                self.sync()
        for node, size_mb in held_mb:
            self.create_with_adapter(node, size_mb)

    # -- the cloud

    @stateful.rule(node=NODE_NAMES, cards_mb=CARDS_MB)
    def change_cards(self, node, cards_mb):
        self.site.cards_mb[node] = tuple(cards_mb)

    @stateful.rule(node=NODE_NAMES)
    def cards_are_listed_or_not(self, node):
        self.site.mute ^= {node}

    @stateful.rule(node=NODE_NAMES)
    def leave_or_return(self, node):
        self.site.absent ^= {node}

    @stateful.rule(node=NODE_NAMES,
                   size_mb=st.sampled_from(remotefx.VRAM_SIZES_MB))
    def create_with_adapter(self, node, size_mb):
        """Where Placement offers one of that size."""
        child = self._child(node)
        if child is None or self._free_mb(child) < size_mb or (
                child.inventories[MEMORY].max_unit < size_mb):
            return
        assert size_mb <= max(self.stated_mb[node])
        plan_walk.COUNTS['adapters'] += 1
        self.adapters_mb[node][self._new_name()] = size_mb
        self.placement.use(child.uuid, {MEMORY: size_mb, ADAPTERS: 1})

    @stateful.rule(node=NODE_NAMES, place=st.integers(0, 9))
    def delete_with_adapter(self, node, place):
        if self.adapters_mb[node]:
            self._free(node, sorted(self.adapters_mb[node])[
                place % len(self.adapters_mb[node])])

    def _free(self, node, server):
        self.placement.use(self._child(node).uuid, {
            MEMORY: -self.adapters_mb[node].pop(server), ADAPTERS: -1})

    # -- the agent

    def _pass(self, facts, share=1.0):
        for cluster in facts.clusters:
            for node in cluster.nodes:
                if node.gpus is not None:
                    self.stated_mb[node.name].add(whole_adapters.whole_mb(
                        card.total_vram_mb for card in node.gpus))
        super()._pass(facts, share)

    @stateful.rule()
    def sync(self):
        super().sync()
        for node in self._listed():
            self.stated_mb[node] = {self._truth_mb(node)}
        self._judge()

    def _listed(self):
        """Nodes whose cards the truth says."""
        return set(lying_site.NODES) - self.site.absent - self.site.mute

    # -- the judge

    def _child(self, node):
        return self.placement.providers.get(
            ids.remotefx_uuid(imagined_placement.node_uuid(node)))

    def _truth_mb(self, node):
        return whole_adapters.whole_mb(self.site.cards_mb[node])

    @staticmethod
    def _free_mb(child):
        """MB that Placement offers; 0 where adapters have run out."""
        if features.REMOTEFX.trait not in child.traits or any(
                rc not in child.inventories
                or child.inventories[rc].capacity <= child.used(rc)
                for rc in (MEMORY, ADAPTERS)):
            return 0
        return child.inventories[MEMORY].capacity - child.used(MEMORY)

    def _judge(self):
        super()._judge()
        for node in lying_site.NODES:
            self._judge_adapters(node)

    def _judge_adapters(self, node):
        """What is held stays; no more is offered than was ever said."""
        child = self._child(node)
        held_mb = self.adapters_mb[node].values()
        if child is None:
            assert not held_mb, node
            return
        assert child.parent_uuid == imagined_placement.node_uuid(node)
        assert child.used(MEMORY) == sum(held_mb), node
        assert child.used(ADAPTERS) == len(held_mb), node
        for rc, largest in ((MEMORY, max(held_mb, default=0)),
                            (ADAPTERS, 1)):
            if child.used(rc):
                assert child.inventories[rc].capacity >= child.used(rc), node
                assert child.inventories[rc].max_unit >= largest, node
        assert self._free_mb(child) <= max(
            0, max(self.stated_mb[node]) - sum(held_mb)), node

    # -- the twin

    def _connect(self):
        """All nodes are back; who holds more than there is has left."""
        super()._connect()
        self.site.absent.clear()
        self.site.mute.clear()
        for node, servers in self.adapters_mb.items():
            largest_mb = max(self.site.cards_mb[node], default=0)
            for server in sorted(servers):
                if servers[server] > largest_mb or (
                        sum(servers.values()) > self._truth_mb(node)):
                    self._free(node, server)

    def _claim(self, first):
        """With the largest server that could come when the cards were larger.

        A child keeps room for the largest single holder, and of that it only
        knows that it is no more than all hold.
        """
        super()._claim(first)
        for node, servers in self.adapters_mb.items():
            if servers:
                first.admit(self._child(node).uuid, MEMORY, self._child(
                    node).inventories[MEMORY].max_unit)
            for size_mb in servers.values():
                first.use(self._child(node).uuid,
                          {MEMORY: size_mb, ADAPTERS: 1})

    def _open_where_it_should(self, facts):
        super()._open_where_it_should(facts)
        for node in lying_site.NODES:
            child = self._child(node)
            offered_mb = self._free_mb(child) if child else 0
            assert offered_mb == self._truth_mb(node) - sum(
                self.adapters_mb[node].values()), node


class PatientGpuWalk(GpuWalk, patient_walk.PatientWalk):
    """The same of an agent that opens after several answers in a row."""
