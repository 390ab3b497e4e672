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

"""The keys of Hyper-V through Nova's real API, as users set them."""

from nova.tests.functional.api import client
import pytest

from tests.nova import base

GOOD = {'os:resolution': '1920x1200', 'os:monitors': '4', 'os:vram': '1024',
        'hw:cpu_features': 'vmx', 'os:secure_boot': 'required',
        'trait:CUSTOM_HYPERV_NESTED_VIRT': 'required'}
BAD = (('os:resolution', '800x600', '1024x768'), ('os:monitors', '0', "'1'"),
       ('os:monitors', '9', "'8'"), ('os:vram', '100', '64, 128'),
       ('os:vram', '-64', '64, 128'), ('hw:cpu_features', 'svm', 'vmx'),
       ('trait:CUSTOM_HYPERV_GEN2', 'yes', 'forbidden'),
       ('os:nonsense', '1', 'os:nonsense'))


class ExtraSpecsTest(base.NovaCase):

    def test_every_microversion_that_checks_accepts_and_refuses(self) -> None:
        for microversion in ('2.86', 'latest'):
            self.api.microversion = microversion
            flavor = self.flavor(1)
            self.api.post_extra_spec(flavor, {'extra_specs': GOOD})
            found = self.api.api_get(
                f'/flavors/{flavor}/os-extra_specs').body['extra_specs']
            assert found == GOOD
            for key, value, word in BAD:
                message = self.refused(flavor, key, value)
                assert word in message, (microversion, key, message)
            assert self.api.api_get(
                f'/flavors/{flavor}/os-extra_specs').body[
                    'extra_specs'] == GOOD

    def refused(self, flavor: str, key: str, value: str) -> str:
        """Both ways to set it."""
        messages = []
        for call, path, body in (
                (self.api.api_post, '', {'extra_specs': {key: value}}),
                (self.api.api_put, f'/{key}', {key: value})):
            with pytest.raises(client.OpenStackApiException) as caught:
                call(f'/flavors/{flavor}/os-extra_specs{path}', body)
            assert caught.value.response.status_code == 400
            messages.append(str(caught.value))
        return messages[0] if messages[0] == messages[1] else ' '.join(
            messages)
