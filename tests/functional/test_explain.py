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

"""Why a server has these hosts, or none, on a real Placement."""

import dataclasses
import textwrap

import pytest

from hv_sched import exception
from hv_sched import model
from hv_sched.conf import nova_conf
from hv_sched.explain import explanation
from hv_sched.explain import question as asking
from hv_sched.explain import question_builder
from hv_sched.explain import render
from hv_sched.placement import ids
from tests.functional import cloud as clouds
from tests.functional import looked_at
from tests.functional import other_services
from tests.repository import DOC

V1 = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(1))
SHIELDED = {'hw_machine_type': 'hyperv-gen2', 'os_type': 'windows',
            'os_secure_boot': 'required', 'os_vtpm': 'required',
            'os_shielded_vm': 'required'}


class Cloud(looked_at.Cloud):
    """Two nodes on each of two volumes of 500 and 300 GB, one KVM host."""

    def __init__(self, placement):
        super().__init__(placement)
        self.glance.image('plain', img_hv_type='hyperv')

    def _build(self):
        super()._build()
        self.sync(self._facts())
        for name in self.nodes:
            self.change_traits(name, {'COMPUTE_SECURITY_UEFI_SECURE_BOOT'})

    @staticmethod
    def _facts(**fields):
        return clouds.facts(clouds.cluster(
            volumes=(clouds.volume(1, medium='hdd', **fields),
                     clouds.volume(2, 300, medium='ssd')),
            nodes=(clouds.node(1, 1), clouds.node(2, 1, guarded_host=True),
                   clouds.node(3, 2, guarded_host=True),
                   clouds.node(4, 2, state=model.NodeState.PAUSED))))

    def tell_cut_off(self, *nodes):
        """The nodes that do not reach the first volume."""
        self.sync(self._facts(cut_off_nodes=nodes))

    def put_in_zone(self, *names):
        zone = self.nova.zone('z1')
        for name in names:
            self.change_aggregates(name, {zone})

    def explain(self, conf_paths=(), **question):
        before = len(self.placement.service.log)
        conf = nova_conf.read_nova(conf_paths)
        built, context = question_builder.QuestionBuilder(
            self.api, *other_services.clients(self.nova, self.glance), conf
        ).ask(asking.Question(**question))
        found = explanation.explain(self.api, built, context)
        self.requests = self.placement.service.log[before:]
        return found


@pytest.fixture
def cloud(placement):
    made = Cloud(placement)
    with other_services.running(made.nova, made.glance):
        yield made


def emptied(found):
    return [one.text for one in found.emptied_by]


def test_hosts_and_the_volume_each_would_use(cloud):
    cloud.nova.flavor('small')
    found = cloud.explain(flavor='small', image='plain')
    assert found.hosts == {
        'hv01': ('csv:hvc1/Volume1',), 'hv02': ('csv:hvc1/Volume1',),
        'hv03': ('csv:hvc1/Volume2',)}
    assert not found.emptied_by and found.would_fit is None
    assert found.nodes == 5
    assert found.funnel[-1].hosts == 3
    assert 'resources=DISK_GB:50,MEMORY_MB:2048,VCPU:2' in found.query


def test_each_condition_of_the_funnel_says_what_it_costs(cloud):
    cloud.nova.flavor('small')
    steps = {step.constraint.text: step.hosts for step in cloud.explain(
        flavor='small', image='plain').funnel}
    assert steps['CUSTOM_HYPERV'] == 4, 'no KVM host any more'
    assert steps['not paused or draining in its cluster'] == 3
    assert list(steps.values()) == sorted(steps.values(), reverse=True)


def test_a_disk_no_volume_has_room_for(cloud):
    cloud.nova.flavor('huge', disk=501)
    found = cloud.explain(flavor='huge', image='plain')
    assert emptied(found) == ['501 DISK_GB']
    assert found.would_fit.largest_volumes == (
        ('csv:hvc1/Volume1', 500), ('csv:hvc1/Volume2', 300))
    assert found.would_fit.hosts == 3
    assert found.would_fit.examples == ('hv01', 'hv02', 'hv03')


