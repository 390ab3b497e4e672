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

"""What flavor and image ask of the host, asked of Placement.

A capable node is then found however few there are, and a server that no
host can run is refused before any host is tried.
"""

from __future__ import annotations

import dataclasses

from nova import context as nova_context
from nova import objects

from hv_sched import requirements
from hv_sched.placement import names
from hv_sched.query import rules
from hv_sched.request_filters import cpu_features
from hv_sched.request_filters import holdings
from hv_sched.request_filters import refusal
from hv_sched.request_filters import request_state
from hv_sched.request_filters import requested_features
from hv_sched.request_filters import specs
from hv_sched.snapshot import cache

GPU_SUFFIX = rules.GPU_SUFFIX


def ask_features(context: nova_context.RequestContext,
                 request_spec: objects.RequestSpec) -> bool:
    """Request filter: traits and GPU group for what is asked.

    :returns: whether anything is asked
    :raises RequestFilterFailed: no host can run the server, or no node has
        shown what it needs
    """
    state = request_state.of(request_spec)
    holdings.forget(request_spec)
    state.features = requested_features.read(request_spec, context)
    requested_features.refuse_contradictions(state.features)
    cpu_features.keep(request_spec)
    snapshot = requested_features.snapshot_with_hyperv()
    if snapshot is None:
        return False
    demands = state.features.requirements
    _refuse_unknown(demands, snapshot.traits)
    request_spec.root_required.update(demands.required)
    request_spec.root_forbidden.update(
        demands.forbidden_among(snapshot.traits))
    _ask_gpu(request_spec, demands.gpu)
    if names.HYPERV in demands.required:
        # Nova asks for COMPUTE_SECURITY_UEFI_SECURE_BOOT, which
        # compute-hyperv does not report (driver.py, capabilities): no node
        # would be found. Our own trait is asked instead.
        specs.forget_secure_boot(request_spec)
    state.features = dataclasses.replace(state.features, in_query=True)
    return bool(demands.required or demands.forbidden
                or demands.refused_releases)


def _refuse_unknown(demands: requirements.Requirements,
                    traits: frozenset[str]) -> None:
    missing = rules.unknown(demands, traits)
    if missing:  # unless some node has shown it since
        snapshot = cache.recent()
        missing = rules.unknown(
            demands, traits if snapshot is None else snapshot.traits)
    if missing:
        raise refusal.Refused(refusal.no_host_offers(demands, missing),
                              rules.never_shown(demands, missing))


def _ask_gpu(request_spec: objects.RequestSpec,
             group: requirements.GpuGroup | None) -> None:
    groups = [present for present in specs.groups(request_spec)
              if present.requester_id != GPU_SUFFIX]
    if group is not None:
        groups.append(objects.RequestGroup(
            requester_id=GPU_SUFFIX, use_same_provider=True,
            resources=dict(group.resources),
            required_traits=set(group.traits)))
    if groups or specs.groups(request_spec):
        request_spec.requested_resources = groups
