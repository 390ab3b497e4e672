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


"""What the features request filter makes of a RequestSpec."""

from nova import exception
from nova import objects
from nova.scheduler import utils
from oslo_db import exception as db_exc
import pytest

from hv_sched import request_filters  # noqa: F401  registers the options
from hv_sched.placement.consumers import Consumer
from hv_sched.request_filters import features
from hv_sched.request_filters import holdings
from hv_sched.request_filters import instance_record
from hv_sched.request_filters import refusal
from hv_sched.request_filters.request_state import Holdings
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes

TRAITS = frozenset({
    'CUSTOM_HYPERV', 'CUSTOM_HYPERV_GEN1', 'CUSTOM_HYPERV_GEN2',
    'CUSTOM_HYPERV_REMOTEFX', 'CUSTOM_HYPERV_BUILD_9600',
    'CUSTOM_HYPERV_BUILD_14393', 'CUSTOM_HYPERV_BUILD_20348'})
GEN2 = {'hw_machine_type': 'hyperv-gen2'}


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """What Placement knows and Nova recorded; tests may replace both."""
    def know(traits=TRAITS, image=(), flavor_id=None, node=None, held=None):
        found = None if traits is None else volumes.Snapshot(
            {'v1': volumes.VolumeState('v1', 'csv:c1/CSV1', 500, 10)},
            {'uuid-of-w1': 'w1'}, {}, traits)
        monkeypatch.setattr(cache, 'get', lambda: found)
        monkeypatch.setattr(cache, 'recent', lambda: found)
        monkeypatch.setattr(holdings, 'of', lambda spec: held)
        record = instance_record.Record(
            dict(image), flavor_id=flavor_id, node=node)
        monkeypatch.setattr(instance_record, 'of', lambda spec: record)
    know()
    return know


def spec(image=(), extra_specs=(), vcpus=1, groups=()):
    return objects.RequestSpec(
        instance_uuid='a8f6b3a0-6f0e-4d1c-9a0f-4d2f1f6f2a11',
        flavor=objects.Flavor(
            flavorid='small', vcpus=vcpus, memory_mb=512, root_gb=10,
            ephemeral_gb=0, swap=0, extra_specs=dict(extra_specs)),
        image=objects.ImageMeta(
            disk_format='vhdx',
            properties=objects.ImageMetaProps.from_dict(dict(image))),
        is_bfv=False, requested_resources=list(groups))


def query_of(request_spec):
    return utils.ResourceRequest.from_request_spec(
        request_spec).to_querystring()


def ask(request_spec):
    return features.ask_features(None, request_spec)


def test_a_plain_request_is_left_alone():
    request_spec = spec()
    before = query_of(request_spec)
    assert not ask(request_spec)
    assert query_of(request_spec) == before


def test_features_are_asked_of_the_compute_node_itself():
    request_spec = spec(GEN2, vcpus=65)
    assert ask(request_spec)
    assert request_spec.root_required == {'CUSTOM_HYPERV',
                                          'CUSTOM_HYPERV_GEN2'}
    assert request_spec.root_forbidden == {'CUSTOM_HYPERV_BUILD_9600'}


def test_only_builds_that_some_node_has_are_forbidden(known):
    known(TRAITS - {'CUSTOM_HYPERV_BUILD_9600'})
    request_spec = spec(GEN2, vcpus=65)
    ask(request_spec)
    assert request_spec.root_forbidden == set()


def test_a_remotefx_adapter_is_a_group_of_its_own():
    port = objects.RequestGroup(requester_id='port',
                                resources={'NET_BW_EGR_KILOBIT_PER_SEC': 1})
    request_spec = spec(extra_specs={'os:resolution': '1024x768',
                                     'os:vram': '64'}, groups=[port])
    ask(request_spec)
    ask(request_spec)
    kept, group = request_spec.requested_resources
    assert kept is port
    assert dict(group.resources) == {'CUSTOM_REMOTEFX_ADAPTER': 1,
                                     'CUSTOM_REMOTEFX_VRAM_MB': 64}
    assert 'CUSTOM_REMOTEFX_ADAPTER%3A1' in query_of(request_spec)


