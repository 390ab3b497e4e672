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

"""Adopt, retire, heal and sync in any order, on a real Placement.

Each of them may die at any write, servers come, go, move and fail to, cards
and nodes come and go. After every step the disks are the judge.
"""

import collections
import contextlib

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st

from hv_sched.adopt import retire
from hv_sched.adopt import retire_node
from hv_sched.features import remotefx
from hv_sched.placement import client
from hv_sched.placement import names
from hv_sched.placement.consumers import MIGRATION
from hv_sched.recovery import restore
from tests.chaos import placement_rows
from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import walked_site

PICK = st.integers(0, 11)
NODES = st.sampled_from(walked_site.NODES)
# Writes after which a command dies; None: it does not.
DEATH = st.none() | st.integers(1, 25)
WRITES = ('PUT', 'POST', 'DELETE')
COUNTS = collections.Counter()


class Walk(stateful.RuleBasedStateMachine):
    """:ivar stated_mb: what sources said of a node's cards since the last
        whole pass, and then
    """

    @stateful.initialize(
        foreign_gb=st.tuples(*[st.integers(0, 120)] * 2), adopts=st.booleans(),
        sizes_gb=st.lists(st.integers(1, 90), min_size=1, max_size=3))
    def start(self, foreign_gb, sizes_gb, adopts):
        # The simplest walk, all of it zeros, is not worth a Placement.
        hypothesis.assume(any(foreign_gb))
        self.open = contextlib.ExitStack()
        self.site = walked_site.Site(
            self.open.enter_context(base.running_placement()), foreign_gb)
        self.first = self.site.state()
        self.stated_mb = {node: {0} for node in walked_site.NODES}
        if adopts:
            self._run(self._adopt, None)
        for pick, gb in enumerate(sizes_gb):
            self.create(pick, gb, 0)

    # -- servers

    @stateful.rule(pick=PICK, gb=st.integers(1, 200), vram_mb=st.just(
        0) | st.sampled_from(remotefx.VRAM_SIZES_MB))
    def create(self, pick, gb, vram_mb):
        """On a candidate of Placement's."""
        offers = [offer for offer in self._offers(gb)
                  if not vram_mb or self._offers_adapter(offer[0], vram_mb)]
        if offers:
            node, provider = offers[pick % len(offers)]
            volume = self._volume_of(node, provider)
            self.site.boot(node, gb, volume, provider, vram_mb)
            COUNTS['servers'] += 1

    def _offers(self, gb):
        """(node, provider of the disk) where a disk of that size may be."""
        state = placement_rows.read()
        by_uuid = {uuid: name for name, uuid in self.site.nodes.items()}
        return [
            (by_uuid[node], provider)
            for candidate in self.site.candidates(gb)
            for node in candidate['allocations'] if node in by_uuid
            for provider, taken in candidate['allocations'].items()
            if names.DISK_GB in taken['resources']
            and self._is_judged(state, by_uuid[node], provider, gb)]

    def _is_judged(self, state, node, provider, gb):
        """Stock Nova's count of a node's own disk is not ours to judge."""
        if provider in walked_site.VOLUMES.values():
            return gb <= _room_gb(state, provider)
        home = walked_site.HOMES[node]
        return (node not in self.site.absent
                and not _room_gb(state, walked_site.VOLUMES[home])
                and gb <= self.site.free_gb(home))

    @staticmethod
    def _volume_of(node, provider):
        return next((number for number, uuid in walked_site.VOLUMES.items()
                     if uuid == provider), walked_site.HOMES[node])

    def _offers_adapter(self, node, vram_mb):
        state = placement_rows.read()
        return self._free_mb(state, node) >= vram_mb and (
            state.inventories[self.site.child(node), names.REMOTEFX_VRAM_MB]
            .max_unit >= vram_mb)

    def _pick(self, pick, **fields):
        """One of the servers whose fields are so; None when there is none."""
        servers = sorted(
            server for server, disk in self.site.disks.items()
            if all(bool(getattr(disk, name)) is value
                   for name, value in fields.items()))
        return servers[pick % len(servers)] if servers else None

    @stateful.rule(pick=PICK)
    def delete(self, pick):
        if server := self._pick(pick):
            self.site.delete(server)

    @stateful.rule(pick=PICK)
    def begin_move(self, pick):
        """Of a server whose share is on a volume, or is escrow of one."""
        server = self._pick(pick, migration=False, vram_mb=False)
        if server and self.site.api.consumer(server).held.keys() & set(
                walked_site.VOLUMES.values()):
            self.site.begin_move(server)

    @stateful.rule(pick=PICK, node=NODES)
    def hand_over(self, pick, node):
        server = self._pick(pick, migration=True, destination=False)
        if server and node not in self.site.absent | {
                self.site.disks[server].node}:
            self.site.hand_over(server, node)
            COUNTS['hand-overs'] += 1

    @stateful.rule(pick=PICK, arrives=st.booleans())
    def end_move(self, pick, arrives):
        server = self._pick(pick, migration=True)
        if server and arrives and self.site.disks[server].destination:
            self.site.arrive(server)
        elif server:
            self.site.roll_back(server)

    # -- the cluster

    @stateful.rule(node=NODES, cards_mb=st.none() | st.lists(
        st.sampled_from((63, 64, 1000, 1024, 4096)), max_size=3))
    def change_cards(self, node, cards_mb):
        self.site.cards_mb[node] = (
            None if cards_mb is None else tuple(cards_mb))

    @stateful.rule(node=NODES)
    def leave_or_return(self, node):
        self.site.absent ^= {node}

    # -- the commands

    def _run(self, command, death):
        """:returns: whether it lived to its end"""
        COUNTS[command.__name__.strip('_')] += 1
        for node in set(walked_site.NODES) - self.site.absent:
            if (stated_mb := self.site.truth_mb(node)) is not None:
                self.stated_mb[node].add(stated_mb)
        placement = self.site.placement
        placement.kill_methods, placement.kill_at = WRITES, death
        try:
            command()
        except base.Killed:
            COUNTS['killed'] += 1
            return False
        finally:
            placement.kill_at = None
        return True

    def _client(self):
        return client.from_adapter(self.site.placement)

    @stateful.rule(command=st.sampled_from(('adopt', 'retire')), death=DEATH)
    def take_or_give_back(self, command, death):
        self._run(getattr(self, f'_{command}'), death)

    @stateful.rule(command=st.sampled_from((
        'sync', 'restore', 'retire_node')), death=DEATH, node=NODES)
    def look_after(self, command, death, node):
        """:param node: the one that ``retire --node`` names"""
        self.node = node
        if self._run(getattr(self, f'_{command}'), death) and (
                command == 'sync'):
            self._narrow()

    def _sync(self):
        self.site.sync(clouds.facts(self.site.cluster()))

    def _narrow(self):
        """What was said before is over, of nodes that are the cluster's."""
        state = placement_rows.read()
        for node in set(walked_site.NODES) - self.site.absent:
            stated_mb = self.site.truth_mb(node)
            if stated_mb is not None and names.is_clustered(
                    state.traits[self.site.nodes[node]]):
                self.stated_mb[node] = {stated_mb}

    def _adopt(self):
        return self.site.adopt(self.site.cluster(), batch=2)

    def _retirer(self):
        return retire.Retirer(self._client(), self.site.nova,
                              clouds.SETTINGS, batch=2)

    def _retire(self):
        retirer = self._retirer()
        return retirer.retire(retirer.inspect(self.site.cluster()))

    def _retire_node(self):
        """Refused of a node that the source lists or that has servers."""
        retirer = self._retirer()
        inputs = retirer.inspect(self.site.cluster())
        uuid = retire_node.node_named(inputs, self.node)
        if uuid is not None:
            report = retire_node.NodeRetirer(
                self._client(), self.site.nova, retirer, 1).retire(
                    inputs, uuid)
            COUNTS['nodes given back'] += bool(report.done)

    def _restore(self):
        return restore.Restorer(
            self._client(), self.site.nova,
            restore.RestoreOptions(workers=1),
            sleep=lambda seconds: None).restore()

    # -- the judge

    @stateful.invariant()
    def holds(self):
        if not hasattr(self, 'site'):
            return
        COUNTS['steps'] += 1
        state = placement_rows.read()
        self._judge_shares(state)
        self._judge_offers(state)
        for node in walked_site.NODES:
            self._judge_adapters(state, node)

    def _judge_shares(self, state):
        """One copy on disk is one share, of the server or its migration."""
        expected = {}
        for server, disk in self.site.disks.items():
            holder = (disk.migration if disk.migration
                      and disk.destination is None else server)
            expected[holder] = disk.gb
            for (consumer, provider, rc) in state.used:
                if consumer == holder and rc in (
                        names.DISK_GB, names.HELD_DISK_GB):
                    assert provider in (
                        *self.site.nodes.values(),
                        walked_site.VOLUMES[disk.volume]), state.names[
                            provider]
        assert placement_rows.shares(state) == expected

    def _judge_offers(self, state):
        assert placement_rows.offered_twice(state) == 0
        for number, uuid in walked_site.VOLUMES.items():
            assert _room_gb(state, uuid) <= max(
                0, self.site.free_gb(number)), number

    def _judge_adapters(self, state, node):
        child = self.site.child(node)
        held_mb = [disk.vram_mb for disk in self.site.disks.values()
                   if disk.node == node and disk.vram_mb]
        used = {rc: sum(amount for (_consumer, provider, name), amount
                        in state.used.items()
                        if provider == child and name == rc)
                for rc in (names.REMOTEFX_VRAM_MB, names.REMOTEFX_ADAPTER)}
        assert list(used.values()) == [sum(held_mb), len(held_mb)], node
        for rc, amount in used.items():
            assert not amount or (
                state.inventories[child, rc].capacity >= amount), node
        assert self._free_mb(state, node) <= max(
            0, max(self.stated_mb[node]) - sum(held_mb)), node

    def _free_mb(self, state, node):
        child = self.site.child(node)
        free = []
        for rc in (names.REMOTEFX_VRAM_MB, names.REMOTEFX_ADAPTER):
            inventory = state.inventories.get((child, rc))
            free.append(0 if inventory is None else inventory.capacity - sum(
                amount for (_consumer, provider, name), amount
                in state.used.items() if provider == child and name == rc))
        return free[0] if min(free) > 0 else 0

    # -- the twin

    def teardown(self):
        if not hasattr(self, 'site'):
            return
        try:
            self._mend()
            self.holds()
            self._open_where_it_should()
            self._as_at_first()
        finally:
            self.open.close()

    def _mend(self):
        """Moves end, nodes and cards are back, every command runs once."""
        self.site.absent.clear()
        for server, disk in sorted(self.site.disks.items()):
            if disk.migration:
                self.site.roll_back(server)
            elif disk.vram_mb:
                self.site.delete(server)
        for node, cards_mb in self.site.cards_mb.items():
            self.site.cards_mb[node] = cards_mb or ()
        self._run(self._restore, None)
        self._run(self._adopt, None)
        self._run(self._sync, None)
        self._narrow()
        assert self.site.sync(clouds.facts(
            self.site.cluster())).done == ()

    def _open_where_it_should(self):
        state = placement_rows.read()
        offered = placement_rows.offered(state)
        assert not any(offered[uuid] for uuid in self.site.nodes.values())
        for number, uuid in walked_site.VOLUMES.items():
            free_gb = self.site.free_gb(number)
            if free_gb > 100:
                assert _room_gb(state, uuid) >= free_gb - 16, number
        for node in walked_site.NODES:
            assert self._free_mb(state, node) == self.site.truth_mb(node)

    def _as_at_first(self):
        """Given back, nothing of ours is left, and every share is."""
        on_nodes = collections.Counter()
        for disk in self.site.disks.values():
            on_nodes[disk.node] += disk.gb
        self._run(self._retire, None)
        self.holds()
        if max(on_nodes.values(), default=0) > walked_site.SIZE_GB:
            return  # files of both volumes: no node has that much
        now = self.site.state()
        assert now.keys() == self.first.keys()
        for name, before in self.first.items():
            assert now[name][:-1] == before[:-1], name


def _room_gb(state, volume):
    """GB that filters offer of a volume: escrow of servers is owed."""
    if volume not in placement_rows.offered(state) or (
            names.SHARING not in state.traits[volume]):
        return 0  # one without traits yet is in nobody's candidates
    owed_gb = sum(
        amount for (consumer, provider, rc), amount in state.used.items()
        if provider == volume and (
            rc == names.DISK_GB or rc == names.HELD_DISK_GB
            and state.types[consumer] != MIGRATION))
    return max(0, state.inventories[
        volume, names.DISK_GB].capacity - owed_gb)


def walk(seed, steps, examples=1):
    """Walk from a seed; a failure is told by its steps, not made shorter."""
    machine = hypothesis.seed(seed)(type('OperatorWalk', (Walk,), {}))
    stateful.run_state_machine_as_test(machine, settings=hypothesis.settings(
        max_examples=examples, stateful_step_count=steps, deadline=None,
        database=None, phases=(hypothesis.Phase.generate,),
        suppress_health_check=list(hypothesis.HealthCheck)))
