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

"""What is read of Nova's answers, and asked of it."""

import datetime
from email import utils as email_utils
import json
from urllib import parse

from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint
import pytest
import requests
from requests import adapters

from hv_sched import exception
from hv_sched.compute import checked_session
from hv_sched.compute import flavors
from hv_sched.compute import nova as nova_servers
from hv_sched.compute.servers import Needs

FLAVOR = {'vcpus': 2, 'ram': 1024, 'disk': 40, 'ephemeral': 5, 'swap': 512,
          'extra_specs': {}}
COMPUTE = {'VCPU': 2, 'MEMORY_MB': 1024}
RECORD = {
    'id': 's', 'status': 'ACTIVE', 'OS-EXT-STS:vm_state': 'active',
    'OS-EXT-STS:task_state': None, 'tenant_id': 'p', 'user_id': 'u',
    'OS-EXT-SRV-ATTR:hypervisor_hostname': 'hv1', 'image': {'id': 'i'},
    'OS-SRV-USG:launched_at': '2026-01-01T00:00:00.000000',
    'OS-EXT-SRV-ATTR:root_device_name': '/dev/sda', 'flavor': FLAVOR,
    'os-extended-volumes:volumes_attached': []}


class Nova(adapters.BaseAdapter):
    """Bodies by the end of the path; the last one of a list stays."""

    def __init__(self, skew_seconds=0, **bodies):
        super().__init__()
        self.bodies = bodies
        self.asked = []
        self.skew = datetime.timedelta(seconds=skew_seconds)

    def send(self, request, **kwargs):
        asked = parse.urlsplit(request.url)
        self.asked.append((asked.path, dict(parse.parse_qsl(asked.query))))
        bodies = self.bodies[asked.path.rpartition('/')[2].replace('-', '_')]
        body = bodies.pop(0) if len(bodies) > 1 else bodies[0]
        now = datetime.datetime.now(datetime.timezone.utc) + self.skew
        response = requests.Response()
        response.request, response.url = request, request.url
        response.status_code = 404 if body is None else 200
        response.headers['Date'] = email_utils.format_datetime(now)
        response._content = json.dumps(
            {'itemNotFound': {}} if body is None else body).encode()
        return response

    def close(self):
        pass


def servers(**bodies):
    nova, http = Nova(**bodies), requests.Session()
    http.mount('http://nova', nova)
    return nova, nova_servers.NovaServers(adapter.Adapter(
        checked_session.CheckedSession(session.Session(
            token_endpoint.Token('http://nova', 'admin'), http),
            checked_session.NOVA), service_type='compute'))


def one(**fields):
    _nova, api = servers(s=[{'server': {**RECORD, **fields}}])
    return api.server('s')


def test_a_server_needs_what_nova_allocates_for_its_flavor():
    server = one()
    assert server.needs == Needs(46, COMPUTE)
    assert (server.node, server.launched) == ('hv1', True)
    assert one(image='').needs == Needs(6, COMPUTE)


@pytest.mark.parametrize('flavor', [
    None, {}, {'original_name': 'm1'}, {**FLAVOR, 'disk': None},
    {key: value for key, value in FLAVOR.items() if key != 'extra_specs'}])
def test_a_server_without_flavor_data_needs_nobody_knows_what(flavor):
    assert one(flavor=flavor).needs == Needs()


def test_flavors_that_ask_for_more_than_this_can_tell():
    def needs(**specs):
        return flavors.needs_of({**FLAVOR, 'extra_specs': specs}, False)
    assert needs(**{'resources:DISK_GB': '7'}) == Needs(7, COMPUTE)
    assert needs(**{'resources:DISK_GB': 'x'}) == Needs()
    assert needs(**{'resources1:DISK_GB': '7'}) == Needs(7, None)
    for spec in ('resources:VGPU', 'hw:cpu_policy', 'os:resolution'):
        assert needs(**{spec: '1'}) == Needs(46, None)


