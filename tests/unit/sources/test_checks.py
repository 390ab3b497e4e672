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

"""Every bad description is refused with the place, the value, the remedy."""

import pytest

from tests.unit.sources import samples

C0 = 'a.yaml: clusters[0]'


def _volume(**fields):
    return samples.cluster(volumes=[samples.volume(**fields)])


def _node(**fields):
    return samples.cluster(nodes=[{'name': 'hv01', **fields}])


def _two_volumes(**fields):
    return samples.cluster(
        volumes=[samples.volume(),
                 samples.volume('Volume2', samples.VOLUME_2)], **fields)


def _vms(*vms):
    return samples.cluster(vms=[
        {'instance_uuid': samples.SERVER, 'disks': [], **vm} for vm in vms])


def _disk(volume):
    return {'volume': volume, 'provisioned_bytes': 1, 'actual_bytes': 1}


def _without(field):
    return {name: value for name, value in samples.cluster().items()
            if name != field}


BAD = {
    'negative size': (
        _volume(size_gb=-5),
        '.volumes[0].size_gb: size_gb of volume \'Volume1\' is -5, but has '
        'to be 1 or more: Size of the volume in GiB'),
    'zero size': (
        _volume(size_bytes=0),
        '.volumes[0].size_bytes: size_bytes of volume \'Volume1\' is 0, but '
        'has to be 1 or more: Size of the volume in bytes'),
    'size as text': (
        _volume(size_gb='500'),
        '.volumes[0].size_gb: size_gb of volume \'Volume1\' is \'500\', but '
        'has to be a whole number: Size of the volume in GiB'),
    'broken size': (
        _volume(size_gb=1.5),
        '.volumes[0].size_gb: size_gb of volume \'Volume1\' is 1.5, but has '
        'to be a whole number'),
    'size true': (
        _volume(size_gb=True),
        '.volumes[0].size_gb: size_gb of volume \'Volume1\' is true, but has '
        'to be a whole number'),
    'endless size': (
        _volume(size_gb=float('inf')),
        '.volumes[0].size_gb: is a number of more than 64 bits'),
    'enormous size': (
        _volume(size_gb=16 ** 9000),
        '.volumes[0].size_gb: is a number of more than 64 bits'),
    'no size': (
        samples.cluster(volumes=[{'name': 'V', 'guid': samples.VOLUME_1}]),
        '.volumes[0]: volume \'V\' has no size: give size_gb or size_bytes'),
    'two sizes': (
        _volume(size_gb=1, size_bytes=2 ** 30),
        '.volumes[0]: volume \'Volume1\' has both size_gb and size_bytes; '
        'keep one'),
    'two free': (
        _volume(free_gb=1, free_bytes=2 ** 30),
        '.volumes[0]: volume \'Volume1\' has both free_gb and free_bytes; '
        'keep one'),
    'gb that are bytes': (
        _volume(size_gb=536870912000),
        '.volumes[0].size_gb: volume \'Volume1\' has size_gb 536870912000, '
        'more GiB than any file system holds; it looks like bytes: write it '
        'as size_bytes'),
    'bytes that are gb': (
        _volume(size_bytes=500),
        '.volumes[0].size_bytes: volume \'Volume1\' has size_bytes 500, less '
        'than 1 GiB; it looks like GiB: write it as size_gb'),
    'bytes beyond any disk': (
        _volume(size_bytes=2 ** 62),
        '.volumes[0].size_bytes: volume \'Volume1\' has size_bytes '
        '4611686018427387904, more than any file system holds'),
    'free above size': (
        _volume(free_gb=501),
        '.volumes[0].free_gb: volume \'Volume1\' has free_gb 501, more than '
        'its size, 536870912000 bytes (500 GiB); check the unit of both'),
    'negative free': (
        _volume(free_bytes=-1),
        '.volumes[0].free_bytes: free_bytes of volume \'Volume1\' is -1, but '
        'has to be 0 or more'),
    'reserve above size': (
        _volume(reserve_gb=501),
        '.volumes[0].reserve_gb: volume \'Volume1\' has reserve_gb 501, more '
        'than its size'),
    'image cache above size': (
        _volume(image_cache_bytes=2 ** 50),
        '.volumes[0].image_cache_bytes: volume \'Volume1\' has an image '
        'cache of 1125899906842624, more than its size'),
    'same node in other case': (
        samples.cluster(nodes=[{'name': 'hv01'}, {'name': 'HV01'}]),
        '.nodes[1].name: node \'HV01\' is there twice, first as nodes[0] '
        '\'hv01\'; Windows ignores case: remove one'),
    'same volume name': (
        samples.cluster(placement_chooses_volume=True, volumes=[
            samples.volume(), samples.volume('volume1', samples.VOLUME_2)]),
        '.volumes[1].name: volume \'volume1\' has the name of volumes[0] '
        '\'Volume1\'; Windows ignores case: give each its own name'),
    'same volume guid': (
        samples.cluster(placement_chooses_volume=True, volumes=[
            samples.volume(),
            samples.volume('V2', '{' + samples.VOLUME_1.upper() + '}')]),
        '.volumes[1].guid: volume \'V2\' has the GUID of volumes[0] '
        '\'Volume1\': ' + samples.VOLUME_1),
    'guid of nobody': (
        _volume(guid='00000000-0000-0000-0000-000000000000'),
        '.volumes[0].guid: \'00000000-0000-0000-0000-000000000000\' is '
        'nobody\'s GUID; take the real one from Windows'),
    'no guid': (
        samples.cluster(volumes=[{'name': 'Volume1', 'size_gb': 1}]),
        '.volumes[0]: volume \'Volume1\' has no guid: The volume GUID in '
        'Partition.Name'),
    'path for a guid': (
        _volume(guid='C:\\ClusterStorage\\Volume1'),
        '.volumes[0].guid: guid of volume \'Volume1\' is '
        '\'C:\\\\ClusterStorage\\\\Volume1\', but has to be of this form: '
        'the volume GUID of Partition.Name'),
    'name too long for Placement': (
        _volume(name='V' * 194),
        f'.volumes[0].name: volume \'{"V" * 59}… would be called by 201 '
        'characters in Placement, which takes 200; shorten its name'),
    'home elsewhere': (
        _node(home='Volum1'),
        '.nodes[0].home: home \'Volum1\' of node \'hv01\' is no volume of '
        'cluster \'c1\'; did you mean \'Volume1\'?'),
    'home unlike any': (
        _node(home='X'),
        '.nodes[0].home: home \'X\' of node \'hv01\' is no volume of cluster '
        '\'c1\'; the volumes are \'Volume1\''),
    'home that is a name and a guid': (
        samples.cluster(
            nodes=[{'name': 'hv01', 'home': samples.VOLUME_1}],
            volumes=[samples.volume('V1'),
                     samples.volume(samples.VOLUME_1, samples.VOLUME_2)]),
        f'.nodes[0].home: home {samples.VOLUME_1!r} of node \'hv01\' is no '
        'volume of cluster \'c1\'; one volume has this name and another '
        'this GUID: rename the volume'),
    'no home and two volumes': (
        _two_volumes(nodes=[{'name': 'hv01'}]),
        '.nodes[0].home: node \'hv01\' has no home, and cluster \'c1\' has 2 '
        'volumes; name the one its instances_path is on'),
    '2008 R2': (
        _node(build=7601),
        '.nodes[0].build: node \'hv01\' runs build 7601, Windows Server 2008 '
        'R2; build 9600 (Windows Server 2012 R2) or later is needed: upgrade '
        'the node'),
    '2012': (
        _node(build=9200),
        '.nodes[0].build: node \'hv01\' runs build 9200, Windows Server '
        '2012; build 9600'),
    'major version for a build': (
        _node(build=10),
        '.nodes[0].build: node \'hv01\' runs build 10, which is no build of '
        'Windows Server; build 9600'),
    'version for a build': (
        _node(build='10.0.14393'),
        '.nodes[0].build: build of node \'hv01\' is \'10.0.14393\', but has '
        'to be a whole number: Windows build number: 9600 is'),
    'mixed builds': (
        samples.cluster(nodes=[{'name': 'hv01', 'build': 17763},
                               {'name': 'hv02', 'build': 14393}]),
        '.functional_level: the nodes of cluster \'c1\' run builds 14393, '
        '17763; such a cluster acts at its functional level: give '
        'functional_level'),
    'build for a functional level': (
        samples.cluster(functional_level=14393),
        '.functional_level: functional_level of cluster \'c1\' is 14393, but '
        'has to be 99 or less'),
    'unknown cpu feature': (
        _node(cpu={'features': ['VNX']}),
        '.nodes[0].cpu.features[0]: os-traits knows no HW_CPU_X86_VNX, which '
        'node \'hv01\' lists; did you mean \'VMX\'?'),
    'more video memory than there is': (
        _node(gpus=[{'name': 'M60', 'total_vram_mb': 8,
                     'available_vram_mb': 8192}]),
        '.nodes[0].gpus[0].available_vram_mb: GPU \'M60\' of node \'hv01\' '
        'has 8192 MiB available of 8 MiB; give both in MiB'),
    'cut-off node elsewhere': (
        _volume(cut_off_nodes=['hv03']),
        '.volumes[0].cut_off_nodes[0]: volume \'Volume1\' has \'hv03\' in '
        'cut_off_nodes, which is no node of the cluster; did you mean '),
    'redirected node elsewhere': (
        _volume(redirected_nodes=['zz']),
        '.volumes[0].redirected_nodes[0]: volume \'Volume1\' has \'zz\' in '
        'redirected_nodes, which is no node of the cluster; the nodes are '
        '\'hv01\', \'hv02\''),
    'owner node elsewhere': (
        _volume(owner_node='zz'),
        '.volumes[0].owner_node: volume \'Volume1\' has \'zz\' in '
        'owner_node, which is no node of the cluster'),
    'vm twice': (
        _vms({}, {'instance_uuid': samples.SERVER.upper()}),
        f'.vms[1].instance_uuid: vm {samples.SERVER} is there twice, first '
        'as vms[0]; remove one'),
    'vm on a node elsewhere': (
        _vms({'owner_node': 'zz'}),
        f'.vms[0].owner_node: vm {samples.SERVER} is on \'zz\', which is no '
        'node of the cluster; the nodes are'),
    'disk on a volume elsewhere': (
        _vms({'disks': [_disk('Volume10')]}),
        f'.vms[0].disks[0].volume: vm {samples.SERVER} has a disk on '
        '\'Volume10\', which is no volume of the cluster; did you mean '
        '\'Volume1\'?'),
    'volume twice in a vm': (
        _vms({'disks': [_disk('Volume1'), _disk(samples.VOLUME_1)]}),
        f'.vms[0].disks[1].volume: vm {samples.SERVER} has volume '
        f'{samples.VOLUME_1!r} twice; give the sum of its disks there once'),
    'unknown field': (
        _volume(freegb=1),
        '.volumes[0].freegb: volume \'Volume1\' has an unknown field '
        '\'freegb\'; did you mean \'free_gb\'?'),
    'unknown field unlike any': (
        samples.cluster(zzz=1),
        '.zzz: cluster \'c1\' has an unknown field \'zzz\'; the fields are '
        '\'guid\', \'name\''),
    'field name that is a number': (
        samples.cluster(**{}) | {7: 1},
        ': has a field whose name is not text: 7'),
    'missing nodes': (
        _without('nodes'), ': cluster \'c1\' has no nodes: The nodes'),
    'no nodes': (
        samples.cluster(nodes=[]),
        '.nodes: nodes of cluster \'c1\' is an empty list, which would take '
        'everything away'),
    'empty value': (
        _volume(free_gb=None),
        '.volumes[0].free_gb: free_gb of volume \'Volume1\' has no value; '
        'leave the field out when it is not known'),
    'unknown state': (
        _node(state='Paused'),
        '.nodes[0].state: state of node \'hv01\' is \'Paused\', but has to '
        'be one of up, paused, draining, down: State of the node'),
    'number for a name': (
        samples.cluster(nodes=[{'name': 7}]),
        '.nodes[0].name: name of the node is 7, but has to be text: one '
        'line of text without blanks around it; a name made of digits needs '
        'quotes'),
    'name of two lines': (
        samples.cluster(nodes=[{'name': 'hv01\n'}]),
        '.nodes[0].name: name of node \'hv01\\n\' is \'hv01\\n\', but has '
        'to be of this form'),
    'list for a cluster': (
        [], ': the cluster is a list, but has to be a mapping'),
    'nested without end': (
        _node(cpu=eval('[' * 60 + ']' * 60)),
        '.nodes[0].cpu: is nested too deep'),
}


