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


"""Taking over a running cluster: every share kept, at every moment."""

import dataclasses
import datetime
import itertools
import uuid

import pytest

from hv_sched import model
from hv_sched.adopt import adopt
from hv_sched.notices import Kind
from hv_sched.placement import names
from hv_sched.providers.settings import Settings
from hv_sched.shares.quiescence import SkipReason
from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import unadopted_cloud

VOLUME = clouds.VOLUME


@pytest.fixture
def cloud(placement):
    return unadopted_cloud.UnadoptedCloud(placement)


def kinds(report):
    return [finding.kind for finding in report.findings]


def test_shares_move_to_the_volume_and_it_is_published(cloud):
    servers = {cloud.server('hv01', 100), cloud.server('hv01', 50),
               cloud.server('hv02', 200)}
    report = cloud.adopt()
    assert kinds(report) == [] and report.skipped == ()
    assert {c for _name, c in cloud.disk()} == servers
    assert {name for name, _c in cloud.disk()} == {'csv:hvc1/Volume1'}
    assert cloud.hosts(150) == {'hv01', 'hv02'}
    assert cloud.hosts(151) == set()
    assert cloud.sync(clouds.facts()).done == ()


def test_what_else_a_consumer_holds_stays(cloud):
    server = cloud.server('hv01', 100)
    before = cloud.api.consumer(server)
    cloud.adopt()
    after = cloud.api.consumer(server)
    assert after.held == {cloud.nodes['hv01']: {'VCPU': 1},
                          VOLUME: {'DISK_GB': 100}}
    assert (after.project_id, after.user_id, after.consumer_type) == (
        before.project_id, before.user_id, before.consumer_type)


def test_a_typed_consumer_keeps_its_type(cloud):
    server = str(uuid.uuid4())
    cloud.admin.put(f'/allocations/{server}', microversion='1.38', json={
        'allocations': {cloud.nodes['hv01']: {'resources': {'DISK_GB': 5}}},
        'consumer_generation': None, 'project_id': 'p', 'user_id': 'u',
        'consumer_type': 'INSTANCE'})
    cloud.nova.add(server)
    cloud.adopt()
    assert cloud.api.consumer(server).consumer_type == 'INSTANCE'
    assert cloud.disk() == {('csv:hvc1/Volume1', server): 5}


def test_the_proof_says_the_sums(cloud):
    cloud.server('hv01', 100)
    cloud.server('hv02', 200)
    proof, = cloud.adopt().proofs
    assert (proof.before_gb, proof.after_gb, proof.holds) == (300, 300, True)


def test_the_former_ratio_is_kept(cloud):
    cloud.register('hv03', ratio=1.5)
    cloud.server('hv03', 10)
    cloud.adopt(clouds.cluster(3))
    assert 'CUSTOM_CSV_FORMER_RATIO_1_5' in cloud.state()['hv03'][2]


def test_a_dry_run_writes_nothing(cloud):
    cloud.server('hv01', 100)
    before = cloud.state()
    cloud.placement.sent.clear()
    plan = cloud.adopter().inspect(clouds.cluster()).plan
    assert plan.nodes[cloud.nodes['hv01']] == 100
    assert plan.volumes[0].after_gb == 100
    assert cloud.placement.writes == [] and cloud.state() == before


def test_batches_are_atomic_requests(cloud):
    for _number in range(10):
        cloud.server('hv01', 10)
    cloud.placement.sent.clear()
    cloud.adopt(batch=4)
    assert len(share_writes(cloud)) == 3


def share_writes(cloud):
    """The writes of shares, but those the policy forbade."""
    posts = [url for method, url in cloud.placement.sent if method == 'POST'
             and url in ('/allocations', '/reshaper')]
    if set(posts) == {'/allocations', '/reshaper'}:
        posts.remove('/reshaper')
    return posts


def allow_reshape(cloud):
    """The role that Placement's newer default policy asks for."""
    cloud.placement.additional_headers['X-Roles'] = 'admin,service'


def no_reshape(cloud):
    """The same policy for an admin without it."""
    def before(environ):
        if environ['PATH_INFO'].endswith('/reshaper'):
            return '403 Forbidden', {'errors': [{'status': 403}]}
        return None
    cloud.placement.service.before = before


