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


"""Escrow that failed moves left becomes a share again, on real Placement."""

import dataclasses
import threading
import time
import uuid

import pytest

from hv_sched import exception
from hv_sched import model
from hv_sched.compute.servers import Migration
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.inventory import Inventory
from hv_sched.recovery import escrow_state
from hv_sched.recovery import restore
from tests.functional import cloud as clouds
from tests.functional import escrow_case
from tests.functional import nova_answers
from tests.functional.escrow_case import HELD
from tests.functional.escrow_case import NAME
from tests.functional.escrow_case import NODE
from tests.functional.escrow_case import SHARE
from tests.functional.escrow_case import VOLUME


@pytest.fixture
def case(placement):
    return escrow_case.EscrowCase(placement)


def test_a_server_that_stands_still_gets_its_share_back(case):
    server = case.holds(HELD)
    result = case.restore()
    assert case.on_volume(server) == SHARE
    assert result.done == (
        escrow_state.Restored(server, NAME, 300, 'restored'),)
    assert result.findings == ()
    assert case.restore() == restore.RestoreResult((), ())


def test_a_dry_run_tells_and_writes_nothing(case):
    server = case.holds(HELD)
    result = case.restore(dry_run=True)
    assert result.done == (
        escrow_state.Restored(server, NAME, 300, 'restored'),)
    assert case.on_volume(server) == HELD


def test_a_server_that_moves_is_left_until_it_stands_still(case):
    busy = case.holds(HELD, task_state='migrating')
    moving = case.holds(HELD)
    case.nova.add_migration(str(uuid.uuid4()), moving, 'running')
    result = case.restore()
    assert result.done == ()
    assert {finding.subject for finding in result.findings} == {busy, moving}
    assert case.on_volume(busy) == case.on_volume(moving) == HELD


def test_the_room_was_given_to_another_server(case):
    server = case.holds(HELD)
    other = case.holds({names.DISK_GB: 400})
    result = case.restore()
    assert case.on_volume(server) == SHARE
    assert case.on_volume(other) == {names.DISK_GB: 400}
    traits = case.client.traits(VOLUME)[1]
    assert names.NO_NEW_DISKS in traits
    assert 'CUSTOM_CSV_OVERCOMMITTED_FROM_1_0' in traits
    disk = case.client.inventories(VOLUME)[1][names.DISK_GB]
    assert disk.capacity == 700
    finding, = result.findings
    assert finding.subject == NAME
    assert 'over-allocated by 200 GB' in finding.message


@pytest.mark.parametrize('full', [True, False])
@pytest.mark.parametrize('foreign_gb', [0, 96])
def test_a_sync_leaves_what_was_raised_until_it_fits_again(
        placement, foreign_gb, full):
    cloud = clouds.Cloud(placement)
    cloud.register('hv01', 'hv02')
    volume = clouds.volume(
        free_bytes=(500 - foreign_gb) * model.GIB if foreign_gb else None)
    facts = clouds.facts(clouds.cluster(volumes=(volume,)))
    cloud.sync(facts)
    uid = cloud.state()['csv:hvc1/Volume1'][0]
    other = cloud.create(350)
    nova = nova_answers.Answers()
    server = nova.add(str(uuid.uuid4()))
    cloud.allocate(server, {uid: {'resources': HELD}})
    found = restore.Restorer(cloud.api, nova).restore()
    assert found.findings[0].message.startswith(
        f'over-allocated by {150 + foreign_gb} GB,')
    raised = cloud.state()['csv:hvc1/Volume1']
    assert raised[1]['DISK_GB'].capacity == 650
    assert cloud.sync(facts, full=full).done == ()
    # Room that servers leave is owed, however much it looks.
    cloud.admin.delete(f'/allocations/{other}')
    small = str(uuid.uuid4())
    cloud.allocate(small, {uid: {'resources': {names.DISK_GB: 250}}})
    cloud.sync(facts, full=full)
    assert cloud.hosts(1) == set()
    owing = cloud.state()['csv:hvc1/Volume1']
    assert owing[1]['DISK_GB'].capacity == 550
    assert names.NO_NEW_DISKS in owing[2]
    cloud.admin.delete(f'/allocations/{small}')
    cloud.sync(facts, full=full)
    _, inventories, traits, _, _ = cloud.state()['csv:hvc1/Volume1']
    assert inventories['DISK_GB'].allocation_ratio == 1.0
    assert not {trait for trait in traits if 'OVERCOMMITTED' in trait}
    assert names.NO_NEW_DISKS not in traits
    assert cloud.hosts(100) == {'hv01', 'hv02'}


def test_several_servers_that_fit_only_one_by_one_all_come_back(case):
    servers = [case.holds(HELD) for _ in range(3)]
    case.restore()
    assert [case.on_volume(server) for server in servers] == [SHARE] * 3
    assert case.client.inventories(VOLUME)[1][
        names.DISK_GB].capacity == 900


