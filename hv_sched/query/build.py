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

"""The whole question for a server, as hv_sched's request filters leave it.

Pure. The order of the steps is that of the request filters.
"""

from collections.abc import Mapping
import dataclasses
from typing import Any

import os_traits

from hv_sched import requirements
from hv_sched.conf import scheduler
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.query import from_nova
from hv_sched.query import rules
from hv_sched.query import volume_traits
from hv_sched.query.candidates_query import CandidatesQuery
from hv_sched.query.candidates_query import Group
from hv_sched.snapshot import volumes


@dataclasses.dataclass(frozen=True)
class Switches:
    """Which request filters are on, and their options; see conf.scheduler."""

    features: bool = True
    moves: bool = True
    disk_group: bool = True
    closed: bool = True
    volume_traits: frozenset[str] = frozenset()
    rules: requirements.Rules = requirements.Rules()

    @classmethod
    def from_conf(cls, group: Any) -> 'Switches':
        """:param group: the options of [hv_sched]"""
        return cls(
            features=scheduler.is_on(group, 'request_filter_features'),
            moves=scheduler.is_on(group, 'request_filter_moves'),
            disk_group=scheduler.is_on(group, 'request_filter_disk_group'),
            closed=scheduler.is_on(group, 'request_filter_closed'),
            volume_traits=frozenset(group.volume_traits),
            rules=requirements.Rules.from_options(group))


@dataclasses.dataclass(frozen=True)
class ServerRequest:
    """A server, and what is said about where it goes.

    :param flavor: see ``from_nova.request``
    :param image: its properties, ``disk_format`` among them
    :param aggregates: uuids of the aggregates of the availability zone
    :param host: name of a host the request is bound to, with the provider
        uuid of its node
    :param keeps_disk_on: volumes whose files stay where they are: the move
        of a server that is there
    :param source_traits: of the node it moves away from
    :param on_node: name of the compute node it is on, None for a server that
        is to be created
    :param runs_already: it was built with flavor and image: their faults are
        no reason to refuse a move
    """

    flavor: Mapping[str, Any]
    image: Mapping[str, Any]
    boots_from_volume: bool = False
    aggregates: frozenset[str] = frozenset()
    host: tuple[str, str] | None = None
    keeps_disk_on: frozenset[str] = frozenset()
    source_traits: frozenset[str] = frozenset()
    on_node: str | None = None
    runs_already: bool = False


@dataclasses.dataclass(frozen=True)
class BuiltQuery:
    """:param refused: why the request never reaches Placement"""

    request: CandidatesQuery
    requirements: requirements.Requirements
    refused: tuple[str, ...] = ()


def build(server: ServerRequest, snapshot: volumes.Snapshot, owner_nova: bool,
          switches: Switches) -> BuiltQuery:
    """The question for a server.

    :param owner_nova: Nova asks for hosts it owns (nova 34, once every
        nova-compute is of that release)
    """
    demands = requirements.of(
        server.flavor, server.image,
        rules.for_server(switches.rules, server.on_node, snapshot,
                         not server.keeps_disk_on.isdisjoint(
                             snapshot.hyperv_volumes)),
        server.boots_from_volume)
    request = _bound(from_nova.request(
        server.flavor, server.image, server.boots_from_volume), server)
    if owner_nova:
        request = request.with_root((os_traits.OWNER_NOVA,))
    refused: tuple[str, ...] = ()
    if switches.features:
        request, refused = _with_features(request, demands, snapshot, server)
    if switches.moves:
        request = request.with_root(forbidden=rules.older_builds(
            server.source_traits, snapshot.traits))
    if server.keeps_disk_on and switches.moves:
        refused = (*refused, *_not_of_medium(request, server, snapshot,
                                             switches.volume_traits),
                   *_not_reached(server, snapshot))
        request = _without_disk(request, server, snapshot,
                                switches.volume_traits)
    if switches.disk_group:
        request = _with_disk_group(request, server, snapshot,
                                   switches.volume_traits)
    if switches.closed:
        request = _without_closed(request, snapshot)
    return BuiltQuery(request, demands, refused)


def _bound(request: CandidatesQuery, server: ServerRequest) -> CandidatesQuery:
    """Availability zone and host, as Nova binds the unsuffixed group."""
    if server.aggregates:
        request = request.with_main(member_of=(
            *request.main.member_of, server.aggregates))
    if server.host:
        request = request.with_main(in_tree=server.host[1])
    return request


def _with_features(request: CandidatesQuery,
                   demands: requirements.Requirements,
                   snapshot: volumes.Snapshot, server: ServerRequest
                   ) -> tuple[CandidatesQuery, tuple[str, ...]]:
    refused = () if server.runs_already else demands.contradictions
    if names.HYPERV not in snapshot.traits:
        return request, refused
    missing = rules.unknown(demands, snapshot.traits)
    if missing:
        refused = (*refused, rules.never_shown(demands, missing))
    request = request.with_root(demands.required,
                                demands.forbidden_among(snapshot.traits))
    if names.HYPERV in demands.required:  # see request_filters.features
        request = request.with_main(required=request.main.required - {
            os_traits.COMPUTE_SECURITY_UEFI_SECURE_BOOT})
    if demands.gpu is not None:
        request = request.with_group(rules.GPU_SUFFIX, Group(
            dict(demands.gpu.resources), demands.gpu.traits))
    return request, refused


