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

"""A live migration keeps the CPU features its source has, by option."""

from __future__ import annotations

from collections.abc import Iterable

from nova import objects
import nova.conf

from hv_sched import conf
from hv_sched import exception
from hv_sched.placement import names
from hv_sched.request_filters import holdings
from hv_sched.request_filters import operation
from hv_sched.request_filters import refusal
from hv_sched.snapshot import cache
from hv_sched.snapshot import nova_transport

CONF = nova.conf.CONF
conf.register_opts(CONF)


def keep(request_spec: objects.RequestSpec) -> None:
    """Ask of the destination every CPU feature the source has.

    :raises RequestFilterFailed: they cannot be read
    """
    snapshot = cache.get()
    if not CONF.hv_sched.live_migration_keeps_cpu_features or snapshot is None:
        return
    try:
        held = holdings.of(request_spec)
        if held is None or held.move.kind != operation.LIVE:
            return
        traits = _cpu_traits(holdings.hyperv_sources(held, snapshot))
    except exception.PlacementError as exc:
        raise refusal.Refused(
            refusal.TRY_LATER, 'the CPU features of the source cannot be '
            f'read: {exc}') from exc
    request_spec.root_required.update(traits)


def _cpu_traits(nodes: Iterable[str]) -> set[str]:
    placement = nova_transport.placement()
    return {trait for node in nodes
            for trait in placement.traits(node)[1]
            if trait.startswith(names.HW_CPU_PREFIX)}
