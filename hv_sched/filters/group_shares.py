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

"""On which volumes the members of a server group have their disks."""

from __future__ import annotations

import collections
from collections.abc import Mapping

from nova import objects

from hv_sched import exception
from hv_sched import printable
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.request_filters import request_state
from hv_sched.snapshot import nova_transport

LOG = printable.logger(__name__)

_POLICIES = ('anti-affinity', 'soft-anti-affinity')


def members_by_provider(request_spec: objects.RequestSpec,
                        ) -> Mapping[str, int]:
    """How many members of the request's group each provider serves.

    Read once for a request, one Placement request for each member, and only
    for groups with an anti-affinity policy. Empty when Placement cannot be
    read: different volumes are best effort.
    """
    state = request_state.of(request_spec)
    if state.group_disks is None:
        state.group_disks = _read(request_spec)
    return state.group_disks


def _read(request_spec: objects.RequestSpec) -> Mapping[str, int]:
    disks: collections.Counter[str] = collections.Counter()
    placement = nova_transport.placement()
    try:
        for member in _members(request_spec):
            disks.update(_disks(placement, member))
    except exception.PlacementError as exc:
        LOG.warning('The shares of a server group\'s members cannot be read, '
                    'their volumes are not considered: %s', exc)
        return {}
    return disks


def keeps_apart(request_spec: objects.RequestSpec) -> bool:
    """Whether the request's group wants its members apart."""
    group = (request_spec.instance_group
             if 'instance_group' in request_spec else None)
    return group is not None and group.policy in _POLICIES


def _members(request_spec: objects.RequestSpec) -> list[str]:
    if not keeps_apart(request_spec):
        return []
    group = request_spec.instance_group
    return [member for member in (group.members if 'members' in group else ())
            if member != request_spec.instance_uuid]


def _disks(placement: Placement, member: str) -> list[str]:
    consumer = placement.consumer(member)
    return [provider for provider in (consumer.held if consumer else ())
            if consumer and consumer.amount(provider, names.DISK_GB)]