def test_two_conditions_that_go_together_are_named_together(cloud):
    """A shielded server of 400 GB: guarded hosts there are, and room."""
    cloud.nova.flavor('big', disk=400, trait__STORAGE_DISK_SSD='required')
    cloud.glance.image('safe', **SHIELDED)
    found = cloud.explain(flavor='big', image='safe')
    assert emptied(found) == [
        '400 DISK_GB',
        'STORAGE_DISK_SSD on the volume']
    assert [(step.constraint.text, step.hosts)
            for step in found.would_fit.without] == [
        ('400 DISK_GB', 2),
        ('STORAGE_DISK_SSD on the volume', 1)]


def test_the_sample_in_the_documentation_is_what_is_said(cloud, tmp_path):
    conf = tmp_path / 'nova.conf'
    conf.write_text('[filter_scheduler]\nenabled_filters = ComputeFilter,'
                    'HyperVFeatureFilter,SharedVolumeFilter\n')
    cloud.nova.flavor('big', disk=400, trait__STORAGE_DISK_SSD='required')
    told = render.lines(cloud.explain((str(conf),), flavor='big',
                                      image='plain'))
    page = (DOC / 'source/doctor.rst').read_text()
    assert textwrap.indent('\n'.join(told), '    ') in page


def test_a_trait_no_node_has_says_which_key_asked_for_it(cloud):
    cloud.nova.flavor('small', trait__CUSTOM_GOLD='required')
    cloud.api.ensure_trait('CUSTOM_GOLD')
    found = cloud.explain(flavor='small', image='plain')
    assert emptied(found) == ['CUSTOM_GOLD']
    assert found.would_fit.owners == {'CUSTOM_GOLD': 0}
    assert found.would_fit.hosts == 3


def test_what_no_node_ever_showed_is_refused_before_placement(cloud):
    cloud.nova.flavor('nested', **{'hw__cpu_features': 'vmx'})
    found = cloud.explain(flavor='nested', image='plain')
    assert 'CUSTOM_HYPERV_NESTED_VIRT' in found.refused[0]
    assert 'hw:cpu_features=vmx' in found.refused[0]
    assert found.hosts == {} and found.funnel == ()


def test_a_contradiction_is_refused_in_its_own_words(cloud):
    cloud.nova.flavor('small')
    cloud.glance.image('odd', **{**SHIELDED, 'os_type': 'linux'})
    found = cloud.explain(flavor='small', image='odd')
    assert any('os_type=linux' in why for why in found.refused)


def test_a_trait_placement_does_not_know_is_told_as_nova_takes_it(cloud):
    cloud.nova.flavor('small', trait__CUSTOM_NEVER_MADE='required')
    found = cloud.explain(flavor='small', image='plain')
    assert emptied(found) == ['CUSTOM_NEVER_MADE']
    assert 'No such trait' in found.notes[0]


def test_a_named_host_and_its_home(cloud):
    cloud.nova.flavor('big', disk=400)
    assert set(cloud.explain(flavor='big', host='hv01').hosts) == {'hv01'}
    found = cloud.explain(flavor='big', host='hv03')
    assert emptied(found) == ['host hv03',
                              '400 DISK_GB']
    assert 'on a home of host hv03' in [
        step.constraint.text for step in found.funnel]


def test_an_availability_zone(cloud):
    cloud.nova.flavor('small')
    cloud.put_in_zone('hv02', 'kvm1')
    found = cloud.explain(flavor='small', image='plain', zone='z1')
    assert set(found.hosts) == {'hv02'}
    assert found.funnel[0].constraint.text == 'in availability zone z1'
    assert found.funnel[0].hosts == 2


def test_closed_volumes_and_paused_nodes(cloud):
    cloud.nova.flavor('small')
    for number in (1, 2):
        uuid = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(number))
        generation, now = cloud.api.traits(uuid)
        cloud.api.set_traits(uuid, generation,
                             now | {'CUSTOM_CSV_NO_NEW_DISKS'})
    found = cloud.explain(flavor='small', image='plain')
    assert 'on a volume that takes new disks' in emptied(found)
    assert found.would_fit.largest_volumes == ()
    assert not found.notes
    for reason in ('MAINTENANCE', 'FLOOR'):
        cloud.api.ensure_trait(f'CUSTOM_CSV_CLOSED_{reason}')
        cloud.change_traits(V1, {f'CUSTOM_CSV_CLOSED_{reason}'})
    note, = cloud.explain(flavor='small', image='plain').notes
    assert note == ('csv:hvc1/Volume1 takes no new disks: in maintenance; '
                    'physically free space below the floor')


