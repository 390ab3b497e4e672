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

"""What a server is built with: every image property, as the user gave it.

Nova's image object drops the properties it has no field for
(``os_shielded_vm``, ``os_vtpm``, ``hw_cpu_features``), but the server's own
record keeps all, cut at 255 characters: in the build request of the API
database while it is being created, in its cell afterwards. So neither Glance
nor the image need be there, and a server that boots from a volume has the
properties of the volume's image.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import dataclasses

from nova import context as nova_context
from nova import exception
from nova import objects
from nova import utils
from oslo_db import exception as db_exc


@dataclasses.dataclass(frozen=True)
class Record:
    """What Nova recorded of a server.

    :param disks: how many it starts with, 0 when not known
    :param flavor_id: of a server that exists already
    """

    image: dict[str, str]
    disks: int = 0
    flavor_id: str | None = None


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
            return _read(nova_context.get_admin_context(), uuid)
        except exception.NotFound:  # deleted meanwhile
            return _NOTHING


def _read(context: nova_context.RequestContext, uuid: str) -> Record:
    mapping = objects.InstanceMapping.get_by_instance_uuid(context, uuid)
    if mapping.cell_mapping is None:
        request = objects.BuildRequest.get_by_instance_uuid(context, uuid)
        return Record(_image(request.instance),
                      len(request.block_device_mappings))
    with nova_context.target_cell(context, mapping.cell_mapping) as cell:
        server = objects.Instance.get_by_uuid(
            cell, uuid, expected_attrs=['system_metadata', 'flavor'])
        return Record(_image(server), flavor_id=server.flavor.flavorid)


def _image(server: objects.Instance) -> dict[str, str]:
    prefix = utils.SM_IMAGE_PROP_PREFIX
    found = server.system_metadata if 'system_metadata' in server else {}
    return {key.removeprefix(prefix): value for key, value in found.items()
            if key.startswith(prefix)}


@contextlib.contextmanager
def _readable(uuid: str) -> Iterator[None]:
    try:
        yield
    except (db_exc.DBError, exception.CellTimeout) as exc:
        raise exception.RequestFilterFailed(
            reason=f'what server {uuid} is built with cannot be read: {exc}'
        ) from exc
