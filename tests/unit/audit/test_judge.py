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

"""What is wrong with a server's shares, and what heal makes of it."""

import dataclasses
import datetime

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched.audit import context
from hv_sched.audit import findings
from hv_sched.audit import judge as audit
from hv_sched.audit import owners
from hv_sched.audit.findings import Code
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import Needs
from hv_sched.compute.servers import Server
from hv_sched.placement import ids
from hv_sched.placement import names

COMPUTE = {'VCPU': 1, 'MEMORY_MB': 512}
BOTH = frozenset({'v1', 'v2'})
NODES = {'n1': context.NodeVolumes('hv1', frozenset({'v1'}), BOTH),
         'n2': context.NodeVolumes('hv2', frozenset({'v2'}), BOTH),
         'n3': context.NodeVolumes('hv3', frozenset({'v1'}), BOTH)}
TWO = context.AuditContext({'v1': 'csv:c/V1', 'v2': 'csv:c/V2'}, NODES)
ONE = context.AuditContext({'v1': 'csv:c/V1'}, {
    uuid: context.NodeVolumes(node.name, frozenset({'v1'}), frozenset({'v1'}))
    for uuid, node in NODES.items()})
SERVER = Server('s', 'active', None, node='hv1', project_id='p',
                user_id='u', needs=Needs(50, COMPUTE))


def at(**fields):
    return dataclasses.replace(SERVER, **fields)


def held(node='n1', **volumes):
    found = {node: dict(COMPUTE)} if node else {}
    for volume, gb in volumes.items():
        found.setdefault(volume, {})['DISK_GB'] = gb
    return found


def judge(holds, server=SERVER, context_=ONE):
    return list(audit.judge(server, holds, context_))


def codes(*args, **kwargs):
    return [finding.code for finding in judge(*args, **kwargs)]


def only(*args, **kwargs):
    finding, = judge(*args, **kwargs)
    return finding


def test_a_server_with_its_share_is_right():
    assert judge(held(v1=50)) == []


def test_a_missing_share_is_restored_on_the_only_volume():
    finding = only(held())
    assert (finding.code, finding.location, finding.gb) == (
        Code.MISSING, 'csv:c/V1', 50)
    assert finding.after == held(v1=50)


def test_a_missing_share_is_only_listed_where_the_volume_is_not_certain():
    finding = only(held(), context_=TWO)
    assert (finding.code, finding.healable) == (Code.MISSING, False)
    assert 'not certain' in finding.remedy


@pytest.mark.parametrize('known', [
    {'known_on': {'s': 'v2'}}, {'assume_home': True}])
def test_the_source_or_the_operator_tell_where_the_files_are(known):
    server = at(node='hv2')
    finding = only(held('n2'), server, dataclasses.replace(TWO, **known))
    assert finding.after == held('n2', v2=50)


def test_a_missing_share_of_unknown_size_is_only_listed():
    finding = only(held(), at(needs=Needs()))
    assert (finding.code, finding.healable) == (Code.MISSING, False)
    assert 'flavor' in finding.remedy


def test_a_server_that_never_ran_or_has_no_disk_misses_nothing():
    assert judge(held(), at(launched=False)) == []
    assert judge(held(), at(node=None)) == []
    assert judge(held(), at(needs=Needs(0, COMPUTE))) == []


def test_a_share_elsewhere_is_not_missing():
    assert judge({**held(), 'kvm': {'DISK_GB': 50}}) == []


def test_a_server_that_holds_nothing_gets_all_of_it_back():
    finding = only({})
    assert finding.code is Code.LOST
    assert finding.after == held(v1=50)


@pytest.mark.parametrize('server,context_', [
    (at(needs=Needs(50, None)), ONE), (at(needs=Needs()), ONE),
    (at(node='hv9'), ONE), (SERVER, TWO)])
def test_what_it_held_must_be_certain_to_be_given_back(server, context_):
    found = judge({}, server, context_)
    assert not any(finding.healable for finding in found)


@pytest.mark.parametrize('needs', [Needs(), Needs(50, None), Needs(0, None)])
def test_one_that_holds_nothing_is_listed_though_its_needs_are_not_known(
        needs):
    """Not to know what it needs is not to know that it needs nothing."""
    finding = only({}, at(needs=needs))
    assert (finding.code, finding.healable) == (Code.LOST, False)
    assert 'its flavor is not known' in finding.remedy


