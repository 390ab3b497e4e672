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

from hv_sched.compute.servers import Needs
from hv_sched.placement import names

_OVERRIDE = f'resources:{names.DISK_GB}'
_MIB_A_GIB = 1024
# Keys of extra specs that make Nova, or us, ask for other resources.
_BEYOND_COMPUTE = (
    'resources', 'hw:cpu_policy', 'hw:cpu_dedicated_mask', 'hw:pmem',
    'hw:mem_encryption', 'hw:emulator_threads_policy', 'pci_passthrough:',
    'accel:', 'os:resolution')


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


def needs_of(flavor: Mapping[str, Any] | None, is_bfv: bool) -> Needs:
    """What Nova allocates for a server of a flavor.

    :param flavor: the flavor of ``GET /servers/detail`` (2.47 and newer);
        a cell that is down tells none, and its extra specs are told only to
        those who may see them
    """
    if not flavor or 'extra_specs' not in flavor:
        return Needs()
    specs = flavor['extra_specs']
    try:
        disk_gb = None if _asks_grouped_disk(specs) else server_disk_gb({
            'root_gb': flavor['disk'], 'ephemeral_gb': flavor['ephemeral'],
            'swap': flavor['swap'] or 0, 'extra_specs': specs}, is_bfv)
    except (KeyError, TypeError, ValueError):
        return Needs()
    return Needs(disk_gb, _compute(flavor, specs))


def _asks_grouped_disk(specs: Mapping[str, str]) -> bool:
    return any(key.startswith('resources') and key != _OVERRIDE
               and key.endswith(f':{names.DISK_GB}') for key in specs)


def _compute(flavor: Mapping[str, Any], specs: Mapping[str, str]
             ) -> Mapping[str, int] | None:
    """None for a flavor that asks for more than processors and memory."""
    if any(key.startswith(_BEYOND_COMPUTE) and key != _OVERRIDE
           for key in specs):
        return None
    return {'VCPU': flavor['vcpus'], 'MEMORY_MB': flavor['ram']}
