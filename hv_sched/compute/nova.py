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


"""Servers and migrations from Nova's API, page by page.

Only what ``Server`` holds is kept of a page, so memory does not grow with
the cloud beyond a few words a server of the node in hand.

Nova leaves the servers of a cell that is down out of every list that has a
filter or pages, without a word; only ``os-services`` and a look at a single
server tell.
"""

from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
from email import utils as email_utils
import json
from typing import Any
from urllib import parse

from keystoneauth1 import adapter as ksa_adapter
from oslo_utils import timeutils

from hv_sched import exception
from hv_sched.compute import flavors
from hv_sched.compute import paging
from hv_sched.compute.hypervisors import HypervisorReport
from hv_sched.compute.instance_names import NamedServer
from hv_sched.compute.instance_names import NamedServers
from hv_sched.compute.servers import Changes
from hv_sched.compute.servers import DONE
from hv_sched.compute.servers import EVACUATION
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import Needs
from hv_sched.compute.servers import OPEN_STATUSES
from hv_sched.compute.servers import Server
from hv_sched.compute.servers import ServerLabel

# Nova 20 and newer: tells of servers in cells that do not answer (2.69) and
# pages migrations with their uuids (2.59). From 2.88 on the list of compute
# nodes has no cpu_info, and costs an RPC to each node for its uptime.
MICROVERSION = '2.80'
PAGE = 1000  # Nova's own [api]max_limit cuts it down where that is less
_FORBIDDEN = 403  # a 401 is no matter of roles: the token is not taken
_NOT_FOUND = 404
_FLAVORS = 1000
_ROLE = ('Nova does not let these credentials list servers of all projects: '
         'the admin role is needed (os_compute_api:servers:detail:'
         'get_all_tenants, os_compute_api:os-extended-server-attributes, '
         'os_compute_api:os-migrations:index, os_compute_api:os-hypervisors)')
_DELETED = 'DELETED'
_HYPERVISOR = 'OS-EXT-SRV-ATTR:hypervisor_hostname'
_INSTANCE_NAME = 'OS-EXT-SRV-ATTR:instance_name'
_SOFT_DELETED = {'status': 'SOFT_DELETED', 'deleted': 'true'}
# Nova leaves deleted ones out of lists that do not ask for changes.
_WITH_DELETED = {'changes-since': '1970-01-01T00:00:00Z'}
_LAUNCHED = 'OS-SRV-USG:launched_at'
_VOLUMES = 'os-extended-volumes:volumes_attached'
_ROOT = 'OS-EXT-SRV-ATTR:root_device_name'