def test_a_root_on_a_volume_is_asked_for_only_where_it_may_be():
    attached = [{'id': 'v'}]
    for device, disk_gb in (('/dev/sda', 6), ('/dev/sdb', 46)):
        nova, api = servers(
            s=[{'server': {
                **RECORD, 'os-extended-volumes:volumes_attached': attached}}],
            os_volume_attachments=[{'volumeAttachments': [
                {'device': device}]}])
        server = api.server('s')
        assert api.resolved(server).needs == Needs(disk_gb, COMPUTE)
        assert len(nova.asked) == 2
    _nova, api = servers(s=[{'server': RECORD}])
    assert api.resolved(api.server('s')) == api.server('s')


def test_a_server_of_a_cell_that_is_down_is_not_known():
    _nova, api = servers(s=[{'server': {
        'id': 's', 'status': 'UNKNOWN', 'flavor': FLAVOR}}])
    server = api.server('s')
    assert (server.known, server.needs) == (False, Needs())


def test_servers_are_read_page_by_page():
    pages = [{'servers': [{**RECORD, 'id': str(n)}],
              'servers_links': [{'rel': 'next'}]} for n in range(3)]
    nova, api = servers(detail=[*pages, {'servers': []}])
    assert list(api.on_host('h1')) == ['0', '1', '2']
    assert [query.get('marker') for _path, query in nova.asked] == [
        None, '0', '1', '2']


def test_without_the_admin_role_is_said():
    record = {key: value for key, value in RECORD.items()
              if 'hypervisor' not in key}
    _nova, api = servers(detail=[{'servers': [record]}])
    with pytest.raises(exception.NovaDenied, match='admin role'):
        api.on_host('h1')


@pytest.mark.parametrize('skew_seconds', [0, -7200, 7200])
def test_changes_are_asked_for_by_novas_clock(skew_seconds):
    nova, api = servers(
        skew_seconds=skew_seconds, os_services=[{'services': []}],
        os_migrations=[{'migrations': []}])
    api.changed_since(60)
    since = datetime.datetime.strptime(
        nova.asked[-1][1]['changes-since'], '%Y-%m-%dT%H:%M:%S%z')
    now = datetime.datetime.now(datetime.timezone.utc)
    wanted = now + datetime.timedelta(seconds=skew_seconds - 60)
    assert abs((since - wanted).total_seconds()) < 5


def test_cells_that_are_down_are_told_by_their_hosts():
    _nova, api = servers(os_services=[{'services': [
        {'host': 'h1', 'status': 'enabled'},
        {'host': 'h2', 'status': 'UNKNOWN'},
        {'host': 'h3', 'status': 'disabled'}]}])
    assert api.computes() == {'h1': True, 'h2': False, 'h3': True}


def test_migrations_are_read_only_as_far_back_as_needed():
    def page(uuid):
        return {'migrations': [{
            'uuid': uuid, 'instance_uuid': 's', 'status': 'completed',
            'old_instance_type_id': 1, 'new_instance_type_id': 1}],
            'migrations_links': [{'rel': 'next'}]}
    nova, api = servers(os_migrations=[page('m3'), page('m2'), page('m1')])
    assert list(api.closed_migrations({'m2'})) == ['m2']
    assert len(nova.asked) == 2
    assert api.closed_migrations(set()) == {}


def test_a_deleted_server_is_remembered_until_it_is_archived():
    _nova, api = servers(os_instance_actions=[{'instanceActions': []}, None],
                         detail=[{'servers': []}])
    assert api.was_server('s')
    assert not api.was_server('s')


def test_a_deleted_server_of_another_project_is_in_the_list_of_all():
    nova, api = servers(os_instance_actions=[None],
                        detail=[{'servers': [RECORD]}])
    assert api.was_server('s')
    _path, query = nova.asked[-1]
    assert (query['uuid'], query['all_tenants']) == ('s', '1')


