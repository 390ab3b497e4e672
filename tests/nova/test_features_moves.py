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


"""Servers keep what they were built with, however they move."""

from typing import Any

from hv_sched.request_filters import image_properties
from tests.nova import features
from tests.nova.features import GEN1
from tests.nova.features import GEN2
from tests.nova.features import hv_fake
from tests.nova.features import SECURE
from tests.nova.features import SHIELDED
from tests.nova.releases import nova_27

GUARDED = {'w2016', 'w2022', 'w2025'}
_VOLUME = '6ca404f3-d844-4169-bb96-bc792f37de98'


class _Moves(features.FeatureCase):

    def setUp(self) -> None:
        super().setUp()
        image_properties._IMAGES = image_properties.Images()

    def cold(self, server: Any, body: Any) -> str:
        """Migrate or resize, and confirm; the host it is on then."""
        self.api.post_server_action(server['id'], body)
        self._wait_for_state_change(server, 'VERIFY_RESIZE')
        self._confirm_resize(server)
        return str(self.host_of(server))

    def not_moved(self, server: Any, body: Any) -> str:
        """The host of a server whose move is refused."""
        before = self.host_of(server)
        tried = hv_fake.HyperVNode.spawned
        self.api.api_post(f'/servers/{server["id"]}/action', body,
                          check_response_status=[202, 400])
        self.until_over(server, 0)
        found = self.api.get_server(server['id'])
        assert found['status'] in ('ACTIVE', 'SHUTOFF'), found['status']
        assert (self.host_of(server), tried) == (
            before, hv_fake.HyperVNode.spawned)
        return self.fault_of(server)

    def glance_fails(self) -> None:
        """For what nova-scheduler asks of it, not for nova-api."""
        self.stub_out('hv_sched.request_filters.image_properties._read',
                      self._fail)

    @staticmethod
    def _fail(*args: Any) -> None:
        raise image_properties.exception.GlanceConnectionFailed(
            server='glance', reason='timed out')


class MovesTest(_Moves):

    def test_a_shielded_server_goes_to_guarded_hosts_only(self) -> None:
        server = self.ask(({}, {}, SHIELDED), host='w2016')
        # Neither its image nor Glance is needed any more.
        self.glance_fails()
        self.glance.images.clear()
        assert self.live_migrate(server, 'w2019') == 'error'
        assert self.live_migrate(server) == 'completed'
        at = self.host_of(server)
        assert at in GUARDED - {'w2016'}
        # Its configuration is of that build: not to older ones.
        self.not_moved(server, {'migrate': {'host': 'w2016'}})
        self.not_moved(server, {'migrate': {'host': 'w2019'}})
        if at == 'w2022':
            assert self.cold(server, {'migrate': None}) == 'w2025'
        self._resizes(server)
        self._shelves(server)
        self._is_evacuated(server)

    def _resizes(self, server: Any) -> None:
        self.not_moved(server, {'resize': {'flavorRef': self.flavor_of(
            {}, {'os:secure_boot': 'disabled'})}})
        assert self.logged('os:secure_boot=disabled contradicts image '
                           'os_secure_boot=required')
        self.flags(allow_resize_to_same_host=True)
        assert self.cold(server, {'resize': {'flavorRef': self.flavor(
            1, vcpu=2)}}) == 'w2025'

    def _shelves(self, server: Any) -> None:
        """The server is made anew, so any guarded host will do."""
        self.api.post_server_action(server['id'], {'shelve': {}})
        self._wait_for_state_change(server, 'SHELVED_OFFLOADED')
        for host in ('w2022', 'w2025'):
            self.lapse(host)
        self.api.post_server_action(server['id'], {'unshelve': None})
        self._wait_for_state_change(server, 'ACTIVE')
        assert self.host_of(server) == 'w2016'

    def _is_evacuated(self, server: Any) -> None:
        self.crash('w2016')
        assert self.evacuate(server) == 'error'
        assert self.host_of(server) == 'w2016'
        self.attest('w2022')
        self.api.post_server_action(
            server['id'], {'os-resetState': {'state': 'active'}})
        assert self.evacuate(server) == 'done'
        assert self.host_of(server) == 'w2022'


