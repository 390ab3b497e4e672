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

"""Keep away from nodes that reach their volume by way of another node.

A node with redirected access sends every block over the network to the node
that owns the disk: it works, slowly, and burdens both. The weight is on a
fixed scale: -1 for such a node, 0 for every other.
"""

from __future__ import annotations

from typing import Any

from nova import objects

from hv_sched.snapshot import volumes
from hv_sched.weighers import base

# The nodes with redirected access, by provider uuid.
_Redirected = frozenset[str]


class RedirectedAccessWeigher(base.SnapshotWeigher[_Redirected]):
    """Higher weights, which is direct access to the volume, win."""

    minval = -1.0
    maxval = 0.0

    def _distinguishes(self, snapshot: volumes.Snapshot) -> bool:
        return bool(snapshot.redirected)

    def _criteria(self, request_spec: objects.RequestSpec,
                  snapshot: volumes.Snapshot) -> _Redirected:
        return snapshot.redirected

    def _weigh(self, host_state: Any, criteria: _Redirected) -> float:
        return -float(host_state.uuid in criteria)
