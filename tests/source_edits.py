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

"""Random edits of a source and of the options, field by field."""

from collections.abc import Mapping
import dataclasses
import types
import typing

from hypothesis import strategies as st

from hv_sched import model
from hv_sched.providers.settings import Settings

GIB = model.GIB
CLUSTER_GUID = '11111111-1111-4111-8111-111111111111'
# One thread: SQLite answers one after the other anyway.
SETTINGS = Settings(workers=1)
NODES = ('hv01', 'hv02', 'hv03')
IMAGES = tuple(f'{n}' * 8 + '-0000-4000-8000-000000000000' for n in '123')


def guid(number: int) -> str:
    """Of a volume."""
    return f'22222222-2222-4222-8222-{number:012d}'


_SOME_NODES = st.none() | st.lists(st.sampled_from(NODES), unique=True,
                       max_size=2).map(tuple)
_YES_NO_UNTOLD = st.sampled_from((None, True, False))

# By field, what an edit may make of it; the others get any value of their
# type (see _any_value).
VOLUME_FIELDS: Mapping[str, st.SearchStrategy[typing.Any]] = {
    'name': st.sampled_from(('Volume1', 'Volume2', 'Renamed')),
    'size_bytes': st.integers(480, 540).map(lambda gb: gb * GIB),
    'state': st.sampled_from((None, *model.CsvState)),
    'free_bytes': st.none() | st.integers(0, 500).map(lambda gb: gb * GIB),
    'file_system': st.sampled_from((None, 'NTFS', 'ReFS')),
    'medium': st.sampled_from((None, 'ssd', 'hdd')),
    'reserve_gb': st.none() | st.integers(0, 40),
    'maintenance': _YES_NO_UNTOLD,
    'accepts_new_disks': _YES_NO_UNTOLD,
    'cut_off_nodes': _SOME_NODES,
    'redirected_nodes': _SOME_NODES,
    'silent_nodes': _SOME_NODES,
    'cached_images': st.none() | st.lists(
        st.sampled_from(IMAGES), unique=True).map(tuple),
    'image_cache_bytes': st.none() | st.integers(0, 40).map(
        lambda gb: gb * GIB),
}
NODE_FIELDS: Mapping[str, st.SearchStrategy[typing.Any]] = {
    'build': st.sampled_from((None, 9600, 14393, 17763, 20348)),
    'state': st.sampled_from((None, *model.NodeState)),
    'home': st.sampled_from((None, guid(1), guid(2))),
    'cpu_vendor': st.sampled_from((None, *model.CpuVendor)),
    'cpu_features': st.sampled_from((None, (), ('VMX',), ('AVX', 'AVX2'))),
    'gpus': st.sampled_from((None, (), (model.Gpu('card', 1024),), (
        model.Gpu('card', 4096), model.Gpu('other', 512)))),
}
CLUSTER_FIELDS: Mapping[str, st.SearchStrategy[typing.Any]] = {
    'name': st.sampled_from(('hvc1', 'renamed')),
    'functional_level': st.sampled_from((None, 8, 9, 10)),
    'placement_chooses_volume': _YES_NO_UNTOLD,
}
# What they are is the layout itself, or makes the source another one.
_IDENTITY = frozenset((
    'guid', 'nodes', 'volumes', 'vms', 'collected_at', 'resource_id', 'path',
    'owner_node', 'sections', 'set_aside'))
OPTIONS: Mapping[str, st.SearchStrategy[typing.Any]] = {
    'initial_csv_allocation_ratio': st.sampled_from((1.0, 1.5)),
    'csv_allocation_ratio': st.sampled_from((None, 1.0, 2.0)),
    'reserved_step_gb': st.sampled_from((1, 8)),
    'floor_percent': st.sampled_from((0, 5, 20)),
    'max_image_traits': st.sampled_from((0, 1, 100)),
}