def test_the_room_taken_between_look_and_write_is_tried_again(case):
    server = case.holds({names.HELD_DISK_GB: 300})
    raced = []

    def race(environ):
        if (environ['REQUEST_METHOD'] == 'POST' and not raced
                and environ['PATH_INFO'].endswith('/allocations')):
            raced.append(True)
            case.holds({names.DISK_GB: 300})
        return None

    case.placement.service.before = race
    case.restore()
    assert case.on_volume(server) == SHARE


def test_a_share_and_its_escrow_are_one_copy(case):
    server = case.holds({names.DISK_GB: 200, names.HELD_DISK_GB: 300})
    case.restore()
    assert case.on_volume(server) == SHARE


def test_a_server_to_be_confirmed_gets_what_only_its_migration_has(case):
    server = case.holds({}, vm_state='resized')
    migration = case.holds(HELD, known=False)
    case.nova.add_migration(migration, server)
    case.restore()
    assert case.on_volume(server) == SHARE
    assert case.on_volume(migration) == HELD
    assert case.restore().done == ()


def test_a_server_to_be_confirmed_with_its_share_is_left(case):
    server = case.holds({names.DISK_GB: 350}, vm_state='resized')
    migration = case.holds({names.HELD_DISK_GB: 100}, known=False)
    case.nova.add_migration(migration, server)
    assert case.restore().done == ()
    assert case.on_volume(server) == {names.DISK_GB: 350}


def test_a_closed_migration_loses_its_escrow_and_nothing_else(case):
    migration = case.holds(HELD, known=False)
    result = case.restore()
    assert case.on_volume(migration) == {}
    assert case.client.consumer(migration).held == {NODE: {'VCPU': 1}}
    assert result.done == (
        escrow_state.Restored(migration, NAME, 300, 'released'),)
    assert case.slept == [10]


def test_a_dead_migration_gives_its_server_what_nobody_else_has(case):
    server = case.holds({})
    migration = case.holds(HELD, known=False)
    case.nova.add_migration(migration, server, 'running',
                            idle_seconds=2 * 3600)
    case.restore()
    assert case.on_volume(server) == SHARE
    assert case.on_volume(migration) == {}


def test_a_dead_migration_keeps_its_escrow_until_its_server_has_the_share(
        case):
    server = case.holds({})
    migration = case.holds(HELD, known=False)
    case.nova.add_migration(migration, server, 'running',
                            idle_seconds=2 * 3600)
    asked = []

    def server_that_gets_busy(uuid):
        asked.append(uuid)
        return dataclasses.replace(
            case.nova.servers[uuid],
            task_state='rebooting' if len(asked) > 1 else None)

    case.nova.server = server_that_gets_busy
    case.restore()
    assert case.on_volume(server) == {}
    assert case.on_volume(migration) == HELD


def test_a_migration_that_nova_knows_a_moment_later_keeps_its_escrow(case):
    server = case.holds({})
    migration = case.holds(HELD, known=False)

    def appear(seconds):
        case.nova.add_migration(migration, server, 'running')

    restore.Restorer(case.client, case.nova, sleep=appear).restore()
    assert case.on_volume(migration) == HELD


def test_a_stop_while_escrow_settles_is_at_once(case):
    """And releases nothing."""
    migration = case.holds(HELD, known=False)
    stop = threading.Timer(1, case.client.interruption.set)
    stop.start()
    begun = time.monotonic()
    with pytest.raises(exception.Stopping):
        restore.Restorer(
            case.client, case.nova,
            restore.RestoreOptions(settle_seconds=60)).restore()
    assert time.monotonic() - begun < 30
    assert case.others.consumer(migration).held[VOLUME] == HELD


def test_a_server_that_nova_lists_keeps_its_escrow(case, monkeypatch):
    """Whatever Nova says of its uuid, as a proxy with a wrong route does."""
    server = case.holds(HELD)
    generation, traits = case.others.traits(NODE)
    generation = case.others.set_traits(
        NODE, generation, traits | {names.COMPUTE_NODE})
    case.others.set_aggregates(
        NODE, generation, frozenset((ids.home_aggregate(VOLUME),)))
    case.nova.cells['hv1'] = True
    listed = {server: case.nova.servers[server]}
    monkeypatch.setattr(case.nova, 'server', lambda uuid: None)
    monkeypatch.setattr(case.nova, 'on_node', lambda node: (
        listed if node == NODE else {}))
    case.restore()
    assert case.on_volume(server) == HELD


def test_escrow_of_a_cell_that_is_down_is_kept(case):
    case.nova.cells['there'] = False
    migration = case.holds(HELD, known=False)
    unknown = case.holds(HELD)
    case.nova.add(unknown, known=False)
    case.restore()
    assert case.on_volume(migration) == HELD
    assert case.on_volume(unknown) == HELD


def test_no_volume_published_is_nothing_to_do(placement):
    found = restore.Restorer(client.from_adapter(placement),
                             nova_answers.Answers()).restore()
    assert found == restore.RestoreResult((), ())


def test_nothing_held_costs_four_requests(case):
    case.holds(SHARE)
    case.placement.sent.clear()
    case.restore(full=False)
    assert len(case.placement.sent) <= 4


# -- what no escrow tells


