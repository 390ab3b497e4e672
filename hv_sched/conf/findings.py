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

"""Options of what doctor, audit and agent report."""

from oslo_config import cfg

OPTS = [
    cfg.ListOpt(
        'ignore_findings',
        default=[],
        help="""
Findings that ``csv doctor``, ``csv audit`` and hv-sched-agent omit from their
output and exit code: codes, separated by commas, or ``code:name`` for those
about one node, volume, cluster or server (``node-cut-off:hv01``). The codes
are in the reference, "Audit and heal" and "Checks of the doctor". The number
of omitted findings is printed each time. What stops a command is never
omitted, and the option does not change what is done.
"""),
]
