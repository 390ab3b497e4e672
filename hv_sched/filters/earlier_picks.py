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

"""Notes what the earlier servers of one request took.

A request for several servers runs the filters once for each, on the same
HostState objects, and tells nobody what it claimed. A claimed host shows one
instance more than before, and what was claimed is its first candidate.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nova import objects

from hv_sched.filters import candidates
from hv_sched.request_filters import request_state
from hv_sched.request_filters.request_state import EarlierPicks


def update(request_spec: objects.RequestSpec,
           host_states: Iterable[Any]) -> EarlierPicks:
    """Note what was claimed since the last update.

    :param host_states: all hosts of the request that are still candidates
    """
    picks = request_state.of(request_spec).earlier_picks
    for host_state, instances in picks.instances.values():
        if host_state.num_instances > instances:
            _note(picks, host_state)
    for host_state in (*[state for state, _ in picks.instances.values()],
                       *host_states):
        key = (host_state.host, host_state.nodename)
        picks.instances[key] = (host_state, host_state.num_instances)
    return picks


def _note(picks: EarlierPicks, host_state: Any) -> None:
    for candidate in host_state.allocation_candidates[:1]:
        disk = candidates.disk_of(candidate)
        if disk:
            picks.taken_gb[disk.provider] += disk.size_gb
            picks.servers[disk.provider] += 1
            picks.first_host.setdefault(disk.provider, host_state.host)
