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

"""What is closed is not asked for.

A trait in the query costs nothing and is never stale, while a filter would
find closed volumes and nodes only after Placement's result limit has cut
good ones off.
"""

from __future__ import annotations

from nova import context as nova_context
from nova import objects

from hv_sched.placement import names
from hv_sched.request_filters import disk_group
from hv_sched.request_filters import requested_disk
from hv_sched.request_filters import specs
from hv_sched.snapshot import cache

_FORBIDDEN = 'forbidden'


def avoid_closed(context: nova_context.RequestContext,
                 request_spec: objects.RequestSpec) -> bool:
    """Request filter: no closed volume, no paused or draining node.

    Only traits that Placement is known to know are named: it refuses the
    whole query for an unknown one.
    """
    snapshot = cache.get()
    traits = frozenset() if snapshot is None else snapshot.traits
    if names.PAUSED in traits:
        # Of the compute node itself, as Nova forbids its own
        # COMPUTE_STATUS_DISABLED.
        request_spec.root_forbidden.add(names.PAUSED)
    if names.NO_NEW_DISKS in traits:
        _forbid_on_disks(request_spec)
    return bool(traits)


def _forbid_on_disks(request_spec: objects.RequestSpec) -> None:
    """Forbid closed volumes wherever the request asks for a disk.

    In the unsuffixed group Placement drops a volume that has the trait and
    keeps nodes with a disk of their own; groups speak for themselves.
    """
    for group in specs.groups(request_spec):
        if names.DISK_GB in group.resources:
            group.forbidden_traits.add(names.NO_NEW_DISKS)
    extra_specs = specs.extra_specs(request_spec)
    outside = {group.requester_id for group in specs.groups(request_spec)}
    suffixes = {'', *requested_disk.by_group(request_spec)} - outside
    if disk_group.own_group(request_spec) is not None:
        suffixes.discard('')
    for suffix in suffixes:
        extra_specs.setdefault(
            f'trait{suffix}:{names.NO_NEW_DISKS}', _FORBIDDEN)
    specs.set_extra_specs(request_spec, extra_specs)