def test_without_the_right_to_reshape_ratios_are_written_before(cloud):
    no_reshape(cloud)
    servers = {cloud.server('hv01', 10) for _number in range(3)}
    assert kinds(cloud.adopt(batch=1)) == []
    assert {('csv:hvc1/Volume1', server) for server in servers} == (
        cloud.disk().keys())
    assert cloud.placement.sent.count(('POST', '/reshaper')) == 1


def test_a_node_always_fits_its_shares_and_has_no_room_beside(cloud):
    """Placement before 14 moves no share on a node over its capacity."""
    allow_reshape(cloud)
    for disk_gb in (10, 20, 30):
        cloud.server('hv01', disk_gb)
    cloud.server('hv02', 40)
    seen, busy = [], []

    def before(environ):
        if not busy and unadopted_cloud.writes_shares(environ):
            busy.append(1)
            for uid in cloud.nodes.values():
                disk = cloud.api.inventories(uid)[1]['DISK_GB']
                used = cloud.api.usages(uid)[1].get('DISK_GB', 0)
                seen.append((int(disk.capacity), used))
            busy.clear()

    cloud.placement.service.before = before
    assert kinds(cloud.adopt(batch=1)) == []
    assert len(seen) == 8 and all(room == used for room, used in seen), seen


# -- states of servers


def test_verify_resize_moves_both_copies_in_one_request(cloud):
    server, migration = cloud.resized('hv01', 'hv02', 30, 40)
    cloud.placement.sent.clear()
    assert cloud.adopt().skipped == ()
    assert cloud.disk() == {('csv:hvc1/Volume1', server): 40,
                            ('csv:hvc1/Volume1', migration): 30}
    assert len(share_writes(cloud)) == 1


@pytest.mark.parametrize('state', [
    {'task_state': 'migrating'}, {'vm_state': 'resized'},
    {'task_state': 'deleting'}])
def test_a_moving_server_is_left_alone_and_said(cloud, state):
    moving = cloud.server('hv01', 10, **state)
    other = cloud.server('hv01', 20)
    report = cloud.adopt()
    assert cloud.disk() == {('hv01', moving): 10,
                            ('csv:hvc1/Volume1', other): 20}
    assert [skip.reason for skip in report.skipped] == [SkipReason.MOVING]
    assert {Kind.SKIPPED, Kind.ADOPT} == set(kinds(report))
    assert report.proofs[0].left_gb == 10 and report.proofs[0].holds
    assert cloud.candidates(1) == [], 'closed until it is done'
    cloud.nova.add(moving)
    assert kinds(cloud.adopt()) == []
    assert cloud.hosts(470) == {'hv01', 'hv02'}


def test_an_open_migration_is_a_moving_server(cloud):
    server = cloud.server('hv01', 10)
    cloud.nova.add_migration(str(uuid.uuid4()), server, 'accepted')
    assert [skip.reason for skip in cloud.adopt().skipped] == [
        SkipReason.MOVING]


def test_a_moving_server_is_waited_for(cloud, monkeypatch):
    server = cloud.server('hv01', 10, task_state='migrating')
    # oslo.db sleeps for no time to let other threads run.
    monkeypatch.setattr('time.sleep', lambda seconds: (
        cloud.nova.add(server) if seconds else None))
    assert kinds(cloud.adopt(wait_seconds=600)) == []


def test_an_unexplained_share_is_left_and_said_and_blocks_nothing(cloud):
    orphan = cloud.own_disk('hv01', 10)
    server = cloud.server('hv01', 20)
    report = cloud.adopt()
    assert [skip.reason for skip in report.skipped] == [SkipReason.UNEXPLAINED]
    assert kinds(report) == [Kind.SKIPPED]
    assert cloud.disk() == {('hv01', orphan): 10,
                            ('csv:hvc1/Volume1', server): 20}
    assert cloud.hosts(480) == {'hv01', 'hv02'}
    assert cloud.sync(clouds.facts()).done == ()
    before = cloud.state()
    cloud.adopt()
    assert cloud.state() == before


def test_a_cell_that_does_not_answer_leaves_the_cluster_as_it_was(cloud):
    cloud.server('hv01', 10, known=False)
    cloud.server('hv02', 10)
    before = cloud.state()
    assert kinds(cloud.adopt()) == [Kind.FROZEN]
    assert cloud.state() == before


