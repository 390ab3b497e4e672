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

"""Single things of Nova and Glance, read through openstacksdk."""

import subprocess
import sys

import pytest

from hv_sched import exception
from tests.functional import other_services

NODE = {'id': 'node-uuid', 'hypervisor_hostname': 'hv01.corp.example',
        'hypervisor_type': 'hyperv', 'service': {'host': 'hv01'},
        'free_ram_mb': 1, 'vcpus': 4}


@pytest.fixture
def services(monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    nova, glance = other_services.Nova(), other_services.Glance()
    nova.answers['/os-hypervisors/detail'] = {'hypervisors': [NODE]}
    with other_services.running(nova, glance):
        yield nova, glance, *other_services.clients(nova, glance)


def test_compute_nodes_are_asked_for_below_2_88(services):
    """From there on Nova makes an RPC to every node for its uptime."""
    recorded, _glance, nova, _images = services
    assert nova.nodes_of_host('hv01') == ['node-uuid']
    assert recorded.versions['/os-hypervisors/detail'] == 'compute 2.87'
    recorded.answers['/']['version']['version'] = '2.79'
    older = other_services.clients(recorded, _glance)[0]
    node, = older.hypervisors()
    assert recorded.versions['/os-hypervisors/detail'] == 'compute 2.79'
    assert node.name == 'hv01.corp.example'
    assert older.hypervisor_types() == {'node-uuid': 'hyperv'}


@pytest.mark.parametrize('document', [
    {}, {'version': {'id': 'v2.1', 'status': 'CURRENT', 'links': []}},
    {'version': ['v2.1']}, {'versions': {'0': {'id': 'v2.1'}}},
    {'version': {'id': 7, 'status': 7, 'links': 7}}])
def test_a_nova_that_lists_no_versions_is_not_taken_for_an_old_one(
        services, document):
    recorded, _glance, nova, _images = services
    recorded.answers['/'] = document
    with pytest.raises(exception.ServiceUnavailable, match='Nova'):
        nova.newest()


def test_a_flavor_is_found_by_id_and_by_name(services):
    recorded, _glance, nova, _images = services
    recorded.flavor('small', os__resolution='1024x768')
    for name in ('id-small', 'small'):
        flavor = nova.flavor(name)
        assert (flavor['id'], flavor['disk']) == ('id-small', 50)
        assert flavor['extra_specs'] == {'os:resolution': '1024x768'}
    assert nova.flavor('none') is None
    assert nova.flavor('a/b') is None


def test_extra_specs_that_may_not_be_seen_are_not_taken_for_none(services):
    recorded, _glance, nova, _images = services
    del recorded.flavor('small')['extra_specs']
    assert 'extra_specs' not in nova.flavor('small')


def test_a_server_is_shown_as_nova_shows_it(services):
    recorded, _glance, nova, _images = services
    server = recorded.server(name='web', image='', flavor={'vcpus': 1})
    for name in ('web', server['id']):
        assert nova.server(name)['image'] == ''
        assert nova.server(name)['flavor'] == {'vcpus': 1}
    del server['image']
    assert 'image' not in nova.server('web')
    assert nova.server('none') is None


def test_several_of_a_name_are_counted(services):
    recorded, glance, nova, images = services
    for _number in range(3):
        recorded.server(name='web')
        glance.image('win')
    with pytest.raises(exception.InvalidConfig,
                       match='3 servers are named web: give the uuid'):
        nova.server('web')
    with pytest.raises(exception.InvalidConfig,
                       match='3 images are named win: give the id'):
        images.image('win')


def test_an_image_shows_its_properties_beside_its_fields(services):
    _nova, glance, _servers, images = services
    image = glance.image('win', os_vtpm='required', hw_machine_type='hyperv')
    for name in ('win', image['id']):
        shown = images.image(name)
        assert (shown['os_vtpm'], shown['hw_machine_type']) == (
            'required', 'hyperv')
    assert images.image('none') is None
    assert [shown['name'] for shown in images.images()] == ['win']


def test_openstacksdk_prints_no_warnings():
    """It warns of its own coming releases and of fields Nova still tells."""
    code = (
        'import warnings\n'
        'warnings.simplefilter("ignore")\n'
        'from openstack import connection\n'
        'warnings.simplefilter("default")\n'
        'from tests.functional import other_services as services\n'
        'from tests.functional.test_lookups import NODE\n'
        'nova, glance = services.Nova(), services.Glance()\n'
        "nova.answers['/os-hypervisors/detail'] = {'hypervisors': [NODE]}\n"
        "nova.flavor('small'); glance.image('win')\n"
        'with services.running(nova, glance):\n'
        '    servers, images = services.clients(nova, glance)\n'
        '    servers.hypervisors(), list(servers.flavors())\n'
        "    servers.flavor('small'), images.image('win')\n"
        "    servers.server('none')\n")
    run = subprocess.run([sys.executable, '-c', code],
                         capture_output=True, text=True, check=True)
    assert 'openstack' not in run.stderr
