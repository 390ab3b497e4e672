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

"""Every check of the doctor, one module per subject.

Checks are pure: they read ``DoctorEvidence`` and nothing else.
"""

from hv_sched.doctor.checks import agents
from hv_sched.doctor.checks import capacity
from hv_sched.doctor.checks import clocks
from hv_sched.doctor.checks import configuration
from hv_sched.doctor.checks import node_disks
from hv_sched.doctor.checks import releases
from hv_sched.doctor.checks import scheduler
from hv_sched.doctor.checks import source
from hv_sched.doctor.checks import traits
from hv_sched.doctor.checks import vocabulary
from hv_sched.doctor.checks import volumes
from hv_sched.doctor.runner import Check

CHECKS: tuple[Check, ...] = (
    *node_disks.CHECKS, *volumes.CHECKS, *capacity.CHECKS, *traits.CHECKS,
    *scheduler.CHECKS, *releases.CHECKS, *clocks.CHECKS, *source.CHECKS,
    *agents.CHECKS, *vocabulary.CHECKS, *configuration.CHECKS)
