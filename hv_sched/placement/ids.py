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

"""Identifiers are derived, never invented, so a restart finds its own work.

A volume is known by its GUID alone: paths, friendly names and cluster
resource ids change while the data stays.
"""

import functools
import uuid

# Fixed for ever: every identifier of every cloud hangs on it.
_NAMESPACE = uuid.UUID('6e1fd38c-6e6f-5d3c-9a49-0a6a3f6f0a5e')


# Of what one pass asks for again and again, at 10,000 nodes several times.
@functools.lru_cache(maxsize=1 << 17)
def _derive(kind: str, *parts: str) -> str:
    name = ':'.join((kind, *(part.lower() for part in parts)))
    return str(uuid.uuid5(_NAMESPACE, name))


def volume_uuid(cluster_guid: str, volume_guid: str) -> str:
    """The provider uuid of a volume."""
    return _derive('volume', cluster_guid, volume_guid)


def cluster_aggregate(cluster_guid: str) -> str:
    """The aggregate of a cluster's nodes."""
    return _derive('cluster', cluster_guid)


def home_aggregate(volume_provider_uuid: str) -> str:
    """The aggregate of a volume and the nodes that use it.

    It hangs on the provider's uuid so that it can be told for a volume that
    no source describes any more.
    """
    return _derive('home', volume_provider_uuid)


def remotefx_uuid(node_provider_uuid: str) -> str:
    """The provider uuid of a node's RemoteFX child."""
    return _derive('remotefx', node_provider_uuid)
