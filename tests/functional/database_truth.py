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

"""What stands in Placement's database while everybody writes to it."""

import collections
from collections.abc import Collection
from collections.abc import Sequence
import threading
from typing import Any

import sqlalchemy

from tests.functional import claimers
from tests.functional import cloud as clouds

LOOK_SECONDS = 0.1
ALLOCATIONS = """
SELECT a.consumer_id, p.uuid, c.name, a.used FROM allocations a
JOIN resource_providers p ON p.id = a.resource_provider_id
JOIN resource_classes c ON c.id = a.resource_class_id
"""
CAPACITY = f"""
SELECT i.total - i.reserved, i.allocation_ratio FROM inventories i
JOIN resource_providers p ON p.id = i.resource_provider_id
JOIN resource_classes c ON c.id = i.resource_class_id
WHERE p.uuid = '{clouds.VOLUME}' AND c.name = 'DISK_GB'
"""
DEADLOCKS = {
    'mysql': "SELECT variable_value FROM information_schema.global_status "
             "WHERE variable_name = 'Innodb_deadlocks'",
    'postgresql': 'SELECT deadlocks FROM pg_stat_database '
                  'WHERE datname = current_database()'}
# Consumer, provider, class and amount.
Row = tuple[str, str, str, int]
DISK = ('DISK_GB', 'CUSTOM_CSV_HELD_DISK_GB')


class Database:
    """:param url: of Placement's"""

    def __init__(self, url: str) -> None:
        # One transaction sees one state.
        self._engine = sqlalchemy.create_engine(
            url, isolation_level='REPEATABLE READ')

    def deadlocks(self) -> int:
        """How many the database has resolved since it was started."""
        return int(self._rows(DEADLOCKS[self._engine.dialect.name])[0][0])

    def look(self) -> tuple[list[Row], int]:
        """All allocations there are, and what the volume is offered with."""
        with self._engine.begin() as connection:
            rows = connection.execute(sqlalchemy.text(ALLOCATIONS)).all()
            offered = connection.execute(sqlalchemy.text(CAPACITY)).all()
        return [(consumer, provider, rc, int(used)) for
                consumer, provider, rc, used in rows], sum(
                    int(room * ratio) for room, ratio in offered)

    def held(self) -> claimers.Held:
        """What each consumer holds."""
        found: claimers.Held = {}
        for consumer, provider, rc, used in self.look()[0]:
            found.setdefault(consumer, {}).setdefault(provider, {})[rc] = used
        return found

    def _rows(self, query: str) -> Sequence[Any]:
        with self._engine.begin() as connection:
            return connection.execute(sqlalchemy.text(query)).all()

    def close(self) -> None:
        self._engine.dispose()


class Observer(threading.Thread):
    """Looks at the database's truth all the time.

    :param kept: servers whose share is not to change
    :param share_gb: each of these
    :param claim_gb: each other server
    :param size_gb: of the volume, of which never more is to be offered
    :ivar overfull: looks at which more than that was held of it
    :ivar violations: what was wrong, with the look it was wrong at
    """

    def __init__(self, database: Database, kept: Collection[str],
                 share_gb: int, claim_gb: int, size_gb: int) -> None:
        super().__init__(daemon=True)
        self._database = database
        self._kept = kept
        self._share_gb = share_gb
        self._claim_gb = claim_gb
        self._size_gb = size_gb
        self._over = threading.Event()
        self.looks = 0
        self.most_gb = self.overfull = 0
        self.violations: list[str] = []

    def run(self) -> None:
        try:
            while not self._over.wait(LOOK_SECONDS):
                self.look(*self._database.look())
        except Exception as exc:
            self.violations.append(f'nobody looks any more: {exc!r}')

    def look(self, rows: list[Row], offered_gb: int) -> None:
        self.looks += 1
        of_consumers: dict[str, int] = collections.Counter()
        of_volume = 0
        for consumer, provider, rc, used in rows:
            of_consumers[consumer] += used if rc in DISK else 0
            of_volume += used if (
                rc in DISK and provider == clouds.VOLUME) else 0
        self.most_gb = max(self.most_gb, sum(of_consumers.values()))
        self.overfull += of_volume > self._size_gb
        self._judge(of_consumers, offered_gb)

    def _judge(self, of_consumers: dict[str, int], offered_gb: int) -> None:
        faults = [f'{server} holds {of_consumers[server]} GB'
                  for server in self._kept
                  if of_consumers[server] != self._share_gb]
        faults += [f'{server} holds {gb} GB'
                   for server, gb in of_consumers.items()
                   if server not in self._kept and gb != self._claim_gb]
        if offered_gb > self._size_gb:
            faults.append(f'{offered_gb} GB of the volume are offered')
        self.violations += [f'look {self.looks}: {fault}' for fault in faults]

    def end(self) -> None:
        self._over.set()
        self.join()
