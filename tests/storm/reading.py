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


"""What Placement offers on the volume, read from its database.

One snapshot of MariaDB has inventory, traits and shares of the same moment,
and the servers that Nova knows, so that a look is never torn there. Between
the database and the disk it may be: what is judged then is the files that
were there both before and after.
"""

import dataclasses

import pymysql

from hv_sched.placement import names
from tests.functional import storm_observer
from tests.functional.storm_observer import Offer
from tests.storm import disks as disks_module
from tests.storm import shares

INVENTORY = '''
SELECT i.total, i.reserved, i.allocation_ratio
FROM placement.inventories i
JOIN placement.resource_providers p ON p.id = i.resource_provider_id
JOIN placement.resource_classes c ON c.id = i.resource_class_id
WHERE p.uuid = %s AND c.name = 'DISK_GB'
'''
TRAITS = '''
SELECT t.name FROM placement.traits t
JOIN placement.resource_provider_traits r ON r.trait_id = t.id
JOIN placement.resource_providers p ON p.id = r.resource_provider_id
WHERE p.uuid = %s
'''
SHARES = '''
SELECT a.consumer_id, c.name, a.used
FROM placement.allocations a
JOIN placement.resource_providers p ON p.id = a.resource_provider_id
JOIN placement.resource_classes c ON c.id = a.resource_class_id
WHERE p.uuid = %s
'''
SERVERS = '''
SELECT uuid, vm_state = 'resized' AND task_state IS NULL,
    task_state <=> 'deleting' OR vm_state <=> 'deleted'
FROM nova.instances WHERE deleted = 0
'''
MOVES = '''
SELECT uuid, instance_uuid FROM nova.migrations
WHERE uuid IN (SELECT consumer_id FROM placement.allocations)
'''


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """Of one moment.

    :param resized: servers whose former files must stay for a revert
    :param deleting: servers of which Nova may have deleted the share already:
        where their node is down it does so first, and leaves the files
    :param holdings: of all consumers on the volume
    """

    offer: Offer
    servers: frozenset[str]
    resized: frozenset[str]
    deleting: frozenset[str]
    holdings: shares.Holdings


class Database:
    """A connection that is made anew when MariaDB was away."""

    def __init__(self, port: int, password: str) -> None:
        self._options = {
            'host': '127.0.0.1', 'port': port, 'user': 'root',
            'password': password, 'connect_timeout': 5, 'read_timeout': 30}
        self._connection = None

    def snapshot(self, volume: str) -> Snapshot | None:
        """None when MariaDB does not answer."""
        try:
            return self._read(volume)
        except pymysql.Error:
            # It may have been restarted since the last look.
            self._connection = None
        try:
            return self._read(volume)
        except pymysql.Error:
            self._connection = None
            return None

    def _read(self, volume: str) -> Snapshot:
        if self._connection is None:
            self._connection = pymysql.connect(**self._options)
        with self._connection.cursor() as cursor:
            cursor.execute('START TRANSACTION WITH CONSISTENT SNAPSHOT')
            rows = [self._rows(cursor, statement, volume) for statement
                    in (INVENTORY, TRAITS, SHARES, SERVERS, MOVES)]
            cursor.execute('COMMIT')
        return _snapshot(*rows)

    @staticmethod
    def _rows(cursor, statement: str, volume: str):
        cursor.execute(statement, (volume,) * statement.count('%s'))
        return cursor.fetchall()


def _snapshot(inventory, traits, rows, servers, moves) -> Snapshot:
    holdings = shares.Holdings.of(rows, moves)
    known = frozenset(uuid for uuid, _, _ in servers)
    return Snapshot(
        _offer(inventory, {name for name, in traits},
               holdings.used_gb(known)),
        known, frozenset(uuid for uuid, resized, _ in servers if resized),
        frozenset(uuid for uuid, _, deleting in servers if deleting),
        holdings)


def _offer(inventory, traits: set[str], used: int) -> Offer:
    if not inventory:
        return dataclasses.replace(storm_observer.NOTHING, used_gb=used)
    (total, reserved, ratio), = inventory
    return Offer(int((total - reserved) * ratio), used,
                 names.NO_NEW_DISKS in traits or names.SHARING not in traits)


class Reading:
    """One look: the disk, the database, the disk.

    :ivar uncovered: files of servers that no share covers, GB by server
    :ivar changed: looks during which the disk changed
    :ivar handed_over: looks at a share that was on its way to a move
    """

    def __init__(self, disks: disks_module.Disks, database: Database) -> None:
        self._disks = disks
        self._database = database
        self._files: list[disks_module.Copy] = []
        self._snapshot: Snapshot | None = None
        self.uncovered: dict[str, int] = {}
        self.changed = 0
        self.handed_over = 0

    def detail(self) -> str:
        """What the last look was at."""
        return (f'files {sorted(map(str, self._files))}, '
                f'{self._snapshot and self._snapshot.holdings}')

    def __call__(self) -> tuple[dict[str, Offer] | None, bool]:
        before = self._disks.copies()
        volume = self._disks.uuid(disks_module.VOLUME)
        snapshot = self._database.snapshot(volume)
        after = self._disks.copies()
        self.changed += before != after
        if snapshot is None:
            return None, False
        self._disks.note(snapshot.servers, snapshot.offer.used_gb)
        self._snapshot = snapshot
        self._files = [
            copy for copy in before & after if copy.server in (
                snapshot.resized if copy.is_former
                else snapshot.servers - snapshot.deleting)]
        self.uncovered = snapshot.holdings.uncovered(self._files)
        self.handed_over += snapshot.holdings.has_hand_over()
        return {volume: snapshot.offer}, False


class Observer(storm_observer.Observer):
    """Judges shares by files, too, and says at once what it sees first.

    :param say: told of each fault as it begins
    """

    def __init__(self, disks, journal, reading: Reading, say) -> None:
        super().__init__(disks, journal, reading)
        self._say = say
        self._is_said = False

    def _judged(self, volume, offer, facts_of, states, counts):
        found = [*super()._judged(volume, offer, facts_of, states, counts),
                 *self._uncovered(volume, offer, facts_of, states)]
        if found and not self._is_said:
            self._say(f'a fault: {found[0].kind}, {offer}, facts of '
                      f'{facts_of}, {self._reading.detail()}')
        self._is_said = bool(found)
        return found

    def _uncovered(self, volume, offer, facts_of, states):
        if self._reading.uncovered:
            yield storm_observer.Violation(
                f'files without a share: {self._reading.uncovered}', volume,
                offer, facts_of, states[-1:])
