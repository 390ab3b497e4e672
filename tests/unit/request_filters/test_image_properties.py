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


"""When Glance is asked what an image says, and what if it does not tell."""

import re

from hypothesis import given
from hypothesis import strategies as st
from keystoneauth1 import exceptions as ks_exc
from nova import exception
from nova import objects
from nova import utils
import nova.conf
from nova.image import glance
import pytest

from hv_sched import request_filters  # noqa: F401  registers the options
from hv_sched.request_filters import features
from hv_sched.request_filters import holdings
from hv_sched.request_filters import image_properties
from hv_sched.request_filters import instance_record
from hv_sched.request_filters import refusal
from hv_sched.snapshot import cache as snapshot
from hv_sched.snapshot import volumes

IMAGE = '4b7a2c1e-0f0e-4c9e-9b0c-2f1d7f6a3b55'
OTHER_IMAGE = '9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a'
TRAITS = frozenset({'CUSTOM_HYPERV', 'CUSTOM_HYPERV_GEN2',
                    'CUSTOM_HYPERV_NESTED_VIRT'})
LONG = ','.join(50 * ['sse4_1'])


class FakeGlance:
    """Images by id; ``asked`` holds the ids it was asked for."""

    def __init__(self):
        self.images = {}
        self.asked = []
        self.error = None

    def get(self, context, image_id):
        self.asked.append(image_id)
        if self.error:
            raise self.error
        return self.images[image_id]


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


@pytest.fixture
def option():
    def override(**options):
        for name, value in options.items():
            nova.conf.CONF.set_override(name, value, 'hv_sched')
    yield override
    for name in ('read_images', 'image_ttl'):
        nova.conf.CONF.clear_override(name, 'hv_sched')


@pytest.fixture(autouse=True)
def images(monkeypatch):
    """A Glance, and nothing remembered of it."""
    found = FakeGlance()
    monkeypatch.setattr(glance, 'API', lambda: found)
    monkeypatch.setattr(image_properties, '_IMAGES',
                        image_properties.Images())
    return found


@pytest.fixture
def recorded(monkeypatch):
    """What Nova recorded of the server, in a cloud with Hyper-V."""
    def record(traits=TRAITS, **fields):
        found = instance_record.Record(**{'image': {}, **fields})
        monkeypatch.setattr(instance_record, 'of', lambda spec: found)
        monkeypatch.setattr(holdings, 'of', lambda spec: None)
        monkeypatch.setattr(snapshot, 'get', lambda: volumes.Snapshot(
            {}, {}, {}, traits))
    return record


def spec(image=(), image_id=IMAGE):
    meta = objects.ImageMeta(
        disk_format='vhdx',
        properties=objects.ImageMetaProps.from_dict(dict(image)))
    if image_id:
        meta.id = image_id
    return objects.RequestSpec(
        instance_uuid='a8f6b3a0-6f0e-4d1c-9a0f-4d2f1f6f2a11',
        flavor=objects.Flavor(
            flavorid='small', vcpus=1, memory_mb=512, root_gb=10,
            ephemeral_gb=0, swap=0, extra_specs={}),
        image=meta, is_bfv=False, num_instances=1, requested_resources=[])


def required(request_spec):
    features.ask_features(None, request_spec)
    return request_spec.root_required


# -- when

def test_nova_s_record_is_enough_as_a_rule(images, recorded):
    recorded(image={'hw_cpu_features': 'vmx', 'os_vtpm': 'disabled'})
    assert 'CUSTOM_HYPERV_NESTED_VIRT' in required(spec())
    assert images.asked == []


def test_what_nova_cut_off_is_read(images, recorded):
    recorded(image={'hw_cpu_features': LONG[:255]})
    images.images[IMAGE] = {'properties': {'hw_cpu_features': LONG + ',vmx'}}
    assert required(spec()) == {'CUSTOM_HYPERV', 'CUSTOM_HYPERV_NESTED_VIRT'}
    images.images[OTHER_IMAGE] = {'properties': {'hw_cpu_features': LONG}}
    assert required(spec(image_id=OTHER_IMAGE)) == set()


def test_what_nova_cut_off_of_a_volume_s_image_is_refused(images, recorded):
    recorded(image={'hw_cpu_features': LONG[:255]})
    with pytest.raises(refusal.Refused, match='hw_cpu_features') as caught:
        required(spec(image_id=None))
    assert re.search('longer than the 255.*boots from a volume',
                     caught.value.details)


@given(st.lists(st.sampled_from(('vmx', 'VMX', 'sse4_1', 'ä' * 9, 'x' * 30,
                                 'vm', '😀')), max_size=90),
       st.integers(0, 3))
