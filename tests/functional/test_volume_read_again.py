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

import pytest

from hv_sched.placement import client
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


def read(api, uuid=VOLUME):
    return reader.SnapshotReader(
        api, lambda trait: True, lambda consumers: {SERVER}
        ).read_volume(uuid, NAME)


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


def test_a_full_volume_is_read_too(api):
    hold(api, SERVER, DISK_GB=480)
    assert read(api).room_gb == 0


def test_what_is_no_volume_is_none(api):
    generation, traits = api.traits(VOLUME)
    api.set_traits(VOLUME, generation, traits - {names.VOLUME})
    assert read(api) is None
