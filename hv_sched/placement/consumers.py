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


"""A consumer of Placement and all it holds, as a value to read and write."""

from collections.abc import Mapping
import dataclasses
from typing import Any

from hv_sched.placement import names

Resources = Mapping[str, int]
# What Placement calls the type of a consumer written before 1.38. It may be
# read but not written.
UNTYPED = 'unknown'
# The types Nova's own consumers are of.
INSTANCE = 'INSTANCE'
MIGRATION = 'MIGRATION'


@dataclasses.dataclass(frozen=True)
class Consumer:
    """A server or a migration.

    :param generation: None for a consumer that does not exist yet
    :param held: resources by the uuid of the provider
    """

    uuid: str
    generation: int | None
    project_id: str
    user_id: str
    held: Mapping[str, Resources]
    consumer_type: str = UNTYPED

    def amount(self, provider: str, resource_class: str) -> int:
        return self.held.get(provider, {}).get(resource_class, 0)

    @property
    def disk_gb(self) -> int:
        """All its DISK_GB and escrow, wherever it is."""
        return sum(resources.get(rc, 0) for resources in self.held.values()
                   for rc in (names.DISK_GB, names.HELD_DISK_GB))

    def body(self, typed: bool) -> dict[str, Any]:
        """The JSON object of ``POST /allocations``."""
        body: dict[str, Any] = {
            'allocations': {provider: {'resources': dict(resources)}
                            for provider, resources in self.held.items()},
            'project_id': self.project_id, 'user_id': self.user_id,
            'consumer_generation': self.generation}
        if typed:
            body['consumer_type'] = self.consumer_type
        return body


def from_answer(uuid: str, answer: Mapping[str, Any]) -> Consumer | None:
    """A consumer from ``GET /allocations/{uuid}``; None when it holds none.

    Placement forgets a consumer with its last allocation.
    """
    if not answer['allocations']:
        return None
    return Consumer(
        uuid, answer['consumer_generation'], answer['project_id'],
        answer['user_id'],
        {provider: dict(held['resources'])
         for provider, held in answer['allocations'].items()},
        answer.get('consumer_type') or UNTYPED)