@pytest.mark.parametrize('name', BAD)
def test_bad_input_is_refused_in_these_words(name):
    cluster, message = BAD[name]
    first, *more = samples.problems(cluster)
    assert first.startswith(C0 + message)
    assert more == []


@pytest.mark.parametrize('name', BAD)
def test_a_bad_cluster_does_not_take_a_good_one_with_it(name):
    good = samples.cluster(
        name='c2', guid=samples.CLUSTER[:-1] + '9',
        nodes=[{'name': 'other'}],
        volumes=[samples.volume(guid=samples.VOLUME_1[:-1] + '9')])
    facts = samples.read(samples.document(BAD[name][0], good))
    assert [each.name for each in facts.clusters] == ['c2']
    assert all(each.cluster in ('c1', None) for each in facts.problems)


def test_a_wrong_word_in_another_case_is_suggested():
    said, = samples.problems(_volume(file_system='NTFS'))
    assert said.endswith('Did you mean \'ntfs\'?')


def test_all_that_is_wrong_is_told_at_once_but_not_without_end():
    nodes = [{'name': f'hv{i}', 'build': 7601} for i in range(64)]
    assert len(samples.problems(_two_volumes(nodes=nodes))) == 20
    wrong = [{'name': f'hv{i}', 'build': 'x'} for i in range(64)]
    assert len(samples.problems(samples.cluster(nodes=wrong))) == 20