def test_a_server_without_disk_gets_its_processors_back():
    assert only({}, at(needs=Needs(0, COMPUTE))).after == held()


def test_the_node_part_follows_the_server():
    finding = only(held('n2', v1=50))
    assert (finding.code, finding.location) == (Code.WRONG_NODE, 'hv2')
    assert finding.after == held('n1', v1=50)


def test_the_gpu_follows_too():
    gpu = {'CUSTOM_REMOTEFX_ADAPTER': 1}
    finding = only({**held('n2', v1=50), ids.remotefx_uuid('n2'): gpu})
    assert finding.after == {**held('n1', v1=50),
                             ids.remotefx_uuid('n1'): gpu}


def test_what_is_not_known_to_move_along_keeps_the_node_part():
    finding = only({**held('n2', v1=50), 'pci': {'CUSTOM_PCI': 1}})
    assert (finding.code, finding.healable) == (Code.WRONG_NODE, False)


def test_a_second_node_part_is_released():
    finding = only({**held(v1=50), 'n2': COMPUTE})
    assert (finding.code, finding.after) == (Code.WRONG_NODE, held(v1=50))


def test_an_evacuated_server_is_on_two_nodes_until_one_comes_back():
    both = {**held(v1=50), 'n2': COMPUTE, 'v2': {'DISK_GB': 50}}
    waiting = dataclasses.replace(TWO, waiting={'s'})
    assert judge(both, context_=waiting) == []
    assert codes(both, context_=TWO) == [Code.WRONG_NODE, Code.DOUBLED]


def evacuation(status='completed', **fields):
    return Migration(**{'uuid': 'e', 'server': 's', 'status': status,
                        'dest_node': 'hv1', 'source_node': 'hv2',
                        'kind': 'evacuation', **fields})


def moved(*history, context_=TWO, **known):
    """What is known with a server's migrations, newest first."""
    return dataclasses.replace(context_, moves={'s': list(history)}, **known)


def test_an_evacuation_leaves_the_share_on_the_former_home():
    finding = only(held(v1=50, v2=50), context_=moved(evacuation()))
    assert (finding.code, finding.location) == (Code.EVACUATED, 'csv:c/V2')
    assert finding.after == held(v1=50)


def on_pools(**known):
    """The same where Nova leaves the old image for good, as in a Ceph pool."""
    traits = frozenset({names.COLD_MOVE_KEEPS_DISK, names.OTHER_HYPERVISOR})
    return moved(evacuation(), **known,
                 move_traits=dict.fromkeys(('v1', 'v2'), traits))


def test_an_image_that_nova_leaves_keeps_its_share():
    finding = only(held(v1=50, v2=50), context_=on_pools())
    assert (finding.code, finding.location) == (Code.EVACUATED, 'csv:c/V2')
    assert not finding.healable
    assert 'delete it there' in finding.remedy


def test_its_share_goes_when_the_source_lists_all_files_elsewhere():
    """``rbd du`` lists no image in the old pool any more."""
    finding = only(held(v1=50, v2=50), context_=on_pools(
        known_on={'s': 'v1'}))
    assert (finding.code, finding.after) == (Code.EVACUATED, held(v1=50))


def test_a_former_node_may_be_gone():
    gone = evacuation('done', source_node='hv8')
    assert only(held(v1=50, v2=50),
                context_=moved(gone)).after == held(v1=50)


def test_a_failed_evacuation_is_certain_also_of_a_server_in_error():
    failed = evacuation('failed', dest_node='hv2', source_node='hv1')
    finding = only(held(v1=50, v2=50), at(vm_state='error'), moved(failed))
    assert (finding.code, finding.after) == (Code.EVACUATED, held(v1=50))


@pytest.mark.parametrize('fields,known', [
    ({'dest_node': 'hv9'}, {}), ({'status': 'accepted'}, {}),
    ({}, {'s': 'v2'})])
def test_an_evacuation_that_does_not_explain_it_heals_nothing(fields, known):
    finding = only(held(v1=50, v2=50), context_=moved(
        evacuation(**fields), known_on=known))
    assert finding.code is Code.DOUBLED
    assert finding.healable == bool(known)


