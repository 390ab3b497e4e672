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

"""Who holds what, read from Placement's database.

Not from its API, which the commands under test read, too.
"""

import collections

from tests.cloud import databases

ALLOCATIONS = '''
SELECT a.consumer_id, p.name, c.name, a.used
FROM allocations a
JOIN resource_providers p ON p.id = a.resource_provider_id
JOIN resource_classes c ON c.id = a.resource_class_id
WHERE c.name IN ('DISK_GB', 'CUSTOM_CSV_HELD_DISK_GB')
'''
INVENTORIES = '''
SELECT p.name, i.total, i.reserved, i.allocation_ratio
FROM inventories i
JOIN resource_providers p ON p.id = i.resource_provider_id
JOIN resource_classes c ON c.id = i.resource_class_id
WHERE c.name = 'DISK_GB'
'''
HELD = 'CUSTOM_CSV_HELD_DISK_GB'


class Shares:
    """The disk shares of all consumers, at one moment."""

    def __init__(self, server: databases.Databases) -> None:
        self._rows = [
            (consumer, provider, resource_class, int(used))
            for consumer, provider, resource_class, used
            in server.sql(ALLOCATIONS, 'placement')]
        self.capacity_gb = {
            name: int((int(total) - int(reserved)) * float(ratio))
            for name, total, reserved, ratio
            in server.sql(INVENTORIES, 'placement')}

    def by_consumer(self) -> dict[str, int]:
        """GB of each consumer, on whatever provider, held or not."""
        sums: dict[str, int] = collections.Counter()
        for consumer, _provider, _class, used in self._rows:
            sums[consumer] += used
        return dict(sums)

    def by_provider(self) -> dict[str, int]:
        """GB of DISK_GB on each provider."""
        sums: dict[str, int] = collections.Counter()
        for _consumer, provider, resource_class, used in self._rows:
            if resource_class == 'DISK_GB':
                sums[provider] += used
        return dict(sums)

    def of(self, consumer: str) -> dict[str, int]:
        """GB of DISK_GB of one consumer on each provider."""
        return {provider: used for owner, provider, resource_class, used
                in self._rows
                if owner == consumer and resource_class == 'DISK_GB'}

    def held(self) -> int:
        """GB of escrow of all consumers."""
        return sum(used for _consumer, _provider, resource_class, used
                   in self._rows if resource_class == HELD)

    def on_volumes(self) -> int:
        """GB of DISK_GB on all volumes."""
        return sum(used for name, used in self.by_provider().items()
                   if name.startswith('csv:'))
