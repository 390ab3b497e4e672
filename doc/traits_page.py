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

"""The page of traits, from the vocabulary and the catalogue of features."""

from collections.abc import Iterable
import pathlib

from doc import features_reference
from doc import rst
from hv_sched import model
from hv_sched.features import remotefx
from hv_sched.features import windows_builds
from hv_sched.features.catalogue import CATALOGUE
from hv_sched.features.catalogue import Feature
from hv_sched.placement import names
from hv_sched.placement import ownership

Row = features_reference.Row
PAGE = pathlib.Path(__file__).parent / 'source/reference/traits.rst'

_CLOSED_BY = {
    names.Closed.MAINTENANCE: 'maintenance',
    names.Closed.OFFLINE: 'state',
    names.Closed.FLOOR: 'free_bytes',
    names.Closed.OPERATOR: 'accepts_new_disks',
    names.Closed.STALE: 'collected_at',
    names.Closed.REFUSED: 'size_bytes',
    names.Closed.LEFT_OUT: 'volumes',
    names.Closed.OVERCOMMITTED: 'Placement',
}
VOLUMES = (
    Row(names.SHARING, 'every published volume', 'volumes'),
    Row(names.VOLUME, 'every published volume', 'volumes'),
    Row(names.NO_NEW_DISKS, 'volume closed to new disks, for one of the '
        'reasons below', 'those of the reasons'),
    Row(names.LOW_SPACE, 'volume of which little is physically free: other '
        'volumes are preferred', 'free_bytes, size_bytes'),
    *(Row(reason.trait, f'closed volume: {reason.value}', _CLOSED_BY[reason])
      for reason in names.Closed),
    Row(names.DISK_PREFIX + '<volume GUID>', 'every volume: its disk, '
        'whatever the cluster', 'guid, identity'),
    *(Row(trait, f'volume with {label}', 'file_system')
      for label, trait in zip(('NTFS', 'ReFS'), names.FILE_SYSTEM.values(),
                              strict=True)),
    *(Row(trait, f'volume on {medium.upper()}; kept if the source does '
          'not contain it', 'medium')
      for medium, trait in names.MEDIUM.items()),
    Row(names.IMAGE_PREFIX + '<image id>', 'volume whose image cache holds '
        'the Glance image; the newest [hv_sched]max_image_traits of them',
        'cached_images'),
    Row(names.HOME_PREFIX + '<provider uuid>', 'volume that this node '
        'uses; a bulk request returns all homes', 'home, cut_off_nodes'),
    Row(names.HOMES_PREFIX + '<provider uuids>', 'the same for several nodes '
        'at once, once [hv_sched]nodes_per_home_trait was above 1',
        'home, cut_off_nodes'),
    Row(names.RESOURCE_PREFIX + '<resource id>', 'volume: its cluster '
        'resource, which identifies it while it is offline and Windows '
        'reports no GUID', 'resource_id'),
    Row(names.RESERVE_PREFIX + '<GiB>', 'volume with this operator '
        'reserve; kept if the source does not contain it', 'reserve_gb'),
    Row(names.FLOOR_PERCENT_PREFIX + '<per cent>', 'volume with a floor of '
        'its own; kept while the overrides cannot be read', 'floor_percent'),
    Row(names.FLOOR_GB_PREFIX + '<GiB>', 'likewise', 'floor_gb'),
    Row(names.UNCOVERED_PREFIX + '<GiB>', 'volume whose files the source '
        'assigned to VMs: the space that was reserved, beside reserve_gb, '
        'when it last did', 'vms'),
    Row(names.OTHER_HYPERVISOR, 'volume of a cluster that does not run '
        'Hyper-V', 'driver'),
    Row(names.COLD_MOVE_KEEPS_DISK, 'volume whose cold moves leave one copy '
        'of the disk, which only nodes with this home can use '
        '(libvirt-rbd)', 'driver'),
    Row(names.COLD_MOVE_COPIES_DISK, 'volume whose cold moves leave two '
        'copies until confirmed, whatever ``cold_move_keeps_disk`` says '
        '(libvirt-file)', 'driver'),
    Row(names.LIVE_MOVE_COPIES_DISK, 'volume whose disks are copied along in '
        'a live migration to a node with another home (libvirt-file)',
        'driver'),
    Row(names.OVERCOMMITTED_PREFIX + '<ratio>', 'volume with more allocated '
        'than its size: the DISK_GB allocation_ratio to return to (1_5 is '
        '1.5)', 'Placement'),
)
NODES = (
    Row(names.HYPERV, 'every node of a published cluster with Hyper-V',
        'nodes, driver'),
    Row(names.CSV_CLUSTERED, 'every node of a published cluster: its own disk '
        'is closed', 'nodes'),
    Row(names.CLUSTERED, 'the same, on nodes with Hyper-V, as releases wrote '
        'it that know no other driver; either is read', 'nodes, driver'),
    Row(names.BUILD_PREFIX + '<build>', 'node with that Windows build',
        'build'),
    Row(names.LEVEL_PREFIX + '<level>', 'node of a cluster with that '
        'functional level, which limits the features; kept if the source '
        'does not contain it', 'functional_level'),
    Row(names.PAUSED, 'node that is paused or draining in the cluster: '
        'it gets no new servers', 'state'),
    Row(names.REDIRECTED, 'node that reaches a volume it uses over the '
        'network, unless that is by design (ReFS on every node)',
        'redirected_nodes, home'),
    Row(names.CUT_OFF_PREFIX + '<provider uuid>', 'node that does not reach '
        'this volume: no server whose disk stays there is moved to it. The '
        'name exists in Placement since the volume was published',
        'cut_off_nodes'),
    Row(names.FORMER_RATIO_PREFIX + '<ratio>', 'node whose own disk is '
        'closed: the DISK_GB allocation_ratio to restore (1_5 is 1.5)',
        'Placement'),
    Row(names.HW_CPU_PREFIX + '<feature>', 'node with the CPU '
        'feature, unless others set such traits on the provider',
        'cpu_features', 'os-traits'),
    Row(names.CPU_MANAGED, 'node whose HW_CPU_X86_* traits hv_sched set '
        'and may remove', 'cpu_features'),
)
GPUS = tuple(
    Row(f'{prefix}<{what}>', 'RemoteFX child of a node', 'build',
        'compute-hyperv and os-win (vmutils.py, vmutils10.py)')
    for prefix, what in zip(ownership.GPU_PREFIXES,
                            ('resolution', 'number'), strict=True))

