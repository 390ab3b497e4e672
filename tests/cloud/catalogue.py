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

"""Users, endpoints, flavors and the like: what a cloud's operator makes.

Run by the cloud's own Python, ``catalogue.py identity`` before Nova starts
and ``catalogue.py resources`` once its nodes are known; it needs the
environment of ``openrc`` and ``CLOUD``, a JSON object. What is there already
is kept.
"""

import json
import os
import sys

import openstack

CLOUD = json.loads(os.environ['CLOUD'])
# The agent sees the whole cloud and writes to Placement, nothing else.
USERS = {'nova': ('admin', 'service'), 'placement': ('admin', 'service'),
         'glance': ('admin', 'service'), 'hv_sched': ('service', 'hv_sched')}
ENDPOINTS = {
    'placement': ('placement', 'placement', ''),
    'image': ('glance', 'glance', ''),
    'compute': ('nova', 'nova-api', '/v2.1'),
    'network': ('neutron', 'network', ''),
}
# Name: root disk, ephemeral disk and swap in GB.
FLAVORS = {
    **{f'disk{size}': (size, 0, 0) for size in (1, 2, 5)},
    'disk10': (10, 0, 0), 'disk20': (20, 0, 0), 'disk50': (50, 0, 0),
    'disk100': (100, 0, 0), 'disk200': (200, 0, 0), 'disk300': (300, 0, 0),
    'disk10-ephemeral5-swap2': (10, 5, 2), 'diskless': (0, 0, 0),
}
# What Glance takes for a VHD; nobody boots from it.
VHD = b'conectix' + bytes(1024 * 1024)


def make_users(cloud):
    service = (cloud.identity.find_project('service')
               or cloud.identity.create_project(name='service',
                                                domain_id='default'))
    roles = {role.name: role for role in cloud.identity.roles()}
    for user, names in USERS.items():
        account = (cloud.identity.find_user(user)
                   or cloud.identity.create_user(
                       name=user, password=CLOUD['password'],
                       domain_id='default', default_project_id=service.id))
        for name in names:
            if name not in roles:
                roles[name] = cloud.identity.create_role(name=name)
            cloud.identity.assign_project_role_to_user(
                service, account, roles[name])


def make_endpoints(cloud):
    services = {service.type: service
                for service in cloud.identity.services()}
    endpoints = {(endpoint.service_id, endpoint.interface): endpoint
                 for endpoint in cloud.identity.endpoints()}
    for service_type, (name, port, path) in ENDPOINTS.items():
        service = (services.get(service_type)
                   or cloud.identity.create_service(type=service_type,
                                                    name=name))
        url = f'http://127.0.0.1:{CLOUD["ports"][port]}{path}'
        endpoint = endpoints.get((service.id, 'public'))
        if endpoint is None:
            cloud.identity.create_endpoint(
                service_id=service.id, interface='public',
                region_id='RegionOne', url=url)
        elif endpoint.url != url:
            cloud.identity.update_endpoint(endpoint, url=url)


def identity(cloud):
    make_users(cloud)
    make_endpoints(cloud)


def resources(cloud):
    if not cloud.image.find_image('tiny'):
        cloud.image.create_image(
            name='tiny', data=VHD, disk_format='vhd',
            container_format='bare', img_hv_type='hyperv',
            visibility='public', wait=True)
    flavors = {flavor.name for flavor in cloud.compute.flavors()}
    for name, (root, ephemeral, swap) in FLAVORS.items():
        if name not in flavors:
            cloud.compute.create_flavor(
                name=name, ram=512, vcpus=1, disk=root, ephemeral=ephemeral,
                swap=swap * 1024)
    aggregates = {aggregate.name: aggregate
                  for aggregate in cloud.compute.aggregates()}
    for zone, nodes in CLOUD['zones'].items():
        aggregate = (aggregates.get(zone) or cloud.compute.create_aggregate(
            name=zone, availability_zone=zone))
        for node in nodes:
            if node not in (aggregate.hosts or ()):
                cloud.compute.add_host_to_aggregate(aggregate, node)


if __name__ == '__main__':
    {'identity': identity, 'resources': resources}[sys.argv[1]](
        openstack.connect())
