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

"""Options read inside nova-scheduler, from nova.conf."""

from oslo_config import cfg

OPTS = [
    cfg.IntOpt(
        'snapshot_ttl',
        default=60,
        min=1,
        help="""
Seconds for which the scheduler uses what it last read of all volumes and
traits. Filters and weighers never ask Placement per host; a shorter time
costs a constant number of requests more often.
"""),
]