class VolumeBackedTest(_Moves):

    def test_the_volume_s_image_asks_as_an_image_does(self) -> None:
        self._mark_volume(SHIELDED)
        anywhere = self.from_volume()
        assert self.host_of(anywhere) in GUARDED
        self._delete_server(anywhere)
        server = self.from_volume(host='w2016')
        assert self.shares(server['id']).keys() == {self.host_of(server)}
        self.glance_fails()
        assert self.cold(server, {'migrate': None}) in GUARDED
        assert self.live_migrate(server, 'w2019') == 'error'

    def test_what_its_image_cannot_have_is_refused(self) -> None:
        self._mark_volume({**SHIELDED, 'os_type': 'linux'})
        tried = hv_fake.HyperVNode.spawned
        server = self.from_volume(state='ERROR')
        assert 'os_type=linux' in self.fault_of(server)
        assert hv_fake.HyperVNode.spawned == tried

    def from_volume(self, **kwargs: Any) -> Any:
        return self.boot(self.flavor(0), image_uuid='', more={
            'block_device_mapping_v2': [{
                'source_type': 'volume', 'destination_type': 'volume',
                'uuid': _VOLUME, 'boot_index': 0}]}, **kwargs)

    def _mark_volume(self, image: dict[str, str]) -> None:
        """What Cinder keeps of the image a volume was made from."""
        get = nova_27.volume_reader()

        def marked(api: Any, context: Any, volume_id: str, **kwargs: Any,
                   ) -> Any:
            volume = get(api, context, volume_id, **kwargs)
            volume['volume_image_metadata'] = dict(image)
            return volume

        self.stub_out('nova.volume.cinder.API.get', marked)


class RebuildTest(_Moves):

    def test_a_rebuild_asks_no_more_than_its_host_can_give(self) -> None:
        server = self.ask(({}, {}, GEN2), host='w2012')
        before = hv_fake.HyperVNode.spawned
        refused = {
            'another generation': (
                GEN1, ('cannot run this image, which needs: generation 1 '
                       '(image hw_machine_type=hyperv-gen1)',)),
            'secure boot, Linux': (
                {**SECURE, 'os_type': 'linux'},
                ('which needs: secure boot, other guest (image '
                 'os_secure_boot=required)',)),
            'shielded': (
                SHIELDED,
                ('shielded VM (image os_shielded_vm=required)',
                 'os_vtpm=required')),
            'contradictory': (
                {**SECURE, **GEN1},
                ('os_secure_boot=required', 'hw_machine_type=hyperv-gen1')),
            # Nova's own ImagePropertiesFilter comes before ours.
            'another hypervisor': (
                {'img_hv_type': 'kvm'}, ('No valid host',)),
            'only the machine type of another': (
                {'hw_machine_type': 'q35'},
                ('cannot run this image, which needs: image '
                 'hw_machine_type=q35',))}
        self.publisher.remove_traits(self.node('w2012'),
                                     'CUSTOM_HYPERV_GEN1')
        for name, (image, words) in refused.items():
            self.rebuild(server, image)
            for word in words:
                assert word in self.fault_of(server), (
                    name, self.fault_of(server))
            assert 'w2012' not in self.fault_of(server)
            assert self.host_of(server) == 'w2012'
            self.reset(server)
        assert hv_fake.HyperVNode.spawned == before
        self._moves_as_what_it_still_is(server)
        able = self.ask(({}, {}, GEN2), host='w2022')
        before = hv_fake.HyperVNode.spawned
        self.rebuild(able, SHIELDED)
        assert hv_fake.HyperVNode.spawned == before + 1
        assert self.live_migrate(able) == 'completed'
        assert self.host_of(able) == 'w2025'

    def _moves_as_what_it_still_is(self, server: Any) -> None:
        """Nova's record is of the image refused last."""
        self.rebuild(server, SHIELDED)
        self.reset(server)
        self.glance_fails()
        assert self.live_migrate(server, 'w2016fx') == 'error'
        assert self.logged('the last rebuild of the server failed, and '
                           'the properties of image .* cannot be read')
        self.stub_out('hv_sched.request_filters.image_properties._read',
                      self.real_read)
        assert self.live_migrate(server, 'w2016fx') == 'completed'

    def setUp(self) -> None:
        super().setUp()
        self.real_read = image_properties._read

    def reset(self, server: Any) -> None:
        self.api.post_server_action(
            server['id'], {'os-resetState': {'state': 'active'}})
