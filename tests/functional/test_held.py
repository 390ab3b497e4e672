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

import uuid

import pytest

from hv_sched.providers import client
from hv_sched.providers import ids
from hv_sched.providers import names
from hv_sched.providers.consumers import Consumer
from hv_sched.providers.inventory import Inventory
from hv_sched.shares import restore
from tests.functional import nova_answers

NODE = str(uuid.uuid4())
VOLUME = ids.volume_uuid('c1', 'v1')
NAME = 'csv:c1/CSV1'
HELD = {names.HELD_DISK_GB: 300}
SHARE = {names.DISK_GB: 300}


class Case:
    """A node and a volume of 500 GB."""

    def __init__(self, placement):
        self.client = client.Placement(placement)
        self.placement = placement
        self.nova = nova_answers.Answers()
        self.slept = []
        self.client.ensure_resource_class(names.HELD_DISK_GB)
        self.client.create_provider(NODE, 'hv1')
        self.client.set_inventories(NODE, 0, {'VCPU': Inventory(100)})
        self.client.create_provider(VOLUME, NAME)
        at = self.client.set_inventories(VOLUME, 0, {
            names.DISK_GB: Inventory(500),
            names.HELD_DISK_GB: Inventory(names.HELD_TOTAL_GB)})
        for trait in (names.VOLUME, names.NO_NEW_DISKS):
            self.client.ensure_trait(trait)
        self.client.set_traits(VOLUME, at, frozenset((
            names.VOLUME, names.SHARING)))

    def holds(self, on_volume, *, known=True, **state):
        """A consumer with something on the volume; known to Nova or not."""
        consumer = str(uuid.uuid4())
        held = {NODE: {'VCPU': 1}}
        if on_volume:
            held[VOLUME] = on_volume
        self.client.write_consumers([
            Consumer(consumer, None, 'p', 'u', held)])
        if known:
            self.nova.add(consumer, **state)
        return consumer

    def on_volume(self, consumer):
        found = self.client.consumer(consumer)
        return dict(found.held.get(VOLUME, {})) if found else None

    def restore(self, **kwargs):
        return restore.Restorer(
            self.client, self.nova, sleep=self.slept.append).restore(
                **kwargs)


@pytest.fixture
def case(placement):
    return Case(placement)


def test_a_server_that_stands_still_gets_its_share_back(case):
    server = case.holds(HELD)
    result = case.restore()
    assert case.on_volume(server) == SHARE
    assert result.done == (restore.Restored(server, NAME, 300, 'restored'),)
    assert result.findings == ()
    assert case.restore() == restore.Result((), ())


def test_a_dry_run_tells_and_writes_nothing(case):
    server = case.holds(HELD)
    result = case.restore(dry_run=True)
    assert result.done == (restore.Restored(server, NAME, 300, 'restored'),)
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
    assert '200 GB more than it has' in finding.message


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
    case.nova.on_node = lambda node: {'s': case.nova.servers['s']}
    case.nova.add('s')
    migration = case.holds(HELD, known=False)
    result = case.restore()
    assert case.on_volume(migration) == {}
    assert case.client.consumer(migration).held == {NODE: {'VCPU': 1}}
    assert result.done == (
        restore.Restored(migration, NAME, 300, 'released'),)
    assert case.slept == [10]


def test_a_migration_that_nova_knows_a_moment_later_keeps_its_escrow(case):
    case.nova.on_node = lambda node: {'s': case.nova.servers['s']}
    case.nova.add('s')
    server = case.holds({})
    migration = case.holds(HELD, known=False)

    def appear(seconds):
        case.nova.add_migration(migration, server, 'running')

    restore.Restorer(case.client, case.nova, sleep=appear).restore()
    assert case.on_volume(migration) == HELD


def test_escrow_of_a_cell_that_is_down_is_kept(case):
    migration = case.holds(HELD, known=False)
    unknown = case.holds(HELD)
    case.nova.add(unknown, known=False)
    case.restore()
    assert case.on_volume(migration) == HELD
    assert case.on_volume(unknown) == HELD


def test_no_volume_published_is_nothing_to_do(placement):
    found = restore.Restorer(client.Placement(placement),
                             nova_answers.Answers()).restore()
    assert found == restore.Result((), ())


def test_nothing_held_costs_four_requests(case):
    case.holds(SHARE)
    case.placement.sent.clear()
    case.restore()
    assert len(case.placement.sent) <= 4
