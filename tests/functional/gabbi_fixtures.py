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

"""What the stories of gabbits/ find in Placement when they begin.

The stories name providers as ``$ENVIRON['HV01']``; generations are written
into them as numbers, so what is done here is counted there.
"""

import os
import typing

from gabbi import fixture
from keystoneauth1 import adapter

from hv_sched.demo import nodes
from hv_sched.placement import names

NAMES = {
    'HV01': nodes.node_uuid('hv01'),
    'HV02': nodes.node_uuid('hv02'),
    'KVM01': nodes.node_uuid('kvm01'),
    'VOLUME': '11111111-0000-4000-8000-000000000001',
    'HOME': 'aaaaaaaa-0000-4000-8000-000000000001',
    'ZONE': 'aaaaaaaa-0000-4000-8000-000000000002',
    'SERVER': 'cccccccc-0000-4000-8000-000000000001',
    'MIGRATION': 'cccccccc-0000-4000-8000-000000000002',
    'USER': 'eeeeeeee-0000-4000-8000-000000000001',
    'PROJECT': 'eeeeeeee-0000-4000-8000-000000000002',
}
CLOSED_RATIO = 1e-7


class Cluster(fixture.GabbiFixture):
    """Nodes hv01 and hv02 on one 500 GB volume, kvm01 with 400 GB.

    As stock Nova reports them; generation 2 each.
    """

    placement: adapter.Adapter

    def start_fixture(self) -> None:
        os.environ.update(NAMES)
        for name, disk_gb in (('hv01', 500), ('hv02', 500), ('kvm01', 400)):
            nodes.register_node(self.placement, name, disk_gb)
        self._put(f'/traits/{names.VOLUME}')
        self._put(f'/traits/{names.NO_NEW_DISKS}')
        self._put(f'/resource_classes/{names.HELD_DISK_GB}')

    def stop_fixture(self) -> None:
        for name in NAMES:
            del os.environ[name]

    def _put(self, path: str, **body: typing.Any) -> None:
        self.placement.put(path, microversion=nodes.MICROVERSION,
                           **({'json': body} if body else {}))

    def _put_of(self, uuid: str, part: str, generation: int,
                content: typing.Any) -> None:
        self._put(f'/resource_providers/{uuid}/{part}',
                  resource_provider_generation=generation, **{part: content})


class ClosedNodes(Cluster):
    """The cluster with hv01's and hv02's own disk closed; generation 3."""

    def start_fixture(self) -> None:
        super().start_fixture()
        for name in ('HV01', 'HV02'):
            closed = nodes.inventories(500)
            closed[names.DISK_GB]['allocation_ratio'] = CLOSED_RATIO
            self._put_of(NAMES[name], 'inventories', 2, closed)


class PublishedVolume(ClosedNodes):
    """The whole picture: the volume, its nodes closed and on it.

    The volume has generation 3, hv01 and hv02 have 4.
    """

    def start_fixture(self) -> None:
        super().start_fixture()
        volume = NAMES['VOLUME']
        self.placement.post(
            '/resource_providers', microversion=nodes.MICROVERSION,
            json={'name': 'csv:spec/Volume1', 'uuid': volume})
        self._put_of(volume, 'inventories', 0, {
            names.DISK_GB: {'total': 500},
            names.HELD_DISK_GB: {'total': names.HELD_TOTAL_GB}})
        self._put_of(volume, 'traits', 1, [names.SHARING, names.VOLUME])
        for provider, generation in (('VOLUME', 2), ('HV01', 3), ('HV02', 3)):
            self._put_of(NAMES[provider], 'aggregates', generation,
                         [NAMES['HOME']])
