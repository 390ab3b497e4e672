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


"""Which operation a scheduling request belongs to.

A request says so of a rebuild only. For the others the API database tells
whether the server is in a cell yet (a server being created is not), and its
cell tells what it is doing.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses

from nova import context as nova_context
from nova import exception
from nova import objects
from nova import servicegroup
from nova.compute import task_states
from oslo_db import exception as db_exc

from hv_sched import printable
from hv_sched.request_filters import refusal

LOG = printable.logger(__name__)

LIVE = 'live-migration'
EVACUATION = 'evacuation'
COLD = 'migration'
RESIZE = 'resize'

# MigrationList.get_in_progress_by_instance() misses the states in which a
# move is scheduled: accepted (live, evacuation), pre-migrating (cold).
_OPEN = ('accepted', 'queued', 'pre-migrating', 'preparing', 'running',
         'migrating', 'post-migrating')
# A record that a crash left open is no sign of a move: the server must be
# in the state Nova's API puts it in for that kind.
_KINDS = {task_states.MIGRATING: (LIVE,),
          task_states.REBUILDING: (EVACUATION,),
          task_states.RESIZE_PREP: (COLD, RESIZE)}


@dataclasses.dataclass(frozen=True)
class Operation:
    """A move that is being scheduled.

    Nova's record of a live migration does not say where the server is while
    it is scheduled.

    :param kind: Nova's migration_type
    :param node: the name of the node Nova's record of the server names;
        what is charged may be another after a failover
    """

    kind: str
    server: str
    migration: str
    cell: objects.CellMapping
    node: str | None = None


def of(request_spec: objects.RequestSpec) -> Operation | None:
    """The move a request belongs to, None for a server's creation.

    :raises RequestFilterFailed: the server's cell cannot be read
    """
    mapping = _instance_mapping(request_spec)
    if mapping is None or mapping.cell_mapping is None:
        return None
    with _readable(mapping.instance_uuid), nova_context.target_cell(
            nova_context.get_admin_context(), mapping.cell_mapping) as cell:
        return _newest(cell, mapping)


def hosts_up(move: Operation, nodes: Iterable[str]) -> dict[str, str]:
    """Nodes whose service is running: its host by the node's provider uuid.

    :raises RequestFilterFailed: the cell cannot be read
    """
    services = servicegroup.API()
    with _readable(move.server), nova_context.target_cell(
            nova_context.get_admin_context(), move.cell) as cell:
        up = {service.host for service in objects.ServiceList.get_by_binary(
            cell, 'nova-compute') if services.service_is_up(service)}
        return {node.uuid: node.host
                for node in objects.ComputeNodeList.get_all_by_uuids(
                    cell, sorted(nodes)) if node.host in up}


def _instance_mapping(request_spec: objects.RequestSpec,
                      ) -> objects.InstanceMapping | None:
    uuid = (request_spec.instance_uuid
            if 'instance_uuid' in request_spec else None)
    if not uuid:
        return None
    try:
        return objects.InstanceMapping.get_by_instance_uuid(
            nova_context.get_admin_context(), uuid)
    except exception.InstanceMappingNotFound:
        return None


def _newest(cell: nova_context.RequestContext,
            mapping: objects.InstanceMapping) -> Operation | None:
    server = mapping.instance_uuid
    try:
        instance = objects.Instance.get_by_uuid(
            cell, server, expected_attrs=[])
    except exception.InstanceNotFound:
        return None
    task = instance.task_state
    if task not in _KINDS:
        return None
    migrations = [
        migration for migration in objects.MigrationList.get_by_filters(
            cell, {'instance_uuid': server, 'status': list(_OPEN)})
        if migration.migration_type in _KINDS[task]]
    if not migrations:
        LOG.warning('Server %s is %s but has no open migration: it is '
                    'scheduled as Nova does without hv_sched', server, task)
        return None
    newest = max(migrations, key=lambda migration: migration.id)
    return Operation(newest.migration_type, server, newest.uuid,
                     mapping.cell_mapping, instance.node)


@contextlib.contextmanager
def _readable(server: str) -> Iterator[None]:
    try:
        yield
    except db_exc.DBError as exc:
        raise refusal.Refused(
            refusal.TRY_LATER, f'the cell database of server {server} cannot '
            f'be read, so its move is refused: {exc}') from exc
