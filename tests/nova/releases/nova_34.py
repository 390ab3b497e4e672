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

"""nova 34 (2026.2): a reshape wipes shared providers; nodes have an owner; a
request is sent once."""

from tests.nova import releases

# A reshape writes an empty inventory to every provider associated with the
# node; before, other trees are left alone.
RESHAPE_WIPES = releases.RELEASE >= 34
# What its request filter requires of every compute node.
NODE_TRAITS = frozenset(('OWNER_NOVA',) if releases.RELEASE >= 34 else ())
# What tests/nova/kvm puts beneath its libvirt driver is made for it.
HAS_COUNTED_STORAGE = releases.RELEASE >= 34
# How often a request that gets no answer is sent: the openstacksdk of older
# releases repeats it (openstack/proxy.py, connect_retries=1), whatever
# [placement]connect_retries says.
SENT = 1 if releases.RELEASE >= 34 else 2