def test_what_a_server_of_another_project_needs_beside_volumes_is_unknown():
    _nova, api = servers(
        s=[{'server': {**RECORD, 'os-extended-volumes:volumes_attached': [
            {'id': 'v'}]}}], os_volume_attachments=[None])
    assert api.resolved(api.server('s')).needs == Needs()


def test_names_are_read_in_two_lists_with_soft_deleted_servers():
    named = {**RECORD, 'OS-EXT-SRV-ATTR:instance_name': 'instance-00000001'}
    gone = {**named, 'id': 'd', 'status': 'SOFT_DELETED',
            'OS-EXT-SRV-ATTR:instance_name': 'instance-00000002'}
    nova, cloud = servers(
        os_services=[{'services': [{'host': 'h1', 'status': 'enabled'}]}],
        detail=[{'servers': [named, {'id': 'x', 'status': 'UNKNOWN'}]},
                {'servers': [gone]}])
    found = cloud.named_servers()
    assert [(server.uuid, server.instance_name, server.node)
            for server in found.servers] == [
        ('s', 'instance-00000001', 'hv1'), ('d', 'instance-00000002', 'hv1')]
    assert found.is_complete
    assert [path for path, _query in nova.asked].count(
        '/servers/detail') == 2
    nova, cloud = servers(
        os_services=[{'services': [{'host': 'h1', 'status': 'UNKNOWN'}]}],
        detail=[{'servers': []}])
    assert not cloud.named_servers().is_complete


# As Nova 32 answers at 2.80 of a node with compute-hyperv; names changed.
HYPERVISOR = {
    'id': '3f2c7a10-5b8e-4c61-9d42-7e1a0b6c5d01',
    'hypervisor_hostname': 'HV-N01', 'state': 'up', 'status': 'enabled',
    'hypervisor_type': 'hyperv', 'hypervisor_version': 10000,
    'service': {'id': '0d6a0f4e-7e3b-4d58-9df6-6f3a21cf0b01',
                'host': 'HV-N01', 'disabled_reason': None},
    'host_ip': '192.0.2.11', 'vcpus': 32, 'vcpus_used': 0,
    'memory_mb': 262031, 'memory_mb_used': 512, 'free_ram_mb': 261519,
    'local_gb': 2047, 'local_gb_used': 0, 'free_disk_gb': 2047,
    'disk_available_least': None, 'current_workload': 0, 'running_vms': 0,
    'cpu_info': {
        'arch': 'x86_64', 'vendor': 'GenuineIntel',
        'model': 'Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz',
        'topology': {'sockets': 2, 'cores': 8, 'threads': 2},
        'features': ['mmx', 'sse', 'rdtsc', 'pae', 'sse2', 'nx', 'sse3',
                     'xsave', 'slat', 'vmx']}}


def hypervisor(**fields):
    nova, api = servers(detail=[{'hypervisors': [{**HYPERVISOR, **fields}]}])
    [told] = api.hypervisors()
    assert nova.asked == [('/os-hypervisors/detail', {'limit': '1000'})]
    return told


def test_a_compute_node_is_read_with_its_processor():
    told = hypervisor()
    assert (told.uuid, told.name, told.kind, told.is_up) == (
        HYPERVISOR['id'], 'HV-N01', 'hyperv', True)
    assert told.cpu_vendor == 'GenuineIntel'
    assert told.cpu_features == tuple(HYPERVISOR['cpu_info']['features'])
    assert not hypervisor(state='down').is_up


@pytest.mark.parametrize('info', [
    None, '', 'x86', {}, [], {'vendor': 7, 'features': 'vmx'},
    {'vendor': None, 'features': [7]}, {'features': {'policy': 'require'}}])
def test_what_is_no_processor_is_not_known(info):
    told = hypervisor(cpu_info=info)
    assert (told.cpu_vendor, told.cpu_features) == ('', None)


def test_the_list_of_compute_nodes_is_asked_for_below_2_88():
    """From there on it has no cpu_info, and is an RPC to each node."""
    major, minor = nova_servers.MICROVERSION.split('.')
    assert (int(major), int(minor)) <= (2, 87)
