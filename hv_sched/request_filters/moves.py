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


"""A move inside the cluster asks for no second disk.

The files stay on their volume, so the server keeps its share: the request
asks for no DISK_GB and only for nodes that can reach the volume. What is
written about it is the hand-over's.
"""

from __future__ import annotations

from collections.abc import Collection
import functools

from nova import context as nova_context
from nova import objects
import nova.conf
from nova.scheduler import utils

from hv_sched import conf
from hv_sched import exception
from hv_sched import printable
from hv_sched.conf import plugins
from hv_sched.placement import ids
from hv_sched.query import rules
from hv_sched.query import volume_traits
from hv_sched.request_filters import bound_disk
from hv_sched.request_filters import holdings
from hv_sched.request_filters import older_builds
from hv_sched.request_filters import operation
from hv_sched.request_filters import reach
from hv_sched.request_filters import refusal
from hv_sched.request_filters import request_state
from hv_sched.request_filters import requested_disk
from hv_sched.request_filters import specs
from hv_sched.request_filters.pending_move import PendingMove
from hv_sched.request_filters.request_state import Holdings
from hv_sched.shares import escrow
from hv_sched.snapshot import cache
from hv_sched.snapshot import nova_transport
from hv_sched.snapshot import volumes

CONF = nova.conf.CONF
LOG = printable.logger(__name__)
conf.register_opts(CONF)


def keep_disk(context: nova_context.RequestContext,
              request_spec: objects.RequestSpec) -> bool:
    """Request filter: a move that keeps the disk's files asks for no disk.

    :returns: whether the request is of that form
    :raises RequestFilterFailed: what the server holds cannot be read
    """
    request_state.of(request_spec).pending_move = None
    snapshot = cache.get()
    if snapshot is None or not snapshot.volumes or not _filter_is_enabled():
        return False
    try:
        held = holdings.of(request_spec)
        if held is None:
            return False
        if holdings.unknown_volume(held.consumers, snapshot):
            snapshot = cache.recent() or snapshot
        return _Move(context, request_spec, held, snapshot).take_form()
    except exception.PlacementError as exc:
        raise refusal.Refused(refusal.TRY_LATER, str(exc)) from exc
    finally:
        holdings.forget(request_spec)


