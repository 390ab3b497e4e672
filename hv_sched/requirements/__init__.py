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

"""What a flavor and an image require of the host. Pure.

The rules are those that compute-hyperv and Hyper-V apply at spawn, on the
host, where a server that cannot run costs an attempt and ends in ERROR. Here
they become traits of the Placement query, or a refusal in words. ``keys``
reads what is said, ``reader`` applies the rules of features, ``limits`` and
``remotefx`` those of sizes and adapters.
"""

from hv_sched.requirements.reader import of
from hv_sched.requirements.remotefx import keeps_vram
from hv_sched.requirements.values import Disks
from hv_sched.requirements.values import GpuGroup
from hv_sched.requirements.values import Hypervisor
from hv_sched.requirements.values import Reason
from hv_sched.requirements.values import Requirements
from hv_sched.requirements.values import Rules

__all__ = ('Disks', 'GpuGroup', 'Hypervisor', 'Reason', 'Requirements',
           'Rules', 'keeps_vram', 'of')
