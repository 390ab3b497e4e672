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

"""Random clouds and requests, for comparing explain with the real scheduler.

A cloud is written straight to Placement, onto the providers of computes that
run and of volumes that stay the same: only what they say is random.
"""

import dataclasses
from typing import Any

from hypothesis import strategies as st

from hv_sched.placement import client
from hv_sched.placement import home_traits
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.inventory import Inventory
from tests.nova.releases import nova_34

HOSTS = ('n0', 'n1', 'n2', 'n3', 'n4')
VOLUMES = tuple(ids.volume_uuid('guid-c0', f'v{n}') for n in range(3))
SECURE_BOOT = 'COMPUTE_SECURITY_UEFI_SECURE_BOOT'
FEATURES = ('CUSTOM_HYPERV_GEN1', 'CUSTOM_HYPERV_GEN2',
            'CUSTOM_HYPERV_SECURE_BOOT', 'CUSTOM_HYPERV_VTPM',
            'CUSTOM_HYPERV_SHIELDED_VM', 'CUSTOM_HYPERV_NESTED_VIRT')
BUILDS = (9600, 14393, 17763)
OWN = ('CUSTOM_GOLD', 'CUSTOM_SILVER')
_MANY = {'min_size': 0, 'unique': True}


@dataclasses.dataclass(frozen=True)
class Node:
    """:param home: number of a volume; None: a host of another hypervisor
    :param adapters: of its RemoteFX child
    """

    vcpus: int
    memory_mb: int
    disk_gb: int
    home: int | None
    build: int
    traits: tuple[str, ...]
    zone: bool
    adapters: int


@dataclasses.dataclass(frozen=True)
class Volume:
    total_gb: int
    closed: bool
    ssd: bool
    held_gb: int


@dataclasses.dataclass(frozen=True)
class Request:
    """:param sizes: vcpus, MB of memory, GB of disk"""

    sizes: tuple[int, int, int]
    specs: dict[str, str]
    image: dict[str, str]
    zone: bool
    host: str | None


def _mostly(usual: Any, *others: Any) -> st.SearchStrategy:
    return st.sampled_from((usual,) * 3 + others)


NODES = st.builds(
    Node, vcpus=_mostly(16, 1, 4, 0), memory_mb=_mostly(8192, 512, 0),
    disk_gb=_mostly(0, 100, 400), home=_mostly(0, 1, 2, None),
    build=st.sampled_from(BUILDS),
    traits=st.lists(st.sampled_from((
        *FEATURES, SECURE_BOOT, names.PAUSED, *OWN,
        'COMPUTE_STATUS_DISABLED')), **_MANY).map(tuple),
    zone=st.booleans(), adapters=_mostly(0, 2))
HYPERV_NODES = st.builds(
    lambda node, home: dataclasses.replace(
        node, home=home, disk_gb=0, traits=(
            *FEATURES, SECURE_BOOT,
            *(trait for trait in node.traits if trait in OWN))),
    NODES, st.sampled_from(range(3)))
CLOUDS = st.tuples(
    st.tuples(HYPERV_NODES, HYPERV_NODES, HYPERV_NODES, NODES, NODES),
    st.tuples(*(st.builds(
        Volume, total_gb=_mostly(500, 50, 200), closed=_mostly(False, True),
        ssd=st.booleans(), held_gb=_mostly(0, 40))
        for _volume in VOLUMES)))
_SPECS = (('os:resolution', '1024x768'), ('os:vram', '256'),
          ('hw:cpu_features', 'vmx'), ('os:secure_boot', 'required'),
          ('trait:STORAGE_DISK_SSD', 'required'),
          ('trait:CUSTOM_GOLD', 'required'),
          ('trait:CUSTOM_SILVER', 'forbidden'),
          ('trait:CUSTOM_UNHEARD_OF', 'required'),
          ('resources:DISK_GB', '0'), ('resources:VCPU', '3'),
          ('resources1:CUSTOM_THING', '1'), ('group_policy', 'isolate'))
_IMAGES = ({}, {'img_hv_type': 'hyperv'}, {'img_hv_type': 'kvm'},
           {'hw_machine_type': 'hyperv-gen2'},
           {'hw_machine_type': 'hyperv-gen2', 'os_type': 'windows',
            'os_secure_boot': 'required', 'os_vtpm': 'required'},
           {'hw_machine_type': 'hyperv-gen2', 'os_shielded_vm': 'required'},
           {'trait:CUSTOM_GOLD': 'required'})
