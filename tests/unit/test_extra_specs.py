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

"""Flavor keys as nova-api checks them."""

from nova import exception
import pytest

from hv_sched import extra_specs
from hv_sched import requirements

VALIDATORS = {one.name: one for one in extra_specs.register()}
RESOLUTIONS = ('1024x768', '1280x1024', '1600x1200', '1920x1200',
               '2560x1600', '3840x2160')


def accepts(key, value):
    for validator in VALIDATORS.values():
        try:
            validator.validate(key, value)
        except exception.ValidationError as exc:
            if 'expected a name' not in str(exc):
                return False
        else:
            return True
    raise AssertionError(f'{key} is not known')


@pytest.mark.parametrize(('key', 'good', 'bad'), [
    ('os:resolution', RESOLUTIONS, ('800x600', '1024X768', '', 'high')),
    ('os:monitors', tuple('12345678'), ('0', '9', '-1', 'two', '', '1.5')),
    ('os:vram', ('64', '128', '256', '512', '1024'),
     ('100', '-64', '0', '2048', '64MB', '')),
    ('hw:cpu_features', ('vmx', 'VMX', 'aes,vmx', 'vmx,aes,avx-512f'),
     ('svm', 'aes, vmx', 'vmxx', '', 'vmx,', 'vmx;aes')),
    ('trait:CUSTOM_HYPERV_SHIELDED_VM', ('required', 'forbidden'),
     ('yes', 'Required', '')),
    ('trait_X:CUSTOM_HYPERV_HA_GEN2', ('required',), ('1',))])
def test_values_are_checked_as_the_host_checks_them(key, good, bad):
    for value in good:
        assert accepts(key, value), value
    for value in bad:
        assert not accepts(key, value), value


@pytest.mark.parametrize(('key', 'values'), [
    ('os:resolution', (*RESOLUTIONS, '800x600')),
    ('os:vram', ('64', '65', '100', '128', '1024', '2048')),
    ('os:monitors', ('0', '1', '8', 'x')),
    ('hw:cpu_features', ('vmx', 'aes,VMX'))])
def test_what_the_api_accepts_is_what_can_be_asked(key, values):
    """Validators and scheduler read one catalogue."""
    for value in values:
        specs = {'os:resolution': '1024x768', key: value}
        if key == 'hw:cpu_features':
            specs = {key: value}
        found = requirements.of({'vcpus': 1, 'ram_mb': 1, 'root_gb': 1,
                                 'extra_specs': specs}, {})
        assert accepts(key, value) != bool(found.contradictions), value


def test_each_name_is_registered_once():
    assert len(VALIDATORS) == len(extra_specs.register())
    assert 'trait{group}:CUSTOM_HYPERV_NESTED_VIRT' in VALIDATORS
