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

"""From what is left of a cluster's description to the model."""

from collections.abc import Iterable
import datetime
import enum
from typing import Any
from typing import TypeVar

from hv_sched import drivers
from hv_sched import model
from hv_sched.sources import identity_checks
from hv_sched.sources import naming
from hv_sched.sources import references
from hv_sched.sources import sections
from hv_sched.sources import volume_sizes
from hv_sched.sources.draft import Draft
from hv_sched.sources.draft import ITEMS
from hv_sched.sources.draft import Raw
from hv_sched.sources.fault import Fault

_State = TypeVar('_State', bound=enum.Enum)


def cluster(draft: Draft, collected_at: datetime.datetime | None
            ) -> model.Cluster:
    """The cluster as the model has it; names and GUIDs in their one form.

    :param draft: what is left when all faults were applied
    :param collected_at: when its file was read from Windows
    """
    raw = draft.raw
    refs = references.References(draft)
    return model.Cluster(
        guid=_guid(raw.get('identity') or raw['guid']),
        name=raw['name'],
        nodes=tuple(_node(node, refs) for _i, node in draft.items('nodes')),
        volumes=tuple(_volume(volume, refs, draft, i)
                      for i, volume in draft.items('volumes')),
        functional_level=_int(raw.get('functional_level')),
        placement_chooses_volume=raw.get('placement_chooses_volume'),
        vms=(tuple(_vm(vm, refs) for _i, vm in draft.items('vms'))
             if 'vms' in raw else None),
        collected_at=collected_at,
        sections=sections.reports(raw),
        set_aside=tuple(_set_aside(kind, item, fault)
                        for name, kind in ITEMS.items()
                        for item, fault in draft.aside(name)),
        driver=drivers.of(raw.get('driver')),
        is_driver_stated='driver' in raw)


def _set_aside(kind: model.ItemKind, item: Any, fault: Fault
               ) -> model.SetAside:
    """Of an item of any type, what can be read and narrows."""
    raw: Raw = item if isinstance(item, dict) else {}
    guid = _text(raw, 'identity') or _text(raw, 'guid') or _text(
        raw, 'instance_uuid')
    state = raw.get('state')
    return model.SetAside(
        kind=kind, name=_text(raw, 'name') or _text(raw, 'instance_name'),
        guid=naming.normal_guid(guid) if guid else None,
        code=fault.code, message=fault.text,
        resource_id=_text(raw, 'resource_id'),
        is_nobodys=fault.code in identity_checks.NOBODYS_CODES,
        node_state=_narrowing(model.NodeState, state, model.NodeState.UP),
        volume_state=_narrowing(model.CsvState, state,
                                model.CsvState.ONLINE),
        maintenance=True if raw.get('maintenance') is True else None,
        accepts_new_disks=(False if raw.get('accepts_new_disks') is False
                           else None))


def _narrowing(states: type[_State], value: object, healthy: _State
               ) -> _State | None:
    return next((state for state in states
                 if state.value == value and state is not healthy), None)


def _text(raw: Raw, field: str) -> str | None:
    value = raw.get(field)
    return value if isinstance(value, str) else None


def _node(raw: Raw, refs: references.References) -> model.Node:
    cpu = raw.get('cpu', {})
    gpus = raw.get('gpus')
    return model.Node(
        name=raw['name'],
        build=_int(raw.get('build')),
        state=model.NodeState(raw['state']) if 'state' in raw else None,
        home=refs.home(raw['home']) if 'home' in raw else None,
        cpu_vendor=(model.CpuVendor(cpu['vendor']) if 'vendor' in cpu
                    else None),
        cpu_features=_cpu_features(cpu),
        gpus=None if gpus is None else tuple(_gpu(gpu) for gpu in gpus),
        sections=sections.reports(raw),
        **_capabilities(raw))


def _capabilities(raw: Raw) -> dict[str, Any]:
    return {field: raw.get(field) for field in model.capability_fields()}


def _cpu_features(cpu: Raw) -> tuple[str, ...] | None:
    if 'features' not in cpu:
        return None
    return _once(feature.upper() for feature in cpu['features'])


def _gpu(raw: Raw) -> model.Gpu:
    return model.Gpu(name=raw['name'],
                     total_vram_mb=int(raw['total_vram_mb']))


def _volume(raw: Raw, refs: references.References, draft: Draft, place: int
            ) -> model.Volume:
    images = raw.get('cached_images')
    return model.Volume(
        guid=references.volume_guid(raw),
        name=raw['name'],
        size_bytes=volume_sizes.size_bytes(raw),
        free_bytes=volume_sizes.free_bytes(raw),
        state=model.CsvState(raw['state']) if 'state' in raw else None,
        resource_id=_resource_id(raw),
        path=raw.get('path'),
        file_system=raw.get('file_system'),
        medium=raw.get('medium'),
        owner_node=_owner(raw, refs),
        reserve_gb=_int(raw.get('reserve_gb')),
        raw_percent=_int(raw.get('raw_percent')),
        maintenance=raw.get('maintenance'),
        accepts_new_disks=raw.get('accepts_new_disks'),
        cut_off_nodes=_nodes(raw.get('cut_off_nodes'), refs),
        redirected_nodes=_nodes(raw.get('redirected_nodes'), refs),
        silent_nodes=_nodes(raw.get('silent_nodes'), refs),
        incomplete_lists=frozenset(
            field for field in ('cut_off_nodes', 'redirected_nodes')
            if draft.is_incomplete(('volumes', place, field))),
        cached_images=(None if images is None
                       else _once(image.lower() for image in images)),
        image_cache_bytes=_int(raw.get('image_cache_bytes')))


def _resource_id(raw: Raw) -> str | None:
    text = raw.get('resource_id')
    return (naming.normal_guid(text) or text) if text else None


def _vm(raw: Raw, refs: references.References) -> model.Vm:
    uuid, disks = raw.get('instance_uuid'), raw.get('disks')
    return model.Vm(
        instance_uuid=uuid.lower() if uuid else None,
        instance_name=raw.get('instance_name'),
        owner_node=_owner(raw, refs),
        disks=(None if disks is None
               else tuple(_disk(disk, refs) for disk in disks)))


def _disk(raw: Raw, refs: references.References) -> model.VmDisk:
    volume = refs.volume(raw['volume'])
    if volume is None:
        raise ValueError(f'not a volume: {raw["volume"]!r}')
    return model.VmDisk(volume=volume,
                        provisioned_bytes=_int(raw.get('provisioned_bytes')),
                        actual_bytes=int(raw['actual_bytes']))


def _owner(raw: Raw, refs: references.References) -> str | None:
    return refs.node(raw['owner_node']) if 'owner_node' in raw else None


def _nodes(names: Iterable[str | None] | None,
           refs: references.References) -> tuple[str, ...] | None:
    if names is None:
        return None
    nodes = (refs.node(name) for name in names if name is not None)
    return _once(node for node in nodes if node is not None)


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
