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

from urllib import parse

from hypothesis import given
from hypothesis import strategies as st
from nova import objects
from nova.scheduler import utils
import pytest

from hv_sched.compute import flavors

SIZES = st.integers(0, 4096)
OVERRIDES = st.one_of(st.none(), SIZES.map(str))
AMOUNTS = st.sampled_from(('0', '1', '7', ' 8 ', '1_000', '-5', 'x', '',
                           '1.5', '4096'))
KEYS = st.sampled_from((
    'resources:DISK_GB', 'resources1:DISK_GB', 'resources_X-2:DISK_GB',
    'resources1:VGPU', 'resources2:VGPU', 'resources 1:DISK_GB',
    'resources1:CUSTOM_DISK_GB', 'resources1:DISK_GB_',
    'trait1:STORAGE_DISK_SSD', 'trait2:CUSTOM_GOLD',
    'trait:STORAGE_DISK_SSD'))
EXTRA_SPECS = st.dictionaries(KEYS, AMOUNTS, max_size=6).map(
    lambda specs: {key: 'required' if key.startswith('trait') else value
                   for key, value in specs.items()})


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


def novas_request(flavor, is_bfv=False):
    return utils.ResourceRequest.from_request_spec(objects.RequestSpec(
        flavor=objects.Flavor(vcpus=1, memory_mb=512, **flavor),
        is_bfv=is_bfv))


def novas_own(flavor, is_bfv):
    return novas_request(flavor, is_bfv).merged_resources().get('DISK_GB', 0)


def novas_groups(request):
    """What a query says by suffix: resources, and traits."""
    groups = {}
    for key, value in parse.parse_qsl(request.to_querystring()):
        for kind in ('resources', 'required'):
            if key.startswith(kind):
                groups.setdefault(key.removeprefix(kind), {})[kind] = set(
                    value.split(','))
    return groups


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


@given(root=SIZES, extra_specs=EXTRA_SPECS, is_bfv=st.booleans())
def test_every_group_asks_for_the_disk_nova_asks_in_it(root, extra_specs,
                                                       is_bfv):
    """What Nova cannot read it skips, 0 is an answer."""
    flavor = {'root_gb': root, 'ephemeral_gb': 1, 'extra_specs': extra_specs}
    asked = {suffix: int(amount)
             for suffix, group in novas_groups(
                 novas_request({**flavor, 'swap': 1025}, is_bfv)).items()
             for amount in (resource.removeprefix('DISK_GB:')
                            for resource in group.get('resources', ())
                            if resource.startswith('DISK_GB:'))}
    assert flavors.disk_by_group(
        {**flavor, 'swap_mb': 1025}, is_bfv) == asked


def test_a_disk_asked_from_outside_the_flavor_is_instead_of_its_own():
    flavor = {'root_gb': 20}
    assert flavors.disk_by_group(flavor, False, {'P': 7}) == {'P': 7}
    assert flavors.disk_by_group(flavor, False, {'P': 0}) == {}
    assert flavors.disk_by_group(flavor, False, {}) == {'': 20}
    assert flavors.disk_by_group(
        {**flavor, 'extra_specs': {'resources1:DISK_GB': '5'}}, False,
        {'P': 7}) == {'1': 5, 'P': 7}


@given(extra_specs=EXTRA_SPECS)
def test_without_its_disk_a_request_asks_for_all_the_rest(extra_specs):
    """A granular group goes with its traits when the disk was all of it."""
    flavor = {'root_gb': 20, 'ephemeral_gb': 0, 'swap': 0}
    expected = novas_groups(novas_request(
        {**flavor, 'extra_specs': extra_specs}))
    for suffix, group in list(expected.items()):
        rest = {resource for resource in group.get('resources', ())
                if not resource.startswith('DISK_GB:')}
        named = f'resources{suffix}:DISK_GB' in extra_specs
        if suffix and named and not rest:
            del expected[suffix]
        elif 'resources' in group:
            group['resources'] = rest
    assert novas_groups(novas_request({
        **flavor, 'extra_specs': flavors.without_disk(extra_specs)},
    )) == expected


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
