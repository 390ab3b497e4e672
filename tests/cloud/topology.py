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

"""The clusters of the cloud: their nodes and volumes."""

import dataclasses
import uuid

GIB = 1024 ** 3


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A failover cluster with one volume, in an availability zone."""

    name: str
    guid: str
    volume_guid: str
    zone: str
    nodes: tuple[str, ...]
    size_gb: int = 500


# The second exists for moves from one cluster to another.
CLUSTERS = (
    Cluster('hvcluster01', '3f2c7a10-5b8e-4c61-9d42-7e1a0b6c5d01',
            'a1d0c3b2-4e5f-4a6b-8c7d-100000000001', 'az1',
            ('hv01', 'hv02', 'hv03')),
    Cluster('hvcluster02', '3f2c7a10-5b8e-4c61-9d42-7e1a0b6c5d02',
            'a1d0c3b2-4e5f-4a6b-8c7d-100000000002', 'az2', ('hv04',)),
)
NODES = {node: cluster for cluster in CLUSTERS for node in cluster.nodes}


def node_uuid(node: str) -> str:
    """The identity of a compute node.

    Written to its ``compute_id`` before it starts: a nova-compute that made
    one itself refuses another on its next start.
    """
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, node))


def source() -> str:
    """The clusters as a static source describes them."""
    lines = ['version: 1', 'clusters:']
    for cluster in CLUSTERS:
        lines += [
            f'  - name: {cluster.name}', f'    guid: {cluster.guid}',
            '    functional_level: 9', '    nodes:',
            *(f'      - {{name: {node}, build: 14393}}'
              for node in cluster.nodes),
            '    volumes:', '      - name: Volume1',
            f"        guid: '\\\\?\\Volume{{{cluster.volume_guid}}}\\'",
            r'        path: C:\ClusterStorage\Volume1',
            f'        size_gb: {cluster.size_gb}',
            f'        free_gb: {cluster.size_gb}',
            '        file_system: ntfs']
    return '\n'.join(lines) + '\n'
