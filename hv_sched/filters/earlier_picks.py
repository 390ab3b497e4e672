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

"""What the earlier servers of one request took.

A request for several servers runs the filters once for each, on the same
HostState objects, and tells nobody what it claimed. A claimed host shows one
instance more than before, and what was claimed is its first candidate.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable
from typing import Any

from nova import objects

from hv_sched.filters import candidates

_ATTRIBUTE = '_hv_sched_picks'


class Picks:
    """The servers of one request that already have a host."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[Any, int]] = {}
        self._taken_gb: collections.Counter[str] = collections.Counter()
        self._servers: collections.Counter[str] = collections.Counter()
        self._first_host: dict[str, str] = {}

    def look(self, host_states: Iterable[Any]) -> None:
        """Note what was claimed since the last look."""
        for host_state, instances in self._seen.values():
            if host_state.num_instances > instances:
                self._note(host_state)
        for host_state in (*[seen for seen, _ in self._seen.values()],
                           *host_states):
            key = (host_state.host, host_state.nodename)
            self._seen[key] = (host_state, host_state.num_instances)

    def _note(self, host_state: Any) -> None:
        for candidate in host_state.allocation_candidates[:1]:
            disk = candidates.disk_of(candidate)
            if disk:
                self._taken_gb[disk.provider] += disk.size_gb
                self._servers[disk.provider] += 1
                self._first_host.setdefault(disk.provider, host_state.host)

    def taken_gb(self, provider: str) -> int:
        """DISK_GB taken of a provider."""
        return self._taken_gb[provider]

    def servers(self, provider: str) -> int:
        """How many servers went to a provider."""
        return self._servers[provider]

    def first_host(self, provider: str) -> str | None:
        """The host that was the first to use a provider."""
        return self._first_host.get(provider)


def of(request_spec: objects.RequestSpec) -> Picks:
    """The picks of a request; they live as long as its spec."""
    found = getattr(request_spec, _ATTRIBUTE, None)
    if found is None:
        found = Picks()
        setattr(request_spec, _ATTRIBUTE, found)
    return found
