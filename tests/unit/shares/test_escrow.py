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


"""A moving server's shares: never lost, never charged twice."""

import dataclasses

import hypothesis
from hypothesis import strategies as st

from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from hv_sched.shares import escrow as moves

VOLUMES = frozenset(('v1', 'v2', 'v3'))
PROVIDERS = ('v1', 'v2', 'v3', 'n1', 'n2')
AMOUNTS = st.integers(1, 1000)


@st.composite
def consumers(draw, uuid='server'):
    held = {}
    for provider in draw(st.sets(st.sampled_from(PROVIDERS))):
        classes = ((names.DISK_GB, names.HELD_DISK_GB)
                   if provider in VOLUMES else ('VCPU', names.DISK_GB))
        held[provider] = draw(st.dictionaries(
            st.sampled_from(classes), AMOUNTS, min_size=1))
    return Consumer(uuid, draw(st.integers(0, 9)), 'p', 'u', held)


def migrations():
    return consumers('migration')


def elsewhere(consumer):
    """What it holds that is no share of a volume."""
    return {provider: dict(resources)
            for provider, resources in consumer.held.items()
            if provider not in VOLUMES}


def disk(consumer):
    return {volume: consumer.amount(volume, names.DISK_GB)
            for volume in VOLUMES if consumer.amount(volume, names.DISK_GB)}


@hypothesis.given(st.none() | consumers(), migrations(),
                  st.integers(0, 1000), st.booleans())
def test_a_kept_disk_is_charged_once_and_escrowed_in_full(
        server, migration, at_least_gb, restore):
    had = moves.copies(server, migration, VOLUMES)
    found = moves.kept(server, migration, VOLUMES, at_least_gb, restore)
    if not had:
        assert found is None
        return
    after, escrow = found
    assert moves.held_of(escrow, VOLUMES) == had
    assert disk(escrow) == {}
    assert moves.shares_of(after, VOLUMES).keys() == had.keys()
    for volume, amount in moves.shares_of(after, VOLUMES).items():
        assert amount in (had[volume], max(had[volume], at_least_gb))
    if restore:
        assert moves.held_of(after, VOLUMES) == {}


@hypothesis.given(st.none() | consumers(), migrations())
def test_a_hand_over_leaves_everything_else_alone(server, migration):
    found = moves.kept(server, migration, VOLUMES)
    if found is None:
        return
    after, escrow = found
    assert elsewhere(escrow) == elsewhere(migration)
    assert elsewhere(after) == (elsewhere(server) if server else {})
    assert escrow.generation == migration.generation
    assert after.generation == (server.generation if server else None)


@hypothesis.given(st.none() | consumers(), migrations())
def test_a_second_hand_over_changes_nothing(server, migration):
    found = moves.kept(server, migration, VOLUMES)
    if found is not None:
        assert moves.kept(*found, VOLUMES) == found


@hypothesis.given(st.none() | consumers(), migrations())
def test_escrow_that_is_not_restored_stays_escrow(server, migration):
    found = moves.kept(server, migration, VOLUMES, restore=False)
    if found is None:
        return
    before = {volume for consumer in (server, migration) if consumer
              for volume in disk(consumer)}
    assert disk(found[0]).keys() <= before


@hypothesis.given(consumers(), migrations())
def test_a_disk_that_goes_along_is_the_migrations_alone(server, migration):
    had = moves.copies(server, migration, VOLUMES)
    after, source = written(moves.moved(server, migration, VOLUMES),
                            server, migration)
    assert moves.shares_of(after, VOLUMES) == {}
    assert disk(source) == had
    assert moves.held_of(source, VOLUMES) == {}
    assert elsewhere(after) == elsewhere(server)
    assert elsewhere(source) == elsewhere(migration)


@hypothesis.given(consumers(), migrations())
def test_escrow_without_room_stays_escrow_while_files_go_along(
        server, migration):
    had = moves.copies(server, migration, VOLUMES)
    after, source = written(
        moves.moved(server, migration, VOLUMES, restore=False),
        server, migration)
    assert moves.shares_of(source, VOLUMES) == had
    for volume in had.keys() - disk(migration).keys() - disk(server).keys():
        assert source.amount(volume, names.DISK_GB) == 0
    assert not moves.shares_of(after, VOLUMES)


def written(every, *consumers):
    """The consumers as they are then."""
    found = {one.uuid: one for one in (*consumers, *every)}
    return [found[one.uuid] for one in consumers]


def test_nova_needs_no_help_when_a_whole_share_goes_along():
    migration = Consumer('m', 3, 'p', 'u', {'v1': {names.DISK_GB: 100}})
    assert moves.moved(None, migration, VOLUMES) == []


@hypothesis.given(migrations(), st.dictionaries(
    st.sampled_from(sorted(VOLUMES)), AMOUNTS, min_size=1))
def test_what_a_hand_over_took_it_gives_back(migration, shares):
    """In the cluster first, then out of it, as Nova tries again."""
    migration = dataclasses.replace(migration, held={
        **elsewhere(migration), **{volume: {names.DISK_GB: amount}
                                   for volume, amount in shares.items()}})
    server, escrow = moves.kept(None, migration, VOLUMES)
    source, again = moves.moved(server, escrow, VOLUMES)
    assert source == migration
    assert again.held == {}


@hypothesis.given(consumers())
def test_restoring_turns_all_escrow_into_shares(server):
    after = moves.restored(server, VOLUMES)
    assert disk(after) == moves.shares_of(server, VOLUMES)
    assert moves.held_of(after, VOLUMES) == {}
    assert elsewhere(after) == elsewhere(server)
    assert moves.restored(after, VOLUMES) == after


@hypothesis.given(migrations())
def test_releasing_takes_the_escrow_and_nothing_else(migration):
    after = moves.released(migration, VOLUMES)
    assert disk(after) == disk(migration)
    assert moves.held_of(after, VOLUMES) == {}
    assert elsewhere(after) == elsewhere(migration)


def test_a_resize_is_charged_the_larger_of_both_sizes():
    migration = Consumer('m', 3, 'p', 'u', {'v1': {names.DISK_GB: 100}})
    for wanted, expected in ((150, 150), (50, 100)):
        server, _ = moves.kept(None, migration, VOLUMES, wanted)
        assert disk(server) == {'v1': expected}


def test_a_volume_charged_by_a_failed_attempt_is_released():
    migration = Consumer('m', 3, 'p', 'u', {'v1': {names.DISK_GB: 100}})
    server = Consumer('s', 1, 'p', 'u', {'v2': {names.DISK_GB: 100}})
    after, _ = moves.kept(server, migration, VOLUMES)
    assert disk(after) == {'v1': 100}


def test_a_share_of_a_nodes_own_disk_is_not_mistaken_for_a_leftover():
    """Not adopted yet, and the first destination refused."""
    migration = Consumer('m', 3, 'p', 'u', {'n1': {names.DISK_GB: 100}})
    server = Consumer('s', 1, 'p', 'u', {'v2': {names.DISK_GB: 100}})
    assert moves.kept(server, migration, VOLUMES) is None
    after, = moves.moved(server, migration, VOLUMES)
    assert after.uuid == 's'
    assert after.held == {}


def test_the_server_is_a_consumer_of_its_own_type():
    migration = Consumer('m', 3, 'p', 'u', {'v1': {names.DISK_GB: 1}},
                         'MIGRATION')
    server, _ = moves.kept(None, migration, VOLUMES)
    assert server.consumer_type == 'INSTANCE'
    untyped = dataclasses.replace(migration, consumer_type='unknown')
    assert moves.kept(None, untyped, VOLUMES)[0].consumer_type == 'unknown'
