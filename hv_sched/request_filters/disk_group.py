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

"""The disk in a request group of its own.

A request that names a host (``in_tree``) or an aggregate (``member_of``)
binds its unsuffixed group to that tree or aggregate, where a shared volume
never is: no candidates. Only the unsuffixed group is bound, so a disk asked
in a suffixed one is found on the volume, which still has to share an
aggregate with the host, or on the host's own disk where it has one.
"""

from __future__ import annotations

from nova import context as nova_context
from nova import objects
from nova.scheduler import utils

from hv_sched.placement import names
from hv_sched.query import rules
from hv_sched.request_filters import requested_disk
from hv_sched.request_filters import specs
from hv_sched.request_filters import volume_traits
from hv_sched.snapshot import cache

SUFFIX = rules.DISK_SUFFIX
_OVERRIDE = f'resources:{names.DISK_GB}'
_GROUP_POLICY = 'group_policy'


def ask_disk_in_own_group(context: nova_context.RequestContext,
                          request_spec: objects.RequestSpec) -> bool:
    """Request filter: move disk and volume traits to a group of their own.

    Only where Placement would find no volume otherwise, since the query with
    a group costs more.

    :returns: whether the request has that group
    """
    if own_group(request_spec) is not None:
        return True  # the same spec again
    if not _needs_group(request_spec):
        return False
    request = utils.ResourceRequest.from_request_spec(request_spec)
    if _would_harm(request_spec, request):
        return False
    disk_gb = requested_disk.by_group(request_spec).get('')
    if not disk_gb:
        return False
    group = objects.RequestGroup(
        requester_id=SUFFIX, use_same_provider=True,
        resources={names.DISK_GB: disk_gb})
    _keep_to_homes(request_spec, group)
    volume_traits.move_to_group(request_spec, group)
    _fit_flavor(request_spec, request)
    request_spec.requested_resources = [*specs.groups(request_spec), group]
    return True


def own_group(request_spec: objects.RequestSpec,
              ) -> objects.RequestGroup | None:
    """The group made here, None when the disk is asked as Nova does."""
    return next((group for group in specs.groups(request_spec)
                 if group.requester_id == SUFFIX), None)


def _needs_group(request_spec: objects.RequestSpec) -> bool:
    bound = bool(specs.named_hosts(request_spec)
                 or specs.names_aggregate(request_spec))
    traits = volume_traits.required(request_spec)
    snapshot = cache.get()
    if (bound or traits) and snapshot is not None and not snapshot.volumes:
        # Not from before the first volume was published: without the group
        # Placement would find no host, which ends in ERROR.
        snapshot = cache.recent()
    return rules.disk_needs_group(snapshot, bound, traits)


def _would_harm(request_spec: objects.RequestSpec,
                request: utils.ResourceRequest) -> bool:
    return rules.disk_group_harms(
        cache.get(), specs.named_hosts(request_spec),
        specs.extra_specs(request_spec).get(_GROUP_POLICY),
        request.get_num_of_suffixed_groups())


def _keep_to_homes(request_spec: objects.RequestSpec,
                   group: objects.RequestGroup) -> None:
    """Let the disk of a named host be on a home of that host only.

    ``az:host`` skips all filters, SharedVolumeFilter too, and Placement may
    know more ways from the host to a volume than its home.
    """
    homes = rules.home_aggregates(
        cache.get(), specs.named_hosts(request_spec))
    if homes:
        group.aggregates = [homes]


def _fit_flavor(request_spec: objects.RequestSpec,
                request: utils.ResourceRequest) -> None:
    """Take the flavor's own number away, and say how groups go together.

    Nova asks for the flavor's disk only while no group asks for DISK_GB. It
    falls back to ``group_policy=none`` by itself when at most one group is
    the flavor's, but with a warning each time.
    """
    extra_specs = specs.extra_specs(request_spec)
    extra_specs.pop(_OVERRIDE, None)
    groups = request.get_num_of_suffixed_groups()
    policy = rules.policy_beside_disk(extra_specs.get(_GROUP_POLICY), groups)
    if policy is None and groups and request.suffixed_groups_from_flavor <= 1:
        policy = rules.NO_POLICY
    if policy is not None:
        extra_specs[_GROUP_POLICY] = policy
    specs.set_extra_specs(request_spec, extra_specs)
