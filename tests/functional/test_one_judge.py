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


"""Audit, heal, agent and restoring agree, whatever state a server is in."""

import dataclasses
import uuid

import hypothesis
from hypothesis import strategies as st
import pytest

from hv_sched.agent import cmd
from hv_sched.agent import passes
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import SAFE
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import Needs
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.recovery import restore
from tests.functional import cloud as clouds
from tests.functional import published_cloud
from tests.functional.published_cloud import COMPUTE
from tests.functional.published_cloud import VOLUME

pytestmark = pytest.mark.wide

OTHER_GUID = '33333333-3333-4333-8333-333333333333'
OTHER = ids.volume_uuid(OTHER_GUID, clouds.guid(2))
NODES = ('hv01', 'hv02', 'b1', 'b2')
HOURS = 2 * 3600
RESTORED = (Code.HELD, Code.EVACUATED)
# What the agent heals while nobody tells the clusters' owner nodes: a failover
# is repaired only where Nova's host and the owner agree.
WITHOUT_OWNERS = set(SAFE) - {Code.WRONG_NODE}


@dataclasses.dataclass(frozen=True)
class Case:
    """A server and one open migration of it, if any.

    :param held: GB by volume of a share, or with escrow
    :param moves: kind, status, source and destination; newest first
    """

    vm_state: str
    node: str
    charged_on: str
    disk_gb: int | None
    held: dict[str, tuple[str, int]]
    moves: tuple[tuple[str, str, str, str], ...]
    open_status: str | None
    open_held: dict[str, tuple[str, int]]
    keeps_flavor: bool
    keeps_disk: bool


nodes = st.sampled_from(NODES)
on_volumes = st.dictionaries(
    st.sampled_from([VOLUME, OTHER]), st.tuples(
        st.sampled_from([names.DISK_GB, names.DISK_GB, names.HELD_DISK_GB]),
        st.sampled_from([50, 50, 30])))
CASES = st.builds(
    Case, st.sampled_from(['active', 'active', 'error', 'resized',
                           'soft-delete']),
    nodes, nodes, st.sampled_from([50, 50, 0, None]), on_volumes,
    st.lists(st.one_of(
        st.tuples(st.just('evacuation'), st.sampled_from(
            ['completed', 'failed', 'done']), nodes, nodes),
        st.tuples(st.just('live-migration'), st.just('completed'), nodes,
                  nodes)), max_size=3).map(tuple),
    st.sampled_from([None, 'finished', 'finished', 'running']), on_volumes,
    st.booleans(), st.booleans())


class JudgedCloud(published_cloud.PublishedCloud):
    """Two clusters of two nodes, each with a volume."""

    def __init__(self, placement):
        super().__init__(placement)
        self.register('b1', 'b2')
        self.sync(clouds.facts(clouds.cluster(), dataclasses.replace(
            clouds.cluster(volumes=(clouds.volume(2),)), name='other',
            guid=OTHER_GUID, nodes=(clouds.model.Node('b1'),
                                    clouds.model.Node('b2')))))

    def make(self, case):
        """Let Nova and Placement say what a case says."""
        self.nova.servers.clear()
        self.nova.migrations.clear()
        server, migration = str(uuid.uuid4()), str(uuid.uuid4())
        self.known(server, case.node, case.disk_gb, vm_state=case.vm_state)
        self.nova.servers[server] = dataclasses.replace(
            self.nova.servers[server], needs=Needs(case.disk_gb, COMPUTE))
        self.nova.past_moves = {server: [
            Migration(f'past-{number}', server, status, dest,
                      source_node=source, kind=kind)
            for number, (kind, status, source, dest) in
            enumerate(case.moves)]}
        state = {server: self._held(case.charged_on, case.held)}
        if case.open_status:
            self.nova.add_migration(
                migration, server, case.open_status, dest_node=case.node,
                source_node=case.charged_on, kind='migration',
                keeps_flavor=case.keeps_flavor, idle_seconds=HOURS)
            state[migration] = self._held(case.charged_on, case.open_held)
        return state

    def _held(self, node, on_volumes):
        return {self.nodes[node]: dict(COMPUTE), **{
            volume: {resource_class: gb}
            for volume, (resource_class, gb) in on_volumes.items()}}

    def set_state(self, state):
        for consumer, held in state.items():
            self.admin.delete(f'/allocations/{consumer}', raise_exc=False)
            if held:
                self.hold(consumer, held)

    def read_state(self, consumers):
        return {consumer: self.held(consumer) or {}
                for consumer in consumers}

    # -- the callers

    def told(self, keeps_disk):
        return self.findings(cold_moves_keep_disk=keeps_disk)

    def dry_run(self, keeps_disk):
        results = self.heal(dry_run=True, reports=self.audit(
            cold_moves_keep_disk=keeps_disk))
        return [finding for result in results
                for finding in (*result.done, *result.remaining)]

    def restore(self, keeps_disk):
        restore.Restorer(
            client.from_adapter(self.placement), self.nova,
            restore.RestoreOptions(1, 0, keeps_disk)).restore()

    def heal_safe(self, keeps_disk):
        """``csv heal --code safe``."""
        self._heal_of(SAFE, keeps_disk)

    def heal_as_agent(self, keeps_disk):
        """``csv heal`` with the codes the agent may heal without owners."""
        self._heal_of(WITHOUT_OWNERS, keeps_disk)

    def _heal_of(self, codes, keeps_disk):
        self.restore(keeps_disk)
        self.heal(codes, reports=self.audit(cold_moves_keep_disk=keeps_disk)
                  or [])

    def agent(self, keeps_disk):
        conf = cmd.configure(['--once'])
        for option, value in (
                ('source', None), ('cold_move_keeps_disk', keeps_disk),
                ('held_settle_time', 0), ('workers', 1),
                ('heal_codes', [code.value for code in SAFE])):
            conf.set_override(option, value, group='hv_sched')
        return passes.Agent(conf, client.from_adapter(self.placement),
                            self.nova).run()


