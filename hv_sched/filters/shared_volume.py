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
from typing import Any

from nova import objects
import nova.conf
from nova.scheduler import filters
from nova.scheduler import utils
from oslo_log import log as logging

from hv_sched import printable
from hv_sched import request_filters
from hv_sched.filters import earlier_picks
from hv_sched.filters import hand_over
from hv_sched.filters import preference
from hv_sched.query import candidate_rules
from hv_sched.snapshot import cache

CONF = nova.conf.CONF
LOG = printable.logger(__name__)


class SharedVolumeFilter(filters.BaseHostFilter):
    """Drops allocation candidates and sorts the rest; Nova claims the first.

    Dropped are a clustered node's own disk, which is the volume seen from
    that node, a volume that is not the node's home, and a volume whose room
    is kept for servers under way. A host that loses its last candidate is
    refused. Candidates without a disk pass: a move that keeps its disk asks
    for none. Without an answer of Placement's everything passes.

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
        a host is left; if it cannot, none is.
        """
        return hand_over.complete(
            self._usable(filter_obj_list, spec_obj), spec_obj)

    def _usable(self, filter_obj_list: Iterable[Any],
                spec_obj: objects.RequestSpec) -> list[Any]:
        host_states = list(filter_obj_list)
        snapshot = cache.get()
        if snapshot is None or utils.request_is_rebuild(spec_obj):
            return host_states
        if not snapshot.volumes:
            self._warn_nothing_published()
        earlier_picks.update(spec_obj, host_states)
        preferences = preference.of(spec_obj, snapshot)
        return [host_state for host_state in host_states
                if self._choose(host_state, preferences)]

    def host_passes(self, host_state: Any,
                    filter_properties: objects.RequestSpec) -> bool:
        """For callers that know no filter_all()."""
        return bool(list(self.filter_all([host_state], filter_properties)))

    def _choose(self, host_state: Any,
                preferences: preference.Preference) -> bool:
        candidates = host_state.allocation_candidates
        refusals = [candidate_rules.refusal(
            host_state.uuid, candidate, preferences.snapshot)
            for candidate in candidates]
        usable = [candidate for candidate, refusal
                  in zip(candidates, refusals, strict=True)
                  if refusal is None]
        if len(usable) < len(candidates):
            _log_refusals(host_state,
                          [refusal for refusal in refusals if refusal],
                          bool(usable))
        if len(usable) > 1:
            preferences.order(host_state.host, usable)
        host_state.allocation_candidates = usable
        return bool(usable) or not candidates

    def _warn_nothing_published(self) -> None:
        if not self._warned_nothing_published:
            self._warned_nothing_published = True
            LOG.warning(
                'SharedVolumeFilter is enabled but no volume is published in '
                'Placement: requests are scheduled as without it. Run '
                '"openstack resource provider csv sync".')


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


def _log_refusals(host_state: Any, refusals: list[str],
                  is_usable: bool) -> None:
    level = logging.DEBUG if is_usable else logging.INFO
    LOG.log(level, 'Host %s %s: %s', host_state.host,
            'does not use' if is_usable else 'is refused',
            '; '.join(refusals))
