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

"""Which of several agents writes; of hv-sched-agent's own file alone."""

from oslo_config import cfg

from hv_sched.conf import numbers

GROUP = 'coordination'
OPTS = [
    cfg.StrOpt(
        'backend_url',
        secret=True,
        help="""
The tooz backend by which several hv-sched-agents agree which one writes:
redis://:password@host:6379?lock_timeout=10, etcd3+http://host:2379 or
file:///shared/folder. Its driver has to be installed (tooz[redis],
tooz[etcd3gw]). Unset (the default), every agent writes: the generations of
Placement keep that harmless, at the price of conflicts and requests.
"""),
    numbers.whole(
        'lost_after', 1, numbers.DAY_SECONDS,
        default=60,
        help="""
Seconds without an answer of the backend after which every agent writes, as
without one, until it answers again. The agent that wrote goes on in any case.
"""),
]