def test_while_a_cell_is_down_an_unexplained_share_may_be_its(cloud):
    """Nova leaves the migrations of a cell that is down out of its lists."""
    cloud.own_disk('hv01', 10)
    cloud.nova.cells = {'here': False}
    before = cloud.state()
    assert kinds(cloud.adopt()) == [Kind.FROZEN]
    assert cloud.state() == before


def test_another_cell_that_is_down_holds_up_no_cluster(cloud):
    server = cloud.server('hv01', 10)
    cloud.nova.cells = {'here': False}
    assert kinds(cloud.adopt()) == []
    assert cloud.disk() == {('csv:hvc1/Volume1', server): 10}


def test_an_evacuated_server_has_one_copy(cloud):
    server = str(uuid.uuid4())
    cloud.allocate(server, {uid: {'resources': {'VCPU': 1, 'DISK_GB': 40}}
                            for uid in cloud.nodes.values()})
    cloud.nova.add(server)
    report = cloud.adopt()
    assert cloud.disk() == {('csv:hvc1/Volume1', server): 40}
    assert report.proofs[0].merged_gb == 40 and report.proofs[0].holds


def test_files_known_to_be_elsewhere_go_there(cloud):
    server = cloud.server('hv01', 10)
    other = cloud.server('hv01', 20)
    vms = (model.Vm(server, 'hv01', (model.VmDisk(
        clouds.guid(2), 10 * model.GIB, model.GIB),)),)
    cloud.adopt(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2)), vms=vms,
        nodes=(clouds.node(1, home=1), clouds.node(2, home=2))))
    assert cloud.disk() == {('csv:hvc1/Volume2', server): 10,
                            ('csv:hvc1/Volume1', other): 20}


def test_a_node_without_a_home_is_refused_before_anything(cloud):
    cloud.server('hv02', 10)
    before = cloud.state()
    report = cloud.adopt(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2)),
        nodes=(clouds.node(1, home=1), clouds.node(2))))
    assert kinds(report) == [Kind.REFUSED]
    assert cloud.state() == before


def test_a_volume_without_a_size_is_refused_before_anything(cloud):
    """One that is offline, and that Placement does not have yet."""
    cloud.server('hv02', 10)
    before = cloud.state()
    report = cloud.adopt(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(
            2, size_bytes=None, free_bytes=None,
            state=model.CsvState.OFFLINE)),
        nodes=(clouds.node(1, home=1), clouds.node(2, home=2))))
    assert kinds(report) == [Kind.REFUSED]
    assert report.findings[0].code == 'size-not-stated'
    assert cloud.state() == before


def test_stale_facts_are_refused(cloud):
    cloud.server('hv01', 10)
    before = cloud.state()
    assert kinds(cloud.adopt(clouds.cluster(
        collected_at=datetime.datetime(
            2020, 1, 1, tzinfo=datetime.timezone.utc)))) == [Kind.FROZEN]
    assert cloud.state() == before


@pytest.mark.parametrize('field', ['nodes', 'volumes'])
def test_a_list_that_could_not_be_collected_is_refused(cloud, field):
    cloud.server('hv01', 10)
    before = cloud.state()
    report = cloud.adopt(dataclasses.replace(
        clouds.cluster(), **{field: ()}, sections={
            model.Section(field): model.SectionReport(error='no answer')}))
    assert kinds(report)[0] == Kind.FROZEN
    assert 'no answer' in report.findings[0].message
    assert cloud.state() == before


# -- over-booked


def test_an_over_booked_cluster_is_refused_with_its_gb(cloud):
    cloud.server('hv01', 400)
    cloud.server('hv02', 250)
    before = cloud.state()
    report = cloud.adopt()
    assert kinds(report) == [Kind.REFUSED]
    assert 'over-booked by 150 GB' in report.findings[0].message
    assert cloud.state() == before


