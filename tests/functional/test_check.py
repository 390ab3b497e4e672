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

"""Images held against the nodes, and stamped, on a real Placement and a real
Glance of its own environment.
"""

import argparse
import contextlib
import functools
import io
import json

from keystoneauth1 import token_endpoint
from openstackclient import shell
import pytest

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import model
from hv_sched import requirements
from hv_sched.compatibility import capable_nodes
from hv_sched.compatibility import verdict
from hv_sched.osc import check
from hv_sched.osc import format_columns
from tests.functional import cloud as clouds
from tests.functional import image_service
from tests.unit.requirements import test_images_as_people_write_them as images

# noauth2 of Placement takes "admin" for its admin; Glance reads the rest.
MEMBER = 'admin:p1:member'
OTHER = 'bob:p2:member'
ADMIN = 'root:p0:admin'
GEN2 = {'hw_machine_type': 'hyperv-gen2'}
VTPM = {**GEN2, 'os_secure_boot': 'required', 'os_type': 'windows',
        'os_vtpm': 'required'}
NO_KVM_WITH_SECURE_BOOT = (
    'no node shows COMPUTE_SECURITY_UEFI_SECURE_BOOT')
NESTED = {**GEN2, 'hw_cpu_features': 'vmx'}


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    made.sync(clouds.facts(clouds.cluster(nodes=(
        clouds.node(1, guarded_host=True, cpu_vendor=model.CpuVendor.INTEL,
                    nested_virtualization=True),
        clouds.node(2, remotefx_enabled=True,
                    gpus=(model.Gpu('card', 512),))))))
    return made


@pytest.mark.parametrize(('specs', 'image', 'nodes', 'problem'), [
    ({}, {}, ['hv01', 'hv02'], ''),
    ({}, VTPM, ['hv01'], ''),
    ({}, NESTED, ['hv01'], ''),
    ({}, {'img_hv_type': 'kvm'}, [], ''),
    ({'os:resolution': '1024x768'}, {}, ['hv02'], ''),
    ({'os:resolution': '1024x768', 'os:vram': '512'}, GEN2, ['hv02'], ''),
    ({'os:resolution': '1024x768', 'os:vram': '1024'}, {}, [],
     'no node can run it'),
    ({'os:resolution': '1024x768'}, VTPM, [], 'no node can run it'),
    ({'os:resolution': '800x600'}, {}, ['hv01', 'hv02'],
     'os:resolution=800x600 is none of'),
    ({'os:resolution': '1024x768', 'os:monitors': '9'}, {},
     ['hv01', 'hv02'], 'os:monitors=9'),
    ({}, {**VTPM, 'os_type': 'linux'}, [], 'os_type=linux')])
def test_nodes_that_can_run_it_are_asked_of_placement(
        cloud, specs, image, nodes, problem):
    flavor = {'vcpus': 1, 'ram_mb': 512, 'root_gb': 1, 'extra_specs': specs}
    found = verdict.of(flavor, image, requirements.Rules(),
                       capable_nodes.CapableNodes(cloud.api))
    if not problem:
        assert not found.problems
        assert list(found.nodes) == nodes
    else:
        assert problem in ' '.join(found.problems)


@pytest.mark.parametrize(('fields', 'problem'), [
    ({'extra_specs': {'trait:CUSTOM_GOLD': 'required'}},
     'no node shows CUSTOM_GOLD'),
    ({'ram_mb': 900_000}, '900,000 MB of memory are asked for, the '
     'largest node has '),
    ({'extra_specs': {'trait:CUSTOM_NOBODY': 'forbidden'}},
     'Placement does not know the forbidden trait CUSTOM_NOBODY'),
    ({'extra_specs': {'resources:VGPU': '1'}}, 'no node has VGPU'),
    ({'extra_specs': {'resources:CUSTOM_X': '1'}}, 'no node has CUSTOM_X'),
    ({'root_gb': 501}, '501 GB of disk are asked for, the largest node has '
     '500'),
    ({'vcpus': 65}, 'Hyper-V supports at most 64; generation 2 supports')])
@pytest.mark.parametrize('image', [{}, {'img_hv_type': 'hyperv'}])
def test_a_flavor_that_no_node_can_run_is_told_with_the_reason(
        cloud, fields, problem, image):
    flavor = {'vcpus': 1, 'ram_mb': 512, 'root_gb': 1, **fields}
    judged = verdict.of(flavor, image, requirements.Rules(),
                        capable_nodes.CapableNodes(cloud.api))
    assert judged.nodes == judged.others == ()
    assert problem in ' '.join(judged.problems)


