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

"""A small valid description of a cluster, for the tests to spoil."""

import copy

from hv_sched.sources import facts

CLUSTER = '11111111-2222-4333-8444-000000000001'
VOLUME_1 = 'aaaaaaaa-bbbb-4ccc-8ddd-000000000001'
VOLUME_2 = 'aaaaaaaa-bbbb-4ccc-8ddd-000000000002'
SERVER = '99999999-8888-4777-8666-000000000001'
IMAGE = '55555555-4444-4333-8222-000000000001'


def volume(name='Volume1', guid=VOLUME_1, **fields):
    if not fields.keys() & {'size_bytes', 'size_mb'}:
        fields.setdefault('size_gb', 500)
    return {'name': name, 'guid': guid, **fields}


def cluster(**fields):
    return {'name': 'c1', 'guid': CLUSTER,
            'nodes': [{'name': 'hv01', 'build': 14393},
                      {'name': 'hv02', 'build': 14393}],
            'volumes': [volume()], **fields}


def document(*clusters, **fields):
    return {'version': 1, 'clusters': list(clusters) or [cluster()],
            **fields}


def full():
    """A document of version 2 that has every field."""
    document = full_of_version_1()
    document['version'] = 2
    first, second = document['clusters']
    first['driver'] = 'hyperv'
    report = {'collected_at': '2026-03-01T08:29:00Z', 'error': ''}
    first['sections'] = {name: dict(report) for name in (
        'cluster', 'nodes', 'volumes', 'volume_states', 'groups')}
    first['nodes'][0]['sections'] = {name: dict(report) for name in (
        'host', 'guarded', 'remotefx', 'files', 'image_cache')}
    first['volumes'][0]['state'] = 'online'
    first['volumes'][0]['silent_nodes'] = ['hv02']
    first['volumes'][1]['state'] = 'failed'
    first['vms'].append({'instance_name': 'instance-00000007'})
    second['volumes'][0] = volume(
        guid=VOLUME_1[:-1] + '9', size_mb=512000, free_mb=1024,
        raw_percent=300)
    second['nodes'][0]['home'] = 'Volume1'
    second['volumes'].append(
        {'name': 'Volume2', 'state': 'offline', 'resource_id': 'r2'})
    return document


def full_of_version_1():
    """A document of version 1 that has every field."""
    node = {
        'name': 'hv01', 'build': 14393, 'state': 'up', 'home': 'Volume1',
        'cpu': {'vendor': 'intel', 'features': ['VMX']},
        'nested_virtualization': True, 'guarded_host': False,
        'remotefx_enabled': True, 'fibre_channel': False, 'mpio': True,
        'refs': True,
        'gpus': [{'name': 'M60', 'total_vram_mb': 8192,
                  'available_vram_mb': 4096}]}
    other = {**copy.deepcopy(node), 'name': 'hv02', 'build': 17763,
             'home': VOLUME_2, 'state': 'paused'}
    first = volume(
        identity=VOLUME_1, free_gb=100, resource_id='r1',
        path='C:\\ClusterStorage\\Volume1',
        file_system='ntfs', medium='ssd', owner_node='hv01', reserve_gb=10,
        maintenance=False, accepts_new_disks=True, cut_off_nodes=['hv02'],
        redirected_nodes=['hv01'], cached_images=[IMAGE],
        image_cache_bytes=1024)
    second = volume('Volume10', VOLUME_2, size_bytes=2 ** 40,
                    free_bytes=2 ** 39)
    vm = {'instance_uuid': SERVER, 'owner_node': 'hv02',
          'disks': [{'volume': 'Volume10', 'provisioned_bytes': 2 ** 30,
                     'actual_bytes': 2 ** 20}]}
    return document(
        cluster(identity=CLUSTER, nodes=[node, other],
                volumes=[first, second], vms=[vm],
                functional_level=9, placement_chooses_volume=False),
        cluster(name='c2', guid=CLUSTER[:-1] + '2',
                nodes=[{'name': 'hv91'}],
                volumes=[volume(guid=VOLUME_1[:-1] + '9')]),
        collected_at='2026-03-01T08:30:00Z')


def read(*documents):
    """Facts of documents called a.yaml, b.yaml, …"""
    return facts.read(facts.Document(f'{name}.yaml', content)
                      for name, content in zip('abcdef', documents,
                                               strict=False))


def problems(*clusters):
    """What is said about clusters that are in one file."""
    return [str(each) for each in read(document(*clusters)).problems]