# -- open migrations of servers that stand still


RESIZE = Migration('m', 's', 'finished', 'hv1', source_node='hv2',
                   kind='migration')
WAITS = at(vm_state='resized')


def open_(holds, migration=RESIZE, is_dead=False, context_=ONE, **known):
    """What is known with an open migration and what it holds."""
    return dataclasses.replace(context_, migrations={'s': [
        context.MigrationShares(migration, holds, is_dead)]}, **known)


def escrow(gb, node='n2'):
    return {**held(node), 'v1': {'CUSTOM_CSV_HELD_DISK_GB': gb}}


def test_a_migration_to_be_confirmed_has_the_share_of_its_source():
    assert judge(held(v1=50), WAITS, open_(held('n2', v1=50))) == []
    assert judge(held(v1=50), WAITS, open_(escrow(50))) == []


@pytest.mark.parametrize('holds', [{}, held('n2')])
def test_a_missing_share_of_the_source_is_restored_on_the_only_volume(holds):
    finding = only(held(v1=50), WAITS, open_(holds))
    assert (finding.code, finding.consumer, finding.subject) == (
        Code.MISSING_SOURCE, 'm', 's')
    assert finding.after == held('n2', v1=50)
    assert audit.healed_migrations(WAITS, held(v1=50), open_(holds), {
        Code.MISSING_SOURCE}) == {'m': held('n2', v1=50)}


@pytest.mark.parametrize('fields,context_,why', [
    ({'keeps_flavor': False}, ONE, 'former flavor'), ({}, TWO, 'not certain'),
    ({}, dataclasses.replace(ONE, cold_moves_keep_disk=True), 'stays')])
def test_a_missing_share_of_the_source_that_is_not_certain_is_told(
        fields, context_, why):
    finding = only(held(v1=50), WAITS, open_(
        held('n2'), dataclasses.replace(RESIZE, **fields),
        context_=context_))
    assert (finding.code, finding.healable) == (Code.MISSING_SOURCE, False)
    assert why in finding.remedy


def test_the_source_of_a_server_without_disk_misses_nothing():
    server = at(vm_state='resized', needs=Needs(0, COMPUTE))
    assert judge(held(), server, open_(held('n2'))) == []


@pytest.mark.parametrize('gb,expected', [(50, 50), (30, 50), (70, 70)])
def test_what_only_the_migration_has_becomes_the_share_of_its_new_size(
        gb, expected):
    finding = only(held(), WAITS, open_(escrow(gb)))
    assert (finding.code, finding.consumer) == (Code.HELD, 's')
    assert finding.after == held(v1=expected)


def test_a_dead_migration_says_where_a_server_without_share_is():
    dead = open_(held('n2', v2=50), is_dead=True, context_=TWO)
    assert only({}, context_=dead).after == held(v2=50)
    assert only(held(), context_=dead).after == held(v2=50)


def test_evacuated_out_of_a_resize_the_migration_keeps_a_share_for_good():
    stranded = open_(held('n2', v2=30), is_dead=True, context_=moved(
        evacuation(), RESIZE))
    finding = only(held(v1=50), context_=stranded)
    assert (finding.code, finding.consumer, finding.gb) == (
        Code.STRANDED, 'm', 30)
    assert finding.after == {}


@pytest.mark.parametrize('history,status', [
    ((RESIZE,), 'finished'), ((RESIZE, evacuation()), 'finished'),
    ((evacuation(), RESIZE), 'running'), ((), 'finished')])
def test_a_dead_migration_on_another_volume_is_only_told(history, status):
    dead = open_(held('n2', v2=30), dataclasses.replace(
        RESIZE, status=status), is_dead=True, context_=moved(*history))
    finding = only(held(v1=50), context_=dead)
    assert (finding.code, finding.healable) == (Code.STRANDED, False)


def test_a_dead_migrations_share_on_the_servers_volume_is_one_too_many():
    finding = only(held(v1=50), context_=open_(
        held('n2', v1=50), is_dead=True))
    assert (finding.code, finding.after) == (Code.STRANDED, {})


