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

"""What the request filters make of a RequestSpec."""

from nova import exception
from nova import objects
from nova.scheduler import request_filter
from nova.scheduler import utils
import pytest

from hv_sched import request_filters
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.request_filters import closed
from hv_sched.request_filters import disk_group
from hv_sched.request_filters import refusal
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes

AGGREGATE = '3f6f2b4e-8a51-4c15-9f0c-6f2a3f6cf0aa'
KNOWN = volumes.Snapshot(
    volumes={'v1': volumes.VolumeState('v1', 'csv:c1/CSV1', 500, 0)},
    nodes={'n1': 'hv1'}, homes={'n1': frozenset({'v1'})},
    traits=frozenset({names.PAUSED, names.NO_NEW_DISKS}))
NOTHING = volumes.Snapshot({}, {}, {}, frozenset())


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """What the scheduler knows; tests may replace it."""
    def know(what):
        monkeypatch.setattr(cache, 'get', lambda: what)
        monkeypatch.setattr(cache, 'recent', lambda: what)
    know(KNOWN)
    return know


def spec(extra_specs=None, traits=(), groups=(), host=None, aggregates=(),
         **fields):
    destination = None
    if host or aggregates:
        destination = objects.Destination()
        if host:
            destination.host = host
        if aggregates:
            destination.require_aggregates(aggregates)
    return objects.RequestSpec(
        flavor=objects.Flavor(
            flavorid='1', vcpus=1, memory_mb=512, root_gb=20, ephemeral_gb=0,
            swap=0, extra_specs=extra_specs or {}),
        image=objects.ImageMeta(properties=objects.ImageMetaProps(
            traits_required=list(traits))),
        requested_resources=list(groups), requested_destination=destination,
        **{'is_bfv': False, **fields})


def query(request_spec):
    """The query Nova would send, as lists by parameter."""
    request = utils.ResourceRequest.from_request_spec(request_spec)
    return {key: value.split(',') for key, value in
            (pair.split('=', 1) for pair in
             request.to_querystring().replace('%3A', ':').replace(
                 '%2C', ',').replace('%21', '!').split('&'))}


def run(request_spec):
    disk_group.ask_disk_in_own_group(None, request_spec)
    closed.avoid_closed(None, request_spec)
    return query(request_spec)


def suffixed(key):
    return key + disk_group.SUFFIX


def test_a_request_that_names_nothing_keeps_its_form():
    found = run(spec())
    assert sorted(found['resources']) == [
        'DISK_GB:20', 'MEMORY_MB:512', 'VCPU:1']
    assert found['required'] == ['!' + names.NO_NEW_DISKS]
    assert found['root_required'] == ['!' + names.PAUSED]
    assert suffixed('resources') not in found


@pytest.mark.parametrize('named', [
    {'host': 'hv1'}, {'aggregates': [AGGREGATE]}, {'force_hosts': ['hv1']},
    {'force_nodes': ['hv1']},
    {'extra_specs': {'trait:STORAGE_DISK_SSD': 'required'}},
    {'traits': ['CUSTOM_CSV_REFS']}])
def test_what_names_a_place_or_a_volume_gets_a_group(named):
    found = run(spec(**named))
    assert sorted(found['resources']) == ['MEMORY_MB:512', 'VCPU:1']
    assert found[suffixed('resources')] == ['DISK_GB:20']
    assert '!' + names.NO_NEW_DISKS in found[suffixed('required')]
    assert 'required' not in found


def test_volume_traits_move_and_others_stay():
    found = run(spec(
        {'trait:STORAGE_DISK_SSD': 'required',
         'trait:STORAGE_DISK_HDD': 'forbidden',
         'trait:HW_CPU_X86_VMX': 'required',
         f'trait:{names.REDIRECTED}': 'forbidden'},
        traits=['CUSTOM_CSV_NTFS', 'COMPUTE_NODE']))
    assert sorted(found['required']) == [
        f'!{names.REDIRECTED}', 'COMPUTE_NODE', 'HW_CPU_X86_VMX']
    assert sorted(found[suffixed('required')]) == [
        f'!{names.NO_NEW_DISKS}', '!STORAGE_DISK_HDD', 'CUSTOM_CSV_NTFS',
        'STORAGE_DISK_SSD']


