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

from keystoneauth1 import exceptions as ks_exc
from nova import objects
from nova.scheduler.client import report
from oslo_log import log as logging

from hv_sched.placement import names

LOG = logging.getLogger(__name__)

_ATTRIBUTE = '_hv_sched_members'
_POLICIES = ('anti-affinity', 'soft-anti-affinity')
_VERSION = '1.28'


def members_by_provider(request_spec: objects.RequestSpec,
                        ) -> Mapping[str, int]:
    """How many members of the request's group each provider serves.

    Read once for a request, one Placement request for each member, and only
    for groups with an anti-affinity policy. Empty when Placement cannot be
    read: different volumes are best effort.
    """
    found = getattr(request_spec, _ATTRIBUTE, None)
    if found is None:
        found = _read(request_spec)
        setattr(request_spec, _ATTRIBUTE, found)
    return found


def _read(request_spec: objects.RequestSpec) -> Mapping[str, int]:
    found: collections.Counter[str] = collections.Counter()
    try:
        for member in _members(request_spec):
            found.update(_disks(member))
    except (ks_exc.ClientException, ValueError) as exc:
        LOG.warning('The shares of a server group\'s members cannot be read, '
                    'their volumes are not considered: %s', exc)
        return {}
    return found


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


def _disks(consumer: str) -> list[str]:
    response = report.report_client_singleton().get(
        f'/allocations/{consumer}', version=_VERSION)
    if response.status_code != 200:
        raise ValueError(f'{response.status_code}: {response.text[:200]}')
    return [provider
            for provider, held in response.json()['allocations'].items()
            if names.DISK_GB in held['resources']]
