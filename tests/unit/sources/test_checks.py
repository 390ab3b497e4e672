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
        'to be 1 or more: Size of the volume in GiB',
        'v.size_bytes'),
    'zero size': (
        _volume(size_bytes=0),
        '.volumes[0].size_bytes: size_bytes of volume \'Volume1\' is 0, but '
        'has to be 1 or more: Size of the volume in bytes',
        'v.size_bytes'),
    'size as text': (
        _volume(size_gb='500 GB'),
        '.volumes[0].size_gb: size_gb of volume \'Volume1\' is \'500 GB\', '
        'but has to be a whole number: Size of the volume in GiB',
        'v.size_bytes'),
    'broken size': (
        _volume(size_gb=1.5),
        '.volumes[0].size_gb: size_gb of volume \'Volume1\' is 1.5, but has '
        'to be a whole number',
        'v.size_bytes'),
    'size true': (
        _volume(size_gb=True),
        '.volumes[0].size_gb: size_gb of volume \'Volume1\' is true, but has '
        'to be a whole number',
        'v.size_bytes'),
    'endless size': (
        _volume(size_gb=float('inf')),
        '.volumes[0].size_gb: is a number of more than 64 bits',
        'v.size_bytes'),
    'enormous size': (
        _volume(size_gb=16 ** 9000),
        '.volumes[0].size_gb: is a number of more than 64 bits',
        'v.size_bytes'),
    'no size': (
        samples.cluster(volumes=[{'name': 'V', 'guid': samples.VOLUME_1}]),
        '.volumes[0]: volume \'V\' has no size: give size_gb or size_bytes',
        'v.size_bytes'),
    'two sizes': (
        _volume(size_gb=1, size_bytes=2 ** 30),
        '.volumes[0]: volume \'Volume1\' has both size_gb and size_bytes; '
        'keep one',
        'v.size_bytes'),
    'two free': (
        _volume(free_gb=1, free_bytes=2 ** 30),
        '.volumes[0]: volume \'Volume1\' has both free_gb and free_bytes; '
        'keep one',
        'v.free_bytes'),
    'gb that are bytes': (
        _volume(size_gb=536870912000),
        '.volumes[0].size_gb: volume \'Volume1\' has size_gb 536870912000, '
        'more than any file system holds (36700160 GiB): check the number '
        'and its unit',
        'v.size_bytes'),
    'less than a GiB': (
        _volume(size_bytes=500),
        '.volumes[0]: volume \'Volume1\' has 500 bytes, less than 1 GiB '
        '(1073741824 bytes), the least Placement counts, and is the home of '
        'a node: neither its size nor its free space is believed; check '
        'their unit',
        'v.size_bytes'),
    'bytes beyond any disk': (
        _volume(size_bytes=2 ** 62),
        '.volumes[0].size_bytes: volume \'Volume1\' has size_bytes '
        '4611686018427387904, more than any file system holds',
        'v.size_bytes'),
    'free above size': (
        _volume(free_gb=501),
        '.volumes[0].free_gb: volume \'Volume1\' has free_gb 501, more than '
        'its size, 536870912000 bytes (500 GiB); check the unit of both',
        'v.size_bytes v.free_bytes'),
    'negative free': (
        _volume(free_bytes=-1),
        '.volumes[0].free_bytes: free_bytes of volume \'Volume1\' is -1, but '
        'has to be 0 or more',
        'v.free_bytes'),
    'reserve above size': (
        _volume(reserve_gb=501),
        '.volumes[0].reserve_gb: volume \'Volume1\' has reserve_gb 501, more '
        'than its size',
        'v.reserve_gb'),
    'image cache above size': (
        _volume(image_cache_bytes=2 ** 50),
        '.volumes[0].image_cache_bytes: volume \'Volume1\' has an image '
        'cache of 1125899906842624, more than its size',
        'v.image_cache_bytes'),
    'same node in other case': (
        samples.cluster(nodes=[{'name': 'hv01'}, {'name': 'HV01'}]),
        '.nodes[1].name: node \'HV01\' is listed twice, first as nodes[0] '
        '\'hv01\'; Windows ignores case: remove one',
        'frozen'),
    'same volume name': (
        samples.cluster(placement_chooses_volume=True, volumes=[
            samples.volume(), samples.volume('volume1', samples.VOLUME_2)]),
        '.volumes[1].name: volume \'volume1\' has the name of volumes[0] '
        '\'Volume1\'; Windows ignores case: give each its own name',
        'volumes'),
    'same volume guid': (
        samples.cluster(placement_chooses_volume=True, volumes=[
            samples.volume(),
            samples.volume('V2', '{' + samples.VOLUME_1.upper() + '}')]),
        '.volumes[1].guid: volume \'V2\' has the GUID of volumes[0] '
        '\'Volume1\': ' + samples.VOLUME_1,
        'frozen'),
    'guid of nobody': (
        _volume(guid='00000000-0000-0000-0000-000000000000'),
        '.volumes[0].guid: \'00000000-0000-0000-0000-000000000000\' is '
        'nobody\'s GUID; take the real one from Windows',
        'volumes'),
    'no guid': (
        samples.cluster(volumes=[{'name': 'Volume1', 'size_gb': 1}]),
        '.volumes[0]: volume \'Volume1\' has no guid: The volume GUID in '
        'Partition.Name',
        'volumes'),
    'path for a guid': (
        _volume(guid='C:\\ClusterStorage\\Volume1'),
        '.volumes[0].guid: guid of volume \'Volume1\' is '
        '\'C:\\\\ClusterStorage\\\\Volume1\', but has to be of this form: '
        'the volume GUID of Partition.Name',
        'volumes'),
    'name too long for Placement': (
        _volume(name='V' * 194),
        f'.volumes[0].name: volume \'{"V" * 59}… would be called by 201 '
        'characters in Placement, which takes 200; shorten its name',
        'volumes'),
    'home elsewhere': (
        _node(home='Volum1'),
        '.nodes[0].home: home \'Volum1\' of node \'hv01\' is no volume of '
        'cluster \'c1\'; did you mean \'Volume1\'?',
        'n.home'),
    'home unlike any': (
        _node(home='X'),
        '.nodes[0].home: home \'X\' of node \'hv01\' is no volume of cluster '
        '\'c1\'; the volumes are \'Volume1\'',
        'n.home'),
    'home that is a name and a guid': (
        samples.cluster(
            nodes=[{'name': 'hv01', 'home': samples.VOLUME_1}],
            volumes=[samples.volume('V1'),
                     samples.volume(samples.VOLUME_1, samples.VOLUME_2)]),
        f'.nodes[0].home: home {samples.VOLUME_1!r} of node \'hv01\' is no '
        'volume of cluster \'c1\'; one volume has this name and another '
        'this GUID: rename the volume',
        'n.home'),
    'no home and two volumes': (
        _two_volumes(nodes=[{'name': 'hv01'}]),
        '.nodes[0].home: node \'hv01\' has no home, and cluster \'c1\' has 2 '
        'volumes; name the one its instances_path is on',
        'n.home'),
    '2008 R2': (
        _node(build=7601),
        '.nodes[0].build: node \'hv01\' runs build 7601, Windows Server 2008 '
        'R2; build 9600 (Windows Server 2012 R2) or later is needed: upgrade '
        'the node',
        'n.build'),
    '2012': (
        _node(build=9200),
        '.nodes[0].build: node \'hv01\' runs build 9200, Windows Server '
        '2012; build 9600',
        'n.build'),
    'major version for a build': (
        _node(build=10),
        '.nodes[0].build: node \'hv01\' runs build 10, which is no build of '
        'Windows Server; build 9600',
        'n.build'),
    'version for a build': (
        _node(build='10.0.14393'),
        '.nodes[0].build: build of node \'hv01\' is \'10.0.14393\', but has '
        'to be a whole number: Windows build number: 9600 is',
        'n.build'),
    'build for a functional level': (
        samples.cluster(functional_level=14393),
        '.functional_level: functional_level of cluster \'c1\' is 14393, but '
        'has to be 99 or less',
        'c.functional_level'),
    'unknown cpu feature': (
        _node(cpu={'features': ['VNX']}),
        '.nodes[0].cpu.features[0]: os-traits knows no HW_CPU_X86_VNX, which '
        'node \'hv01\' lists; did you mean \'VMX\'?',
        'n.cpu_features'),
    'more video memory than there is': (
        _node(gpus=[{'name': 'M60', 'total_vram_mb': 8,
                     'available_vram_mb': 8192}]),
        '.nodes[0].gpus[0].available_vram_mb: GPU \'M60\' of node \'hv01\' '
        'has 8192 MiB available of 8 MiB; give both in MiB',
        'n.gpus'),
    'cut-off node elsewhere': (
        _volume(cut_off_nodes=['hv03']),
        '.volumes[0].cut_off_nodes[0]: volume \'Volume1\' has \'hv03\' in '
        'cut_off_nodes, which is no node of the cluster; did you mean ',
        ''),
    'redirected node elsewhere': (
        _volume(redirected_nodes=['zz']),
        '.volumes[0].redirected_nodes[0]: volume \'Volume1\' has \'zz\' in '
        'redirected_nodes, which is no node of the cluster; the nodes are '
        '\'hv01\', \'hv02\'',
        ''),
    'owner node elsewhere': (
        _volume(owner_node='zz'),
        '.volumes[0].owner_node: volume \'Volume1\' has \'zz\' in '
        'owner_node, which is no node of the cluster',
        'v.owner_node'),
    'vm twice': (
        _vms({}, {'instance_uuid': samples.SERVER.upper()}),
        f'.vms[1].instance_uuid: vm {samples.SERVER} is listed twice, first '
        'as vms[0]; remove one',
        'vms'),
    'vm on a node elsewhere': (
        _vms({'owner_node': 'zz'}),
        f'.vms[0].owner_node: vm {samples.SERVER} is on \'zz\', which is no '
        'node of the cluster; the nodes are',
        'm.owner_node'),
    'disk on a volume elsewhere': (
        _vms({'disks': [_disk('Volume10')]}),
        f'.vms[0].disks[0].volume: vm {samples.SERVER} has a disk on '
        '\'Volume10\', which is no volume of the cluster; did you mean '
        '\'Volume1\'?',
        'm.disks'),
    'volume twice in a vm': (
        _vms({'disks': [_disk('Volume1'), _disk(samples.VOLUME_1)]}),
        f'.vms[0].disks[1].volume: vm {samples.SERVER} has volume '
        f'{samples.VOLUME_1!r} twice; give the sum of its disks there once',
        'm.disks'),
    'unknown field': (
        _volume(freegb=1),
        '.volumes[0].freegb: volume \'Volume1\' has an unknown field '
        '\'freegb\'; did you mean \'free_gb\'?',
        ''),
    'unknown field unlike any': (
        samples.cluster(zzz=1),
        '.zzz: cluster \'c1\' has an unknown field \'zzz\'; the fields are '
        '\'guid\', \'name\'',
        ''),
    'field name that is a number': (
        samples.cluster(**{}) | {7: 1},
        ': has a field whose name is not text: 7',
        ''),
    'missing nodes': (
        _without('nodes'), ': cluster \'c1\' has no nodes: The nodes',
        'frozen'),
    'no nodes': (
        samples.cluster(nodes=[]),
        '.nodes: nodes of cluster \'c1\' is an empty list, which would take '
        'everything away',
        'frozen'),
    'unknown state': (
        _node(state='Pausd'),
        '.nodes[0].state: state of node \'hv01\' is \'Pausd\', but has to '
        'be one of up, paused, draining, down: State of the node',
        'n.state'),
    'number for a name': (
        samples.cluster(nodes=[{'name': 7}]),
        '.nodes[0].name: name of the node is 7, but has to be text: one '
        'line of text without blanks around it; a name made of digits needs '
        'quotes',
        'nodes'),
    'name of two lines': (
        samples.cluster(nodes=[{'name': 'hv01\n'}]),
        '.nodes[0].name: name of node \'hv01\\n\' is \'hv01\\n\', but has '
        'to be of this form',
        'nodes'),
    'list for a cluster': (
        [], ': the cluster is a list, but has to be a mapping',
        'frozen'),
    'nested without end': (
        _node(cpu=eval('[' * 60 + ']' * 60)),
        '.nodes[0].cpu: is nested too deep',
        'n.cpu_features'),
}


