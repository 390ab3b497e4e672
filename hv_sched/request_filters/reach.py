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

"""A disk that stays on its volume goes only to nodes that reach it.

A trait of the node says which volumes it does not reach. The query forbids
it, also for a host that is named, so the answer is never older than
Placement; what is read here only says why.
"""

from __future__ import annotations

from collections.abc import Collection

from nova import objects

from hv_sched.query import rules
from hv_sched.request_filters import refusal
from hv_sched.request_filters import specs
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes


def forbid_cut_off(request_spec: objects.RequestSpec, on: Collection[str],
                   snapshot: volumes.Snapshot) -> None:
    """Forbid the nodes that do not reach a volume.

    :param on: provider uuids of the volumes the disk stays on
    :raises RequestFilterFailed: the host that is named does not reach one
    """
    request_spec.root_forbidden.update(
        rules.cut_off_traits(on, snapshot.traits))
    hosts = specs.named_hosts(request_spec)
    if not rules.cut_off_refusal(hosts, on, snapshot):
        return
    # The snapshot may be from before the node reached it again.
    unreached = rules.cut_off_refusal(hosts, on, cache.recent() or snapshot)
    if unreached:
        raise refusal.Refused(
            'The requested host does not reach the disk of the server; choose '
            'another host', f'{unreached}, where its disk stays')
