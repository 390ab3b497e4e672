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
"""

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from urllib import parse

from keystoneauth1 import exceptions as ksa_exceptions
import tenacity

from hv_sched import exception
from hv_sched.shares.servers import Migration
from hv_sched.shares.servers import OPEN_STATUSES
from hv_sched.shares.servers import Server

# Nova 20 and newer: tells of servers in cells that do not answer (2.69) and
# pages migrations with their uuids (2.59).
MICROVERSION = '2.80'
PAGE = 200
_ATTEMPTS = 4
_DENIED = (401, 403)
_ROLE = ("Nova lets these credentials not see all projects' servers: adopt "
         'and retire need the admin role (os_compute_api:servers:detail:'
         'get_all_tenants, os_compute_api:os-extended-server-attributes, '
         'os_compute_api:os-migrations:index, os_compute_api:os-hypervisors)')
_HYPERVISOR = 'OS-EXT-SRV-ATTR:hypervisor_hostname'


class NovaServers:
    """``Servers`` of a running Nova.

    :param adapter: a keystoneauth1 Adapter for service type compute, such
        as openstacksdk's ``connection.compute``
    """

    def __init__(self, adapter: Any) -> None:
        self._adapter = adapter
        self._hosts: dict[str, str] | None = None

    def on_node(self, node: str) -> Mapping[str, Server]:
        """See ``Servers``; empty when Nova has no such node (any more)."""
        if self._hosts is None:
            self._hosts = dict(self._read_hosts())
        host = self._hosts.get(node)
        if host is None:
            return {}
        found = {}
        for record in self._pages('/servers/detail', 'servers',
                                  all_tenants='1', host=host):
            if _HYPERVISOR not in record and record['status'] != 'UNKNOWN':
                raise exception.NovaDenied(_ROLE)
            found[record['id']] = _server(record)
        return found

    def server(self, uuid: str) -> Server | None:
        """See ``Servers``; also finds soft-deleted ones."""
        body = self._get(f'/servers/{uuid}')
        return None if body is None else _server(body['server'])

    def open_migrations(self) -> Mapping[str, Migration]:
        """See ``Servers``; one request a status, few pages each."""
        return {record['uuid']: _migration(record)
                for status in OPEN_STATUSES
                for record in self._pages('/os-migrations', 'migrations',
                                          marker_key='uuid', status=status)}

    def _read_hosts(self) -> Iterator[tuple[str, str]]:
        for record in self._pages('/os-hypervisors/detail', 'hypervisors'):
            yield record['id'], record['service']['host']

    def _pages(self, path: str, key: str, marker_key: str = 'id',
               **query: str) -> Iterator[dict[str, Any]]:
        asked = {**query, 'limit': str(PAGE)}
        while True:
            body = self._get(f'{path}?{parse.urlencode(asked)}')
            page = body[key] if body else []
            yield from page
            if not any(link['rel'] == 'next'
                       for link in (body or {}).get(f'{key}_links', ())):
                return
            asked['marker'] = page[-1][marker_key]

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(exception.NovaUnavailable),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=0.25, max=4),
        reraise=True)
    def _get(self, path: str) -> dict[str, Any] | None:
        """The answer, None for 404."""
        try:
            response = self._adapter.get(
                path, microversion=MICROVERSION, raise_exc=False)
        except ksa_exceptions.RetriableConnectionFailure as exc:
            raise exception.NovaUnavailable(
                f'Nova cannot be reached: {exc}') from exc
        except ksa_exceptions.ClientException as exc:
            raise exception.NovaDenied(f'Nova: {exc}') from exc
        status = response.status_code
        if status == 404:
            return None
        if status in _DENIED:
            raise exception.NovaDenied(_ROLE)
        if status >= 500:
            raise exception.NovaUnavailable(
                f'Nova answered {status} to GET {path}')
        if status >= 400:
            raise exception.NovaDenied(
                f'Nova answered {status} to GET {path}: {response.text}')
        return dict(response.json())


def _server(record: Mapping[str, Any]) -> Server:
    """A record of a cell that is down has neither states nor host."""
    return Server(record['id'], record.get('OS-EXT-STS:vm_state'),
                  record.get('OS-EXT-STS:task_state'),
                  known='OS-EXT-STS:vm_state' in record)


def _migration(record: Mapping[str, Any]) -> Migration:
    return Migration(
        record['uuid'], record['instance_uuid'], record['status'],
        record.get('dest_node') or None,
        record['old_instance_type_id'] == record['new_instance_type_id'])
