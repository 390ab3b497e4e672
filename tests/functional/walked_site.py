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

"""A cluster's disks, cards and servers as they are, and Nova's part in them.

Servers are written in full to the volume they were created on and stay there.
What Nova does to their allocations is done by a client that is not hv_sched.
"""

import dataclasses
import uuid

from hv_sched import exception
from hv_sched import model
from hv_sched.compute.servers import Needs
from hv_sched.compute.servers import Server
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.consumers import INSTANCE
from hv_sched.placement.consumers import MIGRATION
from hv_sched.shares import escrow
from tests import whole_adapters
from tests.functional import cloud as clouds
from tests.functional import unadopted_cloud

SIZE_GB = 500
HOMES = {'hv01': 1, 'hv02': 1, 'hv03': 2}
NODES = tuple(HOMES)
VOLUMES = {number: ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(number))
           for number in sorted(set(HOMES.values()))}


@dataclasses.dataclass
class Disk:
    """A server.

    :param volume: number of the volume its files are on
    :param vram_mb: of its RemoteFX adapter; 0: it has none
    :param migration: the consumer of its move, while there is one
    :param destination: the node it moves to, once that is claimed
    """

    gb: int
    volume: int
    node: str
    vram_mb: int = 0
    migration: str | None = None
    destination: str | None = None


class Site(unadopted_cloud.UnadoptedCloud):
    """:ivar disks: by server
    :ivar absent: nodes that left the cluster
    :ivar cards_mb: video memory of each card by node; None: nobody says
    """

    def __init__(self, placement, foreign_gb):
        super().__init__(placement, ())
        self.register('hv01', 'hv02', disk_gb=SIZE_GB)
        self.register('hv03', disk_gb=SIZE_GB, ratio=1.5)
        self.foreign_gb = dict(zip(VOLUMES, foreign_gb, strict=True))
        self.disks = {}
        self._consumers = 0
        self.absent = set()
        self.cards_mb = {node: () for node in NODES}

    def free_gb(self, volume):
        return SIZE_GB - self.foreign_gb[volume] - sum(
            disk.gb for disk in self.disks.values() if disk.volume == volume)

    def cluster(self):
        """The whole truth of now."""
        return clouds.cluster(
            nodes=tuple(self._node(name) for name in NODES
                        if name not in self.absent),
            volumes=tuple(clouds.volume(
                number, SIZE_GB,
                free_bytes=self.free_gb(number) * model.GIB)
                for number in VOLUMES),
            vms=tuple(model.Vm(server, disks=(model.VmDisk(
                clouds.guid(disk.volume), disk.gb * model.GIB,
                disk.gb * model.GIB),))
                for server, disk in sorted(self.disks.items())))

    def _node(self, name):
        cards_mb = self.cards_mb[name]
        return clouds.node(
            int(name[2:]), HOMES[name], remotefx_enabled=True,
            gpus=None if cards_mb is None else tuple(
                model.Gpu(f'card{number}', card_mb)
                for number, card_mb in enumerate(cards_mb)))

    def truth_mb(self, node):
        """Video memory in whole adapters; None where nobody says."""
        cards_mb = self.cards_mb[node]
        return None if cards_mb is None else whole_adapters.whole_mb(cards_mb)

    # -- what Nova does

    def _new_uuid(self):
        """The same in every run: walks are told by their steps."""
        self._consumers += 1
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, str(self._consumers)))

    def child(self, node):
        return ids.remotefx_uuid(self.nodes[node])

    def boot(self, node, gb, volume, provider, vram_mb=0):
        """:param provider: that its disk share is taken of"""
        server = self._new_uuid()
        held = {self.nodes[node]: {'VCPU': 1}}
        held.setdefault(provider, {})[names.DISK_GB] = gb
        if vram_mb:
            held[self.child(node)] = {names.REMOTEFX_ADAPTER: 1,
                                      names.REMOTEFX_VRAM_MB: vram_mb}
        self.api.write_consumers([Consumer(server, None, 'p', 'u', held)])
        self.disks[server] = Disk(gb, volume, node, vram_mb)
        self._say(server)

    def _say(self, server, task_state=None):
        disk = self.disks[server]
        self.nova.servers[server] = Server(
            server, 'active', task_state, node=disk.node, project_id='p',
            user_id='u', needs=Needs(disk.gb, {'VCPU': 1}),
            updated=str(len(self.placement.service.log)))

    def delete(self, server):
        """In the middle of a move its migration's allocations are left."""
        disk = self.disks.pop(server)
        # What it held may be its migration's.
        self.admin.delete(f'/allocations/{server}', raise_exc=False)
        if disk.migration:
            if disk.destination is None:
                self.admin.delete(f'/allocations/{disk.migration}')
            self._end(disk, 'error')
        del self.nova.servers[server]
        self.nova.deleted.add(server)

    def begin_move(self, server):
        """The conductor gives what it holds to its migration."""
        disk = self.disks[server]
        disk.migration = self._new_uuid()
        self._give(server, disk.migration)
        self._say(server, 'migrating')
        self.nova.add_migration(disk.migration, server, 'accepted')

    def _give(self, source, destination):
        """``move_allocations``, which overwrites."""
        before = self.api.consumer(source)
        after = self.api.consumer(destination)
        self.api.write_consumers([
            dataclasses.replace(before, held={}),
            dataclasses.replace(
                after or Consumer(destination, None, 'p', 'u', {}),
                held=before.held)])

    def hand_over(self, server, node):
        """Our filter, and then Nova's claim on a node.

        Escrow of an earlier failure stays so where its room is gone.
        """
        try:
            self._hand_over(server, node, restore=True)
        except exception.PlacementRefused:
            self._hand_over(server, node, restore=False)
        self.disks[server].destination = node
        self.nova.add_migration(
            self.disks[server].migration, server, 'running')

    def _hand_over(self, server, node, restore):
        kept, held = escrow.kept(
            None, self.api.consumer(self.disks[server].migration),
            frozenset(VOLUMES.values()), restore=restore)
        self.api.write_consumers([
            dataclasses.replace(
                kept, uuid=server, consumer_type=INSTANCE,
                held={**kept.held, self.nodes[node]: {'VCPU': 1}}),
            dataclasses.replace(held, consumer_type=MIGRATION)])

    def arrive(self, server):
        disk = self.disks[server]
        self.admin.delete(f'/allocations/{disk.migration}')
        disk.node = disk.destination
        self._end(disk, 'completed')
        self._say(server)

    def roll_back(self, server):
        """Also where no host was left: what stood is written back."""
        disk = self.disks[server]
        self._give(disk.migration, server)
        self._end(disk, 'error')
        self._say(server)

    def _end(self, disk, status):
        migration = self.nova.migrations[disk.migration]
        self.nova.migrations[disk.migration] = dataclasses.replace(
            migration, status=status)
        disk.migration = disk.destination = None