INTRODUCTION = """\
======
Traits
======

.. This page is written by python -m doc.generate.

Every trait that hv_sched sets on a resource provider, which provider gets it,
and the field of the :doc:`source <source>` it comes from. The trait of a
feature is published only when the node itself reported the capability. A field
that is missing in the source leaves the trait as it is in Placement.

On nodes and their RemoteFX children, every name that begins with
``CUSTOM_HYPERV_`` belongs to hv_sched: one that is not listed is removed. All
other traits that are not listed here are never changed.
"""


def rows() -> tuple[Row, ...]:
    """Every trait on the page."""
    return (*VOLUMES, *NODES, *GPUS, *features_reference.feature_rows())


def page() -> str:
    return '\n'.join((
        INTRODUCTION, *_traits('On volumes', VOLUMES),
        *_traits('On nodes', NODES),
        *_traits('On the RemoteFX child of a node', GPUS),
        *_traits('Features', features_reference.feature_rows()),
        *rst.title('Keys that require a feature'), *rst.table(
            ('Feature', 'Key', 'Excludes'),
            ((feature.name, _keys(feature), feature.excludes)
             for feature in CATALOGUE if feature.keys)),
        *rst.title('Features by build'),
        'A node of the release can have the feature if it meets all '
        'other conditions.\n', *rst.table(
            ('Feature', *(build.product.removeprefix('Windows Server ')
                          for build in windows_builds.BUILDS)),
            (_by_build(feature) for feature in CATALOGUE)),
        *rst.title('RemoteFX monitors by resolution'), *rst.table(
            ('Resolution',
             *(_product(number) for number in remotefx.MONITORS)),
            _monitors())))


def _traits(title: str, found: Iterable[Row]) -> Iterable[str]:
    return (*rst.title(title), *rst.table(
        ('Trait', 'Who gets it', 'From', 'Rule from'),
        ((f'``{row.trait}``', row.who, row.fact, row.origin)
         for row in found)))


def _keys(feature: Feature) -> str:
    return '; '.join(
        f'{key.source} ``{key.name}``'
        + (f' = {", ".join(key.values)}' if key.values else '')
        for key in feature.keys)


def _by_build(feature: Feature) -> Iterable[str]:
    yield feature.name
    for build in windows_builds.BUILDS:
        able = features_reference.vendors(feature, build)
        if not able:
            yield 'no'
        elif len(able) == len(model.CpuVendor):
            yield 'yes'
        else:
            yield ', '.join(vendor.name for vendor in able) + ' only'


def _product(number: int) -> str:
    build = windows_builds.build_of(number)
    return build.product if build else str(number)


def _monitors() -> Iterable[tuple[str, ...]]:
    resolutions = dict.fromkeys(
        resolution for table in remotefx.MONITORS.values()
        for resolution in table)
    for resolution in resolutions:
        yield (resolution, *(str(table.get(resolution, 'no'))
                             for table in remotefx.MONITORS.values()))