REQUESTS = st.builds(
    Request,
    sizes=st.tuples(_mostly(1, 4, 17, 80), _mostly(512, 4096, 9000),
                    _mostly(40, 10, 180, 600)),
    specs=st.lists(st.sampled_from(_SPECS), max_size=2).map(dict),
    image=st.sampled_from(_IMAGES), zone=_mostly(False, True),
    host=_mostly(None, *HOSTS))


class Writer:
    """Writes clouds to Placement.

    :param nodes: provider uuids of the computes by name
    """

    def __init__(self, api: client.Placement, nodes: dict[str, str],
                 zone: str) -> None:
        self._api = api
        self._nodes = nodes
        self._zone = zone
        for resource_class in (names.HELD_DISK_GB, names.REMOTEFX_ADAPTER,
                               names.REMOTEFX_VRAM_MB, 'CUSTOM_THING'):
            api.ensure_resource_class(resource_class)
        for trait in (*FEATURES, *OWN, names.HYPERV, names.CLUSTERED,
                      names.PAUSED, names.NO_NEW_DISKS, names.VOLUME,
                      'CUSTOM_HYPERV_REMOTEFX',
                      *map(names.build_trait, BUILDS),
                      *home_traits.traits_of(nodes.values())):
            api.ensure_trait(trait)
        for number, volume in enumerate(VOLUMES):
            api.create_provider(volume, f'csv:c0/v{number}')
        for name, uuid in nodes.items():
            api.create_provider(self._child(uuid), f'{name}:remotefx', uuid)

    @staticmethod
    def _child(node: str) -> str:
        return ids.remotefx_uuid(node)

    def write(self, cloud: Any) -> None:
        for uuid, node in zip(self._nodes.values(), cloud[0], strict=True):
            self._node(uuid, node)
        for number, (uuid, volume) in enumerate(
                zip(VOLUMES, cloud[1], strict=True)):
            self._volume(number, uuid, volume, [
                node for node, facts in zip(self._nodes.values(), cloud[0],
                                            strict=True)
                if facts.home == number])

    def _put(self, uuid: str, inventories: dict[str, Inventory],
             traits: Any, aggregates: Any) -> None:
        generation, _now = self._api.inventories(uuid)
        generation = self._api.set_inventories(uuid, generation, inventories)
        generation = self._api.set_traits(uuid, generation,
                                          frozenset(traits))
        self._api.set_aggregates(uuid, generation, frozenset(aggregates))

    def _node(self, uuid: str, node: Node) -> None:
        found = {rc: Inventory(amount, max_unit=amount) for rc, amount in (
            ('VCPU', node.vcpus), ('MEMORY_MB', node.memory_mb),
            ('DISK_GB', node.disk_gb)) if amount}
        traits = {names.COMPUTE_NODE, *nova_34.NODE_TRAITS, *node.traits}
        aggregates = {self._zone} if node.zone else set()
        if node.home is not None:
            traits |= {names.HYPERV, names.CLUSTERED,
                       names.build_trait(node.build)}
            aggregates.add(ids.home_aggregate(VOLUMES[node.home]))
        self._put(uuid, found, traits, aggregates)
        self._put(self._child(uuid), {
            names.REMOTEFX_ADAPTER: Inventory(node.adapters),
            names.REMOTEFX_VRAM_MB: Inventory(512)} if node.adapters else {},
            ('CUSTOM_HYPERV_REMOTEFX', 'HW_GPU_RESOLUTION_W1024H768',
             'HW_GPU_MAX_DISPLAY_HEADS_1') if node.adapters else (), ())

    def _volume(self, number: int, uuid: str, volume: Volume,
                nodes: list[str]) -> None:
        consumer = f'00000000-0000-4000-8000-00000000000{number}'
        held = self._api.consumer(consumer)
        if held is not None:
            self._api.write_consumers([dataclasses.replace(held, held={})])
        self._put(
            uuid, {names.DISK_GB: Inventory(volume.total_gb),
                   names.HELD_DISK_GB: Inventory(names.HELD_TOTAL_GB)},
            {names.SHARING, names.VOLUME, *home_traits.traits_of(nodes),
             *((names.NO_NEW_DISKS,) if volume.closed else ()),
             *(('STORAGE_DISK_SSD',) if volume.ssd else ())},
            {ids.home_aggregate(uuid)})
        if volume.held_gb:
            self._api.write_consumers([Consumer(
                consumer, None, 'p', 'u',
                {uuid: {names.HELD_DISK_GB: volume.held_gb}})])

