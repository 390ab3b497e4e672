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

"""Sizes of a flavor, and the disk a request for a server of it asks. Pure.

Nova's own rules, without Nova: ``disk_by_group`` is the one place that says
what disk a request asks for, whichever of its groups asks for it. Sizes are a
mapping with ``vcpus``, ``ram_mb``, ``root_gb``, ``ephemeral_gb``,
``swap_mb`` and ``extra_specs``, the form in which ``hv_sched.requirements``
reads a flavor; each may be absent.
"""

from collections.abc import Mapping
import re
from typing import Any

import os_resource_classes as orc

from hv_sched import model
from hv_sched.compute.servers import Needs
from hv_sched.placement import names

_OVERRIDE = f'resources:{names.DISK_GB}'
# The unsuffixed group, or a granular one.
_DISK_KEY = re.compile(rf'resources([a-zA-Z0-9_-]{{1,64}})?:{names.DISK_GB}$')
# nova.scheduler.utils.ResourceRequest.XS_KEYPAT: kind, suffix and name.
GROUP_KEY = re.compile(r'(resources|trait)([a-zA-Z0-9_-]{1,64})?:(.*)$')
_FIELDS = {'vcpus': 'vcpus', 'ram_mb': 'ram', 'root_gb': 'disk',
           'swap_mb': 'swap'}
# As GET /flavors calls it, and as a server's own copy of a flavor does.
_EPHEMERAL = ('OS-FLV-EXT-DATA:ephemeral', 'ephemeral')
# Keys of extra specs that make Nova, or us, ask for other resources.
_BEYOND_COMPUTE = (
    'resources', 'hw:cpu_policy', 'hw:cpu_dedicated_mask', 'hw:pmem',
    'hw:mem_encryption', 'hw:emulator_threads_policy', 'pci_passthrough:',
    'accel:', 'os:resolution')


def sizes(flavor: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes of a flavor of Nova's API, 0 for what is not in it.

    :param flavor: from ``/flavors``, or the copy a server carries
    """
    ephemeral_gb = next(
        (flavor[key] for key in _EPHEMERAL if key in flavor), 0)
    return {**{size: flavor.get(field) or 0
               for size, field in _FIELDS.items()},
            'ephemeral_gb': ephemeral_gb or 0,
            'extra_specs': flavor.get('extra_specs') or {}}


def local_disk_gb(flavor_sizes: Mapping[str, Any], is_bfv: bool) -> int:
    """Root, ephemeral and swap disks in GiB, swap rounded up.

    :param is_bfv: booted from a Cinder volume, so without a root disk
    """
    root_gb = 0 if is_bfv else int(flavor_sizes.get('root_gb') or 0)
    swap_mb = int(flavor_sizes.get('swap_mb') or 0)
    return (root_gb + int(flavor_sizes.get('ephemeral_gb') or 0)
            + -(-swap_mb // model.MIB_PER_GIB))


def disk_by_group(flavor_sizes: Mapping[str, Any], is_bfv: bool,
                  outside: Mapping[str, int] | None = None
                  ) -> dict[str, int]:
    """The DISK_GB Nova asks for, by the suffix of the request group.

    The rule of nova.scheduler.utils.ResourceRequest: ``local_disk_gb`` in the
    unsuffixed group, unless the flavor says otherwise with
    ``resources:DISK_GB``, or any group asks for disk: a granular one of the
    flavor (``resources1:DISK_GB``) or one from outside of it. An amount of 0
    counts for that, one that Nova cannot read does not.

    :param is_bfv: booted from a Cinder volume, so without a root disk
    :param outside: by suffix, what groups ask that the flavor did not make
    :returns: GiB by suffix, '' for the unsuffixed group; none that is 0
    """
    specs = flavor_sizes.get('extra_specs') or {}
    by_group = {suffix: amount for suffix, value in _disk_specs(specs).items()
                if (amount := read_amount(value)) is not None}
    by_group.update(outside or {})
    if not by_group:
        by_group[''] = local_disk_gb(flavor_sizes, is_bfv)
    return {suffix: gb for suffix, gb in by_group.items() if gb}


def server_disk_gb(flavor_sizes: Mapping[str, Any], is_bfv: bool) -> int:
    """The DISK_GB Nova asks for a server, in all groups; disk_by_group().

    :param is_bfv: booted from a Cinder volume, so without a root disk
    """
    return sum(disk_by_group(flavor_sizes, is_bfv).values())


def without_disk(extra_specs: Mapping[str, str]) -> dict[str, str]:
    """Extra specs that make Nova ask for no DISK_GB in any group.

    A granular group that is left without resources goes with its traits,
    since Placement takes no group without.
    """
    specs = {key: value for key, value in extra_specs.items()
             if not _DISK_KEY.match(key)}
    beside_disk = {match[2] for key, value in specs.items()
                   if (match := GROUP_KEY.match(key))
                   and match[1] == 'resources' and read_amount(value)
                   and is_resource_class(match[3])}
    emptied = _disk_specs(extra_specs).keys() - beside_disk
    return {key: value for key, value in specs.items()
            if not (match := GROUP_KEY.match(key))
            or match[2] not in emptied} | {_OVERRIDE: '0'}


def is_resource_class(name: str) -> bool:
    """Whether Nova takes a name in extra specs for a resource class."""
    return name.startswith(orc.CUSTOM_NAMESPACE) or name in orc.STANDARDS


def _disk_specs(extra_specs: Mapping[str, Any]) -> dict[str, Any]:
    """What they say of DISK_GB, by the group's suffix."""
    return {match[1] or '': value for key, value in extra_specs.items()
            if (match := _DISK_KEY.match(key))}


def read_amount(value: Any) -> int | None:
    """As nova.objects.RequestGroup.add_resource reads it, None if it skips.

    Nova's warning names the key.
    """
    try:
        amount = int(value)
    except (TypeError, ValueError):
        return None
    return amount if amount >= 0 else None


def needs_of(flavor: Mapping[str, Any] | None, is_bfv: bool) -> Needs:
    """What Nova allocates for a server of a flavor.

    :param flavor: the flavor of ``GET /servers/detail`` (2.47 and newer);
        a cell that is down tells none, and its extra specs are stated only to
        those who may see them
    """
    if not flavor or any(flavor.get(key) is None for key in (
            'vcpus', 'ram', 'disk', 'ephemeral', 'extra_specs')):
        return Needs()
    specs = flavor['extra_specs']
    # Nova skips an amount it cannot read, and we judge nothing by it.
    if None in map(read_amount, _disk_specs(specs).values()):
        return Needs()
    try:
        disk_gb = server_disk_gb(sizes(flavor), is_bfv)
    except (TypeError, ValueError):
        return Needs()
    return Needs(disk_gb, _compute(flavor, specs))


def _compute(flavor: Mapping[str, Any], specs: Mapping[str, str]
             ) -> Mapping[str, int] | None:
    """None for a flavor that asks for more than processors and memory."""
    if any(key.startswith(_BEYOND_COMPUTE) and key != _OVERRIDE
           for key in specs):
        return None
    return {'VCPU': flavor['vcpus'], 'MEMORY_MB': flavor['ram']}