def test_nothing_of_a_dead_migration_goes_before_its_server_has_a_share():
    dead = open_(held('n2', v1=50), is_dead=True)
    assert codes(held(), context_=dead) == [Code.MISSING]
    assert codes(held(), at(needs=Needs()), dead) == [Code.MISSING]


def test_escrow_of_a_dead_migration_is_released_once_its_server_has_it():
    finding = only(held(v1=50), context_=open_(escrow(50), is_dead=True))
    assert (finding.code, finding.consumer, finding.after) == (
        Code.HELD, 'm', held('n2'))
    assert [finding.consumer for finding in judge(
        held(), context_=open_(escrow(50), is_dead=True))] == ['s']


def test_two_shares_are_one_where_the_source_proves_it():
    finding = only(held(v1=50, v2=50), context_=dataclasses.replace(
        TWO, known_on={'s': 'v2'}))
    assert (finding.code, finding.location) == (Code.DOUBLED, 'csv:c/V1')
    assert finding.after == held(v2=50)
    assert not only(held(v1=50, v2=50), context_=TWO).healable


def test_a_share_gets_the_size_of_the_flavor():
    finding = only(held(v1=30))
    assert (finding.code, finding.gb) == (Code.WRONG_AMOUNT, 30)
    assert finding.after == held(v1=50)
    assert judge(held(v1=30), at(needs=Needs())) == []


def test_an_offloaded_server_holds_nothing():
    server = at(vm_state='shelved_offloaded', node=None)
    assert only(held(None, v1=50), server).after == {}
    assert judge({}, server) == []


def test_only_the_source_says_that_a_share_is_on_the_wrong_volume():
    assert judge(held(v2=50), context_=TWO) == []
    finding = only(held(v2=50), context_=dataclasses.replace(
        TWO, known_on={'s': 'v1'}))
    assert (finding.code, finding.after) == (
        Code.WRONG_VOLUME, held(v1=50))


def test_a_share_on_a_closed_node_moves_to_its_volume():
    finding = only({'n1': {**COMPUTE, 'DISK_GB': 50}})
    assert (finding.code, finding.location) == (Code.CLOSED_NODE, 'hv1')
    assert finding.after == held(v1=50)
    assert not only({'n1': {**COMPUTE, 'DISK_GB': 50}}, context_=TWO).healable


def test_a_share_on_both_is_one_copy():
    finding = only({'n1': {**COMPUTE, 'DISK_GB': 50},
                    'v1': {'DISK_GB': 50}})
    assert finding.after == held(v1=50)


def test_escrow_is_the_share():
    finding = only({**held(), 'v1': {'CUSTOM_CSV_HELD_DISK_GB': 50}})
    assert (finding.code, finding.after) == (Code.HELD, held(v1=50))


def test_a_server_to_be_confirmed_may_hold_both_sizes():
    server = at(vm_state='resized')
    assert judge(held('n2', v1=70), server) == []
    assert codes(held(), server) == [Code.MISSING]


@pytest.mark.parametrize('server', [
    at(known=False), at(vm_state='building')])
def test_what_is_not_known_is_not_wrong(server):
    assert judge({}, server) == judge(held('n2'), server) == []


def test_of_a_server_in_error_nothing_is_taken():
    server = at(vm_state='error')
    assert not only(held(v1=30), server).healable
    assert not only(held('n2', v1=50), server).healable
    assert only(held(), server).healable


def test_only_the_chosen_codes_are_healed():
    wrong = held('n2', v1=30)
    heal = audit.healed
    assert heal(SERVER, wrong, ONE, ()) == wrong
    assert heal(SERVER, wrong, ONE, {Code.WRONG_NODE}) == held(v1=30)
    assert heal(SERVER, wrong, ONE, {Code.WRONG_AMOUNT}) == held(
        'n2', v1=50)
    assert heal(SERVER, wrong, ONE, set(Code)) == held(v1=50)


def test_every_code_is_explained():
    assert set(findings.MEANINGS) == set(Code)
    assert Code.ORPHANED not in findings.SAFE


amounts = st.dictionaries(st.sampled_from(
    ['DISK_GB', 'CUSTOM_CSV_HELD_DISK_GB', 'VCPU', 'MEMORY_MB']),
    st.integers(1, 60), min_size=1)