def test_escrow_keeps_its_room(cloud):
    """SharedVolumeFilter's own reason, in its own words."""
    cloud.nova.flavor('big', disk=400)
    cloud.allocate('11111111-2222-4333-8444-555555555555', {
        V1: {'resources': {'CUSTOM_CSV_HELD_DISK_GB': 200}}})
    found = cloud.explain(flavor='big', image='plain')
    assert found.placement_hosts == ('hv01', 'hv02')
    assert found.hosts == {}
    assert '200 kept for servers whose move failed' in found.filtered['hv01']


@pytest.mark.parametrize('zone', ['nova:hv01', 'nova::hv01', ':hv01',
                                  'nova:some-host:hv01'])
def test_a_forced_host_is_bound_like_a_named_one(cloud, zone):
    cloud.nova.flavor('big', disk=400)
    named = cloud.explain(flavor='big', host='hv01')
    forced = cloud.explain(flavor='big', zone=zone)
    assert (forced.query, forced.hosts) == (named.query, named.hosts)
    assert set(forced.hosts) == {'hv01'}
    # What is held is not free for it either, although no filter runs.
    cloud.allocate('11111111-2222-4333-8444-555555555555', {
        V1: {'resources': {'CUSTOM_CSV_HELD_DISK_GB': 200}}})
    forced = cloud.explain(flavor='big', zone=zone)
    assert forced.hosts == {}
    assert '200 kept for servers whose move failed' in forced.filtered['hv01']
    assert not any(text.startswith('filter ')
                   for text in forced.not_evaluated)


def test_a_forced_host_is_looked_for_in_its_zone(cloud):
    cloud.nova.flavor('small')
    cloud.put_in_zone('hv02')
    assert set(cloud.explain(flavor='small', zone='z1:hv02').hosts) == {
        'hv02'}
    assert not cloud.explain(flavor='small', zone='z1:hv01').hosts
    with pytest.raises(exception.InvalidConfig, match='--host or'):
        cloud.explain(flavor='small', zone='z1:hv02', host='hv01')


def test_a_server_that_is_there_moves_without_a_second_disk(cloud):
    flavor = cloud.nova.flavor('big', disk=400)
    share = cloud.create(400, host='hv01')
    cloud.nova.server(id=share, flavor={
        **flavor, 'ephemeral': 0, 'original_name': 'big'},
        image={'id': 'x', 'properties': {'img_hv_type': 'hyperv'}})
    found = cloud.explain(server=share)
    assert set(found.hosts) == {'hv02', 'hv03'}
    assert found.filtered == {'hv01': 'the server is there now'}
    assert 'DISK_GB' not in found.query
    for name in ('hv02', 'hv03'):
        cloud.change_traits(name, {'CUSTOM_HYPERV_PAUSED'})
    found = cloud.explain(server=share)
    assert found.hosts == {}, 'where it is does not count'
    assert sorted(emptied(found)) == [
        'in the cluster of its volume',
        'not paused or draining in its cluster'], 'hv04 is not of the cluster'
    assert found.would_fit.examples == ('hv02', 'hv03', 'hv04')


def test_the_disk_of_a_server_goes_to_no_node_that_does_not_reach_it(cloud):
    share = cloud.create(50, 'hv01')
    flavor = {'vcpus': 1, 'ram': 1, 'disk': 50, 'extra_specs': {}}
    cloud.nova.server(id=share, flavor=flavor, image={
        'id': 'i', 'properties': {'img_hv_type': 'hyperv'}})
    cloud.tell_cut_off('hv02', 'hv03')
    found = cloud.explain(server=share)
    refusal = 'does not reach volume csv:hvc1/Volume1'
    assert found.filtered == {
        'hv01': 'the server is there now',
        'hv02': f'it {refusal}', 'hv03': f'it {refusal}'}
    assert 'reaching volume csv:hvc1/Volume1' in emptied(found)
    assert cloud.explain(server=share, host='hv03').refused == (
        f'hv03 {refusal}',)
    cloud.tell_cut_off()
    assert set(cloud.explain(server=share).hosts) == {'hv02', 'hv03'}


