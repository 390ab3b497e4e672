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

"""From a cluster that has passed every check to the model."""

from collections.abc import Iterable
import datetime
from typing import Any

from hv_sched import model
from hv_sched.sources import naming
from hv_sched.sources import references
from hv_sched.sources import volume_checks

Raw = references.Raw

# datetime keeps microseconds; PowerShell writes seven digits.
_FRACTION_DIGITS = 6


def cluster(raw: Raw, collected_at: datetime.datetime | None) -> model.Cluster:
    """The cluster as the model has it; names and GUIDs in their one form.

    :param raw: has passed the schema and ``checks.check``
    :param collected_at: when its file was read from Windows
    """
    refs = references.References(raw)
    vms = raw.get('vms')
    return model.Cluster(
        guid=_guid(raw.get('identity') or raw['guid']),
        name=raw['name'],
        nodes=tuple(_node(node, refs) for node in raw['nodes']),
        volumes=tuple(_volume(volume, refs) for volume in raw['volumes']),
        functional_level=_int(raw.get('functional_level')),
        placement_chooses_volume=raw.get('placement_chooses_volume'),
        vms=None if vms is None else tuple(_vm(vm, refs) for vm in vms),
        collected_at=collected_at)


def timestamp(text: str) -> datetime.datetime:
    """An RFC 3339 time that has passed the schema.

    :raises ValueError: there is no such day or time
    """
    text = text.upper().replace('Z', '+00:00')
    head, dot, tail = text.partition('.')
    if dot:
        digits = len(tail) - len(tail.lstrip('0123456789'))
        fraction = tail[:digits][:_FRACTION_DIGITS]
        text = f'{head}.{fraction:0<{_FRACTION_DIGITS}}{tail[digits:]}'
    return datetime.datetime.fromisoformat(text)


def _node(raw: Raw, refs: references.References) -> model.Node:
    cpu = raw.get('cpu', {})
    gpus = raw.get('gpus')
    return model.Node(
        name=raw['name'],
        build=_int(raw.get('build')),
        state=model.NodeState(raw['state']) if 'state' in raw else None,
        home=refs.volume(raw['home']) if 'home' in raw else None,
        cpu_vendor=(model.CpuVendor(cpu['vendor']) if 'vendor' in cpu
                    else None),
        cpu_features=_cpu_features(cpu),
        gpus=None if gpus is None else tuple(_gpu(gpu) for gpu in gpus),
        **_capabilities(raw))


def _capabilities(raw: Raw) -> dict[str, Any]:
    return {field: raw.get(field) for field in model.capability_fields()}


def _cpu_features(cpu: Raw) -> tuple[str, ...] | None:
    if 'features' not in cpu:
        return None
    return _once(feature.upper() for feature in cpu['features'])


def _gpu(raw: Raw) -> model.Gpu:
    return model.Gpu(name=raw['name'],
                     total_vram_mb=int(raw['total_vram_mb']),
                     available_vram_mb=_int(raw.get('available_vram_mb')))


def _volume(raw: Raw, refs: references.References) -> model.Volume:
    images = raw.get('cached_images')
    return model.Volume(
        guid=references.volume_guid(raw),
        name=raw['name'],
        size_bytes=volume_checks.size_bytes(raw),
        free_bytes=volume_checks.free_bytes(raw),
        resource_id=raw.get('resource_id'),
        path=raw.get('path'),
        file_system=raw.get('file_system'),
        medium=raw.get('medium'),
        owner_node=_owner(raw, refs),
        reserve_gb=_int(raw.get('reserve_gb')),
        maintenance=raw.get('maintenance'),
        accepts_new_disks=raw.get('accepts_new_disks'),
        cut_off_nodes=_nodes(raw.get('cut_off_nodes'), refs),
        redirected_nodes=_nodes(raw.get('redirected_nodes'), refs),
        cached_images=(None if images is None
                       else _once(image.lower() for image in images)),
        image_cache_bytes=_int(raw.get('image_cache_bytes')))


def _vm(raw: Raw, refs: references.References) -> model.Vm:
    return model.Vm(
        instance_uuid=raw['instance_uuid'].lower(),
        owner_node=_owner(raw, refs),
        disks=tuple(_disk(disk, refs) for disk in raw['disks']))


def _disk(raw: Raw, refs: references.References) -> model.VmDisk:
    volume = refs.volume(raw['volume'])
    if volume is None:
        raise ValueError(f'not a volume: {raw["volume"]!r}')
    return model.VmDisk(volume=volume,
                        provisioned_bytes=int(raw['provisioned_bytes']),
                        actual_bytes=int(raw['actual_bytes']))


def _owner(raw: Raw, refs: references.References) -> str | None:
    return refs.node(raw['owner_node']) if 'owner_node' in raw else None


def _nodes(names: Iterable[str] | None,
           refs: references.References) -> tuple[str, ...] | None:
    if names is None:
        return None
    known_nodes = (refs.node(name) for name in names)
    return _once(name for name in known_nodes if name is not None)


def _once(values: Iterable[str]) -> tuple[str, ...]:
    """The values in their order, each once: saying it twice adds nothing."""
    return tuple(dict.fromkeys(values))


def _guid(text: str) -> str:
    guid = naming.normal_guid(text)
    if guid is None:
        raise ValueError(f'not a GUID: {text!r}')
    return guid


def _int(value: Any) -> int | None:
    # JSON Schema takes 500.0 for a whole number.
    return None if value is None else int(value)