@pytest.mark.parametrize('name', BAD)
def test_bad_input_is_said_in_these_words(name):
    cluster, message, _lost = BAD[name]
    first, *more = samples.problems(cluster)
    assert first.startswith(C0 + message)
    assert more == []


@pytest.mark.parametrize('name', BAD)
def test_a_fault_costs_what_it_touches_and_no_more(name):
    """``v`` is the first volume, ``n`` node, ``m`` VM, ``c`` the cluster."""
    cluster, _message, lost = BAD[name]
    facts = samples.read(samples.document(cluster))
    if lost == 'frozen':
        assert facts.clusters == ()
        assert facts.problems[0].freezes
        return
    assert not any(problem.freezes for problem in facts.problems)
    of_cluster, = facts.clusters
    if lost in ('nodes', 'volumes', 'vms'):
        assert {each.kind.value + 's' for each in of_cluster.set_aside} == {
            lost}
        assert len(getattr(of_cluster, lost)) + len(
            of_cluster.set_aside) == len(cluster[lost])
        return
    assert of_cluster.set_aside == ()
    things = {'c': of_cluster, 'n': of_cluster.nodes[0],
              'v': of_cluster.volumes[0],
              'm': next(iter(of_cluster.vms or ()), None)}
    for place in lost.split():
        thing, _dot, field = place.partition('.')
        assert getattr(things[thing], field) is None