@pytest.fixture
def cloud(placement):
    return JudgedCloud(placement)


def differing(before, after):
    return {consumer for consumer in before
            if before[consumer] != after[consumer]}


EVACUATED = Case('active', 'b1', 'b1', 50, {
    VOLUME: (names.DISK_GB, 50), OTHER: (names.DISK_GB, 50)}, (
        ('evacuation', 'completed', 'hv01', 'b1'),), None, {}, True, False)
ROLLED_BACK = dataclasses.replace(
    EVACUATED, node='hv01', charged_on='hv01', moves=(),
    held={VOLUME: (names.HELD_DISK_GB, 50)})
UNCONFIRMED = dataclasses.replace(
    ROLLED_BACK, vm_state='resized', node='hv02', charged_on='hv01', held={},
    open_status='finished')
DEAD = dataclasses.replace(
    ROLLED_BACK, held={}, open_status='running',
    open_held={VOLUME: (names.HELD_DISK_GB, 50)})


@hypothesis.settings(
    max_examples=10, deadline=None, derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture,
                           hypothesis.HealthCheck.too_slow])
@hypothesis.example(EVACUATED)
@hypothesis.example(ROLLED_BACK)
@hypothesis.example(UNCONFIRMED)
@hypothesis.example(DEAD)
@hypothesis.given(CASES)
def test_all_callers_tell_and_do_the_same(cloud, case):
    before = cloud.make(case)
    cloud.set_state(before)
    told = cloud.told(case.keeps_disk)
    assert sorted(cloud.dry_run(case.keeps_disk)) == sorted(told)
    after = {}
    callers = {cloud.heal_safe: set(SAFE), cloud.heal_as_agent: WITHOUT_OWNERS,
               cloud.agent: WITHOUT_OWNERS, cloud.restore: set(RESTORED)}
    for caller, healed_codes in callers.items():
        caller(case.keeps_disk)
        after[caller.__name__] = cloud.read_state(before)
        left = [finding.code for finding in cloud.told(case.keeps_disk)
                if finding.healable]
        cloud.set_state(before)
        assert not set(left) & healed_codes, caller.__name__
    assert after['heal_as_agent'] == after['agent']
    restored = {finding.consumer for finding in told
                if finding.healable and finding.code in RESTORED}
    changed = differing(before, after['restore'])
    assert restored <= changed
    # With its server's share the escrow of a dead migration goes, too.
    assert changed <= restored | (before.keys() if restored else set())
    for name, codes in (('heal_safe', SAFE), ('agent', WITHOUT_OWNERS)):
        healed = {finding.consumer for finding in told
                  if finding.healable and finding.code in codes}
        assert healed <= differing(before, after[name])
        assert restored or healed or not differing(before, after[name])
    cloud.set_state(dict.fromkeys(before))


@pytest.mark.parametrize('case,codes', [
    (EVACUATED, [Code.EVACUATED]), (ROLLED_BACK, [Code.HELD]),
    (UNCONFIRMED, [Code.MISSING, Code.MISSING_SOURCE]), (DEAD, [Code.HELD])])
def test_what_is_told_of_each(cloud, case, codes):
    cloud.set_state(cloud.make(case))
    assert [finding.code for finding in cloud.told(False)] == codes
