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


"""The disk a RequestSpec asks for: how much, of what medium, or none.

How much is ``hv_sched.compute.flavors.disk_by_group``, as for a server that
is audited and in the query that is explained.
"""

from __future__ import annotations

from nova import objects
from nova.scheduler import utils

from hv_sched.compute import flavors
from hv_sched.placement import names
from hv_sched.query.candidates_query import Group
from hv_sched.request_filters import specs
from hv_sched.request_filters import volume_traits


def by_group(request_spec: objects.RequestSpec) -> dict[str, int]:
    """GiB by the suffix of the request group, '' for the unsuffixed one."""
    flavor = request_spec.flavor
    return flavors.disk_by_group(
        {'root_gb': flavor.root_gb, 'ephemeral_gb': flavor.ephemeral_gb,
         'swap_mb': flavor.swap,
         'extra_specs': specs.extra_specs(request_spec)},
        'is_bfv' in request_spec and bool(request_spec.is_bfv),
        {group.requester_id: group.resources[names.DISK_GB]
         for group in specs.groups(request_spec)
         if names.DISK_GB in group.resources})


def size_gb(request_spec: objects.RequestSpec) -> int:
    """GiB in all groups together."""
    return sum(by_group(request_spec).values())


def demands(request_spec: objects.RequestSpec) -> list[Group]:
    """What is asked of the providers of the disk, group by group.

    In a suffixed group every trait is the disk's provider's, in the
    unsuffixed one only those of volumes are.
    """
    own = objects.RequestGroup()
    volume_traits.move_to_group(request_spec.obj_clone(), own)
    request = utils.ResourceRequest.from_request_spec(request_spec)
    return [_traits_of(group) for group in (own, *(
        request.get_request_group(suffix)
        for suffix in by_group(request_spec) if suffix))]


def drop(request_spec: objects.RequestSpec) -> None:
    """Ask for no disk, nor for traits of the provider of one."""
    volume_traits.move_to_group(request_spec, objects.RequestGroup())
    specs.set_extra_specs(request_spec, flavors.without_disk(
        specs.extra_specs(request_spec)))
    groups = specs.groups(request_spec)
    if any(names.DISK_GB in group.resources for group in groups):
        request_spec.requested_resources = [
            group for group in map(_without_disk, groups) if group.resources]


def _traits_of(group: objects.RequestGroup) -> Group:
    return Group(required=frozenset(group.required_traits),
                 forbidden=frozenset(group.forbidden_traits))


def _without_disk(group: objects.RequestGroup) -> objects.RequestGroup:
    group = group.obj_clone()
    group.resources.pop(names.DISK_GB, None)
    return group