def stray(case, *history, amounts=(300, 300)):
    """A server with a share on its node's volume and on another."""
    other = ids.volume_uuid('c1', 'v2')
    case.others.create_provider(other, 'csv:c1/CSV2')
    at = case.client.set_inventories(other, 0, {
        names.DISK_GB: Inventory(500),
        names.HELD_DISK_GB: Inventory(names.HELD_TOTAL_GB)})
    case.client.set_traits(other, at, frozenset((names.VOLUME,)))
    case.others.create_provider(str(uuid.uuid4()), 'hv2')
    nodes = {listed.name: listed.uuid
             for listed in case.client.list_providers()}
    case.client.ensure_trait(names.CLUSTERED)
    for node, volume in (('hv1', VOLUME), ('hv2', other)):
        at, _ = case.client.aggregates(nodes[node])
        case.client.set_aggregates(nodes[node], at, frozenset((
            ids.home_aggregate(volume),)))
        at, traits = case.client.traits(nodes[node])
        case.others.set_traits(nodes[node], at, traits | {
            names.CLUSTERED, names.COMPUTE_NODE})
    server = str(uuid.uuid4())
    case.client.write_consumers([Consumer(server, None, 'p', 'u', {
        NODE: {'VCPU': 1}, VOLUME: {names.DISK_GB: amounts[0]},
        other: {names.DISK_GB: amounts[1]}})])
    case.nova.add(server)
    case.nova.past_moves[server] = list(history)
    return server, other


def evacuation(status):
    return Migration('m', 's', status, 'hv2', source_node='hv1',
                     kind='evacuation')


def on(case, server):
    return {provider: dict(held) for provider, held
            in case.client.consumer(server).held.items() if provider != NODE}


def test_a_failed_evacuations_share_is_released(case):
    server, other = stray(case, evacuation('failed'))
    wanted = (escrow_state.Restored(server, 'csv:c1/CSV2', 300, 'released'),)
    assert case.restore(dry_run=True).done == wanted
    assert len(on(case, server)) == 2
    assert case.restore(full=False).done == ()
    assert case.restore().done == wanted
    assert on(case, server) == {VOLUME: SHARE}
    assert case.restore() == restore.RestoreResult((), ())


def test_the_share_an_evacuation_left_is_released(case):
    server, other = stray(case, evacuation('completed'))
    case.restore()
    assert on(case, server) == {other: SHARE}


def test_two_copies_of_an_evacuation_under_way_stay(case):
    server, _ = stray(case, evacuation('done'))
    assert case.restore() == restore.RestoreResult((), ())
    assert len(on(case, server)) == 2


def test_a_source_that_is_gone_for_good_leaves_no_second_copy(case):
    gone = dataclasses.replace(evacuation('done'), source_node='hv9')
    server, other = stray(case, gone)
    case.restore()
    assert on(case, server) == {other: SHARE}


def test_shares_nobody_can_explain_stay_and_are_told(case):
    server, _ = stray(case)
    finding, = case.restore().findings
    assert finding.subject == server
    assert '300 GB on csv:c1/CSV1, 300 GB on csv:c1/CSV2' in finding.message
    assert len(on(case, server)) == 2


@pytest.mark.parametrize('state', [
    {'task_state': 'rebooting'}, {'vm_state': 'resized'}, {'known': False}])
def test_a_server_that_does_not_stand_still_keeps_both(case, state):
    server, _ = stray(case, evacuation('failed'))
    case.nova.add(server, **state)
    assert case.restore().done == ()
    assert len(on(case, server)) == 2


def test_a_share_is_brought_to_the_size_after_a_resize(case):
    server = case.holds(SHARE, disk_gb=200)
    assert case.restore().done == ()  # no resize was confirmed
    case.nova.resizes.add(server)
    wanted = (escrow_state.Restored(server, NAME, 200, 'resized'),)
    assert case.restore(dry_run=True).done == wanted
    assert case.restore().done == wanted
    assert case.on_volume(server) == {names.DISK_GB: 200}


@pytest.mark.parametrize('state', [
    {'disk_gb': 400}, {'disk_gb': 300}, {'disk_gb': None}, {'disk_gb': 0},
    {'disk_gb': 200, 'task_state': 'resize_prep'},
    {'disk_gb': 200, 'vm_state': 'resized'},
    {'disk_gb': 200, 'known': False}])
def test_no_other_share_changes_its_size(case, state):
    server = case.holds(SHARE, **state)
    case.nova.resizes.add(server)
    assert case.restore().done == ()
    assert case.on_volume(server) == SHARE


def test_a_resized_server_that_is_busy_is_not_forgotten(case):
    """Nova is asked for later resizes only from then on."""
    server = case.holds(SHARE, disk_gb=200, task_state='rebooting')
    case.nova.resizes.add(server)
    asked = []

    def resized_since(seconds):
        asked.append(seconds)
        return case.nova.resizes if seconds is None else ()

    case.nova.resized_since = resized_since
    running = restore.Restorer(case.client, case.nova)
    assert running.restore().done == ()
    case.nova.add(server, disk_gb=200)
    assert [one.action for one in running.restore().done] == ['resized']
    assert running.restore().done == ()
    assert asked[0] is None and all(300 <= one < 400 for one in asked[1:])
