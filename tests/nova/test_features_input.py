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


"""Disks, long properties and several servers at once."""

from typing import Any

from nova import context as nova_context
from nova import objects
import pytest

from hv_sched.request_filters import image_properties
from hv_sched.request_filters import instance_record
from tests.nova import features
from tests.nova.features import GEN1
from tests.nova.features import GEN2
from tests.nova.features import hv_fake
from tests.nova.features import SHIELDED

pytestmark = pytest.mark.wide

GUARDED = {'w2016', 'w2022', 'w2025'}
_LONG = ','.join(50 * ['sse4_1']) + ',vmx'


class InputTest(features.FeatureCase):

    def setUp(self) -> None:
        super().setUp()
        image_properties._IMAGES = image_properties.Images()

    def test_every_disk_a_server_starts_with_has_a_slot(self) -> None:
        """Ephemeral space is a disk, swap is none to Hyper-V."""
        fault = self.refused_with(
            GEN2, self.flavor(1, ephemeral=1, swap=64), 63 * [''])
        assert '65 disks with image hw_machine_type=hyperv-gen2' in fault
        assert '65 of them on SCSI, which has 64 slots' in fault
        small = self.flavor(1, ephemeral=1, swap=64)
        fault = self.refused_with(GEN2, small, 62 * [''], config_drive=True)
        assert '64 disks and a config drive' in fault
        # The driver knows "SCSI" only, Nova's API "scsi" only.
        assert 'disk_bus=scsi' in self.refused_with(GEN2, small, ['scsi'])
        assert 'disk_bus=ide' in self.refused_with(GEN1, small, ['ide'])
        fits = self.boot(small, more=self.disks(GEN1, 2 * [''], True))
        assert self.host_of(fits) in features.HYPERV

    def refused_with(self, image: dict[str, str], flavor: str,
                     buses: list[str], config_drive: bool = False) -> str:
        tried = hv_fake.HyperVNode.spawned
        server = self.boot(flavor, state='ERROR', more=self.disks(
            image, buses, config_drive))
        assert hv_fake.HyperVNode.spawned == tried
        return self.fault_of(server)

    def disks(self, image: dict[str, str], buses: list[str],
              config_drive: bool) -> dict[str, Any]:
        """A root disk of an image, and volumes made for the server."""
        made = self.image(image)
        return {
            'imageRef': made, 'config_drive': config_drive,
            'block_device_mapping_v2': [
                {'source_type': 'image', 'destination_type': 'local',
                 'uuid': made, 'boot_index': 0},
                *({'source_type': 'blank', 'destination_type': 'volume',
                   'volume_size': 1, 'boot_index': -1,
                   **({'disk_bus': bus} if bus else {})} for bus in buses)]}

    def test_a_blank_after_required_starts_no_unprotected_server(
            self) -> None:
        """The driver would boot it unshielded, on any host."""
        for key in ('os_shielded_vm', 'os_vtpm'):
            fault = self.refused(({}, {}, {**SHIELDED, key: 'required '}))
            assert f'{key}="required "' in fault

    def test_a_property_nova_cuts_is_read_from_glance(self) -> None:
        nested = {'hw_cpu_features': _LONG}
        for _ in range(3):
            host = self.host_of(self.ask(({}, {}, nested)))
            assert host in {'w2016', 'w2019', 'w2022'}
        self.glance_fails()
        fault = self.refused(({}, {}, nested))
        assert 'properties of image' in fault
        assert self.logged('longer than the 255 characters Nova keeps.*'
                           'cannot be read from Glance')
        # One that is not for Hyper-V needs no Glance.
        assert self.host_of(self.ask(
            ({}, {}, {**nested, 'img_hv_type': 'kvm'}), state='ACTIVE')
        ) == features.KVM

    def glance_fails(self) -> None:
        """For what nova-scheduler asks of it, not for nova-api."""
        def fail(*args: Any) -> None:
            raise image_properties.exception.GlanceConnectionFailed(
                server='glance', reason='timed out')
        self.stub_out('hv_sched.request_filters.image_properties._read',
                      fail)

    def test_several_servers_at_once(self) -> None:
        shielded, flavor = self.image(SHIELDED), self.flavor(1)
        for server in self.boot_many(flavor, 3, image_uuid=shielded):
            assert self.host_of(server) in GUARDED
            self._delete_server(server)
        self.delete_the_first()
        self.boot(flavor, count=3, name='rest', image_uuid=shielded)
        rest = [self._wait_for_state_change(server, 'ACTIVE')
                for server in self.api.get_servers(detail=False)
                if server['name'] in ('rest-2', 'rest-3')]
        assert len(rest) == 2
        for server in rest:
            assert self.host_of(server) in GUARDED

    def delete_the_first(self) -> None:
        """By its user, before the scheduler comes to it."""
        read = instance_record.of

        def gone(request_spec: objects.RequestSpec) -> instance_record.Record:
            objects.BuildRequest.get_by_instance_uuid(
                nova_context.get_admin_context(),
                request_spec.instance_uuid).destroy()
            return read(request_spec)

        self.stub_out('hv_sched.request_filters.instance_record.of', gone)