def test_asking_twice_changes_nothing_more():
    request_spec = spec(GEN2, {'os:resolution': '1024x768'})
    ask(request_spec)
    before = query_of(request_spec)
    ask(request_spec)
    assert query_of(request_spec) == before


def test_what_nova_drops_is_taken_from_its_record(known):
    known(TRAITS | {'CUSTOM_HYPERV_NESTED_VIRT'},
          {'hw_cpu_features': 'vmx'})
    request_spec = spec()
    ask(request_spec)
    assert 'CUSTOM_HYPERV_NESTED_VIRT' in request_spec.root_required


def test_a_trait_no_node_has_shown_is_refused_with_its_reason():
    """Placement would answer 400 to it."""
    with pytest.raises(refusal.Refused) as caught:
        ask(spec(extra_specs={'hw:cpu_features': 'vmx'}))
    assert caught.value.details == (
        'no node has ever had CUSTOM_HYPERV_NESTED_VIRT (asked by flavor '
        'hw:cpu_features=vmx)')
    assert str(caught.value) == (
        'Scheduling failed: No host offers nested virtualization (flavor '
        'hw:cpu_features=vmx); use another image or flavor')


def test_a_remotefx_ask_without_any_adapter_is_refused(known):
    known(TRAITS - {'CUSTOM_HYPERV_REMOTEFX'})
    with pytest.raises(exception.RequestFilterFailed,
                       match='os:resolution'):
        ask(spec(extra_specs={'os:resolution': '1024x768'}))


@pytest.mark.parametrize('traits', [None, frozenset()])
def test_without_published_nodes_nothing_is_asked(known, traits):
    known(traits)
    request_spec = spec(GEN2)
    assert not ask(request_spec)
    assert request_spec.root_required == set()


def test_contradictions_are_refused_even_then(known):
    known(None)
    with pytest.raises(exception.RequestFilterFailed):
        ask(spec(GEN2, {'os:resolution': '1024x768', 'os:monitors': 'x'}))


def test_a_running_server_moves_in_spite_of_a_contradiction(known):
    known(image={'os_vtpm': 'Required'}, flavor_id='small')
    request_spec = spec(GEN2)
    assert ask(request_spec)
    assert 'CUSTOM_HYPERV_GEN2' in request_spec.root_required


@pytest.mark.parametrize(('node', 'required', 'forbidden'), [
    ('w1', {'CUSTOM_HYPERV'}, set()), ('kvm1', set(), {'CUSTOM_HYPERV'}),
    (None, set(), set())])
def test_a_server_stays_with_the_hypervisor_it_has(known, node, required,
                                                   forbidden):
    known(node=node, flavor_id='small')
    request_spec = spec()
    ask(request_spec)
    assert request_spec.root_required == required
    assert request_spec.root_forbidden == forbidden


def test_a_server_on_a_volume_is_of_hyperv_though_its_node_left(known):
    """The node left its cluster; the server's share stays on the volume."""
    share = Consumer('m', 1, 'p', 'u', {'v1': {'DISK_GB': 10}})
    for consumers, trait in (((None, share), 'CUSTOM_HYPERV'),
                             ((share, None), 'CUSTOM_HYPERV'),
                             ((None, None), None)):
        known(node='left', flavor_id='small',
              held=Holdings(None, *consumers))
        request_spec = spec()
        ask(request_spec)
        assert request_spec.root_required == ({trait} if trait else set())


def test_what_a_node_has_shown_since_is_not_refused(known, monkeypatch):
    known(traits=TRAITS - {'CUSTOM_HYPERV_GEN2'})
    with pytest.raises(exception.RequestFilterFailed):
        ask(spec(GEN2))
    monkeypatch.setattr(cache, 'recent', lambda: volumes.Snapshot(
        {}, {}, {}, TRAITS))
    assert ask(spec(GEN2))