class NovaServers:
    """``Servers`` and ``Cloud`` of a running Nova.

    :param adapter: to Nova, over a CheckedSession; openstacksdk's objects
        would take many times the memory
    """

    def __init__(self, adapter: ksa_adapter.Adapter) -> None:
        self._adapter = adapter
        self._hosts: dict[str, str] | None = None
        self._needs: dict[tuple[str, bool], Needs] = {}
        self._skew: datetime.timedelta | None = None

    def on_node(self, node: str) -> Mapping[str, Server]:
        """See ``Servers``; empty when Nova has no such node (any more).

        Also while any cell is down: Nova then lists no compute node.
        """
        if self._hosts is None:
            if not all(self.computes().values()):
                return {}
            self._hosts = dict(self._read_hosts())
        host = self._hosts.get(node)
        return {} if host is None else self.on_host(host)

    def on_host(self, host: str) -> Mapping[str, Server]:
        """See ``Cloud``."""
        return self._listed(host=host)

    def soft_deleted(self) -> Mapping[str, Server]:
        """See ``Cloud``; Nova leaves them out of all lists but this one."""
        return self._listed(**_SOFT_DELETED)

    def named_servers(self) -> NamedServers:
        """See ``instance_names.ServerNames``."""
        is_complete = all(self.computes().values())
        servers = tuple(
            NamedServer(record['id'], record[_INSTANCE_NAME],
                        record.get(_HYPERVISOR) or None)
            for query in ({}, _SOFT_DELETED)
            for record in self._pages('/servers/detail', 'servers',
                                      all_tenants='1', **query)
            if record.get(_INSTANCE_NAME))
        return NamedServers(servers, is_complete)

    def labels(self, uuids: Collection[str]) -> dict[str, ServerLabel]:
        """Names and nodes of those of these consumers that are servers."""
        return {record['id']: ServerLabel(
                    record.get('name') or '', record.get(_HYPERVISOR) or None)
                for query in ({}, _SOFT_DELETED)
                for record in self._pages('/servers/detail', 'servers',
                                          all_tenants='1', **query)
                if record['id'] in uuids}

    def _listed(self, **query: str) -> dict[str, Server]:
        servers = {}
        for record in self._pages('/servers/detail', 'servers',
                                  all_tenants='1', **query):
            if _HYPERVISOR not in record and record['status'] != 'UNKNOWN':
                raise exception.NovaDenied(_ROLE)
            servers[record['id']] = self._server(record)
        return servers

    def server(self, uuid: str) -> Server | None:
        """See ``Servers``; also finds soft-deleted ones."""
        body = self._find(f'/servers/{uuid}')
        if body is not None:
            return self._server(body['server'])
        return self._of_another_project(uuid)

    def _of_another_project(self, uuid: str) -> Server | None:
        """A server that only a list of all projects shows.

        By its uuid Nova shows one to administrators and to its own project,
        whatever the policy allows. A cell that is down hides none here:
        ``GET /servers/{uuid}`` has then answered with what is known.
        """
        for query in ({}, _SOFT_DELETED):
            if found := self._listed(uuid=uuid, **query).get(uuid):
                return found
        return None

    def computes(self) -> Mapping[str, bool]:
        """See ``Cloud``; Nova reports cells that are down from 2.69 on."""
        body = self._read('/os-services?binary=nova-compute')
        return {record['host']: record['status'] != 'UNKNOWN'
                for record in body['services']}

    def hosts(self) -> Mapping[str, str]:
        """See ``Cloud``; Nova answers 500 while a cell is down."""
        return dict(self._read_hosts())

    def node_names(self) -> Collection[str]:
        """See ``Servers``; Nova answers 500 while a cell is down."""
        return {record.get('hypervisor_hostname', '')
                for record in self._hypervisors()}

    def hypervisor_types(self) -> Mapping[str, str]:
        """See ``hypervisors.HypervisorTypes``."""
        return {node.uuid: node.kind for node in self.hypervisors()}

    def hypervisors(self) -> Collection[HypervisorReport]:
        """See ``hypervisors.Hypervisors``; Nova answers 500 while a cell is
        down.
        """
        return [_hypervisor(record) for record in self._hypervisors()]

    def resolved(self, server: Server) -> Server:
        """See ``Cloud``: administrators and its own project are told."""
        if server.root_device is None or server.needs_from_volume is None:
            return server
        body = self._find(f'/servers/{server.uuid}/os-volume_attachments')
        return dataclasses.replace(
            server, needs=_needs_beside(server, body), root_device=None,
            needs_from_volume=None)

    def was_server(self, uuid: str) -> bool:
        """See ``Cloud``: until deleted ones are archived.

        What was done to one is told to administrators and its own project;
        to others a list of all projects shows it.
        """
        if self._find(f'/servers/{uuid}/os-instance-actions') is not None:
            return True
        return any(record['id'] == uuid for record in self._pages(
            '/servers/detail', 'servers', all_tenants='1', uuid=uuid,
            **_WITH_DELETED))

    def waiting_evacuations(self) -> Mapping[str, Migration]:
        """See ``Cloud``."""
        return {record['instance_uuid']: _migration(record)
                for record in self._migrations(
                    status=DONE, migration_type=EVACUATION)}

    def changed_since(self, seconds: float) -> Collection[str]:
        """See ``Cloud``; Nova's clock is read from its answers."""
        return {record['instance_uuid'] for record in self._migrations(
            **self._since(seconds))}

    def moves_of(self, server: str) -> Sequence[Migration]:
        """See ``Cloud``."""
        return [_migration(record)
                for record in self._migrations(instance_uuid=server)]

    def resized_since(self, seconds: float | None) -> Collection[str]:
        """See ``Cloud``."""
        query = {} if seconds is None else self._since(seconds)
        return {record['instance_uuid'] for record in self._migrations(
            status='confirmed', migration_type='resize', **query)}

    def changes(self, seconds: float) -> Changes:
        """See ``Servers``."""
        since = self._since(seconds)
        servers = {
            record['id']: None if record['status'] == _DELETED
            else self._server(record)
            for record in self._pages('/servers/detail', 'servers',
                                      all_tenants='1', **since)}
        return Changes(servers, {
            record['uuid']: _migration(record)
            for record in self._migrations(**since)})

    def _since(self, seconds: float) -> dict[str, str]:
        """The query for what changed in the last seconds."""
        if self._skew is None:
            self.computes()
        since = self._now() - datetime.timedelta(seconds=seconds)
        return {'changes-since': since.strftime('%Y-%m-%dT%H:%M:%SZ')}

    def _now(self) -> datetime.datetime:
        """The time by Nova's clock, as its last answer gave it."""
        return datetime.datetime.now(datetime.timezone.utc) + (
            self._skew or datetime.timedelta())

    def closed_migrations(self, uuids: Collection[str]
                          ) -> Mapping[str, Migration]:
        """See ``Cloud``: newest first, only as far back as needed."""
        closed: dict[str, Migration] = {}
        if not uuids:
            return closed
        for record in self._migrations():
            if record['uuid'] in uuids:
                closed[record['uuid']] = _migration(record)
                if len(closed) == len(set(uuids)):
                    break
        return closed

    def open_migrations(self) -> Mapping[str, Migration]:
        """See ``Servers``; one request a status, few pages each."""
        return {record['uuid']: dataclasses.replace(
                    _migration(record), idle_seconds=self._idle(record))
                for status in OPEN_STATUSES
                for record in self._migrations(status=status)}

    def _idle(self, record: Mapping[str, Any]) -> float:
        try:
            written = timeutils.parse_isotime(
                record.get('updated_at') or record['created_at'])
        except (KeyError, TypeError, ValueError) as exc:
            raise exception.NovaUnavailable(
                f'Nova does not return when migration {record["uuid"]} last '
                'changed') from exc
        return (self._now() - written).total_seconds()

    def _migrations(self, **query: str) -> Iterator[dict[str, Any]]:
        return self._pages('/os-migrations', 'migrations',
                           marker_key='uuid', **query)

    def _read_hosts(self) -> Iterator[tuple[str, str]]:
        for record in self._hypervisors():
            yield record['id'], record['service']['host']

    def _hypervisors(self) -> Iterator[dict[str, Any]]:
        return self._pages('/os-hypervisors/detail', 'hypervisors')

    def _pages(self, path: str, key: str, marker_key: str = 'id',
               **query: str) -> Iterator[dict[str, Any]]:
        return paging.ending(self._each(path, key, marker_key, **query),
                             exception.NovaUnavailable,
                             f"Nova's pages of {path}")

    def _each(self, path: str, key: str, marker_key: str, **query: str
              ) -> Iterator[dict[str, Any]]:
        parameters = {**query, 'limit': str(PAGE)}
        while True:
            body = self._read(f'{path}?{parse.urlencode(parameters)}')
            page = body[key]
            yield from page
            if not any(link['rel'] == 'next'
                       for link in body.get(f'{key}_links', ())):
                return
            marker = page[-1][marker_key] if page else None
            if marker in (None, parameters.get('marker')):
                raise exception.NovaUnavailable(
                    f'Nova\'s pages of {path} do not end')
            parameters['marker'] = marker
            del body, page  # never two pages at once

    def _read(self, path: str) -> dict[str, Any]:
        """An answer that there always is."""
        return dict(self._get(path).json())

    def _find(self, path: str) -> dict[str, Any] | None:
        """The answer, None where there is no such thing."""
        response = self._get(path)
        return (None if response.status_code == _NOT_FOUND
                else dict(response.json()))

    def _get(self, path: str) -> Any:
        try:
            response = self._adapter.get(path, microversion=MICROVERSION)
        except exception.NovaDenied as exc:
            if exc.status == _FORBIDDEN:
                raise exception.NovaDenied(_ROLE, exc.status) from exc
            raise
        self._note_clock(response)
        return response

    def _note_clock(self, response: Any) -> None:
        """How far Nova's clock is from ours, by the Date of its answers."""
        if self._skew is not None:
            return
        try:
            date = email_utils.parsedate_to_datetime(
                response.headers['Date'])
        except (AttributeError, KeyError, TypeError, ValueError):
            return
        self._skew = date - datetime.datetime.now(datetime.timezone.utc)

    def _server(self, record: Mapping[str, Any]) -> Server:
        """A record of a cell that is down has neither states nor host."""
        states = 'OS-EXT-STS:vm_state' in record
        image, flavor = record.get('image'), record.get('flavor')
        server = Server(
            record['id'], record.get('OS-EXT-STS:vm_state'),
            record.get('OS-EXT-STS:task_state'), known=states,
            node=record.get(_HYPERVISOR) or None,
            launched=_LAUNCHED not in record or bool(record[_LAUNCHED]),
            project_id=record.get('tenant_id', ''),
            user_id=record.get('user_id', ''),
            updated=record.get('updated'),
            needs=self._needs_of(flavor, not image) if states else Needs())
        if not image or not record.get(_VOLUMES):
            return server
        # Its root disk is the image's or one of the volumes.
        return dataclasses.replace(
            server, root_device=record.get(_ROOT),
            needs_from_volume=self._needs_of(flavor, True))

    def _needs_of(self, flavor: Mapping[str, Any] | None, is_bfv: bool
                  ) -> Needs:
        """One value for all servers of a flavor: there are many."""
        key = json.dumps(flavor, sort_keys=True), is_bfv
        if key not in self._needs:
            if len(self._needs) >= _FLAVORS:
                self._needs.clear()
            self._needs[key] = flavors.needs_of(flavor, is_bfv)
        return self._needs[key]


