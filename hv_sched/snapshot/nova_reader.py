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

import dataclasses
from typing import Any

from keystoneauth1 import exceptions as ks_exc
from nova import context as nova_context
from nova import objects
import nova.conf
from nova.scheduler.client import report
from oslo_db import exception as db_exc
from oslo_log import log as logging

from hv_sched import conf
from hv_sched import exception
from hv_sched.snapshot import reader
from hv_sched.snapshot import scarcity
from hv_sched.snapshot import scarcity_reader
from hv_sched.snapshot import volumes

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)
conf.register_opts(CONF)

# 1.39: any of several traits; Placement 9 (2023.1), the oldest, knows it.
_VERSION = '1.39'


class Unreadable(exception.Retriable):
    """Placement gave no usable answer."""


def read() -> volumes.Snapshot:
    """Read all volumes in a few requests, however many there are.

    One more, and one for each feature, tells what free nodes can do.

    :raises Unreadable:
    """
    try:
        found = reader.Reader(
            _get, _ensure_trait, _servers_among).read()
        return dataclasses.replace(
            found, free_nodes=_free_nodes(found.traits))
    except ks_exc.ClientException as exc:
        raise Unreadable(str(exc) or type(exc).__name__) from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise Unreadable(
            f'its answer is not understood ({exc!r})') from exc


def _get(url: str) -> dict[str, Any]:
    response = report.report_client_singleton().get(url, version=_VERSION)
    if response.status_code != 200:
        raise Unreadable(
            f'GET {url[:100]} answered {response.status_code}: '
            f'{response.text[:200]}')
    return dict(response.json())


def _free_nodes(known: frozenset[str]) -> scarcity.Scarcity:
    """What nodes with room can do; a wish, so it may stay unknown."""
    try:
        return scarcity_reader.read(
            _get, known, CONF.hv_sched.survivable_features)
    except Unreadable as exc:
        LOG.warning('What nodes can do is not read, so none is spared: '
                    '%s', exc)
        return scarcity.NOT_KNOWN


def _ensure_trait(trait: str) -> bool:
    """Make a trait known; a query that names an unknown one is refused."""
    response = report.report_client_singleton().put(
        f'/traits/{trait}', None, version=_VERSION)
    if response.status_code not in (201, 204):
        LOG.warning('Trait %s cannot be created, so no request asks for '
                    'it: %s %s', trait, response.status_code,
                    response.text[:200])
        return False
    return True


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