def test_the_flavor_and_image_of_the_request_are_not_changed_in_place():
    request_spec = spec({'trait:STORAGE_DISK_SSD': 'required',
                         'resources:DISK_GB': '5'},
                        traits=['CUSTOM_CSV_NTFS'], host='hv1')
    flavor, image = request_spec.flavor, request_spec.image
    found = run(request_spec)
    assert found[suffixed('resources')] == ['DISK_GB:5']
    assert flavor.extra_specs == {'trait:STORAGE_DISK_SSD': 'required',
                                  'resources:DISK_GB': '5'}
    assert image.properties.traits_required == ['CUSTOM_CSV_NTFS']


def test_a_spec_that_comes_twice_asks_the_same():
    request_spec = spec({'resources:DISK_GB': '5'}, host='hv1')
    assert run(request_spec) == run(request_spec)


@pytest.mark.parametrize('none', [
    {'extra_specs': {'resources:DISK_GB': '0'}}, {'is_bfv': True}])
def test_no_disk_asked_makes_no_group(none):
    found = run(spec(host='hv1', **none))
    assert suffixed('resources') not in found
    assert not [value for value in found['resources'] if 'DISK' in value]


def test_swap_of_a_server_booted_from_a_volume_is_a_disk():
    request_spec = spec(host='hv1', is_bfv=True)
    request_spec.flavor.swap = 1025
    assert run(request_spec)[suffixed('resources')] == ['DISK_GB:2']


def test_a_port_group_and_the_disk_group_go_together_without_a_warning():
    port = objects.RequestGroup(
        requester_id='port', use_same_provider=True,
        resources={'NET_BW_EGR_KILOBIT_PER_SEC': 1})
    found = run(spec(groups=[port], host='hv1'))
    assert found['group_policy'] == ['none']
    assert found['resourcesport'] == ['NET_BW_EGR_KILOBIT_PER_SEC:1']


def test_two_groups_of_a_flavor_without_policy_stay_novas_error():
    found = run(spec({'resources1:VGPU': '1', 'resources2:FPGA': '1'},
                     host='hv1'))
    assert 'group_policy' not in found


def test_a_lone_group_of_a_flavor_is_isolated_from_nothing_as_before():
    found = run(spec({'resources1:VCPU': '1', 'group_policy': 'isolate'},
                     aggregates=[AGGREGATE]))
    assert found['group_policy'] == ['none']
    assert found[suffixed('resources')] == ['DISK_GB:20']


def test_isolated_groups_stay_isolated():
    asked = {'resources1:VGPU': '1', 'resources2:FPGA': '1',
             'group_policy': 'isolate'}
    found = run(spec(asked, host='hv1'))
    assert found['group_policy'] == ['isolate']
    assert suffixed('resources') in found
    # One of them may be on a host outside, which has a disk of its own.
    assert suffixed('resources') not in run(spec(asked, host='kvm1'))


def test_a_disk_in_a_group_of_the_flavor_stays_there_and_open():
    found = run(spec({'resources_D:DISK_GB': '5'}, host='hv1'))
    assert found['resources_D'] == ['DISK_GB:5']
    assert found['required_D'] == ['!' + names.NO_NEW_DISKS]
    assert suffixed('resources') not in found


def test_the_disk_of_a_named_node_is_asked_on_its_home():
    request_spec = spec(host='hv1')
    run(request_spec)
    group = disk_group.own_group(request_spec)
    assert group.aggregates == [[ids.home_aggregate('v1')]]
    elsewhere = spec(host='kvm1')
    run(elsewhere)
    assert not disk_group.own_group(elsewhere).aggregates


def test_nothing_published_changes_nothing(known):
    known(NOTHING)
    stock = query(spec(host='hv1'))
    assert run(spec(host='hv1')) == stock


def test_an_unread_placement_still_gets_the_group(known):
    known(None)
    found = run(spec(host='hv1'))
    assert found[suffixed('resources')] == ['DISK_GB:20']
    assert 'root_required' not in found


def test_install_is_idempotent(monkeypatch):
    novas = [one for one in request_filter.ALL_REQUEST_FILTERS
             if one not in request_filters.REQUEST_FILTERS]
    monkeypatch.setattr(request_filter, 'ALL_REQUEST_FILTERS', [*novas])
    request_filters.install()
    request_filters.install()
    assert request_filter.ALL_REQUEST_FILTERS == [
        *novas, *request_filters.REQUEST_FILTERS]


def test_any_error_of_a_filter_becomes_a_refusal():
    def broken(context, request_spec):
        raise KeyError('surprise')

    guarded = request_filters.guarded(broken, 'request_filter_closed')
    with pytest.raises(exception.RequestFilterFailed, match=refusal.FAULT):
        guarded(None, spec())
