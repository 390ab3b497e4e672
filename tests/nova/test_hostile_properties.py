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

"""Image properties of 64 KB and hostile extra specs, through a real nova-api.

Whatever they say, the server is placed or refused in few words, the scheduler
goes on, and none of our filters fails.
"""

from nova.tests.functional.api import client

from hv_sched.request_filters import image_properties
from tests.nova import features

_KB = 1024
# What each of them is of.
LONG = {'letters': 64 * _KB * 'x', 'digits': 64 * _KB * '9',
        'commas': 64 * _KB * ',', 'accents': 32 * _KB * '\u00e9'}
PROPERTIES = ('os_secure_boot', 'os_shielded_vm', 'os_vtpm',
              'hw_machine_type', 'os_type', 'img_hv_type')
# Nova takes 255 characters.
EXTRA_SPECS = {'os:resolution': 255 * '9', 'os:monitors': '-' + 200 * '9',
               'trait:CUSTOM_HYPERV_GEN1': 255 * 'required',
               'resources:CUSTOM_REMOTEFX_ADAPTER': 200 * '9'}
_LONGEST_FAULT = 4 * _KB


class HostilePropertiesTest(features.FeatureCase):

    def setUp(self) -> None:
        super().setUp()
        image_properties._IMAGES = image_properties.Images()

    def test_long_properties_are_placed_or_refused_in_few_words(
            self) -> None:
        flavor = self.flavor(1)
        for number, name in enumerate(PROPERTIES):
            kind = list(LONG)[number % len(LONG)]
            self.assert_ends(flavor, {
                'img_hv_type': 'hyperv', name: LONG[kind]})
        self.assert_ends(flavor, dict.fromkeys(PROPERTIES, LONG['letters']))
        self.assert_a_plain_one_starts(flavor)

    def test_hostile_extra_specs_are_placed_or_refused(self) -> None:
        for key, value in EXTRA_SPECS.items():
            try:
                flavor = self.flavor_of({}, {key: value[:255]})
            except client.OpenStackApiException as exc:
                assert exc.response.status_code == 400
            else:
                self.assert_ends(flavor, {'img_hv_type': 'hyperv'})
        self.assert_a_plain_one_starts(self.flavor(1))

    def assert_ends(self, flavor: str, properties: dict[str, str]) -> None:
        try:
            server = self.api.post_server({'server': self._build_server(
                name='hostile', flavor_id=flavor, networks='none',
                image_uuid=self.image(properties))})
        except client.OpenStackApiException as exc:
            assert exc.response.status_code == 400  # of Nova's own
            return
        self.soon(True, lambda: self.api.get_server(server['id'])[
            'status'] in ('ACTIVE', 'ERROR'))
        fault = self.fault_of(server)
        assert len(fault) < _LONGEST_FAULT, len(fault)
        assert not self.logged(r'(request_filter_\w+|Filter) failed')
        self._delete_server(server)

    def assert_a_plain_one_starts(self, flavor: str) -> None:
        server = self.boot(flavor, image_uuid=self.image(
            {'img_hv_type': 'hyperv'}))
        assert server['status'] == 'ACTIVE'