def test_a_disk_is_compared_with_the_volumes_of_each_node(cloud):
    cloud.register('hv03', disk_gb=300)
    cloud.sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2, 300)), nodes=(
            clouds.node(1, 1), clouds.node(2, 1), clouds.node(3, 2)))))

    def nodes(root_gb):
        return verdict.of(
            {'vcpus': 1, 'ram_mb': 512, 'root_gb': root_gb}, {},
            requirements.Rules(), capable_nodes.CapableNodes(cloud.api)).nodes
    assert nodes(300) == ('hv01', 'hv02', 'hv03')
    assert nodes(301) == ('hv01', 'hv02')
    cloud.create(500, 'hv01')
    assert nodes(500) == ('hv01', 'hv02'), 'a full one counts'


@pytest.mark.parametrize(('flavor', 'image', 'asked_by'), [
    ({}, {'img_hv_type': 'kvm', 'os_secure_boot': 'required'},
     'image os_secure_boot=required'),
    ({'os:secure_boot': 'required'}, {'img_hv_type': 'kvm'},
     'flavor os:secure_boot=required'),
    # Generation 1 has no secure boot, so it is not for Hyper-V.
    ({}, {'os_secure_boot': 'required', 'os_type': 'linux'},
     'image os_secure_boot=required')])
def test_secure_boot_without_hyperv_is_what_nova_requires(
        cloud, flavor, image, asked_by):
    cloud.register('kvm1', 'kvm2')

    def judged():
        return verdict.of(
            {'vcpus': 1, 'ram_mb': 512, 'extra_specs': flavor}, image,
            requirements.Rules(), capable_nodes.CapableNodes(cloud.api))

    trait = 'COMPUTE_SECURITY_UEFI_SECURE_BOOT'
    assert f'{trait}: {asked_by}' in list(judged().lines())
    assert judged().others == ()
    assert any(f'no node shows {trait}' in problem
               for problem in judged().problems)
    generation, now = cloud.api.traits(cloud.nodes['kvm2'])
    cloud.api.set_traits(cloud.nodes['kvm2'], generation, now | {trait})
    assert judged().others == ('kvm2',)
    assert judged().problems == ()


def test_secure_boot_on_hyperv_is_a_trait_of_ours(cloud):
    judged = verdict.of({'vcpus': 1, 'ram_mb': 512}, VTPM,
                        requirements.Rules(),
                        capable_nodes.CapableNodes(cloud.api))
    assert 'UEFI' not in ''.join(judged.lines())
    assert judged.nodes == ('hv01',)


def test_nodes_are_counted_for_people_and_named_for_programs(cloud):
    cloud.register('kvm1')
    judged = verdict.of({'vcpus': 1, 'ram_mb': 512}, {}, requirements.Rules(),
                        capable_nodes.CapableNodes(cloud.api))
    column = format_columns.CapableNodesColumn(judged)
    assert column.human_readable() == '2 of 2 Hyper-V (hv01, hv02), 1 other'
    assert column.machine_readable() == ['hv01', 'hv02']


@pytest.fixture
def three_releases(placement):
    made = clouds.Cloud(placement)
    made.register(*images.NODES, 'kvm1')
    made.sync(clouds.facts(*(
        model.Cluster(clouds.guid(90 + number), f'of-{name}', (node,),
                      (clouds.volume(number),))
        for number, (name, node) in enumerate(images.NODES.items(), 1))))
    return made


def test_images_as_people_write_them_are_checked_against_the_nodes(
        three_releases):
    """Nodes of three releases; one for KVM is none of a check's."""
    nodes = capable_nodes.CapableNodes(three_releases.api)
    words = {}
    for name, (image, expected) in images.IMAGES.items():
        found = verdict.of({}, image, requirements.Rules(), nodes)
        assert list(found.nodes) == [
            node for node in expected if node != 'kvm1'], name
        assert found.problems == (
            (NO_KVM_WITH_SECURE_BOOT,) if expected == ['kvm1']
            and image.get('os_secure_boot') == 'required' else ()), name
        words[name] = found.demands.ignored
    word, = words.pop('Windows for Hyper-V marked uefi')
    assert 'hw_firmware_type=uefi' in word
    assert not any(words.values())


