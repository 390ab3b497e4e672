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


"""The disk a RequestSpec asks for, against Nova's own computation."""

from nova import objects
from nova.scheduler import utils
import pytest

from hv_sched.placement import names
from hv_sched.query.candidates_query import Group
from hv_sched.request_filters import closed
from hv_sched.request_filters import requested_disk
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes

SSD, HDD = 'STORAGE_DISK_SSD', 'STORAGE_DISK_HDD'


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


def spec(extra_specs=None, traits=(), groups=(), **fields):
    return objects.RequestSpec(
        flavor=objects.Flavor(
            flavorid='1', vcpus=1, memory_mb=512, root_gb=20, ephemeral_gb=2,
            swap=1025, extra_specs=extra_specs or {}),
        image=objects.ImageMeta(properties=objects.ImageMetaProps(
            traits_required=list(traits))),
        requested_resources=list(groups), requested_destination=None,
        **fields)


def group(requester, **resources):
    return objects.RequestGroup(
        requester_id=requester, use_same_provider=True, resources=resources)


def novas(request_spec):
    return utils.ResourceRequest.from_request_spec(request_spec)


@pytest.mark.parametrize(('fields', 'by_group'), [
    ({}, {'': 24}),
    ({'is_bfv': False}, {'': 24}),
    ({'is_bfv': True}, {'': 4}),
    ({'extra_specs': {'resources:DISK_GB': '7'}}, {'': 7}),
    ({'extra_specs': {'resources:DISK_GB': '0'}}, {}),
    ({'extra_specs': {'resources1:DISK_GB': '7'}}, {'1': 7}),
    ({'extra_specs': {'resources1:DISK_GB': '7', 'resources:DISK_GB': '1'},
      'is_bfv': True}, {'': 1, '1': 7}),
    ({'groups': [('port', {'NET_BW_EGR_KILOBIT_PER_SEC': 1})]}, {'': 24}),
    ({'groups': [('device', {'DISK_GB': 5})]}, {'device': 5})])
def test_the_size_is_novas_wherever_it_is_asked(fields, by_group):
    groups = [group(name, **resources)
              for name, resources in fields.pop('groups', ())]
    request_spec = spec(groups=groups, **fields)
    assert requested_disk.by_group(request_spec) == by_group
    assert requested_disk.size_gb(request_spec) == sum(by_group.values()) == (
        novas(request_spec).merged_resources().get(names.DISK_GB, 0))


def test_what_is_dropped_is_the_disk_and_its_groups_alone():
    outside = [group('disk', DISK_GB=5), group('both', DISK_GB=5, VGPU=1),
               group('port', NET_BW_EGR_KILOBIT_PER_SEC=1)]
    request_spec = spec({
        'resources1:DISK_GB': '7', f'trait1:{SSD}': 'required',
        'resources2:DISK_GB': '7', 'resources2:CUSTOM_X': '1',
        f'trait2:{HDD}': 'forbidden', f'trait:{SSD}': 'required',
        'trait:CUSTOM_GOLD': 'required'}, traits=[HDD], groups=outside)
    requested_disk.drop(request_spec)
    query = novas(request_spec).to_querystring()
    assert names.DISK_GB not in novas(request_spec).merged_resources()
    assert 'resources1' not in query and 'required1' not in query
    assert f'required2=%21{HDD}' in query
    assert 'resources2=CUSTOM_X%3A1' in query
    assert 'required=CUSTOM_GOLD' in query
    assert {found.requester_id: dict(found.resources)
            for found in request_spec.requested_resources} == {
        'both': {'VGPU': 1}, 'port': {'NET_BW_EGR_KILOBIT_PER_SEC': 1}}
    assert outside[1].resources == {'DISK_GB': 5, 'VGPU': 1}


def test_a_group_asks_its_traits_of_the_disks_provider():
    request_spec = spec({
        f'trait:{SSD}': 'required', 'trait:CUSTOM_GOLD': 'required',
        'resources1:DISK_GB': '7', 'trait1:CUSTOM_X': 'required',
        f'trait1:{HDD}': 'forbidden', 'resources2:VGPU': '1',
        'trait2:CUSTOM_Y': 'required'}, traits=['CUSTOM_CSV_REFS'])
    assert requested_disk.demands(request_spec) == [
        Group(required=frozenset({SSD, 'CUSTOM_CSV_REFS'})),
        Group(required=frozenset({'CUSTOM_X'}), forbidden=frozenset({HDD}))]
    # They are read, nothing is taken away.
    assert f'trait:{SSD}' in request_spec.flavor.extra_specs


def test_a_group_that_asks_for_no_disk_is_not_forbidden_anything(
        monkeypatch):
    """Placement takes no group of traits alone."""
    monkeypatch.setattr(cache, 'get', lambda: volumes.Snapshot(
        {}, {}, {}, frozenset({names.NO_NEW_DISKS})))
    request_spec = spec({'resources1:DISK_GB': '0',
                         'resources2:DISK_GB': '7'})
    closed.avoid_closed(None, request_spec)
    query = novas(request_spec).to_querystring()
    assert f'required2=%21{names.NO_NEW_DISKS}' in query
    assert 'required1' not in query
