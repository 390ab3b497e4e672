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

"""What a pass of hv-sched-agent does, and how often."""

from oslo_config import cfg
from oslo_config import types

from hv_sched.conf import choices
from hv_sched.conf import numbers

OPTS = [
    numbers.whole(
        'agent_interval', 1, numbers.DAY_SECONDS,
        default=60,
        help="""
Seconds between two passes of hv-sched-agent. A pass syncs the clusters and
restores shares that failed moves left held. Changed
source files are read at once. What failed is tried again after growing
pauses.
"""),
    numbers.whole(
        # A pass that waits longer would be taken for one that is stuck.
        'held_settle_time', 0, 900,
        default=10,
        help="""
Seconds for which Nova must have neither a server nor an open migration for
escrow before it is released. A move that fails closes its migration a moment
before the server gets its escrow. The audit also skips a server for this long
after one of its migrations changed.
"""),
    numbers.whole(
        'audit_every', 0, 1000000,
        default=10,
        help="""
Number of passes between two audits, in which hv-sched-agent compares all
shares with Nova's servers, as ``csv audit`` does, and logs the findings. An
audit costs a request for each volume and two for each node. 0 disables it.
"""),
    numbers.whole(
        'owner_differs_after', 0, numbers.DAY_SECONDS,
        default=300,
        help="""
Seconds for which the source must have told that a cluster runs a server on
another node than Nova has it on, before the agent's audit says so
(``owner-differs``). A failover takes a moment to arrive in Nova.
"""),
    cfg.ListOpt(
        'heal_codes',
        item_type=types.String(
            choices=list(choices.SAFE_AUDIT_CODES)),
        default=[],
        help=f"""
Findings of its audit that hv-sched-agent may repair, as ``csv heal --code``
does: {', '.join(choices.SAFE_AUDIT_CODES)}.
The page "Audit and heal" describes each. Escrow that failed moves left is
restored in any case, on every pass. Suggested start: missing, wrong-node.
"""),
]
