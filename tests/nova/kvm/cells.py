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

"""What is stored for a server, what it is charged, and what both must be.

``share_table`` says what they must be.
"""

from collections.abc import Iterator
import contextlib
import dataclasses
import functools
import time
from typing import Any

from hv_sched import drivers
from tests.nova import agent
from tests.nova import publish
from tests.nova import share_table
from tests.nova.kvm import case

SIZE_GB, LARGE_GB = 100, 150
# Of shared directories: what was set aside stays when Nova gives up, and both
# when it deletes; the share of a copy that the source cleaned up waits for
# the audit.
UNCOVERED_OF_FILES_GB = {
    'resize failed to finish': SIZE_GB,
    'deleted after that': SIZE_GB + LARGE_GB,
    'evacuated to another home, the source is back': -SIZE_GB}
_STABLE_S = 0.4
Copies = dict[str, list[int]]


@dataclasses.dataclass(frozen=True)
class Cell:
    """One state, in GB by volume.

    :param table: shares of the server and of its migration, as the table
        says
    :param shares: as Placement has them
    :param expected: copies the table says there are
    :param stored: copies that are stored
    :param has_snapshot: a resize can be taken back by it
    """

    table: tuple[Any, Any]
    shares: tuple[Any, Any]
    expected: Copies
    stored: Copies
    has_snapshot: bool


class CellCase(case.KvmCase):
    """Two nodes with one home, a third with another.

    :cvar DRIVER: what ``driver`` of the cluster says
    """

    DRIVER = ''
    HOMES = ('A', 'B')
    KVM = {'n1': 'A', 'n2': 'A', 'n3': 'B'}

    def setUp(self) -> None:
        self.driver = drivers.of(self.DRIVER)
        self.cells: dict[str, Cell] = {}
        super().setUp()

    def published(self) -> list[Any]:
        return [publish.cluster('c0', {'A': ('n1', 'n2'), 'B': ('n3',)},
                                driver=self.DRIVER)]

    # -- a server and what the table says of it

    def new(self, host: str = 'n1') -> tuple[Any, share_table.Server]:
        server = self.boot(self._flavor(SIZE_GB), host=host)
        table = share_table.Server(SIZE_GB)
        table.built(host, self.KVM[host] or '')
        return server, table

    @functools.cache  # noqa: B019
    def _flavor(self, size_gb: int) -> str:
        return self.flavor(size_gb)

    def see(self, name: str, server: Any, table: share_table.Server,
            leftover: Copies | None = None, cleaned: str = '') -> None:
        """Make a cell of the state a server is in.

        :param leftover: files that no share is for; ``reserved`` covers them
        :param cleaned: a volume whose share waits for the next audit
        """
        self._settle()
        expected = {volume: [copy for copy in (
            table.copies.get(volume),
            *([table.pending.copies[volume]] if table.pending
              and not table.pending.is_one_copy
              and volume in table.pending.copies else ())) if copy]
            for volume in self.HOMES}
        for volume, sizes in (leftover or {}).items():
            expected[volume] += sizes
        expected[cleaned] = []
        self.cells[name] = Cell(
            (table.shares(), table.migrations_shares()),
            self._charged(server),
            {volume: sorted(sizes) for volume, sizes in expected.items()
             if sizes},
            {volume: sorted(sizes) for volume, sizes
             in self.copies_gb(server).items()},
            any(pool.has_snapshot(server['id'])
                for pool in self.ceph.pools.values()))

    def see_during(self, name: str, server: Any, source: Any,
                   dest: share_table.Server) -> None:
        """While libvirt migrates: Nova has given the old share away.

        :param dest: what is charged for the server itself
        """
        def look() -> None:
            self._settle = lambda: None  # type: ignore[method-assign]
            try:
                table = dataclasses.replace(dest, pending=source)
                self.see(name, server, table)
            finally:
                del self._settle  # type: ignore[method-assign]
        self.during_migration = look

    def _charged(self, server: Any) -> tuple[Any, Any]:
        volumes = self.volumes.keys()
        charged = {consumer: {name: held for name, held in shares.items()
                              if name in volumes}
                   for consumer, shares in self.all_shares().items()}
        own = charged.pop(server['id'], {})
        others = [shares for shares in charged.values() if shares]
        assert len(others) < 2, others
        return own, others[0] if others else {}

    def _settle(self) -> None:
        """Nova ends operations a moment before it is done with them."""
        before, now = None, self.all_shares()
        while before != now:
            time.sleep(_STABLE_S)
            before, now = now, self.all_shares()

    @contextlib.contextmanager
    def none_elsewhere(self) -> Iterator[None]:
        """A destination that Nova picks is of the same home."""
        service, = self.api.get_services(binary='nova-compute', host='n3')
        self.api.put_service(service['id'], {'status': 'disabled'})
        yield
        self.api.put_service(service['id'], {'status': 'enabled'})

    def restored(self) -> None:
        """The agent passes."""
        agent.restorer(self.placement, self.api).restore()

    def over(self, server: Any) -> None:
        """Delete it, whatever its state."""
        self.api.delete_server(server['id'])
        self.soon(False, lambda: server['id'] in {
            listed['id'] for listed in self.api.get_servers(detail=False)})
        self._settle()
