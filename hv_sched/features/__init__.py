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

"""The catalogue of what a Hyper-V node can offer a server.

``hosts`` holds Microsoft's limits by build, ``gpu`` the RemoteFX tables,
``catalogue`` the features with their traits, the keys that ask for them and
the rule that says whether a node has one. Publisher, request filters, host
filter, validators, explain and the reference pages all read these.
"""

from hv_sched.features.catalogue import by_trait
from hv_sched.features.catalogue import CATALOGUE
from hv_sched.features.catalogue import Feature
from hv_sched.features.catalogue import GEN1
from hv_sched.features.catalogue import GEN2
from hv_sched.features.catalogue import HA_PREFIX
from hv_sched.features.catalogue import ha_trait
from hv_sched.features.catalogue import Key
from hv_sched.features.catalogue import NESTED_VIRT
from hv_sched.features.catalogue import PREFIX
from hv_sched.features.catalogue import REMOTEFX
from hv_sched.features.catalogue import RULED
from hv_sched.features.catalogue import SECURE_BOOT
from hv_sched.features.catalogue import SECURE_BOOT_LINUX
from hv_sched.features.catalogue import SHIELDED_VM
from hv_sched.features.catalogue import VTPM

__all__ = (
    'CATALOGUE', 'GEN1', 'GEN2', 'HA_PREFIX', 'NESTED_VIRT', 'PREFIX',
    'REMOTEFX', 'RULED', 'SECURE_BOOT',
    'SECURE_BOOT_LINUX', 'SHIELDED_VM', 'VTPM', 'Feature', 'Key', 'by_trait',
    'ha_trait')