def test_a_server_that_could_not_be_created(cloud):
    flavor = cloud.nova.flavor('huge', disk=501)
    server = cloud.nova.server(status='ERROR', flavor=flavor, image={
        'id': cloud.glance.image('other', img_hv_type='hyperv')['id']})
    assert emptied(cloud.explain(server='web')) == ['501 DISK_GB']
    assert emptied(cloud.explain(server=server['id'])) == ['501 DISK_GB']


def test_without_a_single_compute_node(placement):
    empty = clouds.Cloud(placement)
    nova, glance = other_services.Nova(), other_services.Glance()
    nova.flavor('small')
    with other_services.running(nova, glance):
        built, context = question_builder.QuestionBuilder(
            empty.api, *other_services.clients(nova, glance),
            nova_conf.defaults()).ask(asking.Question('small'))
        found = explanation.explain(empty.api, built, context)
    assert found.nodes == 0 and found.hosts == {}
    assert '0 compute nodes' in '\n'.join(render.lines(found))


# -- what is not looked at, and what cannot be read


def test_filters_that_are_not_evaluated_are_named(cloud, tmp_path):
    conf = tmp_path / 'nova.conf'
    conf.write_text('[filter_scheduler]\nenabled_filters = ComputeFilter,'
                    'NUMATopologyFilter,SharedVolumeFilter\n'
                    '[scheduler]\nimage_metadata_prefilter = true\n')
    cloud.nova.flavor('small', **{'hw__cpu_policy': 'dedicated'})
    named = cloud.explain((str(conf),), flavor='small').not_evaluated
    assert 'filter NUMATopologyFilter' in named
    assert 'filter SharedVolumeFilter' not in named
    assert any('hw:cpu_policy' in one for one in named)
    assert any('image_metadata_prefilter' in one for one in named)


def test_what_the_scheduler_is_told_to_do_is_what_is_explained(
        cloud, tmp_path):
    conf = tmp_path / 'nova.conf'
    conf.write_text('[hv_sched]\nunmarked_images = hyperv\n')
    cloud.nova.flavor('small')
    assert 'kvm1' in cloud.explain(flavor='small').hosts
    assert 'kvm1' not in cloud.explain((str(conf),), flavor='small').hosts


def test_with_the_plug_ins_switched_off_it_answers_as_nova_then_decides(
        cloud, tmp_path):
    """Closed volumes are used, a named host finds none, escrow is given."""
    conf = tmp_path / 'nova.conf'
    conf.write_text('[hv_sched]\nscheduler_enabled = false\n')
    off = (str(conf),)
    cloud.nova.flavor('small')
    cloud.nova.flavor('big', disk=400)
    assert cloud.explain(flavor='small', host='hv01').hosts
    assert not cloud.explain(off, flavor='small', host='hv01').hosts
    cloud.allocate('11111111-2222-4333-8444-555555555555', {
        V1: {'resources': {'CUSTOM_CSV_HELD_DISK_GB': 200}}})
    assert not cloud.explain(flavor='big', image='plain').hosts
    assert 'hv01' in cloud.explain(off, flavor='big', image='plain').hosts
    cloud.change_traits(V1, {'CUSTOM_CSV_NO_NEW_DISKS'})
    found = cloud.explain(off, flavor='small', image='plain')
    assert 'hv01' in found.hosts
    assert any('scheduler_enabled is off' in one
               for one in found.not_evaluated)


@pytest.mark.parametrize('question,words', [
    ({'flavor': 'none'}, 'Nova has no flavor none'),
    ({'flavor': 'small', 'image': 'none'}, 'Glance has no image none'),
    ({'server': 'none'}, 'Nova has no server none'),
    ({'flavor': 'small', 'host': 'hv99'}, 'hv99'),
    ({'image': 'plain'}, '--flavor')])
def test_what_is_not_there_is_named(cloud, question, words):
    cloud.nova.flavor('small')
    with pytest.raises(exception.InvalidConfig, match=words):
        cloud.explain(**question)


