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

"""Reading and changing a RequestSpec, whose fields may all be unset.

The flavor and image of a spec may be shared with others, so a change is made
on a clone.
"""

from __future__ import annotations

from nova import objects
from nova.objects import fields

_REQUIRED = fields.SecureBoot.REQUIRED
_OPTIONAL = fields.SecureBoot.OPTIONAL


def extra_specs(request_spec: objects.RequestSpec) -> dict[str, str]:
    """A copy of the flavor's extra specs."""
    flavor = request_spec.flavor
    return dict(flavor.extra_specs or {}) if 'extra_specs' in flavor else {}


def set_extra_specs(request_spec: objects.RequestSpec,
                    specs: dict[str, str]) -> None:
    """Give the request other extra specs."""
    if specs != extra_specs(request_spec):
        request_spec.flavor = request_spec.flavor.obj_clone()
        request_spec.flavor.extra_specs = specs


def image_traits(request_spec: objects.RequestSpec) -> list[str]:
    """Traits that the image requires."""
    image = request_spec.image if 'image' in request_spec else None
    if not image or 'properties' not in image:
        return []
    return list(image.properties.get('traits_required', []))


def set_image_traits(request_spec: objects.RequestSpec,
                     traits: list[str]) -> None:
    """Let the image require other traits."""
    if traits != image_traits(request_spec):
        request_spec.image = request_spec.image.obj_clone()
        request_spec.image.properties.traits_required = traits


def forget_secure_boot(request_spec: objects.RequestSpec) -> None:
    """Let Nova itself ask for no secure boot."""
    set_extra_specs(request_spec, {
        key: value for key, value in extra_specs(request_spec).items()
        if key != 'os:secure_boot'})
    image = request_spec.image if 'image' in request_spec else None
    if image and 'properties' in image and (
            image.properties.get('os_secure_boot') == _REQUIRED):
        request_spec.image = image.obj_clone()
        request_spec.image.properties.os_secure_boot = _OPTIONAL


def groups(request_spec: objects.RequestSpec) -> list[objects.RequestGroup]:
    """The request groups that do not come from the flavor."""
    if 'requested_resources' not in request_spec:
        return []
    return list(request_spec.requested_resources or [])


def forced_hosts(request_spec: objects.RequestSpec) -> set[str]:
    """Hosts and nodes for which Nova runs no filter."""
    hosts: set[str] = set()
    for field in ('force_hosts', 'force_nodes'):
        if field in request_spec:
            hosts.update(getattr(request_spec, field) or ())
    return hosts - {None, ''}


def named_hosts(request_spec: objects.RequestSpec) -> set[str]:
    """Hosts and nodes the request is bound to."""
    hosts = forced_hosts(request_spec)
    target = destination(request_spec)
    for field in ('host', 'node'):
        if target is not None and field in target:
            hosts.add(getattr(target, field))
    return hosts - {None, ''}


def names_aggregate(request_spec: objects.RequestSpec) -> bool:
    """Whether hosts must be in an aggregate: availability zone, tenant."""
    target = destination(request_spec)
    return (target is not None and 'aggregates' in target
            and bool(target.aggregates))


def destination(request_spec: objects.RequestSpec,
                ) -> objects.Destination | None:
    """What the request says about where to go."""
    if 'requested_destination' not in request_spec:
        return None
    return request_spec.requested_destination


def may_leave_cell(request_spec: objects.RequestSpec) -> bool:
    """Whether a resize may end in another cell, by way of an image."""
    requested = destination(request_spec)
    return bool(requested is not None
                and 'allow_cross_cell_move' in requested
                and requested.allow_cross_cell_move)


def stay_in_cell(request_spec: objects.RequestSpec,
                 cell: objects.CellMapping) -> None:
    """Let a resize that might leave it go to hosts of a cell alone.

    Nova reads the cell only where no other one is allowed
    (nova/scheduler/host_manager.py, get_host_states_by_uuids()).
    """
    requested = destination(request_spec)
    if requested is not None and may_leave_cell(request_spec):
        requested.cell = cell
        requested.allow_cross_cell_move = False
