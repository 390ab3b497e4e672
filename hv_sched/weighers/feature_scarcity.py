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

"""Keep nodes that can do what few can for the servers that need it.

A server that asks for nothing special goes to a plain node while there is
one; one that needs a feature is not kept from the node that has it. The
weight is on a fixed scale: 0 for a node that any other could stand in for,
nearly -1 for the only one of its kind, so small differences stay small.
"""

from __future__ import annotations

from typing import Any

from nova import exception
from nova import objects

from hv_sched import features
from hv_sched import printable
from hv_sched.request_filters import requested_features
from hv_sched.request_filters import specs
from hv_sched.snapshot import scarcity
from hv_sched.snapshot import volumes
from hv_sched.weighers import base

LOG = printable.logger(__name__)

# What free nodes can do, and the traits a server asks for.
_Criteria = tuple[scarcity.Scarcity, frozenset[str]]


class FeatureScarcityWeigher(base.SnapshotWeigher[_Criteria]):
    """Higher weights, which is less that others might need, win."""

    minval = -1.0
    maxval = 0.0

    def _criteria(self, request_spec: objects.RequestSpec,
                  snapshot: volumes.Snapshot) -> _Criteria:
        return snapshot.free_nodes, _requested_traits(request_spec)

    def _weigh(self, host_state: Any, criteria: _Criteria) -> float:
        free_nodes, requested = criteria
        return -free_nodes.of(host_state.uuid, requested)


def _requested_traits(request_spec: objects.RequestSpec) -> frozenset[str]:
    """All traits a server asks for, each feature's in both forms."""
    traits = set(specs.image_traits(request_spec))
    traits.update(
        key.partition(':')[2] for key, value
        in specs.extra_specs(request_spec).items()
        if key.startswith('trait') and value == 'required')
    traits.update(_required_traits(request_spec))
    for feature in filter(None, map(features.by_trait, tuple(traits))):
        traits.update((feature.trait, features.ha_trait(feature)))
    return frozenset(traits)


def _required_traits(request_spec: objects.RequestSpec) -> set[str]:
    """What flavor and image ask for; nothing when that is not readable."""
    try:
        demands = requested_features.of(request_spec).requirements
    except exception.RequestFilterFailed as exc:
        LOG.warning('Nodes are weighed as for a plain server: %s', exc)
        return set()
    return {*demands.required,
            *([features.REMOTEFX.trait] if demands.gpu else ())}
