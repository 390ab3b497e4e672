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
restores shares that failed moves left held.
"""),
    numbers.whole(
        'held_settle_time', 0, numbers.DAY_SECONDS,
        default=10,
        help="""
Seconds for which Nova must know neither a server nor an open migration of
some escrow before it is released. A failing move closes its migration a
moment before it gives the escrow back to the server. So long a server is
also left out of an audit after a migration of it changed.
"""),
    numbers.whole(
        'audit_every', 0, 1000000,
        default=10,
        help="""
Every so many passes hv-sched-agent compares all shares with Nova's servers,
as ``csv audit`` does, and logs what is wrong. It costs a request for each
volume and two for each node. 0 switches it off.
"""),
    cfg.ListOpt(
        'heal_codes',
        item_type=types.String(
            choices=list(choices.SAFE_AUDIT_CODES)),
        default=[],
        help=f"""
What hv-sched-agent may put right of what its audit finds, as ``csv heal
--code`` does: {', '.join(choices.SAFE_AUDIT_CODES)}.
The operator's guide explains each. Escrow that failed moves left is restored
in any case, on every pass. Starting value: missing, wrong-node.
"""),
]
