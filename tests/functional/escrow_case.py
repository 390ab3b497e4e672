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

"""A volume of 500 GB with escrow on it, and what restores it."""

import contextlib
import uuid

from hv_sched import exception
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.inventory import Inventory
from hv_sched.recovery import restore
from tests.functional import base
from tests.functional import nova_answers

NODE = str(uuid.uuid4())
VOLUME = ids.volume_uuid('c1', 'v1')
NAME = 'csv:c1/CSV1'
HELD = {names.HELD_DISK_GB: 300}
SHARE = {names.DISK_GB: 300}


class EscrowCase:
    """A node and a volume of 500 GB."""

    def __init__(self, placement):
        self.client = client.from_adapter(placement)
        # What Nova and an operator write is not hv_sched's.
        self.others = client.from_adapter(placement.another())
        self.placement = placement
        self.nova = nova_answers.Answers()
        self.slept = []
        self.client.ensure_resource_class(names.HELD_DISK_GB)
        self.others.create_provider(NODE, 'hv1')
        self.others.set_inventories(NODE, 0, {'VCPU': Inventory(100)})
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


class CrowdedCase(EscrowCase):
    """Two servers with escrow and room for one, and a migration's escrow."""

    def __init__(self, placement):
        super().__init__(placement)
        self.servers = [self.holds(HELD), self.holds(HELD)]
        self.migration = self.holds(HELD, known=False)

    def attempt(self):
        with contextlib.suppress(base.Killed, exception.HvSchedError):
            self.restorer().restore()

    def attempt_servers(self):
        """As the agent does once Nova tells it that their moves ended."""
        with contextlib.suppress(base.Killed, exception.HvSchedError):
            self.restorer().restore_servers(self.servers)

    def restorer(self):
        return restore.Restorer(
            self.client, self.nova, restore.RestoreOptions(workers=1),
            sleep=self.slept.append)

    def assert_nothing_is_half_done(self):
        disk = self.client.inventories(VOLUME)[1][names.DISK_GB]
        if disk.capacity > 500:
            assert names.NO_NEW_DISKS in self.client.traits(VOLUME)[1]
        for server in self.servers:
            assert self.on_volume(server) in (HELD, SHARE)

    def assert_restored(self):
        self.assert_nothing_is_half_done()
        assert [self.on_volume(server) for server in self.servers] == [
            SHARE, SHARE]
        assert self.on_volume(self.migration) == {}
        disk = self.client.inventories(VOLUME)[1][names.DISK_GB]
        assert disk.capacity == 600
