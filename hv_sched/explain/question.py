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

"""What an operator asks: a value. Pure."""

from collections.abc import Mapping
import dataclasses
from typing import Any

import os_resource_classes as orc

# A flavor that asks for nothing, as Nova's API returns it.
NO_FLAVOR: Mapping[str, Any] = {
    'name': '', 'id': '', 'vcpus': 0, 'ram': 0, 'disk': 0,
    'OS-FLV-EXT-DATA:ephemeral': 0, 'swap': 0, 'extra_specs': {}}
_SIZES = {orc.VCPU: 'vcpus', orc.MEMORY_MB: 'ram_mb', orc.DISK_GB: 'root_gb'}


@dataclasses.dataclass(frozen=True)
class Question:
    """What the operator asks.

    :param zone: availability zone, or Nova's form of forcing a host,
        ``zone:host``, ``zone:host:node`` or ``zone::node``
    :param resources: amounts by class, in place of the flavor's own
    :param traits: with ``required`` or ``forbidden``, beside the flavor's
    :param boots_from_volume: the root disk of a new server is Cinder's
    """

    flavor: str | None = None
    image: str | None = None
    zone: str | None = None
    host: str | None = None
    server: str | None = None
    resources: Mapping[str, int] = dataclasses.field(default_factory=dict)
    traits: Mapping[str, str] = dataclasses.field(default_factory=dict)
    boots_from_volume: bool = False

    @property
    def zone_name(self) -> str | None:
        """The zone alone; Nova looks it up for a forced host, too."""
        return (self.zone or '').partition(':')[0] or None

    @property
    def forced_host(self) -> str | None:
        """The node where one is given, since it is unique."""
        _zone, _colon, target = (self.zone or '').partition(':')
        host, _colon, node = target.partition(':')
        return node or host or None

    def added_to(self, flavor: Mapping[str, Any]) -> Mapping[str, Any]:
        """A flavor with the resources and traits the question names itself.

        :param flavor: see ``build.ServerRequest``
        """
        sizes = {_SIZES[rc]: amount for rc, amount in self.resources.items()
                 if rc in _SIZES}
        specs = {f'resources:{rc}': str(amount)
                 for rc, amount in self.resources.items() if rc not in _SIZES}
        specs |= {f'trait:{trait}': demand
                  for trait, demand in self.traits.items()}
        return {**flavor, **sizes, 'extra_specs': {
            **(flavor.get('extra_specs') or {}), **specs}}
