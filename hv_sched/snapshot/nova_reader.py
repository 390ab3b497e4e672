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

from collections.abc import Iterable
import dataclasses

from nova import context as nova_context
from nova import objects
import nova.conf
from oslo_db import exception as db_exc

from hv_sched import conf
from hv_sched import exception
from hv_sched import printable
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import INSTANCE
from hv_sched.placement.consumers import MIGRATION
from hv_sched.snapshot import nova_transport
from hv_sched.snapshot import reader
from hv_sched.snapshot import scarcity
from hv_sched.snapshot import scarcity_reader
from hv_sched.snapshot import volumes

CONF = nova.conf.CONF
LOG = printable.logger(__name__)
conf.register_opts(CONF)


def read() -> volumes.Snapshot:
    """Read all volumes in a few requests, however many there are.

    One more, and one for each feature, tells what free nodes can do.

    :raises PlacementError: Placement gave no usable answer
    """
    placement = nova_transport.placement()
    snapshot = _reader(placement).read()
    return dataclasses.replace(
        snapshot, free_nodes=_free_nodes(placement, snapshot.traits))


def read_volume(uuid: str, name: str) -> volumes.VolumeState | None:
    """One volume as it is now, None when it is none any more.

    :param name: its provider's
    :raises PlacementError: Placement gave no usable answer
    """
    return _reader(nova_transport.placement()).read_volume(uuid, name)


def _reader(placement: Placement) -> reader.SnapshotReader:
    return reader.SnapshotReader(
        placement, lambda trait: _ensure_trait(placement, trait),
        _types_of)


def _free_nodes(placement: Placement, traits: frozenset[str]
                ) -> scarcity.Scarcity:
    """What nodes with room can do; a preference, so it may stay unknown."""
    try:
        return scarcity_reader.read(
            placement, traits, CONF.hv_sched.survivable_features)
    except exception.PlacementError as exc:
        LOG.warning('The features of the nodes cannot be read, so nodes with '
                    'rare features are not kept free: %s', exc)
        return scarcity.NOT_KNOWN


def _ensure_trait(placement: Placement, trait: str) -> bool:
    """Make a trait known; a query that names an unknown one is refused."""
    try:
        placement.ensure_trait(trait)
    except exception.PlacementError as exc:
        LOG.warning('Trait %s cannot be created, so no request asks for '
                    'it: %s', trait, exc)
        return False
    return True


def _types_of(uuids: Iterable[str]) -> dict[str, str]:
    """What consumers of escrow are: in Nova a server or a migration.

    The API database tells; no cell is read. Unknown, it counts as owed: that
    gives less room away.
    """
    consumer_uuids = list(uuids)
    try:
        mappings = objects.InstanceMappingList.get_by_instance_uuids(
            nova_context.get_admin_context(), consumer_uuids)
    except db_exc.DBError as exc:
        LOG.warning('Which escrow is a server\'s cannot be read: %s', exc)
        return {}
    servers = {mapping.instance_uuid for mapping in mappings}
    return {uuid: INSTANCE if uuid in servers else MIGRATION
            for uuid in consumer_uuids}