class _Move:
    """One scheduling of a move."""

    def __init__(self, context: nova_context.RequestContext,
                 request_spec: objects.RequestSpec,
                 held: Holdings, snapshot: volumes.Snapshot) -> None:
        self._context = context
        self._spec = request_spec
        self._held = held
        self._operation = held.move
        self._snapshot = snapshot
        self._volumes = frozenset(snapshot.volumes)
        self._placement = nova_transport.placement()
        self._server, self._migration = held.consumers

    def take_form(self) -> bool:
        """Ask for no disk, or leave the request as Nova made it."""
        if not self._one_build:
            self._forbid_older_builds()
        shares = escrow.copies(self._server, self._migration, self._volumes)
        if shares and self._leaves_files(shares.keys()):
            reach.forbid_cut_off(self._spec, shares.keys(), self._snapshot)
        if shares and self._keeps_disk(shares.keys()):
            self._check_medium(shares.keys())
            self._ask_no_disk(shares)
            return True
        if self._one_build:
            self._forbid_older_builds()
        self._check_charged(bool(shares))
        self._claim_normally()
        return False

    @functools.cached_property
    def _one_build(self) -> bool:
        """Whether no build need be read while the files stay.

        SharedVolumeFilter then refuses what joined since the snapshot; it is
        not asked about forced hosts, nor about a disk that leaves.
        """
        return (self._operation.kind == operation.LIVE
                and not specs.forced_hosts(self._spec)
                and rules.has_one_build(self._snapshot)
                and holdings.hyperv_sources(self._held, self._snapshot)
                <= self._snapshot.nodes.keys())

    def _forbid_older_builds(self) -> None:
        """None of an evacuation, which makes the server again."""
        for node in holdings.hyperv_sources(self._held, self._snapshot):
            older_builds.forbid_older(self._spec, node)

    def _check_charged(self, has_share: bool) -> None:
        """The share of the files that are left behind is the migration's.

        Nova gives the migration nothing when the server is not charged on
        the node it leaves, as after a failover that Placement does not know
        yet, and its claim replaces all that the server has: the old files
        would have no share until the move is over
        (nova/conductor/tasks/migrate.py: replace_allocation_with_migration).

        :raises RequestFilterFailed: the migration has nothing
        """
        if self._migration or self._operation.kind == operation.EVACUATION:
            return
        if has_share or (self._server is None
                         and self._operation.node
                         in self._snapshot.nodes.values()):
            raise refusal.Refused(
                'The scheduler has not learned yet where the server is; try '
                'again later',
                'it is not charged on the node it leaves, '
                f'{self._operation.node}; the agent heals that, or '
                '"openstack resource provider csv audit --heal"')

    def _keeps_disk(self, on: Collection[str]) -> bool:
        kind = self._operation.kind
        if self._is_cold() and not self._leaves_files(on):
            return False
        is_bound = self._is_cold() and rules.stays_home(
            on, self._snapshot, is_live=False)
        aggregates = self._aggregates(on)
        hosts = specs.named_hosts(self._spec)
        if hosts:
            members = {
                node.uuid for node in self._placement.list_providers(
                    member_of=f'in:{",".join(aggregates)}')
                if node.name in hosts}
            keeps = bool(members) and not (
                specs.may_leave_cell(self._spec)
                and not operation.hosts_up(self._operation, members))
            if is_bound and not keeps:
                bound_disk.check_leaving(
                    self._spec, self._operation, self._snapshot, on,
                    is_home=bool(members))
            return keeps
        if is_bound:
            return True
        if kind == operation.EVACUATION or (
                kind == operation.LIVE
                and CONF.hv_sched.live_migration_scope == 'prefer'
                ) or specs.may_leave_cell(self._spec):
            return self._finds_host(aggregates)
        return True

    def _aggregates(self, on: Collection[str]) -> list[str]:
        """Whose members the destination must be one of.

        An evacuated server is rebuilt in the destination's home; other
        moves leave the files where they are, in reach of the whole cluster
        unless the volume's traits say that only its own nodes use them.
        """
        if self._operation.kind != operation.EVACUATION:
            on = rules.reached_from(
                on, self._snapshot, self._operation.kind == operation.LIVE)
        return sorted(map(ids.home_aggregate, on))

    def _finds_host(self, aggregates: list[str]) -> bool:
        """Ask Placement once whether any other node of these has room.

        A node whose service is down has room, too, but no filter of Nova's
        lets it pass.
        """
        probe = self._spec.obj_clone()
        requested_disk.drop(probe)
        _restrict(probe, aggregates)
        query = utils.resources_from_request_spec(
            self._context, probe, None).to_querystring()
        candidates = self._placement.candidates_at(
            f'/allocation_candidates?{query}')['allocation_requests']
        nodes = {uuid for candidate in candidates
                 for uuid in candidate['allocations']}
        targets = nodes & self._snapshot.nodes.keys() - self._source()
        ignored = set((self._spec.ignore_hosts
                       if 'ignore_hosts' in self._spec else None) or ())
        return bool(targets) and not ignored.issuperset(
            operation.hosts_up(self._operation, targets).values())

    def _source(self) -> set[str]:
        """The node the server is on, as what it holds there says."""
        consumer = self._migration or self._server
        return set(consumer.held) if consumer else set()

    def _leaves_files(self, on: Collection[str]) -> bool:
        """Whether the cluster moves the server, and not its files.

        A live migration out of the cluster copies them, to nodes without
        any trait of the cluster's.
        """
        return self._operation.kind == operation.LIVE or (
            self._is_cold() and rules.cold_moves_keep_disk(
                on, self._snapshot, CONF.hv_sched.cold_move_keeps_disk))

    def _is_cold(self) -> bool:
        return self._operation.kind in (operation.COLD, operation.RESIZE)

    def _check_medium(self, on: Collection[str]) -> None:
        """What a new flavor asks of volumes holds for those of the files.

        A driver that keeps the files where they are keeps them on their
        medium, too.

        :raises RequestFilterFailed: they are not what it asks for
        """
        if self._operation.kind != operation.RESIZE:
            return
        demands = requested_disk.demands(self._spec)
        if volume_traits.unmet(demands, [
                self._snapshot.volumes[uuid] for uuid in on]) is None:
            return
        # The snapshot may be from before a trait was published.
        volumes_now = [volume for volume in map(cache.volume, on) if volume]
        lacking = volume_traits.unmet(demands, volumes_now)
        if lacking:
            raise refusal.Refused(
                'The disk of the server stays on its volume, and the flavor '
                f'or image asks for a volume {lacking}; use another flavor',
                volume_traits.stays(lacking, volumes_now))

    def _ask_no_disk(self, shares: escrow.Amounts) -> None:
        move, spec, on = self._operation, self._spec, frozenset(shares)
        pending = PendingMove(
            move.server, move.migration if self._migration else None,
            self._volumes, on, at_least_gb=(bound_disk.at_least_gb(
                spec, shares, self._snapshot) if self._is_cold() else 0),
            one_host=self._is_cold(), one_build=self._one_build,
            planned_for=(self._server, self._migration))
        if not specs.named_hosts(spec):
            _restrict(spec, self._aggregates(on))
        # By way of an image, as to another cell, no driver keeps the files.
        specs.stay_in_cell(spec, move.cell)
        requested_disk.drop(spec)
        request_state.of(spec).pending_move = pending

    def _claim_normally(self) -> None:
        """Make what is held the files there are; Nova claims the new ones.

        Before the query: what an earlier attempt of this move charged is
        missing as room, and what is only escrow would be given away.
        """
        if self._migration is None:
            return
        if not self._held.server_is_read:
            self._server = holdings.with_server(self._held).server
        for restore in (True, False):
            after = escrow.moved(self._server, self._migration,
                                 self._volumes, restore)
            if not after:
                return
            try:
                return self._placement.write_consumers(after)
            except exception.PlacementRefused as exc:
                if not restore:
                    raise
                LOG.warning('The escrow of server %s is not restored yet: '
                            '%s', self._operation.server, exc)


def _restrict(request_spec: objects.RequestSpec,
              aggregates: list[str]) -> None:
    destination = specs.destination(request_spec)
    if destination is None:
        destination = objects.Destination()
        request_spec.requested_destination = destination
    destination.require_aggregates(aggregates)


def _filter_is_enabled() -> bool:
    """Without the filter nobody would make the hand-over."""
    if plugins.VOLUME_FILTER in CONF.filter_scheduler.enabled_filters:
        return True
    LOG.warning('%s is not in enabled_filters: moves are charged twice',
                plugins.VOLUME_FILTER)
    return False