def _needs_beside(server: Server, attachments: Mapping[str, Any] | None
                  ) -> Needs:
    """What a server with volumes needs; unknown where they are not told."""
    if attachments is None:
        return Needs()
    devices = {volume['device']
               for volume in attachments['volumeAttachments']}
    return (server.needs_from_volume or Needs()
            if server.root_device in devices else server.needs)


def _migration(record: Mapping[str, Any]) -> Migration:
    return Migration(
        record['uuid'], record['instance_uuid'], record['status'],
        record.get('dest_node') or None,
        record['old_instance_type_id'] == record['new_instance_type_id'],
        record.get('source_node') or None, record.get('migration_type'))


def _hypervisor(record: Mapping[str, Any]) -> HypervisorReport:
    vendor, features = _cpu(record.get('cpu_info'))
    return HypervisorReport(
        record['id'], record.get('hypervisor_hostname', ''),
        record.get('hypervisor_type') or '', record.get('state') == 'up',
        vendor, features)


def _cpu(info: Any) -> tuple[str, tuple[str, ...] | None]:
    """Vendor and features: what a driver writes there is its own affair."""
    if not isinstance(info, dict):
        return '', None
    vendor, features = info.get('vendor'), info.get('features')
    if not isinstance(features, list) or not all(
            isinstance(name, str) for name in features):
        features = None
    return (vendor if isinstance(vendor, str) else '',
            None if features is None else tuple(features))
