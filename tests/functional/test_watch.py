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

"""A node is listed once, then only what changes is asked of Nova."""

import uuid

import pytest

from hv_sched.compute.servers import Changes
from hv_sched.shares import quiescence
from hv_sched.shares import watch
from hv_sched.shares.quiescence import SkipReason
from hv_sched.shares.quiescence import Unit
from tests.functional import nova_answers

NODE = 'node'


@pytest.fixture
def nova():
    made = nova_answers.Answers()
    for number in range(5):
        made.add(str(uuid.UUID(int=number)))
    return made


def seen(nova, change, ask=None):
    """How consumers are sorted after a change behind our back."""
    servers = sorted(nova.servers)
    one = watch.Watch(nova, NODE)
    one.begin(servers)
    nova.quiet()
    change(servers)
    found = quiescence.sort(ask or servers, one.view(ask or servers))
    return found, servers


def test_what_does_not_change_costs_three_requests(nova):
    def count(servers):
        nova.requests = 0
    found, servers = seen(nova, count)
    assert found.units == tuple(Unit(server) for server in servers)
    assert nova.requests == 3


def test_a_server_that_begins_to_move_is_seen(nova):
    found, servers = seen(nova, lambda servers: nova.add(
        servers[3], task_state='migrating'))
    assert [(one.consumer, one.reason) for one in found.skipped] == [
        (servers[3], SkipReason.MOVING)]


def test_a_migration_that_is_confirmed_takes_its_server_out(nova):
    server, migration = sorted(nova.servers)[0], str(uuid.UUID(int=99))
    nova.add(server, vm_state='resized')
    nova.add_migration(migration, server)

    def confirm(servers):
        nova.add_migration(migration, server, 'confirming')
    found, _servers = seen(nova, confirm, [server, migration])
    assert {one.reason for one in found.skipped} == {SkipReason.MOVING}

    def confirmed(servers):
        nova.add(server)
        nova.add_migration(migration, server, 'confirmed')
    nova.add(server, vm_state='resized')
    nova.add_migration(migration, server)
    found, _servers = seen(nova, confirmed, [server])
    assert found.units == (Unit(server),)


def test_a_new_migration_of_ours_is_seen(nova):
    found, servers = seen(nova, lambda servers: nova.add_migration(
        str(uuid.UUID(int=99)), servers[1], 'accepted'))
    assert [one.consumer for one in found.skipped] == [servers[1]]


def test_a_change_by_a_controller_whose_clock_is_behind_is_seen(
        nova, monkeypatch):
    """Nova's controllers stamp their records each by its own clock."""
    behind_seconds = 30
    everything = nova.changes

    def changes(seconds):
        return everything(seconds) if behind_seconds <= seconds else (
            Changes({}, {}))
    monkeypatch.setattr(nova, 'changes', changes)
    found, servers = seen(nova, lambda servers: nova.add(
        servers[3], task_state='migrating'))
    assert [skip.consumer for skip in found.skipped] == [servers[3]]


def test_a_deleted_server_is_unexplained(nova, monkeypatch):
    def delete(servers):
        monkeypatch.setattr(nova, 'changes', lambda seconds: Changes(
            {servers[2]: None}, {}))
    found, servers = seen(nova, delete)
    assert [(one.consumer, one.reason) for one in found.skipped] == [
        (servers[2], SkipReason.UNEXPLAINED)]


def test_a_deleted_witness_is_no_witness(nova):
    found, servers = seen(nova, lambda servers: nova.servers.pop(servers[0]))
    assert [one.consumer for one in found.skipped] == [servers[0]]


def test_a_cell_that_falls_silent_makes_its_servers_unknown(nova):
    """Lists say nothing of it, so they would all seem unchanged."""
    def silence(servers):
        for server in servers:
            nova.add(server, known=False)
    found, servers = seen(nova, silence)
    assert found.units == ()
    assert {one.reason for one in found.skipped} == {SkipReason.UNKNOWN}


def test_servers_of_no_node_are_asked_one_by_one(nova):
    one = watch.Watch(nova, '')
    servers = sorted(nova.servers)
    one.begin(servers)
    nova.quiet()
    nova.add(servers[0], task_state='deleting')
    found = quiescence.sort(servers, one.view(servers))
    assert [left.consumer for left in found.skipped] == servers[:1]