def test_a_server_in_a_cell_that_is_down(cloud):
    """Nova then answers with the little its API database has."""
    flavor = cloud.nova.flavor('small')
    server = cloud.nova.server(status='UNKNOWN', tenant_id='p')
    with pytest.raises(exception.InvalidConfig, match='cell.*--flavor'):
        cloud.explain(server=server['id'])
    found = cloud.explain(server=server['id'], flavor='small',
                          image='plain')
    assert len(found.hosts) == 3
    partial = cloud.nova.server(status='UNKNOWN', flavor=flavor, image={
        'id': cloud.glance.answers['/v2/images']['images'][0]['id']})
    assert len(cloud.explain(server=partial['id']).hosts) == 3


def test_without_rights_for_glance_or_zones_the_rest_answers(cloud):
    cloud.nova.flavor('small')
    cloud.glance.refuse = '403 Forbidden'
    cloud.nova.refused_paths['/os-aggregates'] = '403 Forbidden'
    found = cloud.explain(flavor='small', image='plain', zone='z1')
    assert found.hosts
    told = '\n'.join(found.not_evaluated)
    assert 'image plain' in told and 'policy says no' in told
    assert 'availability zone z1' in told


def test_without_rights_for_flavors_it_is_said(cloud):
    cloud.nova.refuse = '403 Forbidden'
    with pytest.raises(exception.ServiceDenied, match='policy says no'):
        cloud.explain(flavor='small')


def test_requests_do_not_grow_with_conditions_or_hosts_beyond_bounds(cloud):
    """Ten requests a condition, few besides; conditions are bounded too."""
    specs = {f'trait__CUSTOM_T{number}': 'required' for number in range(60)}
    for key in specs:
        cloud.api.ensure_trait(key.replace('trait__', ''))
    cloud.nova.flavor('odd', disk=600, **specs)
    found = cloud.explain(flavor='odd', image='plain')
    assert found.hosts == {}
    assert len(found.funnel) <= 20
    assert found.requests <= 10 * 20
    assert len(cloud.requests) <= found.requests + 15


def test_an_unmarked_image_is_not_blamed_for_too_many_processors(cloud):
    """The reason behind "not on Hyper-V", and the way out."""
    node = cloud.nodes['hv01']
    generation, inventories = cloud.api.inventories(node)
    cloud.api.set_inventories(node, generation, {
        **inventories, 'VCPU': dataclasses.replace(
            inventories['VCPU'], total=128, max_unit=128)})
    cloud.nova.flavor('wide', vcpus=65)
    cloud.glance.image('unmarked')
    condition, = [
        constraint for constraint in cloud.explain(
            flavor='wide', image='unmarked').emptied_by
        if constraint.text == 'not on a Hyper-V node']
    assert 'vcpus=65' in condition.origin
    assert 'supports at most 64' in condition.origin
    assert 'hyperv-gen2' in condition.origin


def test_a_volume_with_room_that_bounds_one_server_says_so(cloud):
    generation, inventories = cloud.api.inventories(V1)
    cloud.api.set_inventories(V1, generation, {
        **inventories, 'DISK_GB': dataclasses.replace(
            inventories['DISK_GB'], max_unit=100)})
    cloud.nova.flavor('large', disk=400)
    found = cloud.explain(flavor='large', image='plain')
    assert found.would_fit.largest_disks_gb == {'csv:hvc1/Volume1': 100}
    assert any('gives at most 100 GB to one server (max_unit)' in line
               for line in render.lines(found))


def test_resources_and_traits_are_asked_directly(cloud):
    found = cloud.explain(resources={'VCPU': 1, 'DISK_GB': 400},
                          traits={'CUSTOM_HYPERV': 'required'})
    assert set(found.hosts) == {'hv01', 'hv02'}
    found = cloud.explain(resources={'VCPU': 1, 'DISK_GB': 501},
                          traits={'CUSTOM_HYPERV': 'required'})
    assert emptied(found)[0] == '501 DISK_GB'


def test_one_host_is_spoken_of_in_the_singular(cloud):
    cloud.nova.flavor('big', disk=400, trait__STORAGE_DISK_SSD='required')
    cloud.glance.image('safe', **SHIELDED)
    told = render.lines(cloud.explain(flavor='big', image='safe'))
    assert any('1 host remains if STORAGE_DISK_SSD' in line for line in told)
    assert not any('1 hosts' in line or '1 nodes' in line for line in told)
