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

"""What an operator still types for examples/production.yaml.

Its cluster as Windows would tell of it, then ``csv collect --init``: what of
the example is in neither is the operator's word.
"""

import pathlib

import yaml

from hv_sched import sources
from hv_sched.demo.windows import simulated
from hv_sched.sources.overrides import template

EXAMPLE = pathlib.Path(__file__).parents[2] / 'examples' / 'production.yaml'
PAGE = EXAMPLE.parents[1] / 'doc' / 'source' / 'windows.rst'
# Of a node and a volume: what Nova tells, and what no section tells.
OF_NOVA = ('cpu_features',)
DECIDED = ('reserve_gb', 'medium', 'accepts_new_disks')


def values(described):
    """How many values somebody types."""
    if isinstance(described, dict):
        return sum(map(values, described.values()))
    if isinstance(described, list):
        return sum(map(values, described))
    return 1


def as_windows_tells(cluster):
    """The example's cluster, simulated."""
    paths = {volume.guid: volume.path for volume in cluster.volumes}
    made = simulated.SimulatedCluster(
        cluster.name, cluster.guid,
        {node.name: _node(node, paths) for node in cluster.nodes},
        {volume.name: _volume(volume) for volume in cluster.volumes},
        functional_level=cluster.functional_level)
    for volume in cluster.volumes:
        made.fill(volume.name, volume.free_bytes)
    return made


def _node(node, paths):
    return simulated.SimulatedNode(
        node.name, build=node.build,
        cpu_vendor={'intel': 'GenuineIntel', 'amd': 'AuthenticAMD'}[
            node.cpu_vendor.value], guarded=bool(node.guarded_host),
        roles=frozenset(
            name for name, there in (('Multipath-IO', node.mpio), (
                'RDS-Virtualization', node.remotefx_enabled)) if there),
        fibre_channels=('SAN',) if node.fibre_channel else (),
        gpus=tuple((gpu.name, gpu.total_vram_mb * 2 ** 20,
                    gpu.total_vram_mb * 2 ** 20)
                   for gpu in node.gpus or ()),
        enable_remotefx=str(bool(node.remotefx_enabled)),
        instances_path=f'{paths[node.home]}\\instances')


def _volume(volume):
    return simulated.SimulatedVolume(
        volume.name, volume.guid, volume.resource_id, volume.owner_node,
        volume.size_bytes, file_system='CSVFS_' + volume.file_system.upper(),
        redirected={name: ('BlockRedirected', 'NotFileSystemRedirected',
                           'NoDiskConnectivity')
                    for name in volume.redirected_nodes or ()},
        images={f'{image}.vhdx': (volume.image_cache_bytes or 0, '2026')
                for image in (volume.cached_images or ())[:1]})


def typed(example, collected):
    """The operator's words: each is in the example, and not collected."""
    for item, told in ((volume, next(
            each for each in collected.volumes if each.guid == volume.guid))
            for volume in example.volumes):
        for field in DECIDED:
            word = getattr(item, field)
            if word is not None and word != getattr(told, field):
                yield item.name, field, word


def test_what_is_typed_by_hand_is_what_only_an_operator_decides(tmp_path):
    example = sources.load(str(EXAMPLE)).clusters[0]
    (tmp_path / 'facts.json').write_text(as_windows_tells(example).document())
    facts = sources.load(str(tmp_path))
    collected = facts.clusters[0]
    for node, told in zip(example.nodes, collected.nodes, strict=True):
        for field in ('name', 'build', 'home', 'cpu_vendor', 'gpus',
                      'remotefx_enabled'):
            assert getattr(told, field) == getattr(node, field), (
                node.name, field)
        for field in ('nested_virtualization', 'guarded_host', 'mpio',
                      'fibre_channel'):
            assert getattr(node, field) in (None, False, getattr(
                told, field)), (node.name, field)
        assert told.cpu_features is None, OF_NOVA
    for volume, told in zip(example.volumes, collected.volumes, strict=True):
        for field in ('guid', 'name', 'size_bytes', 'free_bytes', 'path',
                      'resource_id', 'file_system', 'owner_node'):
            assert getattr(told, field) == getattr(volume, field), field
        assert told.redirected_nodes == (volume.redirected_nodes or ())
    words = list(typed(example, collected))
    # --init has a line for each, so that only the value is typed.
    offered = yaml.safe_load('\n'.join(
        line.removeprefix('# ') if line.startswith('# ') else line
        for line in template.text(facts).splitlines()[3:]))
    lines = {volume['name']: set(volume) for volume in offered['volumes']}
    assert all(field in lines[name] for name, field, _word in words)
    before = values(yaml.safe_load(EXAMPLE.read_text()))
    print(f'typed by hand: before {before}, after {len(words)}')
    assert f'before {before}, after {len(words)}' in ' '.join(
        PAGE.read_text().split())
