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

"""Reads a snapshot from Placement through Nova's own client."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from keystoneauth1 import exceptions as ks_exc
from nova import context as nova_context
from nova import objects
from nova.scheduler.client import report
from oslo_db import exception as db_exc
from oslo_log import log as logging

from hv_sched import exception
from hv_sched import homes
from hv_sched import volumes
from hv_sched.providers import ids
from hv_sched.providers import names

LOG = logging.getLogger(__name__)

# 1.39: any of several traits; Placement 9 (2023.1), the oldest, knows it.
_VERSION = '1.39'
# A URL must stay below the 8 kB that web servers take.
_AGGREGATES_A_REQUEST = 150
# Those that requests forbid.
_ASKED = (names.NO_NEW_DISKS, names.PAUSED)
_MARKS = (names.VOLUME, names.CLUSTERED)


class Unreadable(exception.Retriable):
    """Placement gave no usable answer."""


def read() -> volumes.Snapshot:
    """Read all volumes in a few requests, however many hosts there are.

    :raises Unreadable:
    """
    try:
        return _Reader().read()
    except ks_exc.ClientException as exc:
        raise Unreadable(str(exc) or type(exc).__name__) from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise Unreadable(
            f'its answer is not understood ({exc!r})') from exc


class _Reader:
    def __init__(self) -> None:
        self._client = report.report_client_singleton()

    def read(self) -> volumes.Snapshot:
        known = self._traits()
        if names.VOLUME not in known:
            return volumes.Snapshot({}, {}, {}, known)
        found = self._volumes()
        return volumes.Snapshot(
            volumes=found, homes=self._homes(sorted(found)),
            nodes=(self._owners(names.CLUSTERED)
                   if names.CLUSTERED in known else {}),
            traits=known)

    def _get(self, url: str) -> dict[str, Any]:
        response = self._client.get(url, version=_VERSION)
        if response.status_code != 200:
            raise Unreadable(
                f'GET {url[:100]} answered {response.status_code}: '
                f'{response.text[:200]}')
        return dict(response.json())

    def _traits(self) -> frozenset[str]:
        """Our traits that Placement knows, made known if they were not.

        A query that names an unknown trait is refused, and a volume may be
        closed by a trait created a moment ago.
        """
        asked = ','.join((*_ASKED, *_MARKS))
        known = set(self._get(f'/traits?name=in:{asked}')['traits'])
        known.update(self._get(
            f'/traits?name=startswith:{names.HYPERV}')['traits'])
        if names.VOLUME in known:
            known.update(trait for trait in _ASKED
                         if trait not in known and self._create(trait))
        return frozenset(known)

    def _create(self, trait: str) -> bool:
        response = self._client.put(f'/traits/{trait}', None,
                                    version=_VERSION)
        if response.status_code not in (201, 204):
            LOG.warning('Trait %s cannot be created, so no request asks for '
                        'it: %s %s', trait, response.status_code,
                        response.text[:200])
            return False
        return True

    def _owners(self, trait: str) -> dict[str, str]:
        found = self._get(f'/resource_providers?required={trait}')
        return {provider['uuid']: provider['name']
                for provider in found['resource_providers']}

    def _volumes(self) -> dict[str, volumes.Volume]:
        # Asked for the escrow class, which never runs out: a full volume
        # would be absent if asked for its DISK_GB.
        found = self._get(
            f'/allocation_candidates?resources={names.HELD_DISK_GB}:1'
            f'&required={names.VOLUME}')['provider_summaries']
        titles = self._owners(names.VOLUME)
        return {uuid: self._volume(uuid, titles.get(uuid, uuid), summary)
                for uuid, summary in found.items()
                if names.VOLUME in summary['traits']}

    def _volume(self, uuid: str, title: str,
                summary: Mapping[str, Any]) -> volumes.Volume:
        resources = summary['resources']
        disk = resources.get(names.DISK_GB, {'capacity': 0, 'used': 0})
        held = resources[names.HELD_DISK_GB]['used']
        return volumes.Volume(
            uuid=uuid, name=title, capacity_gb=disk['capacity'],
            used_gb=disk['used'], traits=frozenset(summary['traits']),
            held_gb=self._held_by_servers(uuid) if held else 0)

    def _held_by_servers(self, volume: str) -> int:
        held = {
            consumer: amounts['resources'][names.HELD_DISK_GB]
            for consumer, amounts in self._get(
                f'/resource_providers/{volume}/allocations'
            )['allocations'].items()
            if names.HELD_DISK_GB in amounts['resources']}
        servers = _servers_among(list(held))
        return sum(amount for consumer, amount in held.items()
                   if consumer in servers)

    def _homes(self, known: Sequence[str]) -> homes.Homes:
        return homes.read_homes(known, self._members) if known else {}

    def _members(self, some: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for start in range(0, len(some), _AGGREGATES_A_REQUEST):
            aggregates = ','.join(map(
                ids.home_aggregate,
                some[start:start + _AGGREGATES_A_REQUEST]))
            found.update(provider['uuid'] for provider in self._get(
                f'/resource_providers?member_of=in:{aggregates}'
            )['resource_providers'])
        return found.difference(some)


def _servers_among(consumers: list[str]) -> set[str]:
    """Which consumers are servers; the others are migrations.

    The API database tells; no cell is read. Unknown counts as a server: that
    gives less room away.
    """
    try:
        found = objects.InstanceMappingList.get_by_instance_uuids(
            nova_context.get_admin_context(), consumers)
    except db_exc.DBError as exc:
        LOG.warning('Which escrow is a server\'s cannot be read: %s', exc)
        return set(consumers)
    return {mapping.instance_uuid for mapping in found}