def test_allow_overcommit_raises_the_ratio_until_it_fits_again(cloud):
    big = cloud.server('hv01', 400)
    cloud.server('hv02', 251)
    assert kinds(cloud.adopt(allow_overcommit=True)) == []
    disk = cloud.state()['csv:hvc1/Volume1'][1]['DISK_GB']
    assert disk.capacity == 651
    assert cloud.sync(clouds.facts()).done == ()
    assert cloud.hosts(1) == set()
    cloud.admin.delete(f'/allocations/{big}')
    cloud.sync(clouds.facts(), full=False)
    _uuid, inventories, traits, _aggregates, _usages = cloud.state()[
        'csv:hvc1/Volume1']
    assert inventories['DISK_GB'].allocation_ratio == 1.0
    assert not any('OVERCOMMITTED' in trait for trait in traits)
    assert cloud.hosts(249) == {'hv01', 'hv02'}


def test_more_overcommit_needs_consent_again(cloud):
    cloud.server('hv01', 400)
    cloud.server('hv02', 250)
    cloud.adopt(allow_overcommit=True)
    cloud.register('hv03')
    cloud.server('hv03', 50)
    report = cloud.adopt(clouds.cluster(3))
    assert 'over-booked by 50 GB' in report.findings[0].message
    assert kinds(cloud.adopt(clouds.cluster(3), allow_overcommit=True)) == []
    _uuid, inventories, traits, _aggregates, _usages = cloud.state()[
        'csv:hvc1/Volume1']
    assert inventories['DISK_GB'].capacity == 700
    assert [trait for trait in traits if 'OVERCOMMITTED_FROM' in trait] == [
        'CUSTOM_CSV_OVERCOMMITTED_FROM_1_0']


def test_the_files_of_the_servers_are_not_reserved_too(cloud):
    cloud.server('hv01', 300)
    full = clouds.volume(1, free_bytes=250 * model.GIB)
    cloud.adopt(clouds.cluster(volumes=(full,)))
    assert cloud.state()['csv:hvc1/Volume1'][1]['DISK_GB'].reserved == 0


# -- others at work


def test_a_late_server_on_a_closing_node_is_swept(cloud):
    cloud.server('hv01', 10)
    late = []

    def before(environ):
        if environ['REQUEST_METHOD'] == 'POST' and not late and (
                environ['PATH_INFO'].endswith('/resource_providers')):
            late.append(cloud.server('hv02', 20))

    cloud.placement.service.before = before
    report = cloud.adopt()
    assert late and kinds(report) == []
    assert report.proofs[0].arrived_gb == 20 and report.proofs[0].holds
    assert cloud.disk()['csv:hvc1/Volume1', late[0]] == 20


def test_a_deleted_server_is_gone_not_lost(cloud):
    server = cloud.server('hv01', 10)
    cloud.server('hv01', 20)
    situation = cloud.adopter().inspect(clouds.cluster())
    cloud.admin.delete(f'/allocations/{server}')
    report = cloud.adopter().adopt(situation)
    assert report.proofs[0].gone_gb == 10 and report.proofs[0].holds


@pytest.mark.parametrize('disk_gb,explained', [(30, True), (31, False)])
def test_a_resize_reverted_meanwhile_is_no_loss(cloud, disk_gb, explained):
    server, migration = cloud.resized('hv01', 'hv02', 30, 40)
    situation = cloud.adopter().inspect(clouds.cluster())
    held = cloud.api.consumer(migration).held
    cloud.admin.delete(f'/allocations/{migration}')
    cloud.api.write_consumers([dataclasses.replace(
        cloud.api.consumer(server), held=held)])
    cloud.nova.migrations.clear()
    cloud.nova.add(server, disk_gb=disk_gb)
    report = cloud.adopter().adopt(situation)
    proof, = report.proofs
    assert cloud.disk() == {('csv:hvc1/Volume1', server): 30}
    assert proof.gone_gb == 30 and proof.holds is explained
    assert proof.changed_gb == (-10 if explained else 0)
    assert kinds(report) == ([] if explained else [Kind.REFUSED])


def foreign_writes(cloud, servers, times):
    """Somebody writes each server just before adopt does."""
    done = []

    def before(environ):
        if unadopted_cloud.writes_shares(environ) and len(done) < times:
            done.append(1)
            for server in servers:
                now = cloud.api.consumer(server)
                held = {p: {**r, 'VCPU': r['VCPU'] + 1} if 'VCPU' in r else r
                        for p, r in now.held.items()}
                cloud.api.write_consumers([dataclasses.replace(
                    now, held=held)])
    # The foreign writer's own requests pass.
    busy = []

    def guarded(environ):
        if busy:
            return None
        busy.append(1)
        try:
            return before(environ)
        finally:
            busy.clear()
    cloud.placement.service.before = guarded
    return done