anything = st.dictionaries(
    st.sampled_from(['n1', 'n2', 'n3', 'v1', 'v2', 'other']), amounts)
histories = st.builds(
    Migration, st.sampled_from(['m', 'e']), st.just('s'),
    st.sampled_from(['finished', 'done', 'completed', 'failed', 'running']),
    st.sampled_from(['hv1', 'hv2', None]), st.booleans(),
    st.sampled_from(['hv1', 'hv2', 'gone']),
    st.sampled_from(['evacuation', 'migration', 'live-migration']))
contexts = st.builds(
    dataclasses.replace, st.sampled_from([ONE, TWO]),
    known_on=st.sampled_from([{}, {'s': 'v1'}, {'s': 'v2'}]),
    waiting=st.sampled_from([(), {'s'}]), assume_home=st.booleans(),
    cold_moves_keep_disk=st.booleans(), moves=st.fixed_dictionaries({
        's': st.lists(histories, max_size=3)}),
    migrations=st.fixed_dictionaries({'s': st.lists(st.builds(
        context.MigrationShares, histories, anything, st.booleans()),
        max_size=1)}))
servers = st.builds(
    at, vm_state=st.sampled_from(
        ['active', 'stopped', 'error', 'resized', 'soft-delete']),
    node=st.sampled_from(['hv1', 'hv2', None]),
    needs=st.sampled_from([Needs(50, COMPUTE), Needs(0, COMPUTE),
                           Needs(50, None), Needs()]))


@given(servers, anything, contexts)
def test_what_is_healed_stays_healed(server, holds, context_):
    after = audit.healed(server, holds, context_, set(Code))
    assert not any(finding.healable for finding
                   in audit.judge(server, after, context_)
                   if finding.consumer == 's')
    migrations = audit.healed_migrations(server, after, context_, set(Code))
    for _escrow_then_share in range(2):
        context_ = dataclasses.replace(context_, migrations={'s': [
            dataclasses.replace(one, held=migrations.get(
                one.migration.uuid, one.held))
            for one in context_.migrations['s']]})
        migrations = audit.healed_migrations(
            server, after, context_, set(Code))
    assert migrations == {}


@given(servers, anything, contexts)
def test_healing_touches_nothing_but_the_cluster(server, holds, context_):
    after = audit.healed(server, holds, context_, set(Code))
    ours = {*context_.volumes, *context_.nodes}
    assert {p: r for p, r in after.items() if p not in ours} == {
        p: r for p, r in holds.items() if p not in ours}
    assert all(after.values())


@given(servers, anything, contexts)
def test_healing_never_leaves_a_server_without_the_copy_it_had(
        server, holds, context_):
    """Only a flavor without disk lets a share go, and never escrow."""
    def has_disk(held_by):
        # Only volumes have an inventory of escrow.
        return any('DISK_GB' in resources or provider in context_.volumes
                   and 'CUSTOM_CSV_HELD_DISK_GB' in resources
                   for provider, resources in held_by.items()
                   if provider in {*context_.volumes, *context_.nodes})
    after = audit.healed(server, holds, context_, set(Code))
    if has_disk(holds) and server.needs.disk_gb != 0:
        assert has_disk(after)


@given(anything, contexts)
def test_escrow_of_a_server_becomes_a_share_of_at_least_its_size(
        holds, context_):
    after = audit.healed(SERVER, holds, context_, {Code.HELD})
    for volume in holds.keys() & context_.volumes.keys():
        assert 'CUSTOM_CSV_HELD_DISK_GB' not in after[volume] if (
            'CUSTOM_CSV_HELD_DISK_GB' in holds[volume]) else True
        least_gb = max(holds[volume].get(rc, 0)
                       for rc in ('DISK_GB', 'CUSTOM_CSV_HELD_DISK_GB'))
        restored_gb = after[volume].get('DISK_GB', 0)
        assert restored_gb >= least_gb
        # Larger only by what a migration of it shows that it has there.
        assert restored_gb == least_gb or any(
            volume in move.held for move in context_.migrations['s'])


