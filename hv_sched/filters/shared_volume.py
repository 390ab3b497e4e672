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

"""SharedVolumeFilter: which volumes a server may use, best first.

Put it last in ``[filter_scheduler]enabled_filters``.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from nova import objects
import nova.conf
from nova.scheduler import filters
from nova.scheduler import utils

from hv_sched import printable
from hv_sched import request_filters
from hv_sched.filters import earlier_picks
from hv_sched.filters import hand_over
from hv_sched.filters import preference
from hv_sched.filters import refused_hosts
from hv_sched.filters import request_snapshot
from hv_sched.filters import single_host
from hv_sched.query import candidate_rules
from hv_sched.request_filters import refusal
from hv_sched.request_filters import request_state
from hv_sched.request_filters.pending_move import PendingMove
from hv_sched.snapshot import volumes

CONF = nova.conf.CONF
LOG = printable.logger(__name__)


class SharedVolumeFilter(single_host.SingleHost, filters.BaseHostFilter):
    """Drops allocation candidates and sorts the rest; Nova claims the first.

    Dropped are a clustered node's own disk, which is the volume seen from
    that node, a volume that is not the node's home, and a volume whose room
    is kept for servers under way. A host that loses its last candidate is
    refused. Candidates without a disk pass: a move that keeps its disk asks
    for none, and only nodes that do not reach it are dropped. Without an
    answer of Placement's everything passes.

    (Nova's CandidateFilterMixin is not used: it formats two log lines for
    each candidate, whatever the log level.)
    """

    RUN_ON_REBUILD = False

    def __init__(self) -> None:
        super().__init__()
        request_filters.install()
        self._warned_nothing_published = False
        _warn_if_not_last()

    def filter_all(self, filter_obj_list: Iterable[Any],
                   spec_obj: objects.RequestSpec) -> Iterable[Any]:
        """Hosts that keep a candidate, their candidates in order.

        A move that keeps its disk hands it over here, once it is known that
        a host is left. After a fault of its own a move is refused and a new
        server goes where Placement says.

        :raises NoValidHost: none is left, with the reason for the user; any
            other exception would leave a moving server in ERROR
        """
        host_states = list(filter_obj_list)
        if _is_off(spec_obj):
            return host_states
        try:
            hosts = hand_over.complete(
                self._usable(host_states, spec_obj), spec_obj)
        except refusal.Refused as exc:
            return refused_hosts.no_host(spec_obj, refusal.reason(exc))
        except Exception:
            is_move = request_state.of(spec_obj).pending_move is not None
            LOG.exception(
                '%s: %s failed: %s', refusal.server(spec_obj),
                type(self).__name__, 'the move is refused' if is_move else
                'hosts and candidates are used as Placement returns them')
            if is_move:
                return refused_hosts.no_host(spec_obj, refusal.FAULT)
            hosts = host_states
        refused_hosts.count(spec_obj, type(self).__name__)
        return hosts

    def _usable(self, host_states: list[Any],
                spec_obj: objects.RequestSpec) -> list[Any]:
        if utils.request_is_rebuild(spec_obj):
            return host_states
        snapshot = request_snapshot.of(spec_obj, host_states)
        if snapshot is None:
            return host_states
        if not snapshot.volumes:
            self._warn_nothing_published()
        picks = earlier_picks.update(spec_obj, host_states)
        pending_move = request_state.of(spec_obj).pending_move
        choices = [_Choice(host_state, snapshot, picks.taken_gb, pending_move)
                   for host_state in host_states]
        if choices and not any(choice.passes for choice in choices):
            newer = request_snapshot.renew(spec_obj)
            if newer is not None:
                snapshot = newer
                choices = [
                    _Choice(host_state, snapshot, picks.taken_gb,
                            pending_move)
                    for host_state in host_states]
        preferences = preference.of(spec_obj, snapshot)
        for choice in choices:
            choice.apply(preferences)
        return self._passing(choices, spec_obj)

    def _passing(self, choices: list[_Choice],
                 spec_obj: objects.RequestSpec) -> list[Any]:
        """:raises Refused: no host passes"""
        refused = {choice.host_state.host: '; '.join(choice.refusals)
                   for choice in choices if not choice.passes}
        if refused:
            refused_hosts.log(LOG, type(self).__name__, spec_obj, refused,
                              len(choices))
        if refused and len(refused) == len(choices):
            raise refusal.Refused(_reason(choices), str(refused))
        return [choice.host_state for choice in choices if choice.passes]

    def _warn_nothing_published(self) -> None:
        if not self._warned_nothing_published:
            self._warned_nothing_published = True
            LOG.warning(
                'SharedVolumeFilter is enabled but no volume is published in '
                'Placement: requests are scheduled as without it. Run '
                '"openstack resource provider csv sync".')


def _is_off(request_spec: objects.RequestSpec) -> bool:
    """A move whose query asked for no disk still needs its hand-over."""
    return (not CONF.hv_sched.scheduler_enabled
            and request_state.of(request_spec).pending_move is None)


def _warn_if_not_last() -> None:
    """A move is handed over here, so nobody may refuse its hosts later.

    Nothing is lost then: the share is held until it is restored.
    """
    enabled = CONF.filter_scheduler.enabled_filters
    name = SharedVolumeFilter.__name__
    if name in enabled and enabled[-1] != name:
        LOG.warning(
            '%s is not the last of enabled_filters: when %s refuses every '
            "host of a move, the server's disk share stays held until "
            'hv-sched-agent or "csv heal --held" restores it', name,
            ', '.join(enabled[enabled.index(name) + 1:]))


def _reason(choices: list[_Choice]) -> str:
    """What the user is told when every host is refused."""
    sizes_gb = [choice.size_gb for choice in choices if choice.size_gb]
    if not sizes_gb:
        return ('No other host reaches the disk of the server now; try again '
                'later')
    return (f'No host has room for a disk of {max(sizes_gb)} GB on its shared '
            'volume; use a flavor with a smaller disk or try again later')


def _size_gb(host_state: Any) -> int:
    """The disk that is asked for, 0 where it stays where it is."""
    disks = map(candidate_rules.disk_of, host_state.allocation_candidates)
    return max((disk.size_gb for disk in disks if disk), default=0)


def _unfit(host: str, move: PendingMove, snapshot: volumes.Snapshot
           ) -> str | None:
    """Why a move whose disk stays cannot go to a host, None when it can."""
    return candidate_rules.reach_refusal(host, move.kept_on, snapshot) or (
        candidate_rules.build_refusal(host, snapshot) if move.one_build
        else None)


class _Choice:
    """The candidates of a host that may be used; the host is not changed yet.

    :param taken_gb: what earlier servers of the request took, by provider
    :param pending_move: of a move whose disk stays where it is
    """

    def __init__(self, host_state: Any, snapshot: volumes.Snapshot,
                 taken_gb: Mapping[str, int],
                 pending_move: PendingMove | None) -> None:
        self.host_state = host_state
        self.size_gb = _size_gb(host_state)
        self.usable: list[Any] = []
        self.refusals: list[str] = []
        unfit = pending_move and _unfit(
            host_state.uuid, pending_move, snapshot)
        if unfit:
            self.refusals.append(unfit)
            return
        for candidate in host_state.allocation_candidates:
            refusal = candidate_rules.refusal(
                host_state.uuid, candidate, snapshot, taken_gb)
            if refusal is None:
                self.usable.append(candidate)
            else:
                self.refusals.append(refusal)

    @property
    def passes(self) -> bool:
        """A host without candidates was asked no disk."""
        return bool(self.usable) or not self.refusals

    def apply(self, preferences: preference.Preference) -> None:
        """Leave the usable candidates to Nova, the best first."""
        if self.refusals and self.usable:
            LOG.debug('Host %s does not use %s', self.host_state.host,
                      '; '.join(self.refusals))
        if len(self.usable) > 1:
            preferences.order(self.host_state.host, self.usable)
        self.host_state.allocation_candidates = self.usable