@pytest.mark.parametrize('times,adopted', [(3, True), (99, False)])
def test_a_conflict_rereads_at_most_five_times(cloud, times, adopted):
    # Without that role the nodes are narrowed before the shares leave, and
    # Placement before 14 refuses the others' writes meanwhile.
    allow_reshape(cloud)
    server = cloud.server('hv01', 10)
    calm = cloud.server('hv02', 10)
    done = foreign_writes(cloud, [server], times)
    report = cloud.adopt(batch=1)
    cloud.placement.service.before = None
    held = cloud.api.consumer(server).held
    assert held[cloud.nodes['hv01']]['VCPU'] == 1 + len(done)
    assert cloud.disk()['csv:hvc1/Volume1', calm] == 10 or not adopted
    assert (report.skipped == ()) is adopted
    if not adopted:
        assert {skip.reason for skip in report.skipped} == {SkipReason.REFUSED}
        assert 'each of 5 attempts' in report.skipped[0].message


def begin_a_move(cloud, server, migration):
    """Nova empties and refills the consumer, so its generation comes back."""
    old = cloud.api.consumer(server)
    cloud.api.write_consumers([
        dataclasses.replace(old, held={}),
        dataclasses.replace(old, uuid=migration, generation=None)])
    cloud.allocate(server, {cloud.nodes['hv02']: {'resources': {'VCPU': 1}}})
    cloud.nova.add(server, task_state='migrating')
    cloud.nova.add_migration(migration, server, 'preparing',
                             dest_node='hv02')


def test_a_server_that_changed_after_it_was_read_is_read_again(cloud):
    """Between two looks a move may have begun and ended."""
    server = cloud.server('hv01', 10)
    reads = []

    def before(environ):
        if environ['PATH_INFO'].endswith(f'/allocations/{server}'):
            reads.append(1)
            if len(reads) == 1:
                cloud.nova.add(server)

    cloud.placement.service.before = before
    assert kinds(cloud.adopt()) == []
    cloud.placement.service.before = None
    assert len(reads) == 2
    assert cloud.disk() == {('csv:hvc1/Volume1', server): 10}


@pytest.mark.parametrize('together', [True, False])
def test_a_move_that_overtakes_our_write_is_repaired(cloud, together):
    """It begins after the last look at Nova, before our write is made."""
    (allow_reshape if together else no_reshape)(cloud)
    denied = cloud.placement.service.before
    server, migration = cloud.server('hv01', 10), str(uuid.uuid4())
    read, moved = [], []

    def before(environ):
        path = environ['PATH_INFO']
        if path.endswith(f'/allocations/{server}'):
            read.append(1)
        if read and not moved and path.endswith('/traits'):
            moved.append(1)
            begin_a_move(cloud, server, migration)
        return denied(environ) if denied else None

    cloud.placement.service.before = before
    cloud.adopt()
    cloud.placement.service.before = None
    assert cloud.api.consumer(server).held == {
        cloud.nodes['hv02']: {'VCPU': 1}, VOLUME: {'DISK_GB': 10}}
    assert cloud.api.consumer(migration).held == {
        cloud.nodes['hv01']: {'VCPU': 1, 'DISK_GB': 10}}


def test_written_with_its_node_a_server_that_moved_is_refused(cloud):
    """The node's generation tells what the consumer's does not."""
    allow_reshape(cloud)
    server, migration = cloud.server('hv01', 10), str(uuid.uuid4())
    moved = []

    def before(environ):
        if not moved and unadopted_cloud.writes_shares(environ):
            moved.append(1)
            begin_a_move(cloud, server, migration)

    cloud.placement.service.before = before
    report = cloud.adopt()
    assert {skip.reason for skip in report.skipped} == {SkipReason.MOVING}
    assert cloud.api.consumer(server).held == {
        cloud.nodes['hv02']: {'VCPU': 1}}


# -- kills