@given(servers, anything, contexts)
def test_what_is_told_of_migrations_never_takes_what_a_server_lacks(
        server, holds, context_):
    """A migration's share goes only while its server has one."""
    for uuid, after in audit.healed_migrations(
            server, holds, context_, set(Code)).items():
        before, = (one.held for one in context_.migrations['s']
                   if one.migration.uuid == uuid)
        taken = [provider for provider, resources in before.items()
                 if resources.get('DISK_GB', 0) > after.get(
                     provider, {}).get('DISK_GB', 0)]
        if taken:
            assert any('DISK_GB' in holds.get(volume, {})
                       for volume in context_.volumes)


# -- failover: Nova's host, the cluster's owner node and the node's part


def owned(node, stated_at=None, **known):
    return dataclasses.replace(ONE, owners={
        's': owners.Owner(node, stated_at)}, **known)


@pytest.mark.parametrize('owner', ['hv1', 'HV1'])
def test_the_node_part_follows_where_nova_and_the_cluster_agree(owner):
    finding = only(held('n2', v1=50), context_=owned(owner, needs_owner=True))
    assert finding.after == held('n1', v1=50)
    both = {**held(v1=50), 'n2': COMPUTE}
    assert only(both, context_=owned(owner, needs_owner=True)).after == held(
        v1=50)


def test_of_two_wrong_nodes_one_part_follows_where_the_cluster_agrees():
    wrong = {**held('n2', v1=50), 'n3': COMPUTE}
    three = dataclasses.replace(
        owned('hv1', needs_owner=True),
        nodes={**ONE.nodes, 'n3': context.NodeVolumes('hv3')})
    finding = only(wrong, context_=three)
    assert (finding.code, finding.after) == (
        Code.WRONG_NODE, held('n1', v1=50))
    for others in ({'n3': {'VCPU': 1}},
                   {ids.remotefx_uuid('n3'): {'CUSTOM_REMOTEFX_ADAPTER': 1}}):
        finding = only({**wrong, **others}, context_=three)
        assert (finding.code, finding.after) == (Code.WRONG_NODE, None)
    finding = only(wrong, context_=dataclasses.replace(
        three, owners={}, needs_owner=False))
    assert (finding.code, finding.after) == (Code.WRONG_NODE, None)


@pytest.mark.parametrize('holds', [
    held('n2', v1=50), {**held(v1=50), 'n2': COMPUTE}])
@pytest.mark.parametrize('needs_owner', [True, False])
def test_nothing_follows_where_nova_and_the_cluster_differ(
        holds, needs_owner):
    differs, wrong = judge(
        holds, context_=owned('hv2', needs_owner=needs_owner))
    assert (differs.code, differs.location) == (Code.OWNER_DIFFERS, 'hv2')
    assert (wrong.code, wrong.after) == (Code.WRONG_NODE, None)
    assert 'runs it on hv2' in wrong.remedy


def test_an_owner_that_differs_is_told_and_never_healed():
    context_ = owned('hv2')
    assert codes(held(v1=50), context_=context_) == [Code.OWNER_DIFFERS]
    assert audit.healed(SERVER, held(v1=50), context_, set(Code)) == held(
        v1=50)
    assert codes(held(v1=50), at(vm_state='error'), context_) == [
        Code.OWNER_DIFFERS]


def test_who_needs_an_owner_writes_nothing_without_it():
    wrong = held('n2', v1=50)
    context_ = dataclasses.replace(ONE, needs_owner=True)
    assert not only(wrong, context_=context_).healable
    assert only(wrong, context_=ONE).healable


def test_an_owner_collected_before_nova_wrote_the_server_proves_nothing():
    moment = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.timezone.utc)
    written = at(updated='2026-01-01T12:00:01Z')
    context_ = owned('hv2', stated_at=moment)
    assert judge(held(v1=50), written, context_) == []
    assert codes(held(v1=50), at(updated='2026-01-01T12:00:00Z'), context_
                 ) == [Code.OWNER_DIFFERS]
    agrees = owned('hv1', stated_at=moment, needs_owner=True)
    assert not only(held('n2', v1=50), written, agrees).healable


def test_an_owner_that_could_be_several_nodes_is_none():
    nodes = {'n1': context.NodeVolumes('hv1.a'),
             'n2': context.NodeVolumes('hv1.b')}
    context_ = dataclasses.replace(owned('hv1'), nodes=nodes)
    assert context_.owner_of(SERVER) is None
