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

"""What a server was built with, from Nova's own record.

Nova's image object drops the properties it has no field for
(``os_shielded_vm``, ``os_vtpm``, ``hw_cpu_features``), but the server's own
record keeps all, cut at 255 characters: in the build request of the API
database while it is being created, in its cell afterwards (the same in Nova
27, 28 and 34: ``nova.utils.get_system_metadata_from_image``). So neither
Glance nor the image need be there, and a server that boots from a volume has
the properties of the volume's image. Where the record does not hold, see
``image_properties``.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses

from nova import block_device
from nova import context as nova_context
from nova import exception
from nova import objects
from nova import utils
from oslo_db import exception as db_exc
from oslo_utils import strutils

from hv_sched import requirements
from hv_sched.request_filters import refusal

_CONFIG_DRIVE = 'img_config_drive'


@dataclasses.dataclass(frozen=True)
class Record:
    """What Nova recorded of a server.

    :param disks: what it starts with, None when it exists already
    :param flavor_id: of a server that exists already
    :param extra_specs: of that flavor
    :param node: name of the compute node it is on, if any
    :param image_id: the image it runs when the record is of another one, to
        which a rebuild failed
    :param lost: the first server of several was deleted while they are
        being created, and its record with it
    """

    image: dict[str, str]
    disks: requirements.Disks | None = None
    flavor_id: str | None = None
    node: str | None = None
    image_id: str | None = None
    lost: bool = False
    extra_specs: Mapping[str, str] = dataclasses.field(default_factory=dict)


_NOTHING = Record({})


def of(request_spec: objects.RequestSpec) -> Record:
    """The record of the server a request is for.

    :raises RequestFilterFailed: it cannot be read
    """
    uuid = (request_spec.instance_uuid if 'instance_uuid' in request_spec
            else None)
    if not uuid:
        return _NOTHING
    with _readable(uuid):
        try:
            return _read(nova_context.get_admin_context(), uuid, request_spec)
        except exception.NotFound:  # deleted meanwhile
            return dataclasses.replace(_NOTHING, lost=bool(
                'num_instances' in request_spec
                and request_spec.num_instances > 1))


def image_id(request_spec: objects.RequestSpec) -> str | None:
    """The image of a request, None for a server on a volume."""
    image = request_spec.image if 'image' in request_spec else None
    return image.id if image and 'id' in image else None


def _read(context: nova_context.RequestContext, uuid: str,
          request_spec: objects.RequestSpec) -> Record:
    mapping = objects.InstanceMapping.get_by_instance_uuid(context, uuid)
    if mapping.cell_mapping is None:
        request = objects.BuildRequest.get_by_instance_uuid(context, uuid)
        return Record(_image(request.instance), disks=_disks(request))
    with nova_context.target_cell(context, mapping.cell_mapping) as cell:
        server = objects.Instance.get_by_uuid(
            cell, uuid, expected_attrs=['system_metadata', 'flavor'])
    recorded = _image(server)
    flavor = server.flavor
    return Record(recorded, flavor_id=flavor.flavorid, node=server.node,
                  extra_specs=dict(flavor.extra_specs or {})
                  if 'extra_specs' in flavor else {},
                  image_id=_running_image(server, recorded, request_spec))


def _running_image(server: objects.Instance, recorded: dict[str, str],
                   request_spec: objects.RequestSpec) -> str | None:
    """After a rebuild that found no host, Nova sets only the id back."""
    requested = image_id(request_spec)
    if server.image_ref and requested and requested != server.image_ref and (
            requested == recorded.get('base_image_ref')):
        return str(server.image_ref)
    return None


def _disks(request: objects.BuildRequest) -> requirements.Disks:
    """Those Nova makes for ephemeral space are among the mappings."""
    server = request.instance
    wants_drive = 'config_drive' in server and strutils.bool_from_string(
        server.config_drive)
    return requirements.Disks(
        tuple(mapping.disk_bus or ''
              for mapping in request.block_device_mappings
              if mapping.boot_index != 0
              and not block_device.new_format_is_swap(mapping)),
        wants_drive or _image(server).get(_CONFIG_DRIVE) == 'mandatory')


def _image(server: objects.Instance) -> dict[str, str]:
    prefix = utils.SM_IMAGE_PROP_PREFIX
    metadata = server.system_metadata if 'system_metadata' in server else {}
    return {key.removeprefix(prefix): value for key, value in metadata.items()
            if key.startswith(prefix)}


@contextlib.contextmanager
def _readable(uuid: str) -> Iterator[None]:
    try:
        yield
    except (db_exc.DBError, exception.CellTimeout) as exc:
        raise refusal.Refused(
            refusal.TRY_LATER,
            f'Nova\'s record of server {uuid} cannot be read: {exc}') from exc
