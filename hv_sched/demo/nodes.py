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

"""Compute nodes and servers in Placement, as Nova would write them.

The nodes look as stock nova-compute with a Hyper-V driver reports them: each
claims the whole of the volume its ``instances_path`` is on.
"""

import dataclasses
import operator
import typing
import uuid

from keystoneauth1 import adapter
import os_resource_classes as orc
import os_traits

from hv_sched import model
from hv_sched.drivers import Reported
from hv_sched.placement import transport

MICROVERSION = transport.MICROVERSION
MAX_VCPUS = 32
MEMORY_MB = 256 * 1024
# Nova's defaults: [DEFAULT]initial_cpu_allocation_ratio,
# reserved_host_memory_mb.
CPU_RATIO = 4.0
RESERVED_MEMORY_MB = 512

# What nova/virt/driver.py makes of the Hyper-V driver's capabilities.
TRAITS = (
    os_traits.COMPUTE_NODE,
    os_traits.COMPUTE_NET_ATTACH_INTERFACE,
    os_traits.COMPUTE_DEVICE_TAGGING,
    os_traits.COMPUTE_SECURITY_UEFI_SECURE_BOOT,
    os_traits.COMPUTE_IMAGE_TYPE_VHD,
    os_traits.COMPUTE_IMAGE_TYPE_VHDX,
)

_USER = str(uuid.uuid5(uuid.NAMESPACE_DNS, 'user.example.org'))
_PROJECT = str(uuid.uuid5(uuid.NAMESPACE_DNS, 'project.example.org'))


def node_uuid(name: str) -> str:
    """The uuid the demo gives a compute node; Nova's is a random one."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f'{name}.node.example.org'))


def inventories(disk_gb: int) -> dict[str, dict[str, typing.Any]]:
    """What nova-compute reports for a node whose path shows disk_gb GiB."""

    def whole(total: int, **fields: typing.Any) -> dict[str, typing.Any]:
        return {'total': total, 'min_unit': 1, 'max_unit': total,
                'step_size': 1, 'reserved': 0, 'allocation_ratio': 1.0,
                **fields}

    return {
        orc.VCPU: whole(MAX_VCPUS, allocation_ratio=CPU_RATIO),
        orc.MEMORY_MB: whole(MEMORY_MB, reserved=RESERVED_MEMORY_MB),
        orc.DISK_GB: whole(disk_gb),
    }


def register_node(placement: adapter.Adapter, name: str, disk_gb: int
                  ) -> str:
    """Report one node, unless it stands already; returns its uuid."""
    uuid_ = node_uuid(name)
    created = placement.post(
        '/resource_providers', json={'name': name, 'uuid': uuid_},
        microversion=MICROVERSION, raise_exc=False)
    if created.status_code == 409:
        return uuid_
    created.raise_for_status()
    path = f'/resource_providers/{uuid_}'
    placement.put(
        f'{path}/inventories', microversion=MICROVERSION,
        json={'resource_provider_generation': created.json()['generation'],
              'inventories': inventories(disk_gb)})
    generation = placement.get(
        path, microversion=MICROVERSION).json()['generation']
    placement.put(
        f'{path}/traits', microversion=MICROVERSION,
        json={'resource_provider_generation': generation,
              'traits': list(TRAITS)})
    return uuid_


def seen_disk_gb(cluster: model.Cluster, node: model.Node) -> int:
    """What the node reports as its own disk, in GiB.

    The volume it writes to, or the raw bytes of all pools: three replicas.
    """
    if cluster.driver.reported is Reported.RAW_CLUSTER:
        return 3 * sum(volume.total_gb or 0 for volume in cluster.volumes)
    for volume in cluster.volumes:
        if node.home in (None, volume.guid):
            return volume.total_gb or 0
    raise ValueError(f'{node.name} has no volume in {cluster.name}')


def register(placement: adapter.Adapter, facts: model.Facts
             ) -> list[str]:
    """Report every node of a source; returns their names."""
    for cluster in facts.clusters:
        for node in cluster.nodes:
            register_node(placement, node.name, seen_disk_gb(cluster, node))
    return [node.name for cluster in facts.clusters
            for node in cluster.nodes]


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One way to place a server.

    :param disk_provider: the provider its disk is taken from
    """

    node: str
    disk_provider: str
    allocations: dict[str, typing.Any]


def candidates(placement: adapter.Adapter, disk_gb: int,
               required: str = '') -> list[Candidate]:
    """What Placement answers nova-scheduler for a small server, sorted.

    :param required: traits, those that are forbidden with a "!"
    """
    answer = placement.get(
        '/allocation_candidates', microversion=MICROVERSION,
        params={'resources': f'{orc.VCPU}:1,{orc.MEMORY_MB}:2048,'
                             f'{orc.DISK_GB}:{disk_gb}',
                **({'required': required} if required else {})}).json()
    names = {provider['uuid']: provider['name'] for provider in placement.get(
        '/resource_providers',
        microversion=MICROVERSION).json()['resource_providers']}
    placements = []
    for request in answer['allocation_requests']:
        allocations = request['allocations']
        by_class = {resource_class: names[provider]
                    for provider, part in allocations.items()
                    for resource_class in part['resources']}
        placements.append(Candidate(by_class[orc.VCPU], by_class[orc.DISK_GB],
                                    allocations))
    return sorted(placements, key=operator.attrgetter(
        'node', 'disk_provider'))


def create_server(placement: adapter.Adapter, name: str, disk_gb: int
                  ) -> Candidate | None:
    """Claim the first candidate, as the scheduler does.

    :returns: None when no node takes the server
    """
    offered = candidates(placement, disk_gb)
    if not offered:
        return None
    placement.put(
        f'/allocations/{server_uuid(name)}', microversion=MICROVERSION,
        json={'allocations': offered[0].allocations, 'user_id': _USER,
              'project_id': _PROJECT, 'consumer_generation': None,
              'consumer_type': 'INSTANCE'})
    return offered[0]


def server_uuid(name: str) -> str:
    """The uuid of a server of the demo."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f'{name}.server.example.org'))


def delete_server(placement: adapter.Adapter, name: str) -> None:
    """Give back what a server holds; harmless when there is none."""
    placement.delete(f'/allocations/{server_uuid(name)}',
                     microversion=MICROVERSION, raise_exc=False)


def offered_gb(placement: adapter.Adapter, required: str = ''
               ) -> dict[str, int]:
    """Provider name -> GiB of disk it still offers to new servers.

    :param required: see ``candidates``
    """
    answer = placement.get(
        '/allocation_candidates', microversion=MICROVERSION,
        params={'resources': f'{orc.DISK_GB}:1',
                **({'required': required} if required else {})}).json()
    names = {provider['uuid']: provider['name'] for provider in placement.get(
        '/resource_providers',
        microversion=MICROVERSION).json()['resource_providers']}
    free = {}
    for provider, summary in answer['provider_summaries'].items():
        disk = summary['resources'].get(orc.DISK_GB)
        if disk and disk['capacity'] > disk['used']:
            free[names[provider]] = disk['capacity'] - disk['used']
    return free
