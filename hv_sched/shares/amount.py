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

"""How much disk a server needs: Nova's own rule, without Nova."""

from collections.abc import Mapping
from typing import Any

from hv_sched.providers import names

_OVERRIDE = f'resources:{names.DISK_GB}'
_MIB_A_GIB = 1024


def server_disk_gb(flavor: Mapping[str, Any], is_bfv: bool) -> int:
    """The DISK_GB Nova asks for in the request's unsuffixed group.

    The rule of nova.scheduler.utils.ResourceRequest: root (not when booted
    from a volume) + ephemeral + swap rounded up to GiB, unless the flavor
    says otherwise with ``resources:DISK_GB``.

    :param flavor: a flavor's root_gb and ephemeral_gb in GiB, swap in MiB,
        and extra_specs, which may be missing
    :param is_bfv: booted from a Cinder volume, so without a root disk
    :raises ValueError: the override is no number
    """
    override = (flavor.get('extra_specs') or {}).get(_OVERRIDE)
    if override is not None:
        return int(override)
    root_gb = 0 if is_bfv else flavor['root_gb']
    return int(root_gb + flavor['ephemeral_gb']
               + -(-flavor['swap'] // _MIB_A_GIB))