def test_the_host_compares_image_properties_by_case(known):
    """Nova's own image object has os_type in lower case."""
    image = {**GEN2, 'os_secure_boot': 'required'}
    known(image={**image, 'os_type': 'Windows'})
    with pytest.raises(exception.RequestFilterFailed,
                       match='os_type=Windows'):
        ask(spec({**image, 'os_type': 'windows'}))


def test_a_resize_to_a_contradiction_is_refused(known):
    known(image={'os_vtpm': 'Required'}, flavor_id='another')
    with pytest.raises(exception.RequestFilterFailed,
                       match='os_vtpm=Required'):
        ask(spec(GEN2))


@pytest.mark.parametrize(('image', 'flavor'), [
    ('required', None), (None, 'required'), ('required', 'required'),
    ('required', 'optional')])
@pytest.mark.parametrize('asked', ['SECURE_BOOT', 'SECURE_BOOT_LINUX'])
def test_secure_boot_is_asked_by_our_trait_not_by_nova_s(known, image, flavor,
                                                         asked):
    """compute-hyperv does not report Nova's."""
    known(TRAITS | {f'CUSTOM_HYPERV_{asked}'})
    request_spec = spec(
        {**GEN2, 'os_type': 'linux' if 'LINUX' in asked else 'windows',
         **({'os_secure_boot': image} if image else {})},
        {'os:secure_boot': flavor} if flavor else {})
    theirs = request_spec.image, request_spec.flavor
    ask(request_spec)
    assert f'CUSTOM_HYPERV_{asked}' in request_spec.root_required
    assert 'UEFI_SECURE_BOOT' not in query_of(request_spec)
    # What others hold of the request is as it was.
    assert theirs[0].properties.get('os_secure_boot') == image
    assert theirs[1].extra_specs.get('os:secure_boot') == flavor


def test_nova_asks_for_secure_boot_on_other_hypervisors():
    request_spec = spec({'os_secure_boot': 'required', 'os_type': 'linux',
                         'img_hv_type': 'kvm'})
    ask(request_spec)
    assert 'COMPUTE_SECURITY_UEFI_SECURE_BOOT' in query_of(request_spec)


def test_secure_boot_without_a_machine_type_keeps_off_hyperv():
    request_spec = spec({'os_secure_boot': 'required', 'os_type': 'linux'})
    ask(request_spec)
    assert request_spec.root_forbidden == {'CUSTOM_HYPERV'}


def test_an_unreadable_record_refuses_in_words(monkeypatch):
    monkeypatch.undo()
    def fail(*args):
        raise db_exc.DBConnectionError()
    monkeypatch.setattr(objects.InstanceMapping, 'get_by_instance_uuid',
                        fail)
    with pytest.raises(refusal.Refused, match=refusal.TRY_LATER) as caught:
        instance_record.of(spec())
    assert 'record of server a8f6b3a0' in caught.value.details


def test_a_server_deleted_meanwhile_has_no_record(monkeypatch):
    monkeypatch.undo()
    def gone(*args):
        raise exception.InstanceMappingNotFound(uuid='x')
    monkeypatch.setattr(objects.InstanceMapping, 'get_by_instance_uuid',
                        gone)
    assert instance_record.of(spec()) == instance_record.Record({})


def test_the_first_of_several_deleted_meanwhile_is_told(monkeypatch):
    monkeypatch.undo()
    def gone(*args):
        raise exception.BuildRequestNotFound(uuid='x')
    monkeypatch.setattr(objects.InstanceMapping, 'get_by_instance_uuid',
                        gone)
    request_spec = spec()
    request_spec.num_instances = 2
    assert instance_record.of(request_spec) == instance_record.Record(
        {}, lost=True)