def facts() -> model.Facts:
    """Two volumes, three nodes; hv01 has a card for RemoteFX."""
    intel = model.CpuVendor.INTEL
    return facts_of(model.Cluster(
        guid=CLUSTER_GUID, name='hvc1', volumes=(
            model.Volume(guid(1), 'Volume1', 500 * GIB, free_bytes=500 * GIB),
            model.Volume(guid(2), 'Volume2', 500 * GIB, free_bytes=450 * GIB)),
        nodes=(model.Node('hv01', 14393, home=guid(1), guarded_host=True,
                          remotefx_enabled=True,
                          gpus=(model.Gpu('card', 2048),)),
               model.Node('hv02', 14393, home=guid(2), guarded_host=True),
               model.Node('hv03', 14393, home=guid(1), cpu_vendor=intel,
                          nested_virtualization=True))))


def facts_of(cluster: model.Cluster) -> model.Facts:
    return model.Facts((cluster,))


def _any_value(hint: typing.Any) -> st.SearchStrategy[typing.Any] | None:
    """For plain optional types; None where a value would need a meaning."""
    kinds = (typing.get_args(hint) if isinstance(hint, types.UnionType)
             else (hint,))
    if set(kinds) <= {bool, type(None)}:
        return st.sampled_from([
            value for value in (None, True, False) if type(value) in kinds])
    return None


def field_edits(kind: type, strategies: Mapping[
        str, st.SearchStrategy[typing.Any]]
        ) -> list[st.SearchStrategy[tuple[str, typing.Any]]]:
    """A strategy for each field: (name, value)."""
    hints = typing.get_type_hints(kind)
    edits = []
    for field in dataclasses.fields(kind):
        values = strategies.get(field.name)
        if values is None and field.name not in _IDENTITY:
            values = _any_value(hints[field.name])
        if values is not None:
            edits.append(st.tuples(st.just(field.name), values))
    return edits


_VOLUME_EDIT = st.one_of(field_edits(model.Volume, VOLUME_FIELDS))
_NODE_EDIT = st.one_of(field_edits(model.Node, NODE_FIELDS))
_CLUSTER_EDIT = st.one_of(field_edits(model.Cluster, CLUSTER_FIELDS))
_PLACES = st.integers(0, 2)


def _edited(items: tuple[typing.Any, ...], place: int, name: str,
            value: typing.Any) -> tuple[typing.Any, ...]:
    place %= len(items)
    return (*items[:place], dataclasses.replace(
        items[place], **{name: value}), *items[place + 1:])


@st.composite
def source_edit(draw: typing.Any, cluster: model.Cluster) -> model.Cluster:
    """The cluster with one field changed, or a node or volume left out."""
    kind = draw(st.sampled_from(
        ('volume', 'volume', 'node', 'node', 'cluster', 'vms', 'left out')))
    if kind == 'volume':
        return dataclasses.replace(cluster, volumes=_edited(
            cluster.volumes, draw(_PLACES), *draw(_VOLUME_EDIT)))
    if kind == 'node':
        return dataclasses.replace(cluster, nodes=_edited(
            cluster.nodes, draw(_PLACES), *draw(_NODE_EDIT)))
    if kind == 'cluster':
        return dataclasses.replace(cluster, **dict([draw(_CLUSTER_EDIT)]))
    if kind == 'vms':
        return dataclasses.replace(cluster, vms=draw(vms(cluster)))
    part = draw(st.sampled_from(('nodes', 'volumes')))
    items = getattr(cluster, part)
    place = draw(_PLACES) % len(items)
    remaining = (*items[:place], *items[place + 1:]) or items
    return dataclasses.replace(cluster, **{part: remaining})


def vms(cluster: model.Cluster) -> st.SearchStrategy[typing.Any]:
    """None, or VMs whose disks are as large as their shares or not."""
    sizes = st.integers(0, 120).map(lambda gb: gb * GIB)
    disks = st.builds(model.VmDisk, st.sampled_from(
        [volume.guid for volume in cluster.volumes]), sizes, sizes)
    return st.none() | st.lists(st.builds(
        model.Vm, st.uuids(version=4).map(str), st.none(),
        st.tuples(disks)), max_size=2).map(tuple)


def settings_edit() -> st.SearchStrategy[Settings]:
    """The options, mostly as they were."""
    return st.just(SETTINGS) | st.one_of([
        values.map(lambda value, name=name: dataclasses.replace(
            SETTINGS, **{name: value}))
        for name, values in OPTIONS.items()])