def stock_cloud(placement):
    cloud = unadopted_cloud.UnadoptedCloud(placement, ('hv01', 'hv02', 'hv03'))
    for disk_gb in (10, 20, 30):
        cloud.server('hv01', disk_gb)
    cloud.server('hv02', 40)
    cloud.resized('hv01', 'hv02', 5, 7)
    return cloud


def empty_and_open(cloud, total_gb):
    """Nodes with room for more than what was open at first."""
    found = []
    for name, uid in cloud.nodes.items():
        disk = cloud.api.inventories(uid)[1]['DISK_GB']
        used = cloud.api.usages(uid)[1]['DISK_GB']
        on_volume = sum(gb for (where, _c), gb in cloud.disk().items()
                        if where.startswith('csv:'))
        if on_volume and disk.capacity > used:
            found.append((name, disk.capacity, used, total_gb))
    return found


@pytest.mark.faults
@pytest.mark.parametrize('after_answer,may_reshape', [
    (False, True), (True, True), (True, False)])
def test_killed_at_any_write_nothing_is_lost_and_a_rerun_finishes(
        after_answer, may_reshape):
    expected = None
    for kill_at in itertools.count():
        with base.running_placement() as placement:
            cloud = stock_cloud(placement)
            (allow_reshape if may_reshape else no_reshape)(cloud)
            shares = sorted((c, gb) for (_n, c), gb in cloud.disk().items())
            placement.kill_methods = ('PUT', 'POST', 'DELETE')
            placement.kill_after_answer = after_answer
            placement.kill_at = kill_at or None
            try:
                cloud.adopt(clouds.cluster(3), batch=2)
                finished = True
            except base.Killed:
                finished = False
            placement.kill_at = None
            assert sorted((c, gb) for (_n, c), gb in cloud.disk().items()
                          ) == shares, f'killed at {kill_at}'
            assert empty_and_open(cloud, 500) == [], f'killed at {kill_at}'
            if any(names.VOLUME in cloud.api.traits(p.uuid)[1]
                   for p in cloud.api.list_providers()):
                assert all(name.startswith('csv:')
                           for name, _c in cloud.disk())
            assert kinds(cloud.adopt(clouds.cluster(3), batch=2)) == []
            state = cloud.state()
            expected = expected or {
                name: (s[1], s[2], s[3]) for name, s in state.items()}
            assert {name: (s[1], s[2], s[3])
                    for name, s in state.items()} == expected
            assert sorted((c, gb) for (_n, c), gb in cloud.disk().items()
                          ) == shares
        if finished and kill_at:
            break
    assert kill_at >= 20


def test_a_joining_node_with_servers_is_adopted_while_others_run(cloud):
    cloud.sync(clouds.facts())
    running = cloud.nova.add(cloud.create(50))
    cloud.register('hv03')
    joining = cloud.server('hv03', 30)
    grown = clouds.cluster(3)
    assert cloud.sync(clouds.facts(grown)).plan.all_findings
    assert cloud.hosts(10) == {'hv01', 'hv02', 'hv03'}
    assert kinds(cloud.adopt(grown)) == []
    assert cloud.disk() == {('csv:hvc1/Volume1', running): 50,
                            ('csv:hvc1/Volume1', joining): 30}
    assert cloud.hosts(420) == {'hv01', 'hv02', 'hv03'}


def test_a_node_nova_made_anew_is_closed_again(cloud):
    cloud.adopt()
    uid = cloud.nodes['hv02']
    cloud.api.delete_provider(uid)
    cloud.register('hv02')
    server = cloud.server('hv02', 10)
    assert kinds(cloud.adopt()) == []
    assert cloud.disk() == {('csv:hvc1/Volume1', server): 10}
    assert cloud.hosts(490) == {'hv01', 'hv02'}


def test_parallel_workers_adopt_the_same(cloud):
    for number in range(9):
        cloud.server('hv01' if number % 2 else 'hv02', 10)
    one = adopt.Adopter(
        clouds.client.from_adapter(cloud.placement), cloud.nova,
        Settings(workers=4), adopt.AdoptOptions(batch=3))
    assert kinds(one.adopt(one.inspect(clouds.cluster()))) == []
    assert sum(cloud.disk().values()) == 90
