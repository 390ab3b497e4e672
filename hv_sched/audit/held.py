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

"""What a consumer holds: provider -> resource class -> amount. Pure."""

from collections.abc import Mapping

from hv_sched.placement import names

Held = Mapping[str, Mapping[str, int]]


def without_disk(resources: Mapping[str, int]) -> dict[str, int]:
    """What is held of one provider, but neither a share nor its escrow."""
    return {rc: amount for rc, amount in resources.items()
            if rc not in (names.DISK_GB, names.HELD_DISK_GB)}


def copy_of(held: Held) -> dict[str, dict[str, int]]:
    """To be changed."""
    return {provider: dict(resources)
            for provider, resources in held.items()}


def as_text(resources: Mapping[str, int] | None) -> str:
    """``MEMORY_MB 1024, VCPU 2``."""
    return ', '.join(f'{rc} {amount}' for rc, amount in sorted(
        (resources or {}).items()))