def _moved(request: CandidatesQuery, own_traits: frozenset[str]
           ) -> tuple[CandidatesQuery, Group]:
    """Take volume traits out of the unsuffixed group, into one of theirs."""
    main = request.main

    def of_volume(traits: frozenset[str]) -> frozenset[str]:
        return frozenset(trait for trait in traits
                         if volume_traits.is_of_volume(trait, own_traits))

    disk = Group(required=of_volume(main.required),
                 forbidden=of_volume(main.forbidden))
    return request.with_main(
        required=main.required - disk.required,
        forbidden=main.forbidden - disk.forbidden), disk


def _without_disk(request: CandidatesQuery, server: ServerRequest,
                  snapshot: volumes.Snapshot, own_traits: frozenset[str]
                  ) -> CandidatesQuery:
    """A move that keeps its disk asks for none, inside its cluster."""
    request = _moved(request, own_traits)[0].without(
        names.DISK_GB).with_root(forbidden=rules.cut_off_traits(
            server.keeps_disk_on, snapshot.traits))
    if server.host:
        return request
    return request.with_main(member_of=(
        *request.main.member_of,
        kept_homes(server.keeps_disk_on, snapshot, server.runs_already)))


def _not_of_medium(request: CandidatesQuery, server: ServerRequest,
                   snapshot: volumes.Snapshot, own_traits: frozenset[str]
                   ) -> tuple[str, ...]:
    """What a new flavor asks of volumes and the kept disk's are not."""
    if server.runs_already:
        return ()
    demands = [_moved(request, own_traits)[1], *(
        group for suffix, group in request.groups.items()
        if suffix and names.DISK_GB in group.resources)]
    on = [snapshot.volumes[uuid] for uuid in server.keeps_disk_on]
    lacking = volume_traits.unmet(demands, on)
    return (volume_traits.stays(lacking, on),) if lacking else ()


def _not_reached(server: ServerRequest, snapshot: volumes.Snapshot
                 ) -> tuple[str, ...]:
    """The named host that does not reach the disk."""
    refusal = rules.cut_off_refusal(
        {server.host[0]} if server.host else (), server.keeps_disk_on,
        snapshot)
    return (refusal,) if refusal else ()


def kept_homes(on: frozenset[str], snapshot: volumes.Snapshot,
               is_live: bool) -> frozenset[str]:
    """Aggregates of all nodes that can use a disk kept on these volumes."""
    return frozenset(map(ids.home_aggregate,
                         rules.reached_from(on, snapshot, is_live)))


def _with_disk_group(request: CandidatesQuery, server: ServerRequest,
                     snapshot: volumes.Snapshot, own_traits: frozenset[str]
                     ) -> CandidatesQuery:
    hosts = {server.host[0]} if server.host else set()
    gb = request.main.resources.get(names.DISK_GB, 0)
    moved, disk = _moved(request, own_traits)
    beside = sum(1 for suffix in request.groups if suffix)
    if not gb or not rules.disk_needs_group(
            snapshot, bool(hosts or request.main.member_of), disk.required
            ) or rules.disk_group_harms(snapshot, hosts, request.group_policy,
                                        beside):
        return request
    homes = frozenset(rules.home_aggregates(snapshot, hosts))
    moved = moved.with_main(resources={
        rc: amount for rc, amount in moved.main.resources.items()
        if rc != names.DISK_GB}).with_group(
            rules.DISK_SUFFIX, dataclasses.replace(
                disk, resources={names.DISK_GB: gb},
                member_of=(homes,) if homes else ()))
    return dataclasses.replace(moved, group_policy=rules.policy_beside_disk(
        request.group_policy, beside))


def _without_closed(request: CandidatesQuery, snapshot: volumes.Snapshot
                    ) -> CandidatesQuery:
    """No paused node, and no closed volume wherever a disk is asked."""
    if names.PAUSED in snapshot.traits:
        request = request.with_root(forbidden=(names.PAUSED,))
    if names.NO_NEW_DISKS not in snapshot.traits:
        return request
    suffixes = {suffix for suffix, group in request.groups.items()
                if names.DISK_GB in group.resources}
    if rules.DISK_SUFFIX not in suffixes:
        suffixes.add('')
    for suffix in suffixes:
        group = request.groups.get(suffix, Group())
        if names.NO_NEW_DISKS not in group.required:
            request = request.with_group(suffix, dataclasses.replace(
                group, forbidden=group.forbidden | {names.NO_NEW_DISKS}))
    return request
