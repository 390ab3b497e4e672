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


"""What hv_sched remembers of a scheduling request while it is served.

It lives on Nova's RequestSpec, as long as the spec: request filters leave
here what the host filters and weighers need to know, and the filters what the
weighers do. Nothing of it leaves nova-scheduler.
"""

from __future__ import annotations

import collections
from collections.abc import Mapping
import dataclasses
from typing import Any

from nova import objects

from hv_sched import requirements
from hv_sched.placement.consumers import Consumer
from hv_sched.request_filters import operation
from hv_sched.request_filters.pending_move import PendingMove
from hv_sched.snapshot import volumes

_ATTRIBUTE = '_hv_sched_state'


@dataclasses.dataclass(frozen=True)
class RequestedFeatures:
    """What flavor and image ask for, and whether the query says so.

    :param runs_already: the server was built with it: faults of flavor and
        image are no reason to refuse a move
    """

    requirements: requirements.Requirements
    runs_already: bool = False
    in_query: bool = False


@dataclasses.dataclass
class EarlierPicks:
    """The servers of one request that already have a host.

    :param instances: each host state by (host, node), with the number of
        instances it had when it was last looked at
    :param taken_gb: DISK_GB taken of a provider, by its uuid
    :param servers: how many servers went to a provider
    :param first_host: the host that was the first to use a provider
    """

    instances: dict[tuple[str, str], tuple[Any, int]] = dataclasses.field(
        default_factory=dict)
    taken_gb: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter)
    servers: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter)
    first_host: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Holdings:
    """What the consumers of a move held when they were read.

    :param migration: None for an evacuation, whose server keeps its own, and
        for one that holds nothing
    :param server_is_read: if not, the server is taken to hold nothing, as
        long as nothing is written of it
    """

    move: operation.Operation
    server: Consumer | None
    migration: Consumer | None
    server_is_read: bool = False

    @property
    def consumers(self) -> tuple[Consumer | None, Consumer | None]:
        """The server's, then the migration's."""
        return self.server, self.migration


@dataclasses.dataclass
class RequestState:
    """All that is remembered of one request.

    :param features: None until flavor and image are read
    :param holdings: of a move, None until they are read
    :param pending_move: the hand-over to make, None when there is none
    :param snapshot: the volumes by which all servers of the request are
        placed, None until a filter needs them
    :param group_disks: how many members of the request's server group have
        their disk on a provider, None until it is read
    :param servers_with_hosts: how many servers of the request a filter left
        hosts for, by the filter's name
    :param refusal_is_logged: whether refused hosts were logged
    """

    features: RequestedFeatures | None = None
    holdings: Holdings | None = None
    pending_move: PendingMove | None = None
    earlier_picks: EarlierPicks = dataclasses.field(
        default_factory=EarlierPicks)
    snapshot: volumes.Snapshot | None = None
    group_disks: Mapping[str, int] | None = None
    servers_with_hosts: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter)
    refusal_is_logged: bool = False


def of(request_spec: objects.RequestSpec) -> RequestState:
    """The state of a request, a new one the first time."""
    state: RequestState | None = getattr(request_spec, _ATTRIBUTE, None)
    if state is None:
        state = RequestState()
        setattr(request_spec, _ATTRIBUTE, state)
    return state
