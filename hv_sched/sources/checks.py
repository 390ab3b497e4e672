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

"""What the schema cannot say about one cluster.

Each check is given a cluster that has passed the schema and yields what is
wrong with it; it neither changes nor keeps anything.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator

import os_traits

from hv_sched import model
from hv_sched import windows_names
from hv_sched.placement import names
from hv_sched.sources import naming
from hv_sched.sources import references
from hv_sched.sources import volume_checks

Raw = references.Raw
Faults = Iterator[naming.Fault]

# Placement's limit for the name of a resource provider.
_NIL_GUID = '00000000-0000-0000-0000-000000000000'
# Builds before the oldest one compute-hyperv supports.
_TOO_OLD = (
    (9200, 'Windows Server 2012'),
    (7600, 'Windows Server 2008 R2'),
    (6001, 'Windows Server 2008'),
)


def check(cluster: Raw) -> Faults:
    """Everything wrong with a cluster that has passed the schema."""
    refs = references.References(cluster)
    for check_part in _CHECKS:
        yield from check_part(cluster, refs)


def _guids(cluster: Raw, refs: references.References) -> Faults:
    places: list[tuple[naming.Path, str]] = [(('guid',), cluster['guid'])]
    places += [(('volumes', i, field), volume[field])
               for i, volume in enumerate(cluster['volumes'])
               for field in ('guid', 'identity') if field in volume]
    if 'identity' in cluster:
        places.append((('identity',), cluster['identity']))
    for path, guid in places:
        if naming.normal_guid(guid) == _NIL_GUID:
            yield naming.Fault(path, f'{guid!r} is nobody\'s GUID; take the '
                               'real one from Windows')


def _nodes_once(cluster: Raw, refs: references.References) -> Faults:
    repeats = _repeated(windows_names.key(name) for name in refs.nodes)
    for i, first in repeats:
        yield naming.Fault(
            ('nodes', i, 'name'),
            f'node {refs.nodes[i]!r} is there twice, first as nodes[{first}] '
            f'{refs.nodes[first]!r}; Windows ignores case: remove one')


def _volume_names_once(cluster: Raw,
                       refs: references.References) -> Faults:
    repeats = _repeated(windows_names.key(name) for name in refs.volumes)
    for i, first in repeats:
        yield naming.Fault(
            ('volumes', i, 'name'),
            f'volume {refs.volumes[i]!r} has the name of volumes[{first}] '
            f'{refs.volumes[first]!r}; Windows ignores case: give each its '
            'own name')


def _volume_guids_once(cluster: Raw,
                       refs: references.References) -> Faults:
    volumes = cluster['volumes']
    repeats = _repeated(references.volume_guid(volume) for volume in volumes)
    for i, first in repeats:
        yield naming.Fault(
            ('volumes', i, 'guid'),
            f'volume {refs.volumes[i]!r} has the GUID of volumes[{first}] '
            f'{refs.volumes[first]!r}: {references.volume_guid(volumes[i])}; '
            'one volume is described twice, or a GUID is copied: take it '
            'from Partition.Name')


def _provider_names(cluster: Raw, refs: references.References) -> Faults:
    for i, volume in enumerate(refs.volumes):
        name = names.volume_provider_name(cluster['name'], volume)
        if len(name) > names.MAX_NAME_LENGTH:
            yield naming.Fault(
                ('volumes', i, 'name'),
                f'volume {naming.shown(volume)} would be called by '
                f'{len(name)} characters in Placement, which takes '
                f'{names.MAX_NAME_LENGTH}; shorten its name')


def _builds(cluster: Raw, refs: references.References) -> Faults:
    for i, node in enumerate(cluster['nodes']):
        build = node.get('build', model.OLDEST_BUILD)
        if build < model.OLDEST_BUILD:
            yield naming.Fault(
                ('nodes', i, 'build'),
                f'node {node["name"]!r} runs build {build}, '
                f'{_product(build)}; build {model.OLDEST_BUILD} (Windows '
                'Server 2012 R2) or later is needed: upgrade the node')


def _product(build: int) -> str:
    products = (name for oldest, name in _TOO_OLD if build >= oldest)
    return next(products, 'which is no build of Windows Server')


def _functional_level(cluster: Raw,
                      refs: references.References) -> Faults:
    builds = sorted({int(node['build']) for node in cluster['nodes']
                     if 'build' in node})
    if len(builds) > 1 and 'functional_level' not in cluster:
        text = ', '.join(str(build) for build in builds)
        yield naming.Fault(
            ('functional_level',),
            f'the nodes of cluster {cluster["name"]!r} run builds {text}; '
            'such a cluster acts at its functional level: give '
            'functional_level (Get-Cluster, ClusterFunctionalLevel)')


def _homes(cluster: Raw, refs: references.References) -> Faults:
    for i, node in enumerate(cluster['nodes']):
        yield from _home(cluster, node, ('nodes', i, 'home'), refs)


def _home(cluster: Raw, node: Raw, path: naming.Path,
          refs: references.References) -> Faults:
    free_choice = cluster.get('placement_chooses_volume', False)
    if 'home' in node:
        if refs.volume(node['home']) is None:
            yield naming.Fault(
                path, f'home {node["home"]!r} of node {node["name"]!r} is no '
                f'volume of cluster {cluster["name"]!r}; '
                + refs.why_no_volume(node['home']))
    elif len(cluster['volumes']) > 1 and not free_choice:
        yield naming.Fault(
            path, f'node {node["name"]!r} has no home, and cluster '
            f'{cluster["name"]!r} has {len(cluster["volumes"])} volumes; '
            'name the one its instances_path is on')


def _cpu_features(cluster: Raw, refs: references.References) -> Faults:
    prefix = names.HW_CPU_PREFIX
    known_features = {trait.removeprefix(prefix)
                      for trait in os_traits.get_traits(prefix)}
    for i, node in enumerate(cluster['nodes']):
        features = node.get('cpu', {}).get('features', ())
        for j, feature in enumerate(features):
            if feature.upper() not in known_features:
                yield naming.Fault(
                    ('nodes', i, 'cpu', 'features', j),
                    f'os-traits knows no {prefix}{feature.upper()}, which '
                    f'node {node["name"]!r} lists; '
                    + naming.suggestion(feature, sorted(known_features),
                                        'features'))


def _gpus(cluster: Raw, refs: references.References) -> Faults:
    for i, node in enumerate(cluster['nodes']):
        for j, gpu in enumerate(node.get('gpus', ())):
            total = gpu['total_vram_mb']
            available = gpu.get('available_vram_mb', 0)
            if available > total:
                yield naming.Fault(
                    ('nodes', i, 'gpus', j, 'available_vram_mb'),
                    f'GPU {gpu["name"]!r} of node {node["name"]!r} has '
                    f'{available} MiB available of {total} MiB; give both '
                    'in MiB')


def _vms_once(cluster: Raw, refs: references.References) -> Faults:
    uuids = [vm['instance_uuid'].lower() for vm in cluster.get('vms', ())]
    for i, first in _repeated(uuids):
        yield naming.Fault(
            ('vms', i, 'instance_uuid'),
            f'vm {uuids[i]} is there twice, first as vms[{first}]; remove '
            'one')


def _vms(cluster: Raw, refs: references.References) -> Faults:
    for i, vm in enumerate(cluster.get('vms', ())):
        yield from _vm_owner(vm, ('vms', i, 'owner_node'), refs)
        yield from _vm_disks(vm, ('vms', i, 'disks'), refs)


def _vm_owner(vm: Raw, path: naming.Path,
              refs: references.References) -> Faults:
    owner = vm.get('owner_node')
    if owner is not None and refs.node(owner) is None:
        yield naming.Fault(
            path, f'vm {vm["instance_uuid"]} is on {owner!r}, which is no '
            'node of the cluster; '
            + naming.suggestion(owner, refs.nodes, 'nodes'))


def _vm_disks(vm: Raw, path: naming.Path,
              refs: references.References) -> Faults:
    guids = set()
    for j, disk in enumerate(vm['disks']):
        name = disk['volume']
        guid = refs.volume(name)
        if guid is None:
            yield naming.Fault(
                (*path, j, 'volume'),
                f'vm {vm["instance_uuid"]} has a disk on {name!r}, which is '
                f'no volume of the cluster; {refs.why_no_volume(name)}')
        elif guid in guids:
            yield naming.Fault(
                (*path, j, 'volume'),
                f'vm {vm["instance_uuid"]} has volume {name!r} twice; give '
                'the sum of its disks there once')
        guids.add(guid)


def _repeated(keys: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Positions of the keys that were there before, and where."""
    first: dict[str, int] = {}
    for i, key in enumerate(keys):
        if first.setdefault(key, i) != i:
            yield i, first[key]


_CHECKS: tuple[Callable[[Raw, references.References], Faults], ...] = (
    _guids,
    _nodes_once,
    _volume_names_once,
    _volume_guids_once,
    _provider_names,
    _builds,
    _functional_level,
    _homes,
    _cpu_features,
    _gpus,
    volume_checks.check,
    _vms_once,
    _vms,
)