def test_the_same_question_is_asked_once(cloud):
    nodes = capable_nodes.CapableNodes(cloud.api)
    nodes.nodes(requirements.of({}, VTPM))
    cloud.admin.sent.clear()
    for _ in range(5):
        nodes.nodes(requirements.of({}, VTPM))
    assert not cloud.admin.sent


def test_before_anything_is_published_no_node_shows_it(placement):
    found = verdict.of(
        {}, VTPM, requirements.Rules(),
        capable_nodes.CapableNodes(clouds.Cloud(placement).api))
    assert 'no node shows CUSTOM_HYPERV_VTPM' in found.problems


@pytest.fixture(scope='module')
def glance(tmp_path_factory):
    made = image_service.Glance(tmp_path_factory.mktemp('glance'))
    try:
        made.wait()
        yield made
    finally:
        made.stop()


@pytest.fixture
def shell_of(cloud, monkeypatch):
    """The commands as somebody types them; their rows by name."""
    monkeypatch.setattr('osc_lib.clientmanager.ClientCache.__get__',
                        lambda self, instance, owner: self.factory(instance))
    # Keystone would say it.
    monkeypatch.setattr(
        token_endpoint.Token, 'get_project_id',
        lambda self, session, **kwargs: self.token.split(':')[1])

    def run(*args, token=MEMBER):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), (
                contextlib.redirect_stderr(err)):
            code = shell.OpenStackShell().run([
                '--os-auth-type', 'admin_token', '--os-token', token,
                '--os-endpoint', cloud.placement.service.endpoint,
                'resource', 'provider', 'csv', 'check', *args,
                '-f', 'json'])
        rows = json.loads(out.getvalue()) if out.getvalue() else []
        return code, {row['Name']: row for row in rows}, err.getvalue()

    return run


@pytest.fixture
def csv(shell_of, glance, monkeypatch):
    """``csv check image`` with a real Glance."""
    monkeypatch.setenv('OS_IMAGE_ENDPOINT_OVERRIDE', glance.endpoint)
    return functools.partial(shell_of, 'image')


class Recorded:
    """Flavors and images as Nova and Glance told them."""

    FLAVORS = {
        'plain': {}, 'gpu': {'os:resolution': '1024x768'},
        'wrong': {'os:resolution': '1024x768', 'os:monitors': '0'},
        'much': {'os:resolution': '1024x768', 'os:vram': '1024'},
        'blank': {'hw:cpu_features': 'aes, vmx'}}

    def __init__(self, nova, glance):
        pass

    def flavor(self, name):
        return {'name': name, 'vcpus': 1, 'ram_mb': 512, 'root_gb': 1,
                'extra_specs': self.FLAVORS[name]}

    def flavors(self):
        return map(self.flavor, self.FLAVORS)

    def image(self, name):
        return {'name': name, 'id': 'i', **GEN2}


@pytest.fixture
def recorded(monkeypatch):
    monkeypatch.setattr('hv_sched.compatibility.catalog.Catalog', Recorded)


def test_all_flavors_are_judged_in_one_command(shell_of, recorded):
    code, rows, _err = shell_of('flavor', '--all')
    assert code == 4
    assert {name: row['Nodes'] for name, row in rows.items()
            if name != 'wrong'} == {
        'plain': ['hv01', 'hv02'], 'gpu': ['hv02'], 'much': [],
        'blank': ['hv01', 'hv02']}
    assert rows['much']['Problems'] == ['no node can run it']
    assert 'os:monitors=0' in rows['wrong']['Problems'][0]
    assert 'CUSTOM_REMOTEFX_ADAPTER: 1' in rows['gpu']['Asks']
    assert shell_of('flavor', 'plain')[0] == 0


def test_what_the_host_ignores_is_named_and_is_no_failure(
        shell_of, recorded):
    code, rows, _err = shell_of('flavor', 'blank')
    assert code == 0
    assert rows['blank']['Problems'] == [
        'flavor hw:cpu_features=aes, vmx: Hyper-V hosts find vmx between '
        'commas without blanks only']
    assert rows['blank']['Asks'] == []


def test_flavor_and_image_are_judged_together(shell_of, recorded):
    code, rows, _err = shell_of('flavor', 'gpu', '--image', 'win')
    assert code == 0
    assert any('CUSTOM_HYPERV_GEN2' in line for line in rows['gpu']['Asks'])
    code, rows, _err = shell_of('image', 'win', '--flavor', 'much')
    assert code == 4
    assert rows['win']['Problems'] == ['no node can run it']


