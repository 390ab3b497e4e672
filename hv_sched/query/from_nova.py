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

"""What Nova itself asks Placement for a flavor and an image. Pure.

The part of ``nova.scheduler.utils.ResourceRequest`` and of Nova's request
filters that bears on Hyper-V clouds; ``beyond`` names the keys with which
Nova asks for more.
"""

from collections.abc import Mapping
from typing import Any

import os_resource_classes as orc
import os_traits

from hv_sched.compute import flavors
from hv_sched.query.candidates_query import CandidatesQuery
from hv_sched.query.candidates_query import Group

_POLICIES = ('none', 'isolate')
# Flavor keys and image properties that add to the question of Nova.
_BEYOND = ('hw:cpu_policy', 'hw:cpu_thread_policy', 'hw:mem_encryption',
           'hw:pmem', 'hw:tpm_version', 'hw:tpm_model',
           'hw:maxphysaddr_mode', 'hw:pci_numa_affinity_policy',
           'hw:virtio_packed_ring', 'hw:ephemeral_encryption',
           'hw:sound_model', 'hw:firmware_stateless',
           'accel:device_profile', 'pci_passthrough:alias')


def request(flavor: Mapping[str, Any], image: Mapping[str, Any],
            boots_from_volume: bool = False) -> CandidatesQuery:
    """The question before any request filter.

    :param flavor: ``vcpus``, ``ram_mb``, ``root_gb``, ``ephemeral_gb``,
        ``swap_mb`` and ``extra_specs``
    :param image: image properties
    """
    specs = flavor.get('extra_specs') or {}
    resources, traits = _from_specs(specs)
    suffixed = len({suffix for suffix in {*resources, *traits} if suffix})
    for key, value in image.items():
        if key.startswith('trait:') and value == 'required':
            traits.setdefault('', {})[key.removeprefix('trait:')] = value
    if 'required' in _secure_boot(specs, image):
        traits.setdefault('', {})[
            os_traits.COMPUTE_SECURITY_UEFI_SECURE_BOOT] = 'required'
    _add_sizes(resources, flavor, boots_from_volume)
    groups = {suffix: _group(resources.get(suffix, {}),
                             traits.get(suffix, {}))
              for suffix in {'', *resources, *traits}}
    policy = specs.get('group_policy')
    return CandidatesQuery(
        {suffix: group for suffix, group in groups.items()
         if not suffix or any(group.atoms(suffix))},
        root_forbidden=frozenset((os_traits.COMPUTE_STATUS_DISABLED,)),
        group_policy=policy if policy in _POLICIES else None,
        suffixed_by_flavor=suffixed)


def beyond(flavor: Mapping[str, Any], image: Mapping[str, Any]
           ) -> list[str]:
    """Keys with which Nova asks for more than ``request`` knows."""
    specs = flavor.get('extra_specs') or {}
    return [*(f'flavor {key}' for key in _BEYOND if key in specs),
            *(f'image {name}' for name in (
                key.replace(':', '_', 1) for key in _BEYOND)
              if name in image)]


def _from_specs(specs: Mapping[str, str]
                ) -> tuple[dict[str, dict[str, int]],
                           dict[str, dict[str, str]]]:
    """Resources and traits by suffix; Nova skips what it cannot read."""
    resources: dict[str, dict[str, int]] = {}
    traits: dict[str, dict[str, str]] = {}
    for key, value in specs.items():
        match = flavors.GROUP_KEY.match(key)
        if match is None:
            continue
        prefix, suffix, name = match.groups(default='')
        if prefix == 'trait':
            traits.setdefault(suffix, {})[name] = value
        elif flavors.is_resource_class(name) and (
                amount := flavors.read_amount(value)) is not None:
            resources.setdefault(suffix, {})[name] = amount
    return resources, traits


def _secure_boot(specs: Mapping[str, str], image: Mapping[str, Any]
                 ) -> tuple[Any, ...]:
    return specs.get('os:secure_boot'), image.get('os_secure_boot')


def _add_sizes(resources: dict[str, dict[str, int]],
               flavor: Mapping[str, Any], boots_from_volume: bool) -> None:
    """The flavor's own sizes, where its extra specs do not speak."""
    classes = {rc for amounts in resources.values() for rc in amounts}
    main = resources.setdefault('', {})
    if not classes & {orc.VCPU, orc.PCPU}:
        main[orc.VCPU] = int(flavor.get('vcpus') or 0)
    if orc.MEMORY_MB not in classes:
        main[orc.MEMORY_MB] = int(flavor.get('ram_mb') or 0)
    for suffix, gb in flavors.disk_by_group(
            flavor, boots_from_volume).items():
        resources.setdefault(suffix, {})[orc.DISK_GB] = gb


def _group(resources: Mapping[str, int], traits: Mapping[str, str]) -> Group:
    return Group(
        {rc: amount for rc, amount in resources.items() if amount},
        frozenset(trait for trait, demand in traits.items()
                  if demand == 'required'),
        frozenset(trait for trait, demand in traits.items()
                  if demand == 'forbidden'))
