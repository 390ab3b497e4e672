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


"""What a moving server and its migration hold while they are scheduled.

Several request filters need it; it is read once.
"""

from __future__ import annotations

import dataclasses

from nova import objects

from hv_sched.placement.consumers import Consumer
from hv_sched.request_filters import operation
from hv_sched.request_filters import request_state
from hv_sched.request_filters.request_state import Holdings
from hv_sched.shares import escrow
from hv_sched.snapshot import nova_transport
from hv_sched.snapshot import volumes

# What a provider that is a node gives to every server, but no volume does.
_COMPUTE = frozenset(('VCPU', 'PCPU', 'MEMORY_MB'))


def of(request_spec: objects.RequestSpec) -> Holdings | None:
    """What the consumers of the move hold; None for a server's creation.

    :raises RequestFilterFailed: the server's cell cannot be read
    :raises PlacementError:
    """
    state = request_state.of(request_spec)
    if state.holdings is None:
        move = operation.of(request_spec)
        if move is None:
            return None
        migration = (None if move.kind == operation.EVACUATION else
                     nova_transport.placement().consumer(move.migration))
        held = Holdings(move, None, migration)
        state.holdings = held if _tells_all(held, request_spec) else (
            with_server(held))
    return state.holdings


def with_server(held: Holdings) -> Holdings:
    """The same with what the server itself holds.

    :raises PlacementError:
    """
    return dataclasses.replace(
        held, server=nova_transport.placement().consumer(held.move.server),
        server_is_read=True)


def _tells_all(held: Holdings, request_spec: objects.RequestSpec) -> bool:
    """Whether the server holds nothing that matters.

    Nova gave all of it to the migration before it asks for the first
    destination of a live migration, and where the migration has the share
    the form of the move is decided by that alone (escrow.copies). Should the
    server have anything all the same, the hand-over is refused by the
    consumer's generation, and reads both.
    """
    if held.move.kind != operation.LIVE or held.migration is None:
        return False
    ignored = (request_spec.ignore_hosts
               if 'ignore_hosts' in request_spec else None) or ()
    return len(ignored) <= 1 and bool(escrow.shares_of(
        held.migration, held.migration.held.keys() - nodes(held.migration)))


def forget(request_spec: objects.RequestSpec) -> None:
    """Read them again for the next scheduling with the same spec."""
    request_state.of(request_spec).holdings = None


def on_volume(consumers: tuple[Consumer | None, ...],
              snapshot: volumes.Snapshot) -> bool:
    """Whether any of the consumers has a share of a Hyper-V volume."""
    on = snapshot.hyperv_volumes
    return any(escrow.shares_of(consumer, on)
               for consumer in consumers)


def nodes(consumer: Consumer | None) -> frozenset[str]:
    """Provider uuids of the nodes a consumer is on."""
    return frozenset(
        provider for provider, resources
        in (consumer.held.items() if consumer else ())
        if not _COMPUTE.isdisjoint(resources))


def hyperv_sources(held: Holdings, snapshot: volumes.Snapshot
                   ) -> frozenset[str]:
    """Provider uuids of the nodes of clusters the server moves away from.

    A node that left its cluster counts while the server's share is on the
    cluster's volume.
    """
    sources = nodes(held.migration)
    if on_volume(held.consumers, snapshot):
        return sources
    return sources & (snapshot.nodes.keys() - snapshot.without_hyperv)


def unknown_volume(consumers: tuple[Consumer | None, ...],
                   snapshot: volumes.Snapshot) -> bool:
    """Whether a disk is on what is no node, nor a volume of the snapshot."""
    return any(
        escrow.shares_of(consumer, consumer.held.keys()
                         - nodes(consumer) - snapshot.volumes.keys())
        for consumer in consumers if consumer)