@pytest.mark.long
def test_an_image_is_judged_stamped_and_unstamped(csv, glance):
    image = glance.create(MEMBER, 'win', **NESTED,
                          **{'trait:CUSTOM_GOLD': 'required'})
    code, rows, _err = csv('win')
    assert code == 0
    assert rows['win']['Nodes'] == ['hv01']
    assert rows['win']['Dropped by Nova'] == ['hw_cpu_features']
    assert any('hw_cpu_features=vmx' in line for line in rows['win']['Asks'])
    before = glance.properties(MEMBER, image)

    code, rows, _err = csv('win', '--stamp', '--dry-run')
    assert code == 2
    assert '+ trait:CUSTOM_HYPERV_NESTED_VIRT=required' in (
        rows['win']['Stamp'])
    assert glance.properties(MEMBER, image) == before

    assert csv(image, '--stamp')[0] == 0
    stamped = glance.properties(MEMBER, image)
    assert stamped['trait:CUSTOM_HYPERV_NESTED_VIRT'] == 'required'
    assert stamped['trait:CUSTOM_HYPERV'] == 'required'
    code, rows, _err = csv('win', '--stamp')
    assert (code, rows['win']['Stamp']) == (0, [])
    assert glance.properties(MEMBER, image) == stamped
    assert csv('win')[1]['win']['Dropped by Nova'] == [
        'hw_cpu_features (stamped)']

    assert csv('win', '--unstamp')[0] == 0
    assert {**glance.properties(MEMBER, image), 'updated_at': ''} == {
        **before, 'updated_at': ''}


@pytest.mark.long
def test_what_glance_lets_one_not_write_is_said_and_stops_no_other(
        csv, glance):
    protected = glance.create(MEMBER, 'vtpm', **VTPM)
    foreign = glance.create(ADMIN, 'public', visibility='public', **NESTED)
    mine = glance.create(MEMBER, 'mine', **GEN2)
    glance.create(MEMBER, 'wrong', **{**VTPM, 'os_type': 'linux'})
    code, rows, _err = csv('--all', '--stamp')
    assert code == 4
    assert "not written: image vtpm" in rows['vtpm']['Stamp'][0]
    assert 'trait:CUSTOM_HYPERV_VTPM' in rows['vtpm']['Stamp'][0]
    assert 'belongs to project p0, this is p1' in rows['public']['Stamp'][0]
    assert rows['wrong']['Stamp'] == ['not stamped: it contradicts itself']
    assert 'os_type=linux' in rows['wrong']['Problems'][0]
    assert 'trait:CUSTOM_HYPERV_GEN2' in glance.properties(MEMBER, mine)
    for image in (protected, foreign):
        assert not [key for key in glance.properties(MEMBER, image)
                    if 'trait' in key or 'stamped' in key]
    # An admin may: of Glance's words nothing else is in the way.
    assert csv('vtpm', '--stamp', token='admin:p1:admin')[0] == 0
    assert glance.properties(
        MEMBER, protected)['trait:CUSTOM_HYPERV_VTPM'] == 'required'


@pytest.mark.long
def test_an_image_that_is_not_there_or_not_ours_to_see(csv, glance):
    glance.create(OTHER, 'secret', **GEN2)
    for name in ('nowhere', 'secret'):
        code, rows, err = csv(name)
        assert (code, rows) == (1, {})
        assert f'image {name} does not exist, or is not visible' in err
    for _ in range(2):
        glance.create(MEMBER, 'twice', **GEN2)
    code, _rows, err = csv('twice')
    assert code == 1
    assert 'twice' in err


def test_a_glance_that_is_away_for_one_image_stops_no_other():
    class Images:
        written = []

        def change(self, image, changes):
            if image['id'] == 'away':
                raise exception.ServiceUnavailable('Glance is away')
            self.written.append(image['id'])

    command = check.CheckImage(None, None)
    parsed = argparse.Namespace(stamp=True, unstamp=False, dry_run=False)
    rules = requirements.Rules()
    images = [{'id': name, **GEN2, 'img_hv_type': 'hyperv'}
              for name in ('away', 'there')]
    cells = [command._stamp(parsed, Images(), image, rules)
             for image in images]
    assert cells[0].machine_readable() == [
        'not written: Glance is away; run it again when the service answers']
    assert Images.written == ['there']
    assert command.exit_code == exit_codes.PARTIAL