def test_no_vmx_is_ever_lost_to_the_cut(words, extra):
    """What the host reads is told by Nova's record, or Glance is asked."""
    value = 'y' * extra + ',' + ','.join(words)
    kept = utils.get_system_metadata_from_image(
        {'properties': {'hw_cpu_features': value}})['image_hw_cpu_features']
    on_the_host = 'vmx' in value.lower().split(',')
    if on_the_host and 'vmx' not in kept.lower().split(','):
        assert image_properties.may_be_cut({'hw_cpu_features': kept})


def test_a_server_whose_rebuild_failed_has_the_image_it_runs(
        images, recorded):
    recorded(image={'hw_machine_type': 'hyperv-gen1'}, flavor_id='small',
             image_id=OTHER_IMAGE, node='n1')
    images.images[OTHER_IMAGE] = {
        'disk_format': 'vhdx', 'properties': {
            'hw_machine_type': 'hyperv-gen2'}}
    assert required(spec({'hw_machine_type': 'hyperv-gen1'})) == {
        'CUSTOM_HYPERV', 'CUSTOM_HYPERV_GEN2'}


def test_of_several_servers_the_first_may_be_deleted(images, recorded):
    recorded(lost=True)
    images.images[IMAGE] = {'properties': {'hw_cpu_features': 'vmx'}}
    assert 'CUSTOM_HYPERV_NESTED_VIRT' in required(spec())


@pytest.mark.parametrize('fields', [
    {'image': {'hw_cpu_features': LONG[:255]}},
    {'image_id': OTHER_IMAGE}, {'lost': True}])
def test_servers_for_others_ask_glance_nothing(images, recorded, fields):
    recorded(**fields)
    required(spec({'img_hv_type': 'kvm'}))
    recorded(traits=frozenset(), **fields)
    required(spec())
    assert images.asked == []


# -- how often

def test_an_image_is_read_once_in_a_while(images, option):
    option(image_ttl=300)
    now = [0.0]
    cache = image_properties.Images(lambda: now[0])
    images.images = {IMAGE: {}, OTHER_IMAGE: {}}
    for image in (IMAGE, OTHER_IMAGE, IMAGE):
        cache.of(None, image)
    assert images.asked == [IMAGE, OTHER_IMAGE]
    now[0] = 301
    cache.of(None, IMAGE)
    assert images.asked == [IMAGE, OTHER_IMAGE, IMAGE]


def test_no_more_than_512_images_are_remembered(images):
    cache = image_properties.Images()
    for number in range(600):
        images.images[str(number)] = {}
        cache.of(None, str(number))
    assert len(cache._cache) == 512


def test_a_failure_is_not_remembered(images, recorded):
    recorded(lost=True)
    images.error = exception.GlanceConnectionFailed(server='g', reason='x')
    with pytest.raises(exception.RequestFilterFailed):
        required(spec())
    images.error = None
    images.images[IMAGE] = {'properties': {'hw_cpu_features': 'vmx'}}
    assert 'CUSTOM_HYPERV_NESTED_VIRT' in required(spec())


def test_64_kb_of_properties_are_not_kept(images):
    images.images[IMAGE] = {'properties': {
        'os_vtpm': 'x' * 65536, 'hw_cpu_features': 'x,' * 32768 + 'vmx',
        'unknown': 'x' * 65536}}
    found = image_properties.Images().of(None, IMAGE)
    assert found == {'os_vtpm': 'x' * 255, 'hw_cpu_features': 'vmx'}


# -- and if not

@pytest.mark.parametrize('error', [
    exception.ImageNotFound(image_id=IMAGE),
    exception.ImageNotAuthorized(image_id=IMAGE),
    exception.GlanceConnectionFailed(server='glance', reason='timed out'),
    ks_exc.ConnectTimeout('slow'), ks_exc.Unauthorized('token')])
def test_without_an_answer_nothing_is_tried_on_a_guess(images, recorded,
                                                       error):
    recorded(image_id=IMAGE, flavor_id='small')
    images.error = error
    with pytest.raises(refusal.Refused) as caught:
        required(spec())
    assert 'the last rebuild of the server failed' in caught.value.details
    assert f'properties of image {IMAGE}' in caught.value.details
    assert str(error) in caught.value.details
    assert str(error) not in str(caught.value)


def test_glance_can_be_left_alone(images, recorded, option):
    option(read_images=False)
    recorded(lost=True)
    with pytest.raises(refusal.Refused) as caught:
        required(spec())
    assert 'read_images is off' in caught.value.details
    assert f'image {IMAGE} cannot be read' in str(caught.value)
    assert images.asked == []
