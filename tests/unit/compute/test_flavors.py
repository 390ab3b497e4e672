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

"""GB of a server, against Nova's own computation."""

from hypothesis import given
from hypothesis import strategies as st
from nova import objects
from nova.scheduler import utils
import pytest

from hv_sched.compute import flavors

SIZES = st.integers(0, 4096)
OVERRIDES = st.one_of(st.none(), SIZES.map(str))


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


def novas_own(flavor, is_bfv):
    spec = objects.RequestSpec(
        flavor=objects.Flavor(vcpus=1, memory_mb=512, **flavor),
        is_bfv=is_bfv)
    found = utils.ResourceRequest.from_request_spec(spec)
    return found.merged_resources().get('DISK_GB', 0)


@given(root=SIZES, ephemeral=SIZES, swap=SIZES, override=OVERRIDES,
       granular=OVERRIDES, is_bfv=st.booleans())
def test_a_servers_disk_is_what_nova_asks_for(root, ephemeral, swap,
                                              override, granular, is_bfv):
    """In its own group, by an override, and in granular groups."""
    extra_specs = {key: value for key, value in (
        ('resources:DISK_GB', override), ('resources1:DISK_GB', granular),
        ('resources_X:DISK_GB', granular), ('trait:DISK_GB', 'required'))
        if value is not None}
    sizes = {'root_gb': root, 'ephemeral_gb': ephemeral,
             'extra_specs': extra_specs}
    assert flavors.server_disk_gb({**sizes, 'swap_mb': swap}, is_bfv) == (
        novas_own({**sizes, 'swap': swap}, is_bfv))


def test_a_flavor_without_extra_specs_has_no_override():
    flavor = {'root_gb': 20, 'ephemeral_gb': 1, 'swap_mb': 1025}
    assert flavors.server_disk_gb(flavor, is_bfv=False) == 23
    assert flavors.server_disk_gb(flavor, is_bfv=True) == 3


def test_sizes_are_read_from_both_forms_of_a_flavor():
    fields = {'vcpus': 2, 'ram': 1024, 'disk': 40, 'swap': ''}
    expected = {'vcpus': 2, 'ram_mb': 1024, 'root_gb': 40, 'swap_mb': 0,
                'ephemeral_gb': 5, 'extra_specs': {}}
    assert flavors.sizes(
        {**fields, 'OS-FLV-EXT-DATA:ephemeral': 5}) == expected
    assert flavors.sizes(
        {**fields, 'ephemeral': 5, 'extra_specs': None}) == expected