@pytest.mark.parametrize('name', BAD)
def test_a_bad_cluster_does_not_take_a_good_one_with_it(name):
    good = samples.cluster(
        name='c2', guid=samples.CLUSTER[:-1] + '9',
        nodes=[{'name': 'other'}],
        volumes=[samples.volume(guid=samples.VOLUME_1[:-1] + '9')])
    facts = samples.read(samples.document(BAD[name][0], good))
    other = facts.clusters[-1]
    assert (other.name, other.set_aside) == ('c2', ())
    assert all(each.cluster in ('c1', None) for each in facts.problems)


def test_no_message_guesses_a_unit():
    for cluster, _message, _lost in BAD.values():
        for said in samples.problems(cluster):
            assert 'looks like' not in said


def test_mixed_builds_need_no_functional_level():
    facts = samples.read(samples.document(samples.cluster(
        nodes=[{'name': 'hv01', 'build': 17763},
               {'name': 'hv02', 'build': 14393}])))
    assert facts.problems == ()
    assert facts.clusters[0].functional_level is None


def test_a_misspelt_word_is_suggested():
    said, = samples.problems(_volume(file_system='NTSF'))
    assert said.endswith('Did you mean \'ntfs\'?')


def test_of_very_many_faults_a_screenful_is_shown_and_the_others_counted():
    for nodes in ([{'name': f'hv{i}', 'build': 7601} for i in range(64)],
                  [{'name': f'hv{i}', 'build': 'x'} for i in range(64)]):
        facts = samples.read(samples.document(samples.cluster(nodes=nodes)))
        assert len(facts.problems) == 21
        assert str(facts.problems[-1]) == (
            f'{C0}: 44 more faults like these')
        assert {node.build for node in facts.clusters[0].nodes} == {None}


def test_what_freezes_a_cluster_is_shown_before_all_else():
    nodes = [{'name': f'hv{i % 50}', 'build': 7601} for i in range(64)]
    facts = samples.read(samples.document(samples.cluster(
        nodes=nodes, volumes=[samples.volume(free_gb=501)])))
    assert facts.clusters == ()
    assert [problem.freezes for problem in facts.problems[:14]] == [True] * 14
