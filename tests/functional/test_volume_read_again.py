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


"""One volume is read again in one request, with escrow on it in two."""

import dataclasses

import pytest

from hv_sched.placement import client
from hv_sched.placement import consumers
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.inventory import Inventory
from hv_sched.snapshot import reader

NAME = 'csv:c1/CSV1'
VOLUME = '00000000-0000-4000-8000-0000000000a1'
OTHER = '00000000-0000-4000-8000-0000000000a2'
SERVER = '00000000-0000-4000-8000-0000000000b1'
MIGRATION = '00000000-0000-4000-8000-0000000000b2'


@pytest.fixture
def api(placement):
    """Two volumes of 500 GB that reserve 20."""
    made = client.from_adapter(placement, 10)
    made.ensure_resource_class(names.HELD_DISK_GB)
    for trait in (names.VOLUME, names.NO_NEW_DISKS):
        made.ensure_trait(trait)
    for uuid in (VOLUME, OTHER):
        generation = made.create_provider(uuid, f'csv:c1/{uuid}')
        generation = made.set_inventories(uuid, generation, {
            names.DISK_GB: Inventory(500, reserved=20),
            names.HELD_DISK_GB: Inventory(names.HELD_TOTAL_GB)})
        made.set_traits(uuid, generation, frozenset(
            (names.VOLUME, names.SHARING, names.NO_NEW_DISKS)))
    return made


def hold(api, consumer, **held):
    api.write_consumers([Consumer(consumer, None, 'p', 'u', {VOLUME: held})])


def read(api, uuid=VOLUME, types=None):
    if types is None:
        types = {SERVER: consumers.INSTANCE, MIGRATION: consumers.MIGRATION}
    return reader.SnapshotReader(
        api, lambda trait: True, lambda uuids: types).read_volume(uuid, NAME)


def restored_meanwhile(placement):
    """The server's escrow becomes its share between two of our requests."""
    def intrude(environ):
        if environ['PATH_INFO'].endswith('/allocations'):
            placement.service.before = None
            another = client.from_adapter(placement.another())
            another.write_consumers([dataclasses.replace(
                another.consumer(SERVER), held={VOLUME: {'DISK_GB': 300}})])

    placement.service.before = intrude


def test_its_room_and_traits_are_those_of_now(api, placement):
    hold(api, SERVER, DISK_GB=100)
    placement.sent.clear()
    volume = read(api)
    assert len(placement.sent) == 1
    assert (volume.uuid, volume.name) == (VOLUME, NAME)
    assert (volume.capacity_gb, volume.used_gb, volume.held_gb,
            volume.room_gb) == (480, 100, 0, 380)
    assert names.NO_NEW_DISKS in volume.traits


def test_of_escrow_only_that_of_servers_counts(api, placement):
    hold(api, SERVER, CUSTOM_CSV_HELD_DISK_GB=300)
    hold(api, MIGRATION, CUSTOM_CSV_HELD_DISK_GB=70)
    placement.sent.clear()
    assert read(api).held_gb == 300
    assert len(placement.sent) == 2


def test_escrow_of_unknown_kind_is_owed(api):
    hold(api, SERVER, CUSTOM_CSV_HELD_DISK_GB=300)
    hold(api, MIGRATION, CUSTOM_CSV_HELD_DISK_GB=70)
    assert read(api, types={}).held_gb == 370


def test_escrow_beside_its_share_is_one_copy(api):
    hold(api, SERVER, CUSTOM_CSV_HELD_DISK_GB=300, DISK_GB=200)
    volume = read(api)
    assert (volume.used_gb, volume.held_gb) == (200, 100)


def test_a_share_that_is_restored_meanwhile_is_counted_once(api, placement):
    hold(api, SERVER, CUSTOM_CSV_HELD_DISK_GB=300)
    restored_meanwhile(placement)
    assert read(api).room_gb == 180


def test_so_it_is_when_all_volumes_are_read(api, placement):
    hold(api, SERVER, CUSTOM_CSV_HELD_DISK_GB=300)
    restored_meanwhile(placement)
    snapshot = reader.SnapshotReader(
        api, lambda trait: True, lambda uuids: {}).read()
    assert snapshot.volumes[VOLUME].room_gb == 180
    assert snapshot.volumes[OTHER].room_gb == 480


def test_a_full_volume_is_read_too(api):
    hold(api, SERVER, DISK_GB=480)
    assert read(api).room_gb == 0


def test_what_is_no_volume_is_none(api):
    generation, traits = api.traits(VOLUME)
    api.set_traits(VOLUME, generation, traits - {names.VOLUME})
    assert read(api) is None
